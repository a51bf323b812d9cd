"""A map of nftables from 100 slots to source addresses, replaced in one transaction; new connections follow it at once.

    snat to numgen random mod 100 map @main

What is withdrawn for one provider only, it cannot express.

Manual: https://wiki.nftables.org/wiki-nftables/index.php/Load_balancing
"""

from ipaddress import ip_address

from schemas.pool_hooks import NftablesHook
from streams.deeds import NftMap
from streams.hooks import ActiveSet, Effect, checked
from streams.hooks._slots import SLOTS, drawn


def effects(active: ActiveSet, settings: NftablesHook) -> tuple[Effect, ...]:
    """Return the one effect: the whole map. ValueError where the pool has IPs of both families."""
    shares = checked(active.shares)
    versions = {ip_address(ip).version for ip in active.ips.values()}
    if len(versions) > 1:
        raise ValueError("the pool has IPv4 and IPv6 addresses: a map holds one kind, so make two pools")
    family = "ip6" if versions == {6} else "ip"
    name = settings.map or active.pool.replace("-", "_")
    slots = tuple(active.ips[transport] for transport in drawn(shares))
    place = f"{family} {settings.table} {name}"
    rows = ", ".join(f"{slot} : {ip}" for slot, ip in enumerate(slots))
    script = (
        f"add table {family} {settings.table}\n"
        f"add map {place} {{ typeof numgen random mod {SLOTS} : {family} saddr ; }}\n"
        f"flush map {place}\n"
        f"add element {place} {{ {rows} }}\n"
    )
    return (
        NftMap(
            command=settings.command,
            script=script,
            family=family,
            table=settings.table,
            name=name,
            slots=slots,
            timeout_seconds=settings.timeout_seconds,
        ),
    )
