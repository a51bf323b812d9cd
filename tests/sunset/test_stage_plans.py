"""A plan that follows another: what is closed or rolled back keeps its cuts, and the rest is divided anew."""

from datetime import date
from itertools import pairwise

import pytest

from schemas.sunset_events import Stage
from streams.sunset.stages import key_of, plan, stage_of
from streams.sunset.stepping import is_off, step_of
from tests.sunset.planned import BEFORE, HOUR, PEOPLE, Course, people, rules, shown
from tests.sunset.scene import local

DAY = 24 * HOUR
MONDAY = local("2027-03-01 09:00")


def _cuts(stages: tuple[Stage, ...]) -> list[tuple[int, str, str]]:
    return [(stage.number, stage.first, stage.beyond) for stage in stages]


def test_what_is_closed_stays_so_and_the_rest_is_divided_among_the_stages_that_are_left() -> None:
    course = Course(rules(count=5))
    course.until(BEFORE, MONDAY + DAY + HOUR)
    before = course.ledger.stages
    course.plan(MONDAY + DAY + HOUR, rules(count=7))
    stages = course.ledger.stages
    assert _cuts(stages[:2]) == _cuts(before[:2])
    assert [stage.number for stage in stages] == [1, 2, 6, 7, 8, 9, 10]
    assert stages[0].first == stages[-1].beyond == ""
    assert all(one.beyond == other.first for one, other in pairwise(stages))
    assert [step_of(course.ledger, stage.number) for stage in stages] == ["closed"] * 2 + ["open"] * 5
    rest = [mailbox for mailbox in PEOPLE if key_of(mailbox) >= stages[2].first]
    assert [stage.mailboxes for stage in stages[2:]] == [
        sum(stage_of(stages, mailbox) == stage for mailbox in rest) for stage in stages[2:]
    ]
    assert max(abs(stage.share * 5 - 1) for stage in stages[2:]) <= 0.1
    assert course.closes[2:] == [  # each with its last brown-out, three working days before
        "Fri 05.03. 11:00",
        "Mon 08.03. 09:00",
        "Tue 09.03. 09:00",
        "Wed 10.03. 09:00",
        "Thu 11.03. 09:00",
    ]
    assert course.brownouts(6) == ["Tue 02.03. 11:00"]
    assert course.brownouts(10) == ["Mon 08.03. 09:00"]
    told = course.until(MONDAY + DAY + HOUR, MONDAY + 20 * DAY)
    assert [each[1] for each in told if each[2] == "closed"] == [6, 7, 8, 9, 10]


def test_closed_stages_in_the_middle_leave_gaps_that_have_a_stage_each_at_least() -> None:
    course = Course(rules(count=6))
    course.until(BEFORE, local("2027-02-09 12:00"))
    for number, step in ((2, "closed"), (5, "rolled_back"), (6, "closed")):
        course.order(number, step, local("2027-02-09 12:00"))
    before = {stage.number: stage for stage in course.ledger.stages}
    course.plan(local("2027-02-09 13:00"), rules(count=4))
    stages = course.ledger.stages
    assert [stage.number for stage in stages] == [7, 2, 8, 5, 6]
    assert [stage for stage in stages if stage.number in before] == [before[2], before[5], before[6]]
    assert all(one.beyond == other.first for one, other in pairwise(stages))
    assert [step_of(course.ledger, number) for number in (7, 2, 8, 5, 6)] == [
        "open",
        "closed",
        "open",
        "rolled_back",
        "closed",
    ]
    assert {mailbox: stage_of(stages, mailbox).number for mailbox in PEOPLE if before[2].first <= key_of(mailbox)} == {
        mailbox: {1: 7, 3: 8, 4: 8}.get(number, number)
        for mailbox in PEOPLE
        if before[2].first <= key_of(mailbox)
        for number in [stage_of(tuple(before.values()), mailbox).number]
    }
    course.plan(local("2027-02-09 14:00"), rules(count=6))
    assert [stage.number for stage in course.ledger.stages] == [9, 2, 10, 11, 5, 6]


def test_a_plan_before_anything_went_off_counts_from_the_same_number_again() -> None:
    course = Course(rules(count=3))
    course.plan(BEFORE + HOUR, rules(count=4))
    assert [stage.number for stage in course.ledger.stages] == [1, 2, 3, 4]
    first = course.ledger.stages[0].brownouts[0].begins
    course.until(BEFORE + HOUR, first + HOUR // 2)
    course.plan(first + HOUR // 2)
    assert [stage.number for stage in course.ledger.stages] == [5, 6, 7, 8], "what was told of stage 1 is told of none"
    assert course.ledger.steps == {}, "the brown-out is over"
    assert course.closes[0] == "Mon 01.03. 09:00"


def test_what_stands_in_the_way_of_a_new_plan_is_told() -> None:
    course = Course(rules(count=2))
    course.order(2, "paused", BEFORE)
    with pytest.raises(
        ValueError, match="stage 2 of pop is paused, and holds all: resume it or roll it back, then plan"
    ):
        course.plan(BEFORE + 1)
    course.order(2, "closed", BEFORE + 2)
    course.order(1, "rolled_back", BEFORE + 2)
    with pytest.raises(ValueError, match="all stages are closed or rolled back, so there is nothing to plan"):
        course.plan(BEFORE + 3)
    course.resume(1, BEFORE + 4)
    closed = [mailbox for mailbox in PEOPLE if stage_of(course.ledger.stages, mailbox).number == 2]
    with pytest.raises(ValueError, match="nobody is known to use it"):
        plan("pop", rules(), closed, BEFORE + 5, course.ledger)


def test_a_new_plan_lies_apart_from_what_closed_last() -> None:
    course = Course(rules(count=4, hours_apart=72, brownout_hours=[], brownout_days=[]))
    course.until(BEFORE, MONDAY + HOUR)
    course.plan(MONDAY + HOUR)
    assert course.closes == ["Mon 01.03. 09:00", "Thu 04.03. 09:00", "Mon 08.03. 09:00", "Thu 11.03. 09:00"]
    later = rules(count=4, first_day=date(2027, 3, 20), brownout_hours=[], brownout_days=[])
    course.plan(MONDAY + HOUR, later)
    assert course.closes[1:] == ["Mon 22.03. 09:00", "Tue 23.03. 09:00", "Wed 24.03. 09:00"]


def test_a_rolled_back_stage_goes_on_beside_a_new_plan() -> None:
    course = Course(rules(count=3))
    course.until(BEFORE, MONDAY + HOUR)
    course.order(1, "rolled_back", MONDAY + HOUR)
    course.plan(MONDAY + 2 * HOUR)
    back = MONDAY + 3 * HOUR
    assert course.resume(1, back) == "closed"
    assert is_off(course.ledger.steps[1], back)
    assert [shown(stage.closes) for stage in course.ledger.stages[1:]] == ["Thu 04.03. 12:00", "Fri 05.03. 12:00"]


@pytest.mark.parametrize("count", [1, 3, 200])
def test_more_stages_than_mailboxes_are_no_more_than_these(count: int) -> None:
    stages = plan("pop", rules(count=count), people(50), BEFORE)
    assert len(stages) == min(count, len({stage.first for stage in stages})) <= 50
    assert all(stage.mailboxes for stage in stages)


def test_no_stage_goes_off_at_an_hour_that_a_clock_leaves_out() -> None:
    """In Berlin 2 o'clock of 28 March 2027 is left out, and 3 would be after `last_hour`."""
    night = {"first_hour": 2, "last_hour": 2, "weekdays_only": False}
    course = Course(rules(count=1, first_day=date(2027, 3, 28), brownout_hours=[], brownout_days=[], **night))
    assert course.closes == ["Mon 29.03. 02:00"]
    later = Course(rules(count=1, first_day=date(2027, 3, 31), brownout_hours=[4], brownout_days=[3], **night))
    assert (later.brownouts(1), later.closes) == (["Sat 27.03. 02:00"], ["Wed 31.03. 02:00"])


@pytest.mark.parametrize("day", [date(9999, 12, 31), date(9999, 12, 30)])
def test_a_day_behind_which_no_calendar_goes_is_told(day: date) -> None:
    with pytest.raises(
        ValueError, match=f"sunset.pop.stages.first_day: {day} is so late that stages would close after"
    ):
        plan("pop", rules(first_day=day), PEOPLE, BEFORE)
