"""The periods of reports: days, weeks and months of the wall clock, also where it jumps."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.moments import epoch_microseconds, moment_of
from schemas.report_settings import Every
from streams.reports.periods import Period, Rhythm, named, newest, slots

ZONE = "Europe/Zurich"
HOUR = 3_600_000_000


def at(text: str, zone: str = ZONE) -> int:
    return epoch_microseconds(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def rhythm(every: Every, *hours: int, zone: str = ZONE, day: int = 1) -> Rhythm:
    return Rhythm(every=every, hours=hours or (7,), timezone=zone, day=day)


def told(period: Period, zone: str = ZONE) -> tuple[str, ...]:
    moments = (period.before, period.compared, period.since, period.until, period.due)
    local = (moment_of(each).astimezone(ZoneInfo(zone)) for each in moments)
    return (period.name, *(f"{each:%m-%d %H}" for each in local))


@pytest.mark.parametrize(
    ("every", "now", "expected"),
    [
        ("daily", "2026-11-28 07:00", ("2026-11-27", "11-26 00", "11-27 00", "11-27 00", "11-28 00", "11-28 07")),
        ("daily", "2026-11-28 06:59", ("2026-11-26", "11-25 00", "11-26 00", "11-26 00", "11-27 00", "11-27 07")),
        ("weekly", "2026-11-23 07:00", ("2026-W47", "11-09 00", "11-16 00", "11-16 00", "11-23 00", "11-23 07")),
        ("weekly", "2026-11-23 06:59", ("2026-W46", "11-02 00", "11-09 00", "11-09 00", "11-16 00", "11-16 07")),
        ("weekly", "2027-01-04 08:00", ("2026-W53", "12-21 00", "12-28 00", "12-28 00", "01-04 00", "01-04 07")),
        ("monthly", "2026-03-01 07:00", ("2026-02", "01-01 00", "02-01 00", "02-01 00", "03-01 00", "03-01 07")),
        ("monthly", "2026-03-31 07:00", ("2026-02", "01-01 00", "02-01 00", "02-01 00", "03-01 00", "03-01 07")),
    ],
)
def test_the_newest_period_is_the_one_whose_report_was_due_last(
    every: Every, now: str, expected: tuple[str, ...]
) -> None:
    assert told(newest(rhythm(every), at(now))) == expected


def test_of_two_reports_a_day_each_is_on_the_time_since_the_other_and_compared_with_the_day_before() -> None:
    twice = rhythm("daily", 7, 19)
    assert told(newest(twice, at("2026-11-28 18:59"))) == (
        "2026-11-28T07", "11-26 19", "11-27 07", "11-27 19", "11-28 07", "11-28 07",
    )  # fmt: skip
    assert told(newest(twice, at("2026-11-28 19:00"))) == (
        "2026-11-28T19", "11-27 07", "11-27 19", "11-28 07", "11-28 19", "11-28 19",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "hours"), [("2026-03-30 08:00", 23), ("2026-10-26 08:00", 25), ("2026-06-10 08:00", 24)]
)
def test_a_day_on_which_the_clock_is_changed_has_its_own_length(now: str, hours: int) -> None:
    period = newest(rhythm("daily"), at(now))
    assert (period.until - period.since) // HOUR == hours == len(slots(period))


def test_a_time_that_the_clock_jumped_over_is_no_period() -> None:
    found = newest(rhythm("daily", 2, 3), at("2026-03-29 04:00"))
    assert (found.name, found.until - found.since) == ("2026-03-29T02", 23 * HOUR)


def test_the_bars_of_a_month_are_its_days() -> None:
    period = newest(rhythm("monthly"), at("2026-11-02 08:00"))
    days = [f"{moment_of(each * 1_000_000).astimezone(ZoneInfo(ZONE)):%d %H}" for each in slots(period)]
    assert days == [f"{day:02} 00" for day in range(1, 32)]


@given(
    st.sampled_from(["daily", "weekly", "monthly"]),
    st.integers(1_600_000_000, 2_000_000_000),
    st.sampled_from(["UTC", ZONE, "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.integers(1, 28),
)
def test_a_period_is_over_before_its_report_is_due_and_found_again_by_its_name(
    every: Every, seconds: int, zone: str, day: int
) -> None:
    wanted = rhythm(every, zone=zone, day=day)
    period = newest(wanted, seconds * 1_000_000)
    assert period.before < period.compared <= period.since < period.until <= period.due <= seconds * 1_000_000
    assert named(wanted, period.name) == period
    assert newest(wanted, period.due) == period


@given(st.integers(1_700_000_000, 1_800_000_000))
def test_periods_follow_each_other_without_a_gap(seconds: int) -> None:
    wanted = rhythm("daily", 7, 12, 19)
    period = newest(wanted, seconds * 1_000_000)
    assert newest(wanted, period.due - 1).until == period.since


@pytest.mark.parametrize(
    ("every", "name", "why"),
    [
        ("weekly", "2026-11-28", "is no period of a weekly report; one is '2026-W48'"),
        ("weekly", "2026-W60", "is no day, week or month of the calendar"),
        ("daily", "2026-02-30", "is no day, week or month of the calendar"),
        ("daily", "2026-11-28T19", "is no period of a daily report"),
        ("monthly", "2026-13", "is no day, week or month of the calendar"),
        ("monthly", "", "is no period of a monthly report"),
    ],
)
def test_a_name_that_no_period_has_is_refused(every: Every, name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as told_so:
        named(rhythm(every), name)
    assert repr(name) in str(told_so.value)
