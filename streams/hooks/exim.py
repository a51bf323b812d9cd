"""A file that Exim looks an interface up in at each delivery: no reload.

    interface = <; ${lookup{${randint:100}@PROVIDER}lsearch{/etc/exim4/relaywarden-pool}{$value}{no row}}

100 slots `N@` hold the IPs by their shares. A provider for which some are withdrawn has 100 slots `N@PROVIDER` of its
own; the rows `*.SUFFIX` tell it by the MX host or the recipient's domain (docs/hooks-exim.md has the whole line).

Manual: https://www.exim.org/exim-html-current/doc/html/spec_html/ch-the_smtp_transport.html
"""

from collections.abc import Iterator, Mapping

from schemas.names import suffixes_of
from schemas.pool_hooks import EximHook
from streams.deeds import WriteFile
from streams.hooks import ActiveSet, Effect, checked, for_providers
from streams.hooks._slots import drawn

_HEAD = "# Written by relaywarden hooks at each change of the pool; do not edit.\n"


def effects(active: ActiveSet, settings: EximHook) -> tuple[Effect, ...]:
    """Return the one effect: the file."""
    lines = [*_rows("", checked(active.shares), active.ips)]
    for provider, shares in for_providers(active).items():
        lines += [*_names(provider), *_rows(provider, shares, active.ips)]
    return (WriteFile(path=str(settings.path), content=_HEAD + "".join(lines)),)


def _rows(provider: str, shares: Mapping[str, float], ips: Mapping[str, str]) -> Iterator[str]:
    for slot, transport in enumerate(drawn(shares)):
        yield f"{slot}@{provider}: {ips[transport]}\n"


def _names(provider: str) -> Iterator[str]:
    """Yield the rows by which Exim knows the provider: by its suffixes, or as the one domain that it is."""
    known = suffixes_of(provider)
    for key in (f"*.{suffix}" for suffix in known) if known else (provider,):
        yield f"{key}: {provider}\n"
