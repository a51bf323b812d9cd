"""What `relaywarden check` finds about the API: tokens, certificate, and who could read along."""

from collections.abc import Iterator
from ipaddress import ip_address

from schemas import tls
from schemas.settings import Settings


def unserved(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each secret, and for the certificate, that is no use."""
    api = settings.api
    if api is None:
        return
    yield from api.looked()[1]
    try:
        tls.server("api", api.certificate, api.key, _told_as_note)
    except ValueError as error:
        yield str(error)


def exposed(settings: Settings) -> Iterator[str]:
    """Yield what is odd: tokens that cross a network in the clear, a certificate that is out of date."""
    api = settings.api
    if api is None:
        return
    if api.certificate is None and not ip_address(api.host).is_loopback:
        yield f"api.host: {api.host} without a certificate: tokens cross the network in the clear"
    odd: list[str] = []
    try:
        tls.server("api", api.certificate, api.key, odd.append)
    except ValueError:
        return  # told as an error
    yield from odd


def _told_as_note(_sentence: str) -> None:
    """Leave it to `exposed`."""
