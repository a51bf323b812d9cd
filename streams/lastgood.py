"""The last set that each pool's hooks were given, kept on disk: what is in force while nobody can be asked."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from schemas import pool_settings
from streams.effects import write
from streams.hooks import ActiveSet


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A pool's set: the IPs configured then, the share of each active one, and the newest decision before it.

    `barred` has the IPs that are withdrawn for one provider only, `at` the decision's time (UTC epoch microseconds).
    """

    ips: tuple[str, ...]
    active: dict[str, float]
    barred: dict[str, tuple[str, ...]] = {}
    decision: str = ""
    at: int = 0


_DECODER: msgspec.json.Decoder[dict[str, Kept]] = msgspec.json.Decoder(dict[str, Kept])


def restored(kept: Kept | None, pool: pool_settings.Pool) -> Kept:
    """Return the set to start with: as kept, IPs that are new in the configuration added, those gone left out.

    Where nothing was kept, or nothing of it is configured any more, all IPs of the configuration are active.
    """
    if kept is None:
        return Kept(ips=pool.ips, active=dict.fromkeys(pool.ips, 1.0))
    known = {ip: kept.active[ip] for ip in pool.ips if kept.active.get(ip, 0) > 0}
    new = {ip: 1.0 for ip in pool.ips if ip not in kept.ips}
    active = known | new or dict.fromkeys(pool.ips, 1.0)
    return Kept(ips=pool.ips, active=active, barred=kept.barred, decision=kept.decision, at=kept.at)


def active_set(name: str, kept: Kept, pool: pool_settings.Pool) -> ActiveSet:
    """Return what a pool may send through, by its transports; what is barred for a provider leaves it at least one."""
    shares = {transport: kept.active[ip] for transport, ip in pool.transports.items() if ip in kept.active}
    barred = {
        provider: tuple(transport for transport in sorted(shares) if pool.transports[transport] in ips)
        for provider, ips in sorted(kept.barred.items())
    }
    barred = {provider: transports for provider, transports in barred.items() if 0 < len(transports) < len(shares)}
    return ActiveSet(
        pool=name, shares=shares, ips=dict(pool.transports), barred=barred, decision=kept.decision, at=kept.at
    )


class LastGood:
    """The kept sets of all pools in one file, which only this process writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.pools: dict[str, Kept] = {}

    def load(self) -> None:
        """Read the file; where there is none, nothing was kept. ValueError where it is damaged, OSError unreadable."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.pools = _DECODER.decode(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{self._path}: no state of the hooks: {error}") from error

    def keep(self, pool: str, kept: Kept) -> None:
        """Keep a pool's set. OSError where the file cannot be written; memory has the set all the same."""
        self.pools[pool] = kept
        write(self._path, encode(self.pools), mode=0o600)


def encode(pools: Mapping[str, Kept]) -> str:
    """Return the kept sets as JSON."""
    return msgspec.json.format(msgspec.json.encode(pools), indent=1).decode() + "\n"
