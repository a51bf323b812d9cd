"""The weeks of a sunset: letter days, moments through changes of the clock, and each customer's place."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sunset_settings import Sunset
from streams.sunset.weeks import (
    HOUR,
    day_of,
    due,
    last_week,
    left_out,
    letter_day,
    moment,
    opening,
    place_of,
    settled,
    start_of,
    to_come,
    week_of,
    writing_week,
)
from tests.sunset.scene import DAY, NAME, SUNSET, local


def _sunset(**changed: object) -> Sunset:
    return Sunset.model_validate(SUNSET.model_dump(exclude={"mail"}) | changed)


@pytest.mark.parametrize(
    ("day", "week"),
    [("2027-01-24", -1), ("2027-01-31", 0), ("2027-02-01", 1), ("2027-02-07", 1), ("2027-02-08", 2), ("2027-03-21", 7)],
)
def test_week_one_begins_with_the_sunset(day: str, week: int) -> None:
    assert week_of(SUNSET, date.fromisoformat(day)) == week


@pytest.mark.parametrize(
    ("weekday", "begins", "first"),
    [
        ("monday", "2027-02-01", "2027-02-01"),
        ("tuesday", "2027-02-01", "2027-02-02"),
        ("sunday", "2027-02-01", "2027-02-07"),
        ("tuesday", "2027-02-03", "2027-02-09"),  # Tuesday of that week is over: a week's letter day lies within it
    ],
)
def test_each_week_has_one_letter_day(weekday: str, begins: str, first: str) -> None:
    sunset = _sunset(weekday=weekday, begins=date.fromisoformat(begins))
    assert letter_day(sunset, 1) == date.fromisoformat(first)
    assert week_of(sunset, letter_day(sunset, 5)) == 5


@pytest.mark.parametrize(
    ("ends", "week"), [("2027-02-02", 0), ("2027-02-03", 1), ("2027-03-16", 6), ("2027-03-17", 7), ("2027-03-22", 7)]
)
def test_the_last_letter_goes_before_the_day_it_ends(ends: str, week: int) -> None:
    assert last_week(_sunset(ends=date.fromisoformat(ends))) == week


def test_the_hour_is_that_of_the_wall_clock_before_and_after_the_change() -> None:
    sunset = _sunset(begins=date(2027, 3, 22), ends=date(2027, 5, 1), weekday="sunday", hour=2)
    assert moment(sunset, 1) == local("2027-03-28 01:00") + HOUR, "2 o'clock does not exist that day: 3 o'clock"
    assert moment(sunset, 2) == local("2027-04-04 02:00")
    assert moment(sunset, 2) - moment(sunset, 1) == (7 * 24 - 1) * HOUR
    autumn = _sunset(begins=date(2027, 10, 25), ends=date(2027, 12, 1), weekday="sunday", hour=2)
    assert moment(autumn, 1) == local("2027-10-31 01:00") + HOUR, "the first of the two"


def test_a_day_begins_where_there_is_no_midnight() -> None:
    beirut = _sunset(timezone="Asia/Beirut")
    day = date(2027, 3, 28)  # the clock goes from 0 to 1 o'clock
    assert day_of(beirut, start_of(beirut, day)) == day
    assert day_of(beirut, start_of(beirut, day) - 1) == date(2027, 3, 27)


def test_customers_are_spread_over_the_hours_and_keep_their_place() -> None:
    at = moment(SUNSET, 1)
    assert opening(SUNSET, 1, at) == at
    found = sorted(due(SUNSET, NAME, f"c{number}", at) for number in range(1000))
    assert at <= found[0] < at + HOUR // 20
    assert at + 4 * HOUR - HOUR // 20 < found[-1] < at + 4 * HOUR
    assert 200 < sum(each < at + HOUR for each in found) < 300, "as many in each hour"
    second = due(SUNSET, NAME, "c1", moment(SUNSET, 2))
    assert second == due(SUNSET, NAME, "c1", at) + 7 * 24 * HOUR
    assert place_of("tls", "c1") != place_of(NAME, "c1")


def test_who_was_down_writes_at_the_same_hours_of_the_next_days_then_not_at_all() -> None:
    for at, day in (
        ("2027-02-02 09:00", "2027-02-02"),
        ("2027-02-02 12:59", "2027-02-02"),
        ("2027-02-02 13:00", "2027-02-03"),
        ("2027-02-04 12:59", "2027-02-04"),
    ):
        assert opening(SUNSET, 1, local(at)) == local(f"{day} 09:00"), at
    for at in ("2027-02-04 13:00", "2027-02-02 08:59"):
        assert opening(SUNSET, 1, local(at)) is None, at


def test_nothing_is_due_on_the_day_it_ends() -> None:
    late = _sunset(ends=date(2027, 2, 3), hour=22, spread_hours=24)
    end = start_of(late, late.ends)
    found = [due(late, NAME, f"c{number}", local("2027-02-02 22:00")) for number in range(100)]
    assert max(found) == end - 1
    assert opening(late, 1, end - 1) == local("2027-02-02 22:00")
    assert settled(late) == date(2027, 2, 17)
    assert due(late, NAME, "c1", local("2027-02-09 22:00")) > end, "thanks"
    assert opening(late, 3, local("2027-02-16 23:00")) == local("2027-02-16 22:00")
    assert opening(late, 3, local("2027-02-17 00:00")) is None
    assert [left_out(late, local(at)) for at in ("2027-02-16 23:59", "2027-02-17 00:00")] == [False, True]


def test_a_week_whose_letters_went_late_in_it_is_made_up_for_in_the_next() -> None:
    sunday = _sunset(weekday="sunday")
    for at, week in (
        ("2027-02-07 08:59", 0),
        ("2027-02-07 09:00", 1),
        ("2027-02-09 12:00", 1),
        ("2027-02-14 09:00", 2),
    ):
        assert writing_week(sunday, local(at)) == week, at
    assert opening(sunday, 1, local("2027-02-08 01:00")) == local("2027-02-07 09:00") + DAY


ZONES = st.sampled_from(("Europe/Berlin", "UTC", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "America/Havana"))


@given(ZONES, st.dates(date(2009, 1, 1), date(2030, 1, 1)), st.integers(0, 23), st.integers(1, 40))
def test_days_and_weeks_follow_each_other_in_every_zone(zone: str, begins: date, hour: int, week: int) -> None:
    sunset = _sunset(timezone=zone, begins=begins, ends=date(2031, 1, 1), hour=hour)
    apart = moment(sunset, week + 1) - moment(sunset, week)
    assert abs(apart - 7 * 24 * HOUR) <= 24 * HOUR, "Samoa left out a day"
    assert moment(sunset, week) >= start_of(sunset, sunset.begins)
    assert week_of(sunset, letter_day(sunset, week)) == week


@pytest.mark.parametrize(
    ("at", "moments"),
    [
        ("2027-01-20 12:00", ["2027-02-02"]),
        ("2027-02-02 08:59", ["2027-02-02"]),
        ("2027-02-02 12:59", ["2027-02-02", "2027-02-09"]),
        ("2027-02-02 13:00", ["2027-02-09"]),
        ("2027-03-22 00:00", ["2027-03-23"]),
        ("2027-03-23 09:00", ["2027-03-23", "2027-03-30"]),
        ("2027-03-30 12:00", ["2027-03-30"]),
        ("2027-03-30 13:00", []),
    ],
)
def test_letters_come_until_it_ends_and_thanks_for_two_weeks_more(at: str, moments: list[str]) -> None:
    assert to_come(SUNSET, SUNSET.ends, local(at)) == [local(f"{day} 09:00") for day in moments]


def test_where_a_stage_closes_later_letters_come_for_so_long() -> None:
    assert to_come(SUNSET, date(2027, 4, 12), local("2027-03-30 13:00")) == [local("2027-04-06 09:00")]
    assert to_come(SUNSET, date(2027, 4, 12), local("2027-04-20 13:00")) == []
