"""When stages close and have their brown-outs, by the rules of `[sunset.NAME.stages]`: in a plan, and when it moves.

All is counted by the wall clock of the sunset's time zone, in slots: the whole hours from `first_hour` to `last_hour`
of the days on which stages may close. So a clock that changes lets no stage close at another hour.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.moments import moment_of
from schemas.sunset_events import Brownout
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.weeks import HOUR, day_of, start_of

_FRIDAY, _WEEK = 4, 7
_DAY = timedelta(days=1)
Slot = tuple[date, int]
"""A day and one of its hours, in the sunset's time zone."""


class Wish(NamedTuple):
    """A stage to be laid: not before a slot, and with so many of its brown-outs still to come, its last ones.

    With `after` (µs) it lies behind that: a brown-out that would not is left out, but its last is not, and the close
    waits for it. Without, nothing is left out, and whoever asks sees to it that all is to come.
    """

    earliest: Slot
    brownouts: int
    after: int | None = None


class Laid(NamedTuple):
    """The moments of a stage (µs)."""

    brownouts: tuple[Brownout, ...]
    closes: int


class Calendar:
    """On what days and hours the stages of a sunset may go off."""

    def __init__(self, sunset: Sunset, stages: Stages) -> None:
        self._sunset, self._stages = sunset, stages

    @property
    def begin(self) -> Slot:
        """Return when the first stage of a first plan closes."""
        return self._allowed((self._stages.first_day or self._sunset.ends, self._stages.first_hour))

    def before(self, at: int) -> Slot:
        """Return the whole hour in which a moment lies."""
        local = moment_of(at).astimezone(ZoneInfo(self._sunset.timezone))
        return local.date(), local.hour

    def behind(self, at: int) -> Slot:
        """Return the whole hour that a moment is, else the next."""
        return self.before(at + HOUR - 1)

    def permits(self, at: int) -> bool:
        """Tell whether a stage may go off at a moment."""
        return all(self._allowed(slot) == slot for slot in (self.before(at), self.behind(at)))

    def lay(self, wishes: Iterable[Wish], others: Collection[Laid]) -> list[Laid]:
        """Return when these stages go off: one after the other, `hours_apart` from each other and from `others`."""
        closes = sorted(self.before(other.closes + HOUR // 2) for other in others)
        taken = {place for other in others for place in _places(other.brownouts)}
        found: list[Laid] = []
        slot = (date.min, 0)
        for wish in wishes:
            earliest = wish.earliest if wish.after is None else max(wish.earliest, self.behind(wish.after + 1))
            slot = self._apart(self._allowed(max(slot, earliest)), closes)
            while not _to_come(laid := self._laid(slot, wish.brownouts, taken), wish.after):
                day, hour = slot
                slot = self._apart(self._allowed((day, hour + 1)), closes)
            coming = tuple(each for each in laid.brownouts if wish.after is None or each.begins > wish.after)
            found.append(laid._replace(brownouts=coming))
            taken |= set(_places(coming))
            slot = self._following(slot)
        return found

    def _allowed(self, slot: Slot) -> Slot:
        """Return a slot if stages may close then, else the next at which they may."""
        day, hour = slot
        if hour > self._stages.last_hour:
            day, hour = day + _DAY, 0
        while self._free_of_work(day):
            day, hour = day + _DAY, 0
        found = day, max(hour, self._stages.first_hour)
        return found if self._exists(*found) else self._allowed((found[0], found[1] + 1))

    def _exists(self, day: date, hour: int) -> bool:
        """Tell whether a day has an hour: one is left out when the clock is put forward."""
        return self.before(start_of(self._sunset, day, hour)) == (day, hour)

    def _following(self, slot: Slot) -> Slot:
        """Return the next slot that is `hours_apart` from one."""
        day, hour = slot
        hours = max(hour, self._stages.first_hour) + self._stages.hours_apart
        return self._allowed((day + timedelta(days=hours // 24), hours % 24))

    def _apart(self, slot: Slot, closes: Iterable[Slot]) -> Slot:
        """Return the first slot from one on that is `hours_apart` from these closes, which are in order."""
        for close in closes:
            if close < self._following(slot) and slot < self._following(close):
                slot = self._following(close)
        return slot

    def _free_of_work(self, day: date) -> bool:
        return self._stages.weekdays_only and day.weekday() > _FRIDAY

    def _laid(self, slot: Slot, brownouts: int, taken: Collection[tuple[int, int]]) -> Laid:
        """Return a stage that closes in a slot, with its last brown-outs, each over before what follows it begins."""
        kinds = list(zip(self._stages.brownout_hours, self._stages.brownout_days, strict=True))
        limit = closes = start_of(self._sunset, *slot)
        found: list[Brownout] = []
        for kind, (hours, days) in enumerate(reversed(kinds[-brownouts:] if brownouts else ())):
            length = int(hours * HOUR)
            fitting = self._fitting(slot, days, length, limit)
            limit = next(fitting)  # there is one: the settings allow of none that is longer than a week's work
            if (kind, limit) in taken:
                free = (one for one in islice(fitting, self._slots_of_a_week()) if (kind, one) not in taken)
                limit = next(free, limit)
            found.append(Brownout(begins=limit, ends=limit + length))
        return Laid(tuple(reversed(found)), closes)

    def _fitting(self, slot: Slot, days: int, length: int, limit: int) -> Iterator[int]:
        """Yield when a brown-out may begin, from so many days before a slot on backwards: over before a moment."""
        return (one for one in self._back(slot, days) if self._fits(one, length, limit))

    def _back(self, slot: Slot, days: int) -> Iterator[int]:
        """Yield the moments of all slots, backwards from so many days before one on: working days, where only these."""
        day, hour = slot
        while days:
            day -= _DAY
            days -= not self._free_of_work(day)
        while True:
            if not self._free_of_work(day):
                hours = range(hour, self._stages.first_hour - 1, -1)
                yield from (start_of(self._sunset, day, one) for one in hours if self._exists(day, one))
            day, hour = day - _DAY, self._stages.last_hour

    def _fits(self, begins: int, length: int, limit: int) -> bool:
        """Tell whether a brown-out is over before a moment, and lies in no weekend where stages close on weekdays."""
        ends = begins + length
        first, last = day_of(self._sunset, begins), day_of(self._sunset, ends - 1)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return ends < limit and not any(self._free_of_work(day) for day in days)

    def _slots_of_a_week(self) -> int:
        return _WEEK * (self._stages.last_hour - self._stages.first_hour + 1)


def _places(brownouts: tuple[Brownout, ...]) -> Iterator[tuple[int, int]]:
    """Yield each brown-out's kind (0: a stage's last) and when it begins: two stages begin no kind at once."""
    yield from ((kind, each.begins) for kind, each in enumerate(reversed(brownouts)))


def _to_come(laid: Laid, after: int | None) -> bool:
    first = laid.brownouts[-1].begins if laid.brownouts else laid.closes
    return after is None or first > after
