"""The time range a page looks at, and the width of its charts' buckets."""

from dataclasses import dataclass

HOURS = (1, 6, 24, 168)
_SECOND = 1_000_000
_AHEAD = 86_400 * _SECOND
_BUCKETS = {1: 60, 6: 300, 24: 1200, 168: 7200}


@dataclass(frozen=True)
class Span:
    """From `since` to `until`, both UTC epoch microseconds; `past` tells that `until` is not now."""

    since: int
    until: int
    past: bool = False

    @classmethod
    def last(cls, hours: int, now: int, *, past: bool = False) -> "Span":
        """Return the hours before `now`."""
        return cls(now - hours * 3600 * _SECOND, now, past)

    @property
    def horizon(self) -> int:
        """Return up to when a fact may be dated to be seen: now, a clock that is ahead by up to a day shall show."""
        return self.until if self.past else self.until + _AHEAD

    @property
    def bucket_seconds(self) -> int:
        """Return the width of a bucket: some 60 to 90 of them fill a chart."""
        hours = -(-(self.until - self.since) // (3600 * _SECOND))
        return next((width for limit, width in _BUCKETS.items() if hours <= limit), 86_400)

    @property
    def buckets(self) -> list[int]:
        """Return the starts of all buckets, in epoch seconds, the first and the last of them cut by the range."""
        width = self.bucket_seconds
        first = self.since // _SECOND // width * width
        return list(range(first, self.until // _SECOND + 1, width))


def words(hours: int) -> str:
    """Return how a person says it: "24 hours"."""
    days = hours // 24
    if days > 1 and hours % 24 == 0:
        return f"{days} days"
    return "1 hour" if hours == 1 else f"{hours} hours"
