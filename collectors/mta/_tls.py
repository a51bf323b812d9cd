"""What logs tell of TLS: the version in one spelling, and whether a password went without it.

OpenSSL writes `TLSv1` for 1.0, GnuTLS `TLS1.0`, Exim `TLS1.2:…`, Java and Microsoft `TLS 1.2`: RFC 8446's versions all.
"""

import re
from functools import lru_cache

from collectors.addresses import is_behind_nat, is_loopback

_VERSION = re.compile(r"(TLS|SSL)[ v_]{0,2}(\d)(?:[._](\d))?(?![\d./])")
_PLAIN = ("plain", "login", "user", "basic")


@lru_cache(maxsize=1024)
def version_of(text: str) -> str:
    """Return the version that a text begins with, as OpenSSL writes it; "" where it begins with none.

    `TLSv1/SSLv3`, as old sendmail writes, is a cipher's version: it tells neither.
    """
    match = _VERSION.match(text)
    if match is None:
        return ""
    kind, major, minor = match.groups()
    return f"{kind}v{major}" if minor in {None, "0"} else f"{kind}v{major}.{minor}"


def in_the_clear(client_ip: str, method: str) -> bool:
    """Tell whether a login without TLS showed its password to a network: by a method that sends it as it is.

    Over loopback, and from an address of a private network (a webmail, a proxy, a VPN), it showed it to no stranger.
    """
    return (
        bool(client_ip)
        and not is_loopback(client_ip)
        and not is_behind_nat(client_ip)
        and any(word in method.lower() for word in _PLAIN)
    )
