"""A stage's last brown-out before it closes: whole, though the plan moves while it runs, and long enough."""

import pytest

from streams.sunset.stepping import step_of
from tests.sunset.planned import BEFORE, HOUR, Course, rules
from tests.sunset.scene import local

DAY = 24 * HOUR


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("held", ["paused", "rolled_back"])
def test_a_last_brown_out_that_is_cut_short_begins_again_though_the_plan_moved_meanwhile(
    held: str, *, moved: bool
) -> None:
    course = Course(rules(count=2))
    last = course.ledger.stages[1].brownouts[-1].begins
    course.until(BEFORE, last + HOUR)
    if moved:
        course.order(1, "paused", last + HOUR)
        course.resume(1, last + HOUR * 3 // 2)
        assert course.brownouts(2) == ["Thu 25.02. 09:00"], "it stands in the plan while it runs"
    assert step_of(course.ledger, 2) == "brownout"
    course.order(2, held, last + 2 * HOUR)
    course.resume(2, last + 3 * HOUR)
    assert [each for each in course.until(last + 3 * HOUR, last + 30 * DAY) if each[1] == 2] == [
        ("Thu 25.02. 13:00", 2, "brownout"),
        ("Fri 26.02. 13:00", 2, "open"),
        ("Tue 02.03. 13:00", 2, "closed"),
    ]


def test_a_plan_that_the_desk_moves_by_itself_keeps_what_runs() -> None:
    course, closes = Course(rules(count=10)), local("2027-03-01 08:45")
    course.until(BEFORE, closes)
    for at in range(closes, closes + HOUR, HOUR // 4):
        course.desk(at, known=False)
    assert course.until(closes + HOUR, closes + 3 * HOUR) == [
        ("Mon 01.03. 09:45", 4, "brownout"),
        ("Mon 01.03. 09:45", 8, "brownout"),
        ("Mon 01.03. 09:45", 0, "stage 1 was to close on 2027-03-01 08:00 UTC, and nobody could"),
        ("Mon 01.03. 10:00", 1, "closed"),
    ]
    assert course.brownouts(4) == ["Mon 01.03. 09:00"]
    course.order(4, "paused", closes + 3 * HOUR)
    course.resume(4, closes + 4 * HOUR)
    assert [each for each in course.until(closes + 4 * HOUR, closes + 60 * DAY) if each[1] == 4] == [
        ("Mon 01.03. 13:00", 4, "brownout"),
        ("Tue 02.03. 13:00", 4, "open"),
        ("Thu 04.03. 13:00", 4, "closed"),
    ]


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (
            120,
            [("Wed 24.02. 11:00", 1, "brownout"), ("Wed 24.02. 13:00", 1, "open"), ("Mon 01.03. 09:00", 1, "closed")],
        ),
        (
            135,
            [
                (
                    "Wed 24.02. 11:15",
                    0,
                    "stage 1 was to have its last brown-out on 2027-02-24 08:00 UTC, and nobody could",
                ),
                ("Wed 24.02. 12:00", 1, "brownout"),
                ("Wed 24.02. 16:00", 1, "open"),
                ("Mon 01.03. 12:00", 1, "closed"),
            ],
        ),
    ],
)
def test_a_last_brown_out_begins_late_only_while_half_of_it_is_left(
    minutes: int, told: list[tuple[str, int, str]]
) -> None:
    course = Course(rules(count=1, brownout_hours=[4.0], brownout_days=[3]))
    late = local("2027-02-24 09:00") + minutes * HOUR // 60
    assert course.until(late, late + 10 * DAY) == told
