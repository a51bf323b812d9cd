"""ZoneMTA: a pool of addresses in a file that its configuration includes; each stands there as often as its share.

ZoneMTA draws an entry of the pool for each delivery. Its `ratio` rounds up (a 21st becomes two in 24), so the shares
are told by repeating entries instead. SIGHUP lets every sending zone take the new pool; nothing is connected anew.
ZoneMTA reads what is disabled for one domain at its start only, so what is withdrawn for one provider only, this hook
cannot express.

Source: https://github.com/zone-eu/zone-mta/blob/master/lib/sending-zone.js
"""

from collections.abc import Mapping
from ipaddress import ip_address
from math import gcd

from schemas.pool_hooks_more import ZoneMtaHook
from streams.deeds import Run, WriteFile
from streams.hooks import ActiveSet, Effect, checked
from streams.hooks._answers import known
from streams.hooks._slots import slots

_HEAD = "# Written by relaywarden hooks at each change of the pool; do not edit.\n"
_RELOAD_SECONDS = 30.0


def effects(active: ActiveSet, settings: ZoneMtaHook) -> tuple[Effect, ...]:
    """Return the file and its reading. ValueError where no address of a family is left: ZoneMTA would use any."""
    shares = checked(active.shares)
    known(settings.names, active.ips, "names")
    content = _HEAD
    for version in sorted({_version(ip) for ip in active.ips.values()}):
        family = {name: share for name, share in shares.items() if _version(active.ips[name]) == version}
        if not family:
            raise ValueError(f"no IPv{version} address is left: ZoneMTA would send by any of the host's")
        content += "".join(_entry(name, active, settings) * count for name, count in _counts(family).items())
    return (
        WriteFile(path=str(settings.path), content=content),
        Run(command=settings.reload, timeout_seconds=_RELOAD_SECONDS),
    )


def _counts(shares: Mapping[str, float]) -> dict[str, int]:
    """Return how often each stands there: once where all shares are the same, else in hundredths, reduced."""
    if len(set(shares.values())) == 1:
        return dict.fromkeys(shares, 1)
    held = slots(shares)
    part = gcd(*held.values())
    return {name: held[name] // part for name in shares}


def _version(ip: str) -> int:
    return ip_address(ip).version


def _entry(name: str, active: ActiveSet, settings: ZoneMtaHook) -> str:
    said = f'name = "{settings.names[name]}"\n' if name in settings.names else ""
    return f'\n[["{settings.zone_pool or active.pool}"]]\naddress = "{active.ips[name]}"\n{said}'
