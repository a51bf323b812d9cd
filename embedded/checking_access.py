"""What `relaywarden check` finds about who may see the pages: the proxy's secret, and the file of OpenID Connect."""

from collections.abc import Iterator

from schemas import oidc_file
from schemas.settings import Settings

_SHORTEST = 20
_EVERYBODY = {"0.0.0.0/0", "::/0"}


def closed(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing with which nobody could see the pages, or anybody could."""
    access = settings.dashboard.access
    if access.mode == "header":
        try:
            given = access.secret
        except ValueError as error:
            yield str(error)
            return
        if given != given.strip() or not given.isascii() or not given.isprintable():
            yield "dashboard.access.secret: a header cannot hold it: ASCII that is printable, no blank at its ends"
    elif access.mode == "oidc" and access.oidc_file is not None:
        yield from oidc_file.faults(access.oidc_file, access.hosts, "dashboard.access.oidc_file")


def open_doors(settings: Settings) -> Iterator[str]:
    """Yield what works, but lets in more than was meant, likely."""
    access = settings.dashboard.access
    if access.mode != "header":
        return
    for network in sorted(_EVERYBODY.intersection(map(str, access.proxies))):
        yield f"dashboard.access.proxies: {network} is every address: whoever knows the secret may be anybody"
    try:
        given = access.secret
    except ValueError:
        return  # told as an error
    if len(given) < _SHORTEST:
        yield f"dashboard.access.secret: it is shorter than {_SHORTEST} characters: it can be guessed"
