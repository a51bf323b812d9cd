"""Name servers that the command line was told, as IP, IP:PORT or [IPv6]:PORT."""

import re
from collections.abc import Sequence

from schemas.dnsbl_settings import Dnsbl
from schemas.names import canonical_ip

_MOST = 65535
_PLACE = re.compile(
    r"\[(?P<bracketed>[^\]]*)\](:(?P<port>[^:]*))?|(?P<plain>[^:]*)(:(?P<plain_port>[^:]*))?|(?P<bare>[^\[\]]*)"
)


def asking(settings: Dnsbl, given: Sequence[str]) -> Dnsbl:
    """Return the settings with these name servers in the place of their own; with none given, the same.

    ValueError names the one that is no address, or two that want different ports.
    """
    if not given:
        return settings
    places = [_place(text, settings.port) for text in given]
    ports = {port for _, port in places}
    if len(ports) > 1:
        raise ValueError(f"--resolver {' '.join(given)}: all must listen on the same port")
    return settings.model_copy(update={"resolvers": tuple(ip for ip, _ in places), "port": ports.pop()})


def _place(text: str, port: int) -> tuple[str, int]:
    found = _PLACE.fullmatch(text)
    try:
        ip = canonical_ip(found["bracketed"] or found["plain"] or found["bare"]) if found else ""
    except ValueError:
        ip = ""
    if not ip or found is None:
        raise ValueError(f"--resolver {text!r}: say IP or IP:PORT, as in 192.0.2.53 or [2001:db8::53]:5353")
    number = found["port"] or found["plain_port"]
    if number is None:
        return ip, port
    if not (number.isascii() and number.isdigit() and 0 < int(number) <= _MOST):
        raise ValueError(f"--resolver {text!r}: {number!r} is no port")
    return ip, int(number)
