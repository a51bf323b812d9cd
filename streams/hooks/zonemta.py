"""ZoneMTA: a pool of addresses in a file that its configuration includes, with `ratio` for those on their way back.

SIGHUP lets every sending zone take the new pool; nothing is connected anew. ZoneMTA reads what is disabled for one
domain at its start only, so what is withdrawn for one provider only, this hook cannot express.

Manual: https://github.com/zone-eu/zone-mta#ip-warm-up
"""

from collections.abc import Iterator
from ipaddress import ip_address

from schemas.pool_hooks_more import ZoneMtaHook
from streams.deeds import Run, WriteFile
from streams.hooks import ActiveSet, Effect, checked
from streams.hooks._answers import known

_HEAD = "# Written by relaywarden hooks at each change of the pool; do not edit.\n"
_RELOAD_SECONDS = 30.0


def effects(active: ActiveSet, settings: ZoneMtaHook) -> tuple[Effect, ...]:
    """Return the file and its reading. ValueError where no address of a family is left: ZoneMTA would use any."""
    shares = checked(active.shares)
    known(settings.names, active.ips, "names")
    for version in sorted({ip_address(ip).version for ip in active.ips.values()}):
        if version not in {ip_address(active.ips[name]).version for name in shares}:
            raise ValueError(f"no IPv{version} address is left: ZoneMTA would send by any of the host's")
    pool = settings.zone_pool or active.pool
    content = _HEAD + "".join(_entry(pool, row) for row in _rows(active, shares, settings))
    return (
        WriteFile(path=str(settings.path), content=content),
        Run(command=settings.reload, timeout_seconds=_RELOAD_SECONDS),
    )


def _rows(active: ActiveSet, shares: dict[str, float], settings: ZoneMtaHook) -> Iterator[dict[str, str]]:
    """Yield the entries; the address with the highest share has no ratio: such ones divide what the others leave."""
    for name, share in shares.items():
        row = {"address": f'"{active.ips[name]}"'}
        if name in settings.names:
            row["name"] = f'"{settings.names[name]}"'
        family = [rest for other, rest in shares.items() if _alike(active, name, other)]
        if share < max(family):
            row["ratio"] = f"{share / sum(family):.4f}"
        yield row


def _alike(active: ActiveSet, one: str, other: str) -> bool:
    return ip_address(active.ips[one]).version == ip_address(active.ips[other]).version


def _entry(pool: str, row: dict[str, str]) -> str:
    return f'\n[["{pool}"]]\n' + "".join(f"{key} = {value}\n" for key, value in row.items())
