"""What the rules are given besides events: looks at logs, at lags and at the warehouse, and what is watched at all."""

from collections.abc import Mapping

import msgspec

from schemas.settings import Settings
from streams.sunset.load_heard import Log


class LogsLooked(msgspec.Struct, frozen=True, kw_only=True):
    """When each host's logs spoke within a week, as the warehouse knows it at `at` (µs)."""

    at: int
    logs: tuple[Log, ...]


class LagLooked(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of `minutes` ago each process has not done yet."""

    at: int
    behind: Mapping[str, int]
    minutes: int


class WarehouseLooked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether ClickHouse answered; `problem` says why not, "" where it did."""

    at: int
    problem: str = ""


Look = LogsLooked | LagLooked | WarehouseLooked


class PoolWatched(msgspec.Struct, frozen=True):
    """The IPs of a pool, and how many must stay."""

    ips: frozenset[str]
    min_active: int


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What is configured: of anything else nothing is alerted."""

    pools: Mapping[str, PoolWatched] = {}
    sunsets: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()

    def has(self, ip: str) -> bool:
        """Tell whether a pool has an IP."""
        return any(ip in pool.ips for pool in self.pools.values())


def watched(settings: Settings) -> Watched:
    """Return what a configuration has."""
    return Watched(
        pools={name: PoolWatched(frozenset(pool.ips), pool.min_active) for name, pool in settings.pool.items()},
        sunsets=frozenset(settings.sunset),
        channels=frozenset(settings.alert.channel if settings.alert else ()),
        lists=frozenset((*settings.dnsbl.lists, *settings.dnsbl.own)) if settings.dnsbl else frozenset(),
    )
