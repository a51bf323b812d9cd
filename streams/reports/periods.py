"""The periods of a report, in its time zone: which one ended last, when its report is due, how it is called.

Days begin at midnight of the wall clock, weeks on Monday (ISO 8601), months on the first; a day on which the clock is
changed has 23 or 25 hours.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec

from schemas.moments import epoch_microseconds, moment_of
from schemas.report_settings import Every
from schemas.sunset_settings import Weekday

_WEEKDAYS: tuple[str, ...] = get_args(Weekday)
_WEEK, _MOST_DAYS = 7, 70
_SECOND, _HOUR_SECONDS = 1_000_000, 3600
_NAMES: dict[Every, re.Pattern[str]] = {
    "daily": re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?:T(?P<hour>\d\d))?"),
    "weekly": re.compile(r"\d{4}-W\d\d"),
    "monthly": re.compile(r"\d{4}-\d\d"),
}
_EXAMPLES: dict[Every, str] = {"daily": "2026-11-28", "weekly": "2026-W48", "monthly": "2026-11"}


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """How often and when somebody gets a report."""

    every: Every
    hours: tuple[int, ...]
    timezone: str
    weekday: Weekday = "monday"
    day: int = 1


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A time that a report is on: from `since` to before `until` (µs); the report is `due` (µs) at the earliest.

    It is compared with the time from `before` to before `compared`: the day, week or month before, of several reports a
    day the same hours of the day before. `name` is its day, ISO week or month, with the hour at which it ends where
    there are several a day.
    """

    every: Every
    name: str
    timezone: str
    before: int
    compared: int
    since: int
    until: int
    due: int


def newest(rhythm: Rhythm, at: int) -> Period:
    """Return the period whose report was due last at a moment."""
    today = moment_of(at).astimezone(ZoneInfo(rhythm.timezone)).date()
    for back in range(_MOST_DAYS):
        found = [each for each in _due_on(rhythm, today - timedelta(days=back)) if each.due <= at]
        if found:
            return found[-1]
    raise AssertionError(f"no {rhythm.every} report within {_MOST_DAYS} days")


def named(rhythm: Rhythm, name: str) -> Period:
    """Return the period of a name. ValueError where the rhythm has none such."""
    if match := _NAMES[rhythm.every].fullmatch(name):
        try:
            first = _first(rhythm, name, match)
        except ValueError:
            raise ValueError(f"{name!r} is no day, week or month of the calendar") from None
        for later in range(_MOST_DAYS):
            for each in _due_on(rhythm, first + timedelta(days=later)):
                if each.name == name:
                    return each
    raise ValueError(f"{name!r} is no period of a {rhythm.every} report; one is {_EXAMPLES[rhythm.every]!r}")


def _first(rhythm: Rhythm, name: str, match: re.Match[str]) -> date:
    if rhythm.every == "daily":
        return date.fromisoformat(match["day"])
    return date.fromisoformat(f"{name}-1" if rhythm.every == "weekly" else f"{name}-01")


def over_on(period: Period) -> str:
    """Return the day on which a period is over (ISO 8601): what was counted from then on is of another."""
    return moment_of(period.until).astimezone(ZoneInfo(period.timezone)).date().isoformat()


def compared_with(period: Period) -> Period:
    """Return the time that a period is compared with as a period."""
    return msgspec.structs.replace(period, since=period.before, until=period.compared)


def bars(period: Period) -> list[tuple[int, int]]:
    """Return when each bar of a chart begins and ends (µs)."""
    begins = [slot * _SECOND for slot in slots(period)]
    return list(pairwise((*begins, period.until)))


def slots(period: Period) -> tuple[int, ...]:
    """Return when each bar of a chart begins (seconds since the epoch): hours of a day, days of a longer time."""
    if period.every == "daily":
        return tuple(range(period.since // _SECOND, period.until // _SECOND, _HOUR_SECONDS))
    zone = ZoneInfo(period.timezone)
    first, beyond = (moment_of(each).astimezone(zone).date() for each in (period.since, period.until))
    days = (first + timedelta(days=number) for number in range((beyond - first).days))
    return tuple(int(datetime.combine(day, time(), zone).timestamp()) for day in days)


def _due_on(rhythm: Rhythm, day: date) -> Iterator[Period]:
    """Yield the periods whose reports are due on a day, in their order."""
    if rhythm.every == "daily":
        yield from _daily(rhythm, day)
    elif rhythm.every == "weekly" and day.weekday() == _WEEKDAYS.index(rhythm.weekday):
        monday = day - timedelta(days=day.weekday())
        year, week, _ = (monday - timedelta(days=1)).isocalendar()
        first = monday - timedelta(days=_WEEK)
        yield _period(rhythm, f"{year}-W{week:02}", (first - timedelta(days=_WEEK), first, monday), day)
    elif rhythm.every == "monthly" and day.day == rhythm.day:
        month = day.replace(day=1)
        first = (month - timedelta(days=1)).replace(day=1)
        before = (first - timedelta(days=1)).replace(day=1)
        yield _period(rhythm, f"{first:%Y-%m}", (before, first, month), day)


def _daily(rhythm: Rhythm, day: date) -> Iterator[Period]:
    """Yield the day before, or of several reports a day what lies between their hours."""
    yesterday = day - timedelta(days=1)
    if len(rhythm.hours) == 1:
        yield _period(rhythm, yesterday.isoformat(), (yesterday - timedelta(days=1), yesterday, day), day)
        return
    turns = [(each, hour) for each in (yesterday, day) for hour in rhythm.hours]
    for (first, begins), (last, ends) in pairwise(turns):
        if last == day:
            since, until = _moment(rhythm, first, begins), _moment(rhythm, last, ends)
            if since < until:  # else the clock jumped over what was between them
                yield Period(
                    every="daily",
                    name=f"{last.isoformat()}T{ends:02}",
                    timezone=rhythm.timezone,
                    before=_moment(rhythm, first - timedelta(days=1), begins),
                    compared=_moment(rhythm, last - timedelta(days=1), ends),
                    since=since,
                    until=until,
                    due=until,
                )


def _period(rhythm: Rhythm, name: str, days: tuple[date, date, date], due: date) -> Period:
    before, since, until = (_moment(rhythm, each, 0) for each in days)
    return Period(
        every=rhythm.every,
        name=name,
        timezone=rhythm.timezone,
        before=before,
        compared=since,
        since=since,
        until=until,
        due=_moment(rhythm, due, rhythm.hours[0]),
    )


def _moment(rhythm: Rhythm, day: date, hour: int) -> int:
    """Return when it is an hour of a day; one that does not exist is the one after it (PEP 495)."""
    local = datetime.combine(day, time(hour), ZoneInfo(rhythm.timezone))
    return epoch_microseconds(local.astimezone(UTC))
