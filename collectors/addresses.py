"""IPs that a log prints, in one spelling."""

from functools import lru_cache

from schemas.names import canonical_ip


@lru_cache(maxsize=65536)
def ip_or_empty(text: str) -> str:
    """Return the canonical spelling of an IP, or "" for anything else (`unknown`, a socket's path)."""
    try:
        return canonical_ip(text)
    except ValueError:
        return ""


def is_loopback(ip: str) -> bool:
    """Tell whether a canonical IP is this host itself."""
    return ip.startswith("127.") or ip == "::1"
