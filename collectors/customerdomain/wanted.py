"""What is looked for in each domain: the same for all, from the configuration."""

import msgspec

from schemas.domain_list import Listed
from schemas.settings import Settings


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The IPs that SPF must permit, the selectors of DKIM, and what customers are told to publish."""

    ips: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    spf_include: str = ""
    dkim_cname: str = ""
    return_path: str = ""

    def selectors_of(self, listed: Listed) -> tuple[str, ...]:
        """Return the selectors to look for in a domain: its own, else those of all."""
        return listed.selectors or self.selectors

    def cname_of(self, selector: str, domain: str) -> str:
        """Return where a selector's name should lead, "" where the key itself is to be published."""
        return self.dkim_cname.replace("{selector}", selector).replace("{domain}", domain)


def wanted(settings: Settings) -> Wanted:
    """Return what a configuration looks for."""
    return Wanted(
        ips=tuple(ip for pool in settings.pool.values() for ip in pool.ips),
        selectors=settings.domains.dkim_selectors,
        spf_include=settings.domains.spf_include,
        dkim_cname=settings.domains.dkim_cname,
        return_path=settings.domains.return_path,
    )
