"""Customer networks: whose address a client has."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


class NetworkNames:
    """The names of networks; of several that hold an address, the smallest counts."""

    def __init__(self, networks: Mapping[str, str]) -> None:
        known: list[tuple[IPv4Network | IPv6Network, str]] = [
            (ip_network(network), name or network) for network, name in networks.items()
        ]
        self._known = sorted(known, key=lambda item: -item[0].prefixlen)
        self._found = lru_cache(maxsize=65536)(self._search)

    def name_of(self, ip: str) -> str:
        """Return the name of the network of a canonical IP, or ""."""
        return self._found(ip) if ip and self._known else ""

    def _search(self, ip: str) -> str:
        address = ip_address(ip)
        return next((name for network, name in self._known if address in network), "")
