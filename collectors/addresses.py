"""IPs that a log prints, in one spelling."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from schemas.names import canonical_ip

_BEHIND_NAT = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))


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


@lru_cache(maxsize=65536)
def is_behind_nat(ip: str) -> bool:
    """Tell whether a canonical IP is one that the world does not see (RFC 1918, 6598, 4193)."""
    return any(ip_address(ip) in network for network in _BEHIND_NAT)
