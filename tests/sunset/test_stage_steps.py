"""The steps of stages as time goes: brown-outs, closes, what was missed, what is held, and what goes on."""

from datetime import date
from itertools import pairwise

import pytest

from schemas.sunset_events import Stage, StagesPlanned
from streams.sunset.ledger import take
from streams.sunset.stepping import is_off, step_of, stepped
from tests.sunset.planned import BEFORE, HOUR, Course, rules
from tests.sunset.scene import local

DAY = 24 * HOUR
MONDAY = local("2027-03-01 09:00")
"""When the first stage closes; the others follow on Tuesday and Wednesday."""


def _course(**changes: object) -> Course:
    return Course(rules(count=3, **changes))


def test_a_stage_has_its_brown_outs_then_closes_and_the_next_follows() -> None:
    course = Course(rules(count=2))
    assert course.until(BEFORE, MONDAY + 2 * DAY) == [
        ("Tue 09.02. 09:00", 1, "brownout"),
        ("Tue 09.02. 10:00", 1, "open"),
        ("Wed 10.02. 09:00", 2, "brownout"),
        ("Wed 10.02. 10:00", 2, "open"),
        ("Thu 18.02. 09:00", 1, "brownout"),
        ("Thu 18.02. 13:00", 1, "open"),
        ("Fri 19.02. 09:00", 2, "brownout"),
        ("Fri 19.02. 13:00", 2, "open"),
        ("Wed 24.02. 09:00", 1, "brownout"),
        ("Thu 25.02. 09:00", 1, "open"),
        ("Thu 25.02. 09:00", 2, "brownout"),
        ("Fri 26.02. 09:00", 2, "open"),
        ("Mon 01.03. 09:00", 1, "closed"),
        ("Tue 02.03. 09:00", 2, "closed"),
    ]


def test_a_brown_out_ends_by_itself_though_nobody_says_so() -> None:
    course = _course()
    first = course.ledger.stages[0].brownouts[0]
    assert course.desk(first.begins + 1) == [(1, "brownout")]
    assert is_off(course.ledger.steps[1], first.ends - 1)
    assert not is_off(course.ledger.steps[1], first.ends)


def test_where_the_load_is_not_known_nothing_goes_off_but_brown_outs_end() -> None:
    course = _course()
    first = course.ledger.stages[0].brownouts[0]
    assert course.desk(first.begins, known=False) == []
    assert course.desk(first.begins) == [(1, "brownout")]
    assert course.desk(first.ends, known=False) == [(1, "open")]
    assert course.desk(MONDAY + DAY, known=False) == [], "no plan is laid while nothing could be begun"


def test_a_brown_out_that_an_operator_ended_does_not_begin_again() -> None:
    course = _course()
    first = course.ledger.stages[0].brownouts[0]
    course.desk(first.begins)
    course.order(1, "open", first.begins + HOUR // 4)
    assert course.desk(first.begins + HOUR // 2) == []


def _missing(course: Course, *away: tuple[int, int]) -> list[tuple[str, int, str]]:
    """Let a desk work until all is closed but between some moments; return the steps and plans."""
    end = MONDAY + 40 * DAY
    told: list[tuple[str, int, str]] = []
    for begin, until in pairwise((BEFORE, *(moment for hole in away for moment in hole), end)):
        if (begin, until) not in away:
            told += course.until(begin, until)
    return told


def test_what_closes_while_the_desk_is_away_closes_later_by_the_rules_of_the_plan() -> None:
    course = _course()
    told = _missing(course, (local("2027-02-28 12:00"), local("2027-03-04 17:15")))
    assert told[-4:] == [
        ("Thu 04.03. 17:15", 0, "stage 1 was to close on 2027-03-01 08:00 UTC, and nobody could"),
        ("Fri 05.03. 09:00", 1, "closed"),
        ("Mon 08.03. 09:00", 2, "closed"),
        ("Tue 09.03. 09:00", 3, "closed"),
    ]


def test_a_desk_that_comes_back_at_night_or_at_a_weekend_begins_nothing() -> None:
    for back, moved in (("2027-02-24 20:00", "Wed 24.02. 21:15"), ("2027-02-25 08:45", "Thu 25.02. 08:45")):
        course = _course()
        told = _missing(course, (local("2027-02-24 08:00"), local(back)))
        missed = "stage 1 was to have its last brown-out on 2027-02-24 08:00 UTC, and nobody could"
        assert [each for each in told if not each[1]] == [(moved, 0, missed)]
        assert [each for each in told if each[1] == 1 and each[2] != "open"] == [
            ("Tue 09.02. 09:00", 1, "brownout"),
            ("Thu 18.02. 09:00", 1, "brownout"),
            ("Thu 25.02. 09:00", 1, "brownout"),  # its last is never left out: all closes move
            ("Tue 02.03. 09:00", 1, "closed"),
        ]
        assert ("Thu 25.02. 17:00", 2, "brownout") in told
        assert course.closes == ["Tue 02.03. 09:00", "Wed 03.03. 09:00", "Thu 04.03. 09:00"]


def test_a_brown_out_begins_late_within_the_hours_and_a_short_one_that_is_missed_is_left_out() -> None:
    course = _course()
    short = (local("2027-02-09 08:00"), local("2027-02-09 12:00"))
    told = _missing(course, short, (MONDAY - 5 * DAY, MONDAY - 5 * DAY + 3 * HOUR))
    assert [each for each in told if each[1] == 1 and each[2] != "open"] == [
        ("Thu 18.02. 09:00", 1, "brownout"),
        ("Wed 24.02. 12:00", 1, "brownout"),
        ("Mon 01.03. 09:00", 1, "closed"),
    ]


def test_a_pause_holds_all_and_a_resumption_closes_again_what_had_closed() -> None:
    course = _course()
    course.until(BEFORE, MONDAY + HOUR)
    course.order(1, "paused", MONDAY + HOUR)
    assert course.until(MONDAY + HOUR, MONDAY + 50 * HOUR) == []
    assert course.resume(1, local("2027-03-03 11:20")) == "closed"
    assert is_off(course.ledger.steps[1], local("2027-03-03 11:20"))
    assert course.closes[1:] == ["Thu 04.03. 11:00", "Fri 05.03. 11:00"]
    with pytest.raises(ValueError, match="stage 1 of pop is closed: only a held one goes on"):
        course.resume(1, local("2027-03-03 11:30"))


def test_what_waited_for_a_pause_over_a_weekend_keeps_hours_and_days() -> None:
    course = _course()
    course.until(BEFORE, MONDAY + HOUR)
    course.order(1, "paused", MONDAY + HOUR)
    course.resume(1, local("2027-03-06 23:40"))
    assert course.closes[1:] == ["Mon 08.03. 09:00", "Tue 09.03. 09:00"]
    early = _course()
    early.order(2, "paused", local("2027-02-02 10:00"))
    closes = early.closes
    early.resume(2, local("2027-02-03 10:00"))
    assert early.closes == closes, "nothing is moved that was not yet to be"


LAST = [("Mon 08.03. 09:00", 1, "brownout"), ("Tue 09.03. 09:00", 1, "open"), ("Thu 11.03. 09:00", 1, "closed")]
"""A stage's last brown-out, after it was held, and its close as many working days later as ever."""
OTHERS = [
    ("Tue 09.03. 09:00", 2, "brownout"),
    ("Wed 10.03. 09:00", 2, "open"),
    ("Wed 10.03. 09:00", 3, "brownout"),
    ("Thu 11.03. 09:00", 3, "open"),
    ("Fri 12.03. 09:00", 2, "closed"),
    ("Mon 15.03. 09:00", 3, "closed"),
]


@pytest.mark.parametrize(
    ("before", "held", "told"),
    [
        ("open", "paused", [*LAST, *OTHERS]),
        ("brownout", "paused", [*LAST, *OTHERS]),
        ("closed", "paused", [("Mon 08.03. 09:00", 2, "closed"), ("Tue 09.03. 09:00", 3, "closed")]),
        ("open", "rolled_back", LAST),
        ("brownout", "rolled_back", LAST),
        ("closed", "rolled_back", []),
    ],
)
def test_a_stage_goes_on_where_it_was(before: str, held: str, told: list[tuple[str, int, str]]) -> None:
    course = _course()
    at = {"open": local("2027-02-24 08:00"), "brownout": local("2027-02-24 11:00"), "closed": MONDAY + HOUR}[before]
    course.until(BEFORE, at)
    assert step_of(course.ledger, 1) == before
    course.order(1, held, at)
    back = local("2027-03-05 16:10")
    meanwhile = course.until(at, back)
    assert {each[1] for each in meanwhile} == (set() if held == "paused" else {2, 3}), "a rollback holds no other"
    assert course.resume(1, back) == ("closed" if before == "closed" else "open")
    assert sorted(course.until(back + HOUR // 12, back + 20 * DAY)) == sorted(told)


def test_a_rollback_opens_one_stage_for_good_and_the_others_go_on() -> None:
    course = _course()
    course.until(BEFORE, MONDAY + HOUR)
    closes = course.closes
    course.order(1, "rolled_back", MONDAY + HOUR)
    assert [each[1:] for each in course.until(MONDAY + HOUR, MONDAY + 30 * DAY)] == [(2, "closed"), (3, "closed")]
    assert step_of(course.ledger, 1) == "rolled_back"
    assert course.resume(1, MONDAY + 30 * DAY) == "closed"
    assert course.closes == closes, "a stage that had closed moves no other"


def test_a_rollback_that_ends_a_pause_lets_the_others_go_on_by_the_rules() -> None:
    course = _course()
    course.until(BEFORE, MONDAY + HOUR)
    course.order(1, "paused", MONDAY + HOUR)
    course.order(1, "rolled_back", local("2027-03-04 20:00"))
    told = course.until(local("2027-03-04 20:00"), MONDAY + 30 * DAY)
    assert told == [
        ("Thu 04.03. 20:00", 0, "stage 2 was to close on 2027-03-02 08:00 UTC, and nobody could"),
        ("Fri 05.03. 09:00", 2, "closed"),
        ("Mon 08.03. 09:00", 3, "closed"),
    ]
    assert course.resume(1, MONDAY + 30 * DAY) == "closed", "as it was before the pause"


def test_a_stage_that_was_rolled_back_goes_on_where_the_others_leave_room() -> None:
    course = Course(rules(count=5))
    course.order(1, "rolled_back", BEFORE)
    course.until(BEFORE, MONDAY - HOUR)
    others = course.closes[1:]
    assert course.resume(1, MONDAY - HOUR) == "open"
    assert course.closes == ["Mon 08.03. 09:00", *others], "on Thursday and Friday others close"
    assert course.brownouts(1) == ["Wed 03.03. 09:00"]


def test_a_brown_out_of_a_plan_that_moves_begins_behind_the_one_that_runs() -> None:
    days = {"count": 2, "weekdays_only": False, "brownout_hours": [20, 4]}
    course = Course(rules(**days, brownout_days=[2, 1]))
    saturday = local("2027-02-27 09:00")
    course.until(BEFORE, saturday + HOUR)
    assert step_of(course.ledger, 1) == "brownout"
    course.sunset = rules(**days, brownout_days=[3, 2])
    course.order(2, "paused", saturday + HOUR)
    course.resume(2, saturday + 2 * HOUR)
    assert course.closes[0] == "Tue 02.03. 09:00"
    assert course.brownouts(1) == ["Sat 27.02. 09:00", "Sun 28.02. 09:00"]


def test_what_is_rolled_back_does_not_go_on_while_another_is_paused() -> None:
    course = _course()
    course.order(2, "rolled_back", BEFORE)
    course.order(1, "paused", BEFORE)
    with pytest.raises(ValueError, match="stage 1 of pop is paused, and holds all: resume or roll it back first"):
        course.resume(2, BEFORE + HOUR)
    assert course.resume(1, BEFORE + HOUR) == "open"
    assert course.resume(2, BEFORE + HOUR) == "open"


def test_a_pause_that_stands_twice_in_the_log_is_one() -> None:
    course = _course()
    course.until(BEFORE, MONDAY + HOUR)
    for _ in range(2):
        course.order(1, "paused", MONDAY + HOUR)
    assert course.resume(1, MONDAY + 2 * HOUR) == "closed"
    running = _course()
    first = running.ledger.stages[0].brownouts[0]
    for at in (first.begins, first.begins + 1):
        take(running.ledger, stepped("pop", 1, "brownout", at, until=first.ends))
    running.order(1, "paused", first.begins + 2)
    assert running.ledger.steps[1].had == 0, "the two are one brown-out, which it did not have to its end"


def test_a_step_of_a_stage_that_is_in_no_plan_changes_nothing() -> None:
    course = _course()
    course.order(9, "paused", BEFORE)
    assert course.ledger.steps == {}


def test_clocks_that_change_move_no_close_from_its_hour() -> None:
    course = Course(rules(count=3, first_day=date(2027, 3, 26)))
    friday = local("2027-03-26 09:00")
    course.until(BEFORE, friday + HOUR)
    course.order(1, "paused", friday + HOUR)
    assert course.closes == ["Fri 26.03. 09:00", "Mon 29.03. 09:00", "Tue 30.03. 09:00"]
    course.resume(1, local("2027-03-28 01:30"))
    assert course.closes[1:] == ["Mon 29.03. 09:00", "Tue 30.03. 09:00"]


def test_a_plan_of_old_that_was_moved_into_the_night_is_carried_out_as_it_was_told() -> None:
    course = _course()
    night = local("2027-03-06 23:00")
    stages = (Stage(number=1, beyond="n", closes=night), Stage(number=2, first="n", closes=night + DAY))
    take(course.ledger, StagesPlanned(id="old", at=BEFORE, sunset="pop", stages=stages))
    assert course.desk(night) == [(1, "closed")]
    course.order(1, "paused", night + HOUR)
    course.resume(1, night + 2 * HOUR)
    assert course.closes[1:] == ["Mon 08.03. 09:00"]
