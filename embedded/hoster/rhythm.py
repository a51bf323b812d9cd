"""When things happen: the hours of people, weeks and seasons, and how amounts are spread."""

import math
from bisect import bisect
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from embedded.hoster.activity import DAY, HOUR

_EPOCH = date(1970, 1, 1)
_MANY = 30


def log_uniform(rng: Random, low: float, high: float) -> float:
    """Draw where each order of magnitude is as likely as the other."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def log_normal(rng: Random, median: float, spread: float, low: float, high: float) -> float:
    """Draw around a median; `spread` is the factor that two thirds stay within."""
    return min(high, max(low, median * math.exp(rng.gauss(0.0, math.log(spread)))))


def poisson(rng: Random, mean: float) -> int:
    """Draw how often a thing happens that happens `mean` times on average."""
    if mean <= 0:
        return 0
    if mean > _MANY:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def noise(*parts: int) -> int:
    """Return a number that looks random but is the same for the same parts: 32 bits."""
    return (hash(parts) * 0x9E3779B97F4A7C15 >> 20) & 0xFFFFFFFF


class Day(NamedTuple):
    """A local day: its number since 1970, its midnight in UTC microseconds, and random numbers of its own."""

    number: int
    midnight: int
    rng: Random

    @property
    def weekday(self) -> int:
        """Return 0 for Monday."""
        return (self.number + 3) % 7

    @property
    def date(self) -> date:
        """Return the date of the day."""
        return date_of(self.number)

    @property
    def rest(self) -> bool:
        """Tell whether offices are closed: a weekend or a holiday."""
        return self.weekday >= 5 or is_holiday(self.number)


@lru_cache(maxsize=1000)
def date_of(number: int) -> date:
    """Return the date of a day's number."""
    return _EPOCH + timedelta(days=number)


@lru_cache(maxsize=1000)
def is_holiday(number: int) -> bool:
    """Tell whether a day is one of the holidays that all the town keeps."""
    day = date_of(number)
    return (day.month, day.day) in {(1, 1), (1, 6), (5, 1), (8, 1), (10, 3), (12, 25), (12, 26)}


@lru_cache(maxsize=1000)
def season(number: int) -> float:
    """Return how busy a time of the year is: quiet in August and after Christmas, busy in November and December."""
    day = date_of(number)
    if (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 5):
        return 0.5
    return {7: 0.85, 8: 0.75, 11: 1.15, 12: 1.2}.get(day.month, 1.0)


@dataclass(frozen=True)
class Hours:
    """How a day's doings are spread over its hours: 24 weights, for one who gets up `later` by so many hours."""

    weights: tuple[float, ...]
    later: float = 0.0

    @cached_property
    def _sums(self) -> list[float]:
        return list(accumulate(self.weights))

    def draw(self, rng: Random) -> int:
        """Draw a time of the day, in microseconds since midnight."""
        hour = bisect(self._sums, rng.random() * self._sums[-1])
        return int((hour + rng.random() + self.later) * HOUR) % DAY

    def shifted(self, later: float) -> "Hours":
        """Return the same hours for one who gets up so much later."""
        return Hours(self.weights, later)


OFFICE = Hours((0, 0, 0, 0, 0, 0, 1, 5, 12, 14, 13, 11, 5, 9, 12, 12, 10, 7, 3, 1, 0.5, 0.3, 0.1, 0))
PRIVATE = Hours((0.5, 0.1, 0, 0, 0, 0.3, 2, 5, 6, 6, 6, 6, 7, 6, 5, 5, 6, 8, 9, 10, 11, 10, 6, 2))
OWL = Hours((9, 7, 5, 3, 1, 0, 0, 0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 10))
BUYERS = Hours((2, 1, 0.5, 0.3, 0.3, 0.6, 2, 4, 6, 7, 8, 8, 8, 8, 8, 8, 8, 8, 9, 11, 13, 12, 8, 4))
ALWAYS = Hours((1.0,) * 24)
