"""The last set that each pool's hooks were given, kept on disk: what is in force while nobody can be asked."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from schemas import pool_settings
from streams.effects import write


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A pool's set: the IPs configured then, the share of each active one, and the decision it followed from."""

    ips: tuple[str, ...]
    active: dict[str, float]
    decision: str = ""


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
    return Kept(ips=pool.ips, active=active, decision=kept.decision)


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
