"""The operator's hand on the stages of a sunset: what is planned and in force, and the orders (always events)."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from clickhouse_connect.driver.client import Client
from msgspec.structs import replace

from schemas.events import Event
from schemas.settings import Settings
from schemas.stage_steps import HELD
from schemas.sunset_events import (
    Stage,
    StageAction,
    StagesPlanned,
    StagesSwitched,
    StageStep,
    StageStepped,
    SunsetEvent,
)
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Switches
from streams import switches
from streams.journal import Journal
from streams.operating import login
from streams.standing import moment
from streams.sunset.ledger import Ledger, take
from streams.sunset.stages import plan, stage_of
from streams.sunset.stepping import announced, is_off, paused, resumed, step_of, stepped
from streams.sunset.uses import uses
from streams.sunset.weeks import HOUR, day_of
from streams.switched import People, coverage, kept_of, state_of
from streams.switches import Effect, Switched
from streams.topiclog import LogAwayError

Action = StageAction
Row = dict[str, object]
_WEEK = 168 * HOUR


class Book:
    """One sunset as the topic tells it, to its end: its ledger, and what each host said last of each switch."""

    def __init__(self, name: str, sunset: Sunset) -> None:
        self.name, self.sunset = name, sunset
        self.ledger = Ledger()
        self.plan: StagesPlanned | None = None
        self.switched: dict[tuple[str, str], StagesSwitched] = {}

    def take(self, event: Event) -> None:
        """Take in an event of the topic."""
        if isinstance(event, SunsetEvent) and event.sunset == self.name:
            take(self.ledger, event)
            if isinstance(event, StagesPlanned) and event.id == self.ledger.plan:
                self.plan = event
            if isinstance(event, StagesSwitched):
                self.switched[event.host, event.hook] = event

    def stage(self, number: int) -> Stage:
        """Return a stage. ValueError where nothing is planned, or it is none of the plan."""
        if not self.ledger.stages:
            raise ValueError(f"no stages of {self.name} are planned: relaywarden sunset stage plan")
        found = next((stage for stage in self.ledger.stages if stage.number == number), None)
        if found is None:
            there = ", ".join(_ranges(sorted(stage.number for stage in self.ledger.stages)))
            raise ValueError(f"stage {number}: {self.name} has the stages {there}")
        return found

    def open(self, at: int) -> list[str]:
        """Return the mailboxes that still use the old way and are not exempt."""
        day, ledger = day_of(self.sunset, at).isoformat(), self.ledger
        return [
            mailbox
            for mailbox, box in ledger.boxes.items()
            if not box.done and not ledger.exempt(mailbox, box.customer, day)
        ]


@contextmanager
def opened(
    settings: Settings, name: str, advance: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[Book, Journal]]:
    """Open the topic, read to its end. OSError where it is away, or does not take what is written."""
    book = Book(name, settings.sunset[name])

    def taken(event: Event) -> None:
        book.take(event)
        advance(1)

    try:
        with Journal(settings.kafka, taken, lambda: None) as journal:
            journal.read()
            yield book, journal
    except LogAwayError as error:
        raise OSError(f"kafka.bootstrap: {', '.join(settings.kafka.bootstrap)}: {error}") from error


def planned(book: Book, at: int, *, operator: str = "", reason: str = "") -> StagesPlanned:
    """Return the stages as they are planned now. ValueError where they cannot be, or replace some without a reason."""
    if book.ledger.stages and not reason.strip():
        raise ValueError(f"--reason {reason!r}: say why there is a new plan; it is kept with it")
    stages = plan(book.name, book.sunset, book.open(at), at, book.ledger)
    return announced(book.name, stages, at, operator=operator or login(), reason=reason)


def cut_short(book: Book, event: StagesPlanned, at: int) -> list[int]:
    """Return the stages whose brown-out is over with a new plan, in which their addresses are others'."""
    off = (stage for stage in book.ledger.stages if is_off(book.ledger.steps.get(stage.number), at))
    return [stage.number for stage in off if stage not in event.stages]


def ordered(  # noqa: PLR0913 an order has that many parts
    book: Book, action: Action, number: int, at: int, *, reason: str, operator: str = ""
) -> list[SunsetEvent]:
    """Return the events of an order. ValueError where it is of no effect, impossible, or without a reason."""
    if not reason.strip():
        raise ValueError(f"--reason {reason!r}: say why; it is kept with the order")
    stage, who = book.stage(number), operator or login()
    step = step_of(book.ledger, stage.number)
    off = is_off(book.ledger.steps.get(number), at)

    def to(new: Literal["open", "closed", "paused", "rolled_back"]) -> StageStepped:
        return stepped(book.name, number, new, at, operator=who, reason=reason)

    match action:
        case "close" if step != "closed":
            return [to("closed")]
        case "open" if step == "brownout" and off:
            return [to("open")]
        case "pause" if (holding := paused(book.ledger)) is not None:
            raise ValueError(f"stage {holding} of {book.name} is paused already, and holds all: resume or roll it back")
        case "pause" if step != "rolled_back":
            return [to("paused")]
        case "rollback" if step != "rolled_back":
            return [to("rolled_back")]
        case "resume":
            later, again = resumed(book.name, book.sunset, book.ledger, number, at)
            moved = announced(book.name, later, at, operator=who, reason=reason)
            return [*([moved] if later != book.ledger.stages else []), to(again)]
    raise ValueError(f"stage {number} of {book.name} is {_as_it_is(action, step)}")


def _as_it_is(action: Action, step: StageStep) -> str:
    """Return at which step a stage is, and why an order is of no effect then."""
    if action == "open" and step == "closed":
        return "closed, in no brown-out: relaywarden sunset stage rollback opens it"
    if action in {"open", "pause"} and step in HELD:
        return f"{step.replace('_', ' ')}, and so open until relaywarden sunset stage resume"
    return f"{'open' if step == 'brownout' else step.replace('_', ' ')} already"


def effect(book: Book, number: int, at: int, client: Client | None) -> str:
    """Return whom a stage concerns, in words: as far as is known without the warehouse, where that is away."""
    stage = book.stage(number)
    still = [mailbox for mailbox in book.open(at) if stage_of(book.ledger.stages, mailbox) == stage]
    words = f"stage {number} ({_range(stage)}): {len(still):,} mailboxes use it or did lately"
    if client is None:
        return f"{words}; how many this week is not known"
    concerned = set(still)
    lately = sum(use.mailbox in concerned for use in uses(client, book.sunset, at - _WEEK, at))
    return f"{words}, {lately:,} this week"


def state_with(book: Book, off: Collection[int], people: People | None, at: int) -> Switched:
    """Return what the switches are told with these stages off, else with those that are off now. ValueError: no stage.

    `people` are there where somebody is exempt, else the other names of those are not known.
    """
    switch = book.sunset.switch
    kept = kept_of(book.ledger, coverage(book.ledger, people, {}), listed=switch.dovecot is not None)
    state = state_of(book.name, book.sunset, kept, at)
    if off:
        state = replace(state, off=frozenset(book.stage(number).number for number in off))
    return state


def effects_of(switch: Switches, state: Switched) -> Iterator[tuple[str, Effect]]:
    """Yield what each switch does at a state."""
    for name, settings in switches.configured(switch).items():
        yield from ((name, effect) for effect in switches.load(name)(state, settings))


def rows(book: Book, stages: tuple[Stage, ...], at: int) -> Iterator[Row]:
    """Yield each stage: its mailboxes, its step since when, what comes next, and the hosts that have it otherwise."""
    still: dict[int, int] = {}
    for mailbox in book.open(at) if stages else ():
        number = stage_of(stages, mailbox).number
        still[number] = still.get(number, 0) + 1
    for stage in stages:
        step = book.ledger.steps.get(stage.number)
        yield {
            "stage": stage.number,
            "from": stage.first,
            "before": stage.beyond,
            "share": f"{stage.share:.1%}",
            "mailboxes": stage.mailboxes,
            "open": still.get(stage.number, 0),
            "step": step_of(book.ledger, stage.number),
            "since": moment(step.at) if step else "",
            "next": _next(stage, book, at),
            "otherwise_at": ", ".join(_otherwise(book, stage.number, off=is_off(step, at))),
        }


def origin(plan: StagesPlanned) -> str:
    """Return who made a plan, when and why, in words."""
    why = f": {plan.reason}" if plan.reason else ""
    return f"planned {moment(plan.at)} by {plan.operator or 'the desk'}{why}"


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Yield numbers that are in order as `1 to 3`, `11`."""
    first = None
    for number, after in zip(numbers, (*numbers[1:], None), strict=True):
        first = number if first is None else first
        if after != number + 1:
            yield f"{first} to {number}" if first != number else f"{number}"
            first = None


def _range(stage: Stage) -> str:
    return f"{stage.first or 'the first'} to {f'before {stage.beyond}' if stage.beyond else 'the last'}"


def _next(stage: Stage, book: Book, at: int) -> str:
    """Return what the plan has next for a stage, "" where nothing comes by itself."""
    step = book.ledger.steps.get(stage.number)
    if step is not None and step.step == "brownout" and at < step.until:
        return f"open {moment(step.until)}"
    if step is not None and step.step in {"closed", "paused", "rolled_back"}:
        return ""
    if paused(book.ledger) is not None:
        return "held by a pause"
    begins = min((each.begins for each in stage.brownouts if each.begins > at), default=0)
    return f"brown-out {moment(begins)}" if begins else f"close {moment(stage.closes)}"


def _otherwise(book: Book, number: int, *, off: bool) -> Iterator[str]:
    for (host, hook), said in sorted(book.switched.items()):
        if said.problem or (number in said.off) is not off:
            yield f"{host} {hook}{f': {said.problem}' if said.problem else ''}"
