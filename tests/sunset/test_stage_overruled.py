"""What a desk decided before it knew an operator's order comes too late, in the ledger and on the page alike."""

import msgspec
import pytest

from dashboards import stages as page
from schemas.sunset_events import StagesPlanned, StageStepped
from streams.sunset.alarms import alarm
from streams.sunset.ledger import Ledger, take
from streams.sunset.stepping import announced, step_of, stepped
from tests.sunset.planned import BEFORE, HOUR, Course, rules


@pytest.mark.parametrize(
    ("ordered", "late", "stands"),
    [
        ("rolled_back", "closed", "rolled_back"),
        ("rolled_back", "open", "rolled_back"),
        ("rolled_back", "paused", "rolled_back"),  # else the others would be held, which the order let go on
        ("paused", "closed", "paused"),
        ("paused", "open", "paused"),
        ("paused", "brownout", "paused"),
        ("closed", "open", "closed"),
        ("closed", "brownout", "closed"),
        ("closed", "paused", "paused"),  # the load is too much, whoever closed it
        ("open", "paused", "paused"),
    ],
)
def test_an_order_stands_against_a_step_that_was_decided_before(ordered: str, late: str, stands: str) -> None:
    course = Course(rules(count=2))
    running = course.ledger.stages[0].brownouts[0]
    course.desk(running.begins)
    course.order(1, ordered, running.ends - 2)
    let_go = course.ledger.let_go
    event = stepped("pop", 1, late, running.ends - 1, until=running.ends if late == "brownout" else 0)  # type: ignore[arg-type]
    course.hear(event)
    assert step_of(course.ledger, 1) == stands
    assert course.ledger.let_go == let_go
    assert [each.step for each in page.standings(_rows(course)) if each.stage.number == 1] == [stands]


def test_nobody_is_mailed_a_pause_that_came_too_late() -> None:
    course = Course(rules(count=2))
    course.order(1, "closed", BEFORE)
    event = stepped("pop", 1, "paused", BEFORE + 2)
    assert alarm(event, course.ledger) == event
    course.order(1, "rolled_back", BEFORE + 1)
    assert alarm(event, course.ledger) is None


def test_a_plan_that_the_desk_moved_without_knowing_the_newest_is_none() -> None:
    course = Course(rules(count=2))
    begins = course.ledger.stages[0].brownouts[0].begins
    course.desk(begins)
    stale = announced("pop", course.ledger.stages, begins + 1, reason="missed", follows=course.ledger.plan)
    course.plan(begins + 2)
    mine = course.ledger.stages
    course.order(mine[0].number, "closed", begins + 3)
    course.hear(stale)
    assert course.ledger.stages == mine
    assert step_of(course.ledger, mine[0].number) == "closed"
    rows = _rows(course)
    assert [each.stage for each in page.standings(rows)] == list(mine)
    assert page.origin(rows) == (begins + 2, "planned by ada")


def test_a_plan_that_the_desk_moves_follows_the_newest_and_counts_once() -> None:
    course = Course(rules(count=2))
    missed = course.ledger.stages[0].closes + HOUR
    course.desk(missed)
    moved = [each for each in course.told if isinstance(each, StagesPlanned)][-1]
    assert (moved.follows, moved.operator, course.ledger.plan) == ("p", "", moved.id)
    again = announced("pop", course.ledger.stages, missed + 1, follows="p")
    course.hear(again)
    assert course.ledger.plan == moved.id, "another desk moved it at once"
    beginning = Ledger()
    take(beginning, moved)
    assert beginning.stages == moved.stages, "a log that lost its beginning tells what it has"


def _rows(course: Course) -> list[dict[str, object]]:
    """Return the log as the page reads it."""
    known = {"stage": 0, "step": "", "until_at": 0, "operator": "", "reason": "", "reasons": (), "follows": ""}
    return [
        {
            **known,
            **msgspec.structs.asdict(each),
            "type": "stage_stepped" if isinstance(each, StageStepped) else "stages_planned",
            "plan": "" if isinstance(each, StageStepped) else msgspec.json.encode(each.stages).decode(),
        }
        for each in course.told
    ]
