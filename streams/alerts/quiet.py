"""Quiet hours: whether a moment lies in them, by the wall clock, also on the days when that is put on or back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.moments import moment_of

_DAY = timedelta(days=1)


def is_quiet(hours: tuple[time, time] | None, zone: str, at: int) -> bool:
    """Tell whether a moment (µs) lies in quiet hours, which may go over midnight.

    They begin the first time that the clock shows their begin, and end the last time that it shows their end; a time
    that the clock leaves out is as long after the hour before it.
    """
    if hours is None:
        return False
    begins, ends = hours
    moment = moment_of(at)
    today = moment.astimezone(ZoneInfo(zone)).date()
    over = timedelta() if begins < ends else _DAY
    return any(
        _moment(day, begins, zone, fold=0) <= moment < _moment(day + over, ends, zone, fold=1)
        for day in (today - _DAY, today)
    )


def _moment(day: date, clock: time, zone: str, *, fold: int) -> datetime:
    return (
        datetime.combine(day, clock, ZoneInfo(zone))
        .replace(fold=fold if _twice(day, clock, zone) else 0)
        .astimezone(UTC)
    )


def _twice(day: date, clock: time, zone: str) -> bool:
    """Tell whether the clock shows this time twice on that day; one that it leaves out is none such."""
    local = datetime.combine(day, clock, ZoneInfo(zone))
    return local.replace(fold=0).astimezone(UTC) < local.replace(fold=1).astimezone(UTC)
