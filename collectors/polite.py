"""Manners towards the lists: how many questions a second, how long an answer holds, when to try again. Pure.

The time is given, in seconds of any steady clock.
"""

from collections.abc import Iterator, Mapping, Sequence

from collectors.dnsbl import Dnsbl
from schemas.dnsbl_settings import Asking
from schemas.dnsbl_settings import Dnsbl as Settings

_WAIT_LEAST = 0.001
_START_MOST_SECONDS = 10.0
_USUAL = Asking()


class Bucket:
    """A token bucket: `rate` questions a second, of which one second's worth may come at once."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = self._tokens = max(1.0, rate)
        self._at: float | None = None

    def take(self, now: float) -> float:
        """Take a token and return 0, or return how many seconds later there may be one."""
        self._fill(now)
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return max(_WAIT_LEAST, (1 - self._tokens) / self._rate)

    def spend(self, now: float) -> None:
        """Take a token that may not be there yet: for what is sent again."""
        self._fill(now)
        self._tokens -= 1

    def _fill(self, now: float) -> None:
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


def holds(ttl_seconds: int, settings: Settings, *, listed: bool) -> float:
    """Return for how many seconds an answer is not asked for again: its TTL, within the bounds of the settings."""
    most = settings.listed_ttl_max_seconds if listed else settings.clean_ttl_max_seconds
    return min(max(float(ttl_seconds), settings.ttl_min_seconds), most)


def pause(interval: float, refusals: int, most: float, draw: float) -> float:
    """Return for how many seconds a list is left alone: its interval and up to a tenth more, as drawn (0 to 1).

    After each refusal in a row it is twice as long, up to `most` (or the interval, if that is longer).
    """
    longer = interval * 2.0 ** min(refusals, 32)
    return min(longer, max(interval, most)) * (1 + draw / 10)


def latest(interval: float) -> float:
    """Return after how many seconds at most a list that answers is asked again: a tenth is added by chance."""
    return interval * 11 / 10


def start(interval: float, draw: float) -> float:
    """Return for how many seconds the first round waits, so that collectors restarted together do not ask together."""
    return min(interval / 10, _START_MOST_SECONDS) * draw


class Restraint:
    """When a list is asked again: ever later while it refuses, over each IP version by itself."""

    def __init__(self, interval: float, most: float) -> None:
        self._interval, self._most = interval, most
        self._refusals: dict[int, int] = {}
        self._due: dict[int, float] = {}

    def resting(self, now: float) -> frozenset[int]:
        """Return the IP versions over which the list refused, and is not asked yet."""
        return frozenset(version for version, count in self._refusals.items() if count and self._due[version] > now)

    def after(self, refused: Mapping[int, bool], now: float, draw: float) -> float:
        """Take whether the list refused over each of the asked versions; return when the next round begins.

        That is when the version is due that refused the fewest times in a row; another takes part once it is due.
        """
        for version, refuses in refused.items():
            self._refusals[version] = self._refusals.get(version, 0) + 1 if refuses else 0
            self._due[version] = now + pause(self._interval, self._refusals[version], self._most, draw)
        fewest = min(self._refusals.values())
        due = min(self._due[version] for version, count in self._refusals.items() if count == fewest)
        return max(due, now + self._interval)

    def due(self, version: int) -> float:
        """Return when the list may be asked over an IP version again."""
        return self._due[version]


def own_of(name: str, settings: Settings) -> Asking:
    """Return what is configured for one list alone."""
    return settings.list.get(name, _USUAL)


def interval(dnsbl: Dnsbl, settings: Settings) -> float:
    """Return after how many seconds a list is asked again: as configured for it, else as for all, or as it demands."""
    return own_of(dnsbl.name, settings).interval_seconds or max(
        settings.interval_seconds, float(dnsbl.minimum_interval_seconds)
    )


def too_soon(dnsbls: Sequence[Dnsbl], settings: Settings) -> Iterator[str]:
    """Yield a sentence for each list of IPs that would be asked sooner again than its operator asks for."""
    for dnsbl in dnsbls:
        every = interval(dnsbl, settings)
        if every < dnsbl.minimum_interval_seconds:
            yield (
                f"dnsbl.list.{dnsbl.name}.interval_seconds: {every:g}: its operator asks for at least "
                f"{dnsbl.minimum_interval_seconds} between rounds"
            )


def unknown_places(dnsbls: Sequence[Dnsbl], settings: Settings) -> Iterator[str]:
    """Yield a sentence for each list that has settings of its own, but is not asked."""
    names = {dnsbl.name for dnsbl in dnsbls} | {*settings.lists, *settings.own}
    for name in settings.list:
        if name not in names:
            yield f"dnsbl.list.{name}: {name!r} is neither in dnsbl.lists nor in dnsbl.own"
