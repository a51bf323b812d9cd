"""On which day the old way ends for a mailbox: that of its stage once stages are planned, else the day the sunset ends.

A stage that is held (paused, rolled back, or waiting for one that is paused) has no day: it goes on when an operator
says so. Told is then the day that it would have if it went on now, in the future always, and that it is not fixed.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from schemas.sunset_events import Stage
from schemas.sunset_settings import Sunset
from streams.sunset.ledger import Ledger
from streams.sunset.stages import stage_of
from streams.sunset.stepping import paused
from streams.sunset.weeks import day_of


class Ending(NamedTuple):
    """The day from which the old way is off; where it is not `fixed`, the first that it can be."""

    day: date
    fixed: bool = True


class Endings:
    """The days of all mailboxes of a sunset, as they are known at a moment (µs)."""

    def __init__(self, sunset: Sunset, ledger: Ledger, at: int) -> None:
        self._sunset = Ending(sunset.ends)
        self._stages = ledger.stages
        self._days = {stage.number: _ending(sunset, ledger, stage, at) for stage in ledger.stages}

    @property
    def planned(self) -> bool:
        """Tell whether mailboxes end by stages."""
        return bool(self._stages)

    @property
    def last(self) -> date:
        """Return the day on which it has ended for all, at the earliest."""
        return max(ending.day for ending in (self._sunset, *self._days.values()))

    def of(self, mailbox: str) -> Ending:
        """Return when it ends for a mailbox: by its own name, whatever aliases it has."""
        return self._days[stage_of(self._stages, mailbox).number] if self._stages else self._sunset


def _ending(sunset: Sunset, ledger: Ledger, stage: Stage, at: int) -> Ending:
    step, today = ledger.steps.get(stage.number), day_of(sunset, at)
    if step is not None and step.step == "closed":
        return Ending(day_of(sunset, step.at))
    closes = day_of(sunset, stage.closes)
    held = paused(ledger) is not None or (step is not None and step.step == "rolled_back")
    if not held and closes >= today:
        return Ending(closes)
    return Ending(max(closes, today + timedelta(days=1)), fixed=False)


def told(endings: Iterable[Ending]) -> tuple[str, tuple[str, ...]]:
    """Return what a letter says of its mailboxes' days: the first, and each one's own ("": not fixed) if they differ.

    The first is that of those that are fixed, where any is. ValueError where there are no endings.
    """
    each = list(endings)
    first = min([ending.day for ending in each if ending.fixed] or [ending.day for ending in each])
    if all(ending == (first, True) for ending in each):
        return first.isoformat(), ()
    return first.isoformat(), tuple(ending.day.isoformat() if ending.fixed else "" for ending in each)
