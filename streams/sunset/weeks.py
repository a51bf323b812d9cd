"""The weeks of a sunset in its time zone: which week a moment is in, and when a customer's letter of a week is due.

Week 1 begins with the day `begins`, and has one letter day as every week has: the first `weekday` in it. Moments are
those of the wall clock, also where it jumps: an hour that does not exist is the one after it, one that exists twice is
the first (PEP 495, `fold=0`).
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from schemas.moments import epoch_microseconds, moment_of
from schemas.names import derived_id
from schemas.sunset_settings import Sunset, Weekday

HOUR = 3_600_000_000
_DAYS = 7
_LATE_DAYS = 3
_DIGITS = 13
_WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def day_of(sunset: Sunset, at: int) -> date:
    """Return the day of a moment in the sunset's time zone."""
    return moment_of(at).astimezone(ZoneInfo(sunset.timezone)).date()


def start_of(sunset: Sunset, day: date, hour: int = 0) -> int:
    """Return when a day begins in the sunset's time zone, or one of its hours."""
    local = datetime.combine(day, time(hour), ZoneInfo(sunset.timezone))
    return epoch_microseconds(local.astimezone(UTC))


def week_of(sunset: Sunset, day: date) -> int:
    """Return the number of the week of a day: 1 is the first, 0 and less lie before the sunset begins."""
    return (day - sunset.begins).days // _DAYS + 1


def letter_day(sunset: Sunset, week: int) -> date:
    """Return the day of a week on which its letters go."""
    first = sunset.begins + timedelta(days=_DAYS * (week - 1))
    return first + timedelta(days=(_WEEKDAYS.index(sunset.weekday) - first.weekday()) % _DAYS)


def moment(sunset: Sunset, week: int) -> int:
    """Return when the letters of a week begin to go."""
    return start_of(sunset, letter_day(sunset, week), sunset.hour)


def last_week(sunset: Sunset, ends: date | None = None) -> int:
    """Return the last week whose letter day lies before the day it ends, by its stages or its settings; 0: none."""
    last = ends or sunset.ends
    week = week_of(sunset, last)
    return week if letter_day(sunset, week) < last else week - 1


def settled(sunset: Sunset, ends: date | None = None) -> date:
    """Return the day until which who was seen just before it ended is still found to be done, and thanked."""
    return (ends or sunset.ends) + timedelta(days=sunset.quiet_days + _DAYS)


def left_out(sunset: Sunset, at: int, ends: date | None = None) -> bool:
    """Tell whether nothing is decided any more about a sunset."""
    return day_of(sunset, at) >= settled(sunset, ends)


def writing_week(sunset: Sunset, at: int) -> int:
    """Return the week whose letters were the last to begin, also where the next has begun since."""
    week = week_of(sunset, day_of(sunset, at))
    return week if at >= moment(sunset, week) else week - 1


def closing(sunset: Sunset, week: int) -> int:
    """Return until when a mailbox must have been found to be in the letters of a week: what is newer waits a week."""
    return moment(sunset, week) + _span(sunset)


def opening(sunset: Sunset, week: int, at: int, ends: date | None = None) -> int | None:
    """Return when the letters of a week that are decided `at` begin to go; None where they do not in that week.

    What is decided late, because nobody could, goes at the same hours of one of the days after; after three days it is
    too late, since the next letter comes soon. Nothing goes once it is settled.
    """
    if week < 1 or at < moment(sunset, week):
        return None
    last = start_of(sunset, settled(sunset, ends))
    for late in range(_LATE_DAYS):
        begins = start_of(sunset, letter_day(sunset, week) + timedelta(days=late), sunset.hour)
        if at < begins + _span(sunset):
            return begins if max(at, begins) < last else None
    return None


def to_come(sunset: Sunset, ends: date, at: int) -> list[int]:
    """Return the moments of this week's letters while they go, and of the next's; from the day it `ends` on, of thanks.

    None where it is settled by then.
    """
    weeks = range(max(1, week_of(sunset, day_of(sunset, at))), last_week(sunset, settled(sunset, ends)) + 1)
    found = [moment(sunset, week) for week in weeks if at < closing(sunset, week)]
    return found[: 2 if found and at >= found[0] else 1]


def due(sunset: Sunset, name: str, customer: str, begins: int, ends: date | None = None) -> int:
    """Return when a customer's letter is due whose day's letters begin then.

    Customers are spread over `spread_hours` by their names, so each keeps his place from week to week. What begins
    before it ends (for the first of his mailboxes) goes before.
    """
    found = begins + int(place_of(name, customer) * sunset.spread_hours * HOUR)
    last = start_of(sunset, ends or sunset.ends)
    return min(found, last - 1) if begins < last else found


def place_of(name: str, customer: str) -> float:
    """Return a customer's place among all, from 0 to before 1: the same for ever, and another in each sunset."""
    return int(derived_id("sunset-place", name, customer)[:_DIGITS], 16) / float(16**_DIGITS)


def _span(sunset: Sunset) -> int:
    """Return how long letters of one day are decided: an hour at least, since somebody has to look in between."""
    return int(max(sunset.spread_hours, 1.0) * HOUR)
