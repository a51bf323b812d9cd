"""What holds of stages whatever happens: desks that are away, loads nobody knows, orders in any order, new plans."""

from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.stage_steps import HELD
from schemas.sunset_events import Brownout, Stage, StagesPlanned, StageStepped
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.laying import Calendar
from streams.sunset.stepping import is_off, paused, step_of
from streams.sunset.weeks import day_of
from tests.sunset.planned import BEFORE, HOUR, Course, rules

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
HOURS = st.tuples(st.integers(0, 23), st.integers(0, 23)).map(sorted)
BROWNOUTS = st.sampled_from((((1, 4, 24), (14, 7, 3)), ((24,), (2,)), ((4, 8), (2, 1)), ((90,), (10,)), ((), ())))


class Move(NamedTuple):
    """So many quarters of an hour later (with turns of the desk or without) somebody does something about a stage."""

    quarters: int
    away: bool
    known: bool
    what: str
    stage: int


MOVES = st.lists(
    st.builds(
        Move,
        quarters=st.one_of(st.integers(0, 8), st.integers(0, 4 * 24 * 4), st.sampled_from((4 * 24, 4 * 24 * 7))),
        away=st.booleans(),
        known=st.sampled_from((True, True, True, False)),
        what=st.sampled_from(("nothing", "nothing", "paused", "rolled_back", "closed", "open", "resume", "plan")),
        stage=st.integers(0, 4),
    ),
    min_size=3,
    max_size=25,
)


@st.composite
def sunsets(draw: st.DrawFn) -> Sunset:
    first, last = draw(HOURS)
    weekdays = draw(st.booleans())
    lengths, days = draw(BROWNOUTS)
    made = rules(
        count=draw(st.integers(1, 5)),
        first_day=date(2027, 3, 15) + timedelta(days=draw(st.integers(0, 20))),
        first_hour=first,
        last_hour=last,
        hours_apart=draw(st.sampled_from((1, 6, 24, 30, 72))),
        weekdays_only=weekdays,
        brownout_hours=lengths,
        brownout_days=days,
    )
    return made.model_copy(update={"timezone": draw(st.sampled_from(ZONES))})


class Play(Course):
    """A course in which orders that are refused change nothing, and every event is looked at."""

    def __init__(self, sunset: Sunset) -> None:
        super().__init__(sunset)
        first = self.ledger.stages[0]
        self.at = max(BEFORE, (*first.brownouts[-1:], Brownout(begins=first.closes, ends=0))[0].begins - 24 * HOUR)

    def move(self, move: Move) -> None:
        for _ in range(move.quarters):
            self.at += HOUR // 4
            if not move.away:
                self.desk(self.at, known=move.known)
        number = self.ledger.stages[move.stage % len(self.ledger.stages)].number
        with suppress(ValueError):  # it is refused
            if move.what == "resume":
                self.resume(number, self.at)
            elif move.what == "plan":
                self.plan(self.at)
            elif move.what == "open" and step_of(self.ledger, number) == "brownout":
                self.order(number, "open", self.at)
            elif move.what not in {"nothing", "open"}:
                self.order(number, move.what, self.at)


def _lawful(sunset: Sunset, stage: Stage) -> None:
    """Hold the moments of a stage against the rules."""
    rules_, calendar = sunset.stages or Stages(), Calendar(sunset, sunset.stages or Stages())
    assert calendar.permits(stage.closes)
    moments = [moment for each in stage.brownouts for moment in (each.begins, each.ends)]
    assert all(one < other for one, other in pairwise((*moments, stage.closes)))
    for each in stage.brownouts:
        assert calendar.permits(each.begins)
        if rules_.weekdays_only:
            days = {day_of(sunset, at).weekday() for at in range(each.begins, each.ends, HOUR // 2)}
            assert not days & {5, 6}


@given(sunsets(), MOVES)
@settings(max_examples=200, deadline=None)
def test_whatever_happens_the_plan_keeps_its_rules(sunset: Sunset, moves: list[Move]) -> None:
    play = Play(sunset)
    apart = sunset.stages.hours_apart * HOUR if sunset.stages else 0
    for move in moves:
        told, known = len(play.told), {stage.number: stage for stage in play.ledger.stages}
        held = {number for number, step in play.ledger.steps.items() if step.step in HELD}
        play.move(move)
        stages = play.ledger.stages
        assert stages[0].first == stages[-1].beyond == ""
        assert all(one.beyond == other.first and one.first < other.first for one, other in pairwise(stages))
        assert len({stage.number for stage in stages}) == len(stages)
        waiting = sorted(stage.closes for stage in stages if step_of(play.ledger, stage.number) in {"open", "brownout"})
        assert all(other - one >= apart - 2 * HOUR for one, other in pairwise(waiting)), "but for clocks that change"
        for stage in stages:
            _lawful(sunset, stage)
            before = known.get(stage.number)
            if before is not None and move.what != "plan":
                assert stage.closes >= before.closes, "nothing comes earlier than it was told"
        new = play.told[told:]
        assert not any(isinstance(each, StageStepped) and not each.operator and each.stage in held for each in new)
        if paused(play.ledger) is not None and move.what == "nothing":
            assert not any(each.step != "open" for each in new if isinstance(each, StageStepped))


TWO = rules(count=2, weekdays_only=False, brownout_hours=(24,), brownout_days=(2,))
CUT_SHORT = (
    (4 * (24 + 24 + 1), False, True, "paused", 0),
    (1, False, True, "resume", 0),
    (1, False, True, "paused", 1),
    (1, False, True, "resume", 1),
    (4 * 24 * 7, False, True, "nothing", 0),
)
"""The plan moves while the second of `TWO` is in its last brown-out, and that is cut short then."""


@given(sunsets(), MOVES)
@example(TWO, [Move(*each) for each in CUT_SHORT])
@settings(max_examples=200, deadline=None)
def test_the_desk_closes_nothing_by_night_nor_without_its_last_brown_out(sunset: Sunset, moves: list[Move]) -> None:
    play = Play(sunset)
    for move in moves:
        play.move(move)
    calendar, whole = Calendar(sunset, sunset.stages or Stages()), (sunset.stages or Stages()).brownout_hours[-1:]
    newest: dict[int, StageStepped] = {}
    cut_short: set[int] = set()
    for event in play.told:
        if isinstance(event, StagesPlanned):
            continue
        if event.step in {"brownout", "closed"} and not event.operator:
            assert calendar.permits(event.at - event.at % HOUR) or calendar.permits(event.at)
        if event.step == "closed" and not event.operator and whole:
            assert newest[event.stage].until_at <= event.at
            assert event.stage not in cut_short, "but by an operator who ended it with `open`"
            assert 2 * (newest[event.stage].until_at - newest[event.stage].at) >= whole[0] * HOUR
        if event.step == "brownout":
            newest[event.stage] = event
            cut_short.discard(event.stage)
        elif event.step in HELD and event.stage in newest and event.at < newest[event.stage].until_at:
            cut_short.add(event.stage)


@given(sunsets(), MOVES)
@settings(max_examples=100, deadline=None)
def test_what_is_closed_stays_so_with_its_addresses_until_an_operator_opens_it(
    sunset: Sunset, moves: list[Move]
) -> None:
    play = Play(sunset)
    for move in moves:
        off = {stage for stage in play.ledger.stages if step_of(play.ledger, stage.number) == "closed"}
        play.move(move)
        after = {stage.number: stage for stage in play.ledger.stages}
        for stage in off:
            assert (after[stage.number].first, after[stage.number].beyond) == (stage.first, stage.beyond)
            ordered = {
                each.stage
                for each in play.told
                if isinstance(each, StageStepped) and each.at == play.at and each.operator
            }
            assert is_off(play.ledger.steps.get(stage.number), play.at) or stage.number in ordered


@given(sunsets(), MOVES)
@settings(max_examples=50, deadline=None)
def test_once_nobody_holds_it_all_closes(sunset: Sunset, moves: list[Move]) -> None:
    play = Play(sunset)
    for move in moves:
        play.move(move)
    for held in ("paused", "rolled_back"):
        for number in [number for number, step in play.ledger.steps.items() if step.step == held]:
            play.resume(number, play.at)
    for _ in range(4 * 24 * 80):
        play.at += HOUR // 4
        play.desk(play.at)
    assert {step_of(play.ledger, stage.number) for stage in play.ledger.stages} == {"closed"}
