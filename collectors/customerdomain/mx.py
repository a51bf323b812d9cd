"""Whether a domain takes mail: what bounces go to, and what receivers look for in a sender's domain (RFC 5321, 5.1)."""

from collectors.customerdomain.finding import check
from collectors.customerdomain.inquiry import Inquiry
from collectors.customerdomain.wanted import Wanted
from schemas.domain_events import DomainCheck
from schemas.domain_list import Listed

_MOST_SHOWN = 5


async def checks(listed: Listed, _: Wanted, inquiry: Inquiry) -> list[DomainCheck]:
    """Return the one finding about where the domain takes mail."""
    found = await inquiry(listed.domain, "MX")
    if found.failure:
        return [check("mx", "unknown", "mx_unknown", found.failure)]
    hosts = [host for host in found.values if host not in {"", "."}]
    if hosts:
        return [check("mx", "pass", "mx_found", ", ".join(hosts[:_MOST_SHOWN]))]
    if found.values:
        return [check("mx", "advice", "mx_null")]
    addresses = [await inquiry(listed.domain, "A"), await inquiry(listed.domain, "AAAA")]
    if there := [value for each in addresses for value in each.values]:
        return [check("mx", "advice", "mx_implicit", ", ".join(there[:_MOST_SHOWN]))]
    if why := next((each.failure for each in addresses if each.failure), ""):
        return [check("mx", "unknown", "mx_unknown", why)]
    return [check("mx", "absent", "mx_none")]
