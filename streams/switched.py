"""Which stages of a sunset are off on this host at a moment: the fold of the log, held against what was known before.

A log can be empty, or shorter than what is known (the embedded broker is refilled now and then): until it tells as
much, what is known stays.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Protocol

import msgspec

from schemas.events import Event
from schemas.sunset_events import (
    Stage,
    StagesPlanned,
    StageStepped,
    SunsetEvent,
    Use,
    UserDone,
    UserExempted,
    UserFound,
)
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.directory import Account
from streams.sunset.ledger import Ledger, Step, take
from streams.sunset.stepping import is_off
from streams.sunset.weeks import day_of
from streams.switches import Switched

QUIET_SECONDS = 5.0


class People(Protocol):
    """Who knows the mailboxes of customers, and their other addresses."""

    def of(self, mailbox: str) -> Account | None:
        """Return the customer of a mailbox, None where nobody has it."""
        ...

    def aliases(self, mailbox: str) -> tuple[str, ...]:
        """Return the other addresses of a mailbox."""
        ...

    def mailboxes(self) -> Iterator[str]:
        """Yield all mailboxes."""
        ...


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a host knows of a sunset: its stages and their steps, who is exempt until which day, who used the old way.

    `covered` are the addresses of each exemption, for while the directory cannot be read. `decision` is the newest
    event before it, `step` the newest of those that an operator or the plan made.
    """

    stages: tuple[Stage, ...] = ()
    steps: dict[int, Step] = {}
    exempt: dict[str, str] = {}
    covered: dict[str, tuple[str, ...]] = {}
    known: tuple[str, ...] = ()
    decision: str = ""
    step: str = ""


def wanted(event: Event) -> SunsetEvent | None:
    """Return what a host has to know of an event of the log, None where that is nothing.

    Of a mailbox that is found it is the name and the customer: how it is used is much, and of no use here.
    """
    match event:
        case StagesPlanned() | StageStepped() | UserExempted() | UserDone():
            return event
        case UserFound():
            use = Use(mailbox=event.mailbox, confidence=1.0, last=event.use.last)
            return msgspec.structs.replace(event, use=use)
        case _:
            return None


class Fold:
    """One sunset's events from the log's beginning, and whether they tell as much as is known already."""

    def __init__(self, name: str, known: Kept) -> None:
        self._name = name
        self._expected = known.decision
        self._whole = not known.decision
        self.ledger = Ledger()
        self.decision = self.step = ""

    def take(self, events: tuple[SunsetEvent, ...]) -> bool:
        """Fold this sunset's events among these; tell whether there were any."""
        mine = [event for event in events if event.sunset == self._name]
        for event in mine:
            take(self.ledger, event)
            self.decision = event.id
            self.step = event.id if isinstance(event, StagesPlanned | StageStepped | UserExempted) else self.step
            self._whole = self._whole or event.id == self._expected
        return bool(mine)

    def tells(self, quiet_seconds: float) -> bool:
        """Tell whether the fold is news: it reaches what was known, or nothing more comes."""
        return bool(self.decision) and (self._whole or quiet_seconds >= QUIET_SECONDS)


def coverage(
    ledger: Ledger, people: People | None, earlier: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return the addresses of each exemption; without `people`, those that it had `earlier` are its still."""
    covered: dict[str, tuple[str, ...]] = {}
    for subject in ledger.exemptions:
        before = earlier.get(subject, ()) if people is None else ()
        covered[subject] = tuple(sorted({*before, *_addresses(subject, ledger, people)}))
    return covered


def kept_of(
    ledger: Ledger, covered: dict[str, tuple[str, ...]], *, listed: bool, decision: str = "", step: str = ""
) -> Kept:
    """Return what is known, to be kept; `listed`: a switch needs all who were found by name."""
    exempt: dict[str, str] = {}
    for subject, until in ledger.exemptions.items():
        for address in covered[subject]:
            before = exempt.get(address, until)
            exempt[address] = max(before, until) if before and until else ""
    return Kept(
        stages=ledger.stages,
        steps=dict(ledger.steps),
        exempt=dict(sorted(exempt.items())),
        covered=covered,
        known=tuple(sorted(ledger.boxes)) if listed else (),
        decision=decision,
        step=step,
    )


def _addresses(subject: str, ledger: Ledger, people: People | None) -> Iterator[str]:
    """Yield what an exemption covers: a domain, a mailbox with its other addresses, or all of a customer.

    Whose a mailbox is `people` say, as of today; without them, who it was when it was found.
    """
    if subject.startswith("@"):
        yield subject
        return
    if "@" in subject:
        mailboxes = {subject}
    elif people is None:
        mailboxes = {mailbox for mailbox, box in ledger.boxes.items() if box.customer == subject}
    else:
        mailboxes = {name for name in chain(ledger.boxes, people.mailboxes()) if _customer(people, name) == subject}
    for mailbox in mailboxes:
        yield mailbox
        if people is not None:
            yield from people.aliases(mailbox)


def _customer(people: People, mailbox: str) -> str:
    account = people.of(mailbox)
    return account.customer if account is not None else ""


def state_of(name: str, sunset: Sunset, kept: Kept, at: int) -> Switched:
    """Return what is off at a moment; before anything is planned that is nothing."""
    day = day_of(sunset, at).isoformat()
    steps: Mapping[int, Step] = kept.steps
    return Switched(
        sunset=name,
        reply=(sunset.stages or Stages()).reply,
        stages=kept.stages,
        off=frozenset(stage.number for stage in kept.stages if is_off(steps.get(stage.number), at)),
        exempt=tuple(subject for subject, until in kept.exempt.items() if not until or day <= until),
        known=kept.known,
        step=kept.step,
    )
