"""What is known of each sunset, from the log alone: its mailboxes, who was written to, exemptions, stages, tickets.

A fold in place: a million mailboxes are too many to be copied for each event. Each event counts once however often it
stands in the log, as two writers at once would put it there.
"""

from collections.abc import Iterable
from sys import intern

import msgspec

from schemas.checked import canonical_address
from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.names import domain_of
from schemas.stage_steps import HELD, outdated, overruled
from schemas.sunset_events import (
    LetterDue,
    Stage,
    StagesPlanned,
    StageStep,
    StageStepped,
    SunsetCounted,
    SunsetEvent,
    TicketOpened,
    UserDone,
    UserExempted,
    UserFound,
)
from streams.sunset.packing import packed
from streams.sunset.written import Box, Written, decided, goes_on

_DAY = 86_400_000_000
_ONE = 30 * _DAY
"""Closings of a stage that are less far apart are one."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """The step at which a stage is: since and until when (µs, 0: open).

    Of one that is held, `before` is the step at which it was. `had` is when the newest of its brown-outs was over (µs);
    one that was held before its end, it did not have.
    """

    step: StageStep
    at: int
    until: int
    before: StageStep = "open"
    had: int = 0


_NEVER = Step("open", 0, 0)


class Ledger(msgspec.Struct):
    """One sunset. `counted` is the newest day that was counted, for these languages; `plan` is the id of the newest.

    `let_go` is when a stage that was paused or rolled back came to another step last (µs). `shut` is from when until
    when a stage was closed last (µs, 0: it is): then nobody is seen there, whatever he tries.
    """

    boxes: dict[str, Box] = {}
    written: dict[str, Written] = {}
    exemptions: dict[str, str] = {}
    stages: tuple[Stage, ...] = ()
    plan: str = ""
    steps: dict[int, Step] = {}
    let_go: int = 0
    shut: dict[int, tuple[int, int]] = {}
    tickets: dict[str, int] = {}
    counted: str = ""
    languages: set[str] = set()

    def exempt(self, mailbox: str, customer: str, day: str) -> bool:
        """Tell whether a mailbox is exempt on a day: by itself, its domain or its customer."""
        if not self.exemptions:
            return False
        named = canonical_address(mailbox)
        subjects = (mailbox, named, f"@{domain_of(named)}", customer)
        return any(subject in self.exemptions and holds(self.exemptions[subject], day) for subject in subjects)


Ledgers = dict[str, Ledger]
"""The ledger of each sunset that the log tells of."""


def fold(ledgers: Ledgers, events: Iterable[Event]) -> None:
    """Take these events into the ledgers, in the order of the log; what is not about a sunset is passed over."""
    for event in events:
        if isinstance(event, SunsetEvent) or (isinstance(event, NoticeSent) and event.sunset):
            take(ledgers.setdefault(event.sunset, Ledger()), event)


def take(ledger: Ledger, event: SunsetEvent | NoticeSent) -> None:
    """Take one event into a sunset's ledger."""
    match event:
        case UserFound():
            _found(ledger, event)
        case UserDone():
            _done(ledger, event)
        case LetterDue():
            decided(ledger.written.setdefault(event.customer, Written()), ledger.boxes, event)
        case NoticeSent():
            goes_on(ledger.written.get(event.customer, Written()), ledger.boxes, event)
        case UserExempted():
            _exempted(ledger, event)
        case SunsetCounted():
            _counted(ledger, event)
        case StagesPlanned():
            _planned(ledger, event)
        case StageStepped():
            _stepped(ledger, event)
        case TicketOpened():
            ledger.tickets.setdefault(event.ticket, event.at)


def _found(ledger: Ledger, event: UserFound) -> None:
    """Open a mailbox that is new, or one that was done and was seen after that; anything else is a repetition."""
    before = ledger.boxes.get(event.mailbox)
    if before is not None and (not before.done or event.use.last <= before.last):
        return
    ledger.boxes[event.mailbox] = Box(
        customer=intern(event.customer),
        language=intern(event.language),
        found=event.at,
        last=event.use.last,
        kept=packed(event.use),
        written=before.written if before else 0,
        named=before.named if before else 0,
        thanked=before.thanked if before else False,
        returned=before is not None,
    )


def _done(ledger: Ledger, event: UserDone) -> None:
    """Close a mailbox; what was said of an earlier time, before it was back, is a repetition."""
    box = ledger.boxes.get(event.mailbox)
    if box is not None and not box.done and event.last >= box.last:
        box.done, box.last, box.kept = event.at, event.last, b""


def _exempted(ledger: Ledger, event: UserExempted) -> None:
    if event.ended:
        ledger.exemptions.pop(event.subject, None)
    else:
        ledger.exemptions[event.subject] = event.until


def _counted(ledger: Ledger, event: SunsetCounted) -> None:
    if event.day > ledger.counted:
        ledger.counted, ledger.languages = event.day, set()
    if event.day == ledger.counted:
        ledger.languages.add(event.language)


def _planned(ledger: Ledger, event: StagesPlanned) -> None:
    """Take a plan; one that the desk moved without knowing the newest is none."""
    if outdated(event.follows, ledger.plan):
        return
    ledger.steps = _kept(ledger, event.stages)
    ledger.shut = {number: each for number, each in ledger.shut.items() if number in ledger.steps}
    ledger.stages, ledger.plan = event.stages, event.id


def _stepped(ledger: Ledger, event: StageStepped) -> None:
    """Note a step of a stage of the plan; of the same again, as two desks at once would write it, nothing is let go."""
    before = ledger.steps.get(event.stage, _NEVER)
    if all(stage.number != event.stage for stage in ledger.stages):
        return
    if overruled(event.step, event.operator, before.step):
        return
    if before.step in HELD and before.step != event.step:
        ledger.let_go = event.at
    _shut(ledger, event)
    was: StageStep = before.before if before.step in HELD else before.step
    over = event.step in {"open", "closed"} or before.until <= event.at
    ledger.steps[event.stage] = Step(
        event.step,
        event.at,
        event.until_at,
        before=was if event.step in HELD else "open",
        had=max(before.had, before.until) if over else before.had,
    )


def _shut(ledger: Ledger, event: StageStepped) -> None:
    begin, end = ledger.shut.get(event.stage, (0, 0))
    if event.step == "closed":
        ledger.shut[event.stage] = (begin if begin and event.at - (end or event.at) < _ONE else event.at, 0)
    elif begin and not end:
        ledger.shut[event.stage] = (begin, event.at)


def _kept(ledger: Ledger, stages: tuple[Stage, ...]) -> dict[int, Step]:
    """Return the steps that hold in a later plan: of stages with the same mailboxes."""
    before = {stage.number: (stage.first, stage.beyond) for stage in ledger.stages}
    same = {stage.number for stage in stages if before.get(stage.number) == (stage.first, stage.beyond)}
    return {number: step for number, step in ledger.steps.items() if number in same}


def holds(until: str, day: str) -> bool:
    """Tell whether an exemption until a day ("": until it ends) holds on another."""
    return not until or day <= until
