"""When each customer's domain is looked at: once an interval, at a time of its own, so that all are spread. Pure.

The time of a domain follows from its name, so a restart asks nothing sooner. Times are µs since the epoch.
"""

import heapq
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from schemas.domain_events import CustomerDomainChecked, CustomerDomainRemoved
from schemas.names import derived_id

DAY = 86_400_000_000
_PACE_SECONDS = 5.0
_HASTE = 4


class Asked(msgspec.Struct, frozen=True):
    """When a domain was looked at, whether all passed, and what was told of it when (`digest` is what of it counts)."""

    at: int
    passed: bool = False
    told_at: int = 0
    digest: str = ""


def slot(domain: str, interval: int) -> int:
    """Return where in each interval a domain's time is."""
    return int.from_bytes(blake2b(domain.encode(), digest_size=8).digest(), "big") % interval


def due(domain: str, asked: Asked | None, interval: int, now: int) -> int:
    """Return when a domain is to be looked at: one that never was, or only in the future, at once.

    One that did not pass is looked at again after a day, and each at its time of the interval, but not twice within a
    day (or half an interval that is shorter).
    """
    if asked is None or asked.at > now:
        return 0
    least = asked.at + min(DAY, interval // 2)
    regular = least + (slot(domain, interval) - least) % interval
    return regular if asked.passed else min(regular, asked.at + DAY)


def gap_seconds(count: int, interval: int) -> float:
    """Return how long to wait from one domain to the next: what was missed is made up at four times the usual pace."""
    return min(_PACE_SECONDS, interval / 1e6 / (_HASTE * max(1, count)))


def digest(event: CustomerDomainChecked) -> str:
    """Return what tells whether anything changed."""
    said = [event.customer, *(msgspec.json.encode(each).decode() for each in event.checks)]
    return blake2b("\0".join(said).encode(), digest_size=16).hexdigest()


def noted(event: CustomerDomainChecked, before: Asked | None, interval: int) -> tuple[Asked, bool]:
    """Return what is to be remembered of a look, and whether it is to be told: what changed, and each once an interval.

    Three quarters of an interval count as one: a look may come late, and the next in time.
    """
    said = digest(event)
    tells = before is None or said != before.digest or not 0 <= event.at - before.told_at < interval * 3 // 4
    told_at = event.at if tells or before is None else before.told_at
    return Asked(event.at, event.outcome in {"pass", "advice", ""}, told_at, said), tells


def removed(names: Iterable[str], at: int) -> list[CustomerDomainRemoved]:
    """Return what is told of domains that are configured no more."""
    return [
        CustomerDomainRemoved(id=derived_id("customer domain removed", name, at), at=at, domain=name) for name in names
    ]


class Plan:
    """Which domain is next: the longest due first, and of those that are due alike the one whose time comes first."""

    def __init__(self, domains: Iterable[str], asked: Mapping[str, Asked], interval: int, now: int) -> None:
        self._interval = interval
        self._due = [self._place(name, asked.get(name), now) for name in domains]
        heapq.heapify(self._due)
        self.count = len(self._due)

    def _place(self, name: str, asked: Asked | None, now: int) -> tuple[int, int, str]:
        return due(name, asked, self._interval, now), slot(name, self._interval), name

    def turn(self, now: int, most: int) -> list[str]:
        """Take out the domains that are due, at most so many."""
        found: list[str] = []
        while self._due and self._due[0][0] <= now and len(found) < most:
            found.append(heapq.heappop(self._due)[2])
        return found

    def put(self, name: str, asked: Asked, now: int) -> None:
        """Put a domain back that was looked at."""
        heapq.heappush(self._due, self._place(name, asked, now))

    def pause_seconds(self, done: int, now: int, most: float) -> float:
        """Return how long to wait after looking at so many domains, or where none was due; at most so long."""
        if done:
            return done * gap_seconds(self.count, self._interval)
        return min(most, max(0.0, (self._due[0][0] - now) / 1e6)) if self._due else most
