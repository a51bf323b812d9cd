"""Cases: several mailboxes of one customer that look compromised within a short time are one attack.

A pure fold of the steps to which a customer's mailboxes come. Steps are told again after a restart, and those of
different partitions in no order: of each mailbox the newest counts, and what was told already changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import ceil, sqrt
from statistics import median
from typing import Literal

import msgspec

from schemas.customers import Customers
from schemas.facts import Evidence
from schemas.mailbox_events import (
    CaseClosed,
    CaseEvent,
    CaseGrown,
    CaseOpened,
    MailboxDecision,
    MailboxFlagged,
    MailboxReleased,
    MailboxThrottled,
    StepChanged,
)
from schemas.moments import moment_of
from schemas.names import derived_id
from streams.window import HOUR

Step = Literal["", "watch", "flag", "throttle", "suspend"]
_FLAGGED = frozenset(("flag", "throttle", "suspend"))
REMEMBERED = 7 * 24 * HOUR
_CASE_DIGITS = 12
_WINDOWS = 15
_FEWEST_WINDOWS = 3
_MOST_TOLD = 20


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mailbox: its step since `at`, told by the events `told`; `since` is when it was flagged, 0: it is not."""

    at: int
    step: str = ""
    since: int = 0
    score: float = 0.0
    rules: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True):
    """An open case and all mailboxes that ever were in it."""

    case: str
    mailboxes: tuple[str, ...]


class Attacked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one customer since `began` up to `at`; `flaggings` is when a mailbox came to be flagged."""

    customer: str
    at: int = 0
    members: dict[str, Member] = {}
    case: Case | None = None
    began: int = 0
    flaggings: tuple[int, ...] = ()


class Threshold(msgspec.Struct, frozen=True):
    """From how many mailboxes flagged within how many hours on there is a case at least; 0 mailboxes: there is none."""

    mailboxes: int
    hours: float


def changed(decision: MailboxDecision, customers: Customers) -> StepChanged:
    """Return the step to which a decision brings its mailbox."""
    step: Step = "suspend"
    if isinstance(decision, MailboxReleased):
        step = ""
    elif isinstance(decision, MailboxThrottled):
        step = "throttle"
    elif isinstance(decision, MailboxFlagged):
        step = decision.step
    return StepChanged(
        id=derived_id("step", decision.id),
        at=decision.at,
        mailbox=decision.mailbox,
        customer=customers.of(decision.mailbox),
        step=step,
        score=decision.score,
        decision=decision.id,
        rules=tuple(item.rule for item in decision.evidence if item.points > 0),
    )


def step(known: Attacked, event: StepChanged, limits: Threshold) -> tuple[Attacked, tuple[CaseEvent, ...]]:
    """Return what is known after a mailbox's step, and what follows; the same object where it tells nothing new."""
    before = known.members.get(event.mailbox)
    if before is not None and (event.at < before.at or event.id in before.told):
        return known, ()
    at = max(known.at, event.at)
    member = _member(before, event)
    members = {**known.members, event.mailbox: member}
    known = msgspec.structs.replace(
        known,
        at=at,
        members=_remembered(members, known.case, at),
        began=min(known.began or event.at, event.at),
        flaggings=_flaggings(known, before, member, at - _WINDOWS * int(limits.hours * HOUR)),
    )
    decided = tuple(_decide(known, event, limits))
    for decision in decided:
        known = evolve(known, decision)
    return known, decided


def _member(before: Member | None, event: StepChanged) -> Member:
    flagged = event.step in _FLAGGED
    together = before.told if before is not None and before.at == event.at else ()
    return Member(
        at=event.at,
        step=event.step,
        since=((before.since if before is not None else 0) or event.at) if flagged else 0,
        score=event.score,
        rules=event.rules,
        told=(*together, event.id),
    )


def _remembered(members: dict[str, Member], case: Case | None, at: int) -> dict[str, Member]:
    kept = case.mailboxes if case else ()
    return {
        name: member for name, member in members.items() if member.since or name in kept or member.at > at - REMEMBERED
    }


def _flaggings(known: Attacked, before: Member | None, member: Member, oldest: int) -> tuple[int, ...]:
    came = (member.since,) if member.since and not (before is not None and before.since) else ()
    return tuple(since for since in (*known.flaggings, *came) if since > oldest)


def _usual(known: Attacked, at: int, limits: Threshold) -> float:
    """Return how many mailboxes usually come to be flagged within the hours: the median of the windows before `at`.

    0 where three windows are not known yet. An attack is one window of many, and does not move it.
    """
    length = int(limits.hours * HOUR)
    windows = min(_WINDOWS - 1, (at - known.began) // length) if known.began else 0
    if windows < _FEWEST_WINDOWS:
        return 0.0
    ago = Counter((at - 1 - since) // length for since in known.flaggings if since < at)
    return float(median(ago[place] for place in range(windows)))


def _least(usual: float, limits: Threshold) -> int:
    """Return from how many on there is a case: clearly more than usual (three times the scatter of rare events)."""
    return max(limits.mailboxes, ceil(usual + 3 * sqrt(usual)) + 1)


def _decide(known: Attacked, event: StepChanged, limits: Threshold) -> Iterator[CaseEvent]:
    case, members = known.case, known.members
    if case is None:
        together = _together(known, limits) if limits.mailboxes else ()
        if together:
            yield CaseOpened(
                id=derived_id("case", known.customer, "opened", event.id),
                at=known.at,
                case=derived_id("case", known.customer, event.id)[:_CASE_DIGITS],
                customer=known.customer,
                mailboxes=together,
                evidence=(_within(known, together, limits), *_each(members, together), *_common(members, together)),
            )
    elif event.mailbox not in case.mailboxes and _joins(known, members[event.mailbox].since, limits):
        grown = (*case.mailboxes, event.mailbox)
        yield CaseGrown(
            id=derived_id("case", case.case, "grown", event.mailbox, event.id),
            at=known.at,
            case=case.case,
            customer=known.customer,
            mailboxes=grown,
            evidence=(*_each(members, (event.mailbox,)), *_common(members, grown)),
        )
    elif not any(_flagged(members, name) for name in case.mailboxes):
        last = f"the last to be released: {event.mailbox}"
        if event.customer != known.customer:
            last = f"the last, {event.mailbox}, is a mailbox of {event.customer} now"
        text = f"none of {len(case.mailboxes)} mailboxes is flagged any more, {last}"
        yield CaseClosed(
            id=derived_id("case", case.case, "closed", event.id),
            at=known.at,
            case=case.case,
            customer=known.customer,
            mailboxes=case.mailboxes,
            evidence=(Evidence(rule="released", text=text, usual=float(len(case.mailboxes))),),
        )


def _flagged(members: dict[str, Member], mailbox: str) -> bool:
    return mailbox in members and bool(members[mailbox].since)


def _joins(known: Attacked, since: int, limits: Threshold) -> bool:
    """Tell whether a mailbox flagged `since` (0: it is not) belongs to the open case, and is not what is usual."""
    if not since or not limits.mailboxes:
        return False
    begin = since - int(limits.hours * HOUR)
    least = _least(_usual(known, begin, limits), limits)
    return (
        least == limits.mailboxes or sum(begin <= member.since <= since for member in known.members.values()) >= least
    )


def _together(known: Attacked, limits: Threshold) -> tuple[str, ...]:
    """Return the mailboxes flagged within the hours, in the order of time; none where they are too few."""
    flagged = sorted((member.since, name) for name, member in known.members.items() if member.since)
    length = int(limits.hours * HOUR)
    for first, _ in flagged:
        run = tuple(name for since, name in flagged if first <= since <= first + length)
        if len(run) >= limits.mailboxes and len(run) >= _least(_usual(known, first, limits), limits):
            return run
    return ()


def _within(known: Attacked, together: tuple[str, ...], limits: Threshold) -> Evidence:
    first, last = (known.members[name].since for name in (together[0], together[-1]))
    minutes = (last - first) // (HOUR // 60)
    took = f"{minutes} min" if minutes < 2 * 60 else f"{minutes / 60:.0f} h"
    usual = _usual(known, first, limits)
    least = _least(usual, limits)
    usually = f", usually there are {usual:g}" if least > limits.mailboxes else ""
    return Evidence(
        rule="mailboxes",
        text=f"{len(together)} mailboxes of {known.customer} were flagged within {took}"
        f" ({least} within {limits.hours:g} h are a case{usually})",
        value=float(len(together)),
        usual=float(least),
    )


def _each(members: dict[str, Member], mailboxes: tuple[str, ...]) -> Iterator[Evidence]:
    """Yield a sentence for each mailbox: its step, when it was flagged, and by which rules."""
    for name in mailboxes[:_MOST_TOLD]:
        member = members[name]
        rules = f": {', '.join(map(_words, member.rules))}" if member.rules else ""
        text = f"{name}: {member.step}, flagged {moment_of(member.since):%Y-%m-%d %H:%M} UTC{rules}"
        yield Evidence(rule="mailbox", text=text, value=member.score)


def _common(members: dict[str, Member], mailboxes: tuple[str, ...]) -> Iterator[Evidence]:
    """Yield what the evidence of at least two of the mailboxes has in common, most shared first."""
    known = [members[name] for name in mailboxes if name in members]
    counts = Counter(rule for member in known for rule in dict.fromkeys(member.rules))
    shared = sorted(((count, rule) for rule, count in counts.items() if count > 1), key=lambda row: (-row[0], row[1]))
    if not shared:
        return
    told = (f"{_words(rule)} ({'all' if count == len(known) else count} of {len(known)})" for count, rule in shared)
    yield Evidence(rule="common", text=f"in common: {', '.join(told)}", value=float(shared[0][0]))


def _words(rule: str) -> str:
    return rule.replace("_", " ")


def evolve(known: Attacked, event: CaseEvent) -> Attacked:
    """Return what is known after a decision; who is in an open case counts as flagged until told otherwise."""
    at = max(known.at, event.at)
    if isinstance(event, CaseClosed):
        members = {
            name: msgspec.structs.replace(member, step="", since=0) if name in event.mailboxes else member
            for name, member in known.members.items()
        }
        return msgspec.structs.replace(known, at=at, members=members, case=None)
    unknown = {name: Member(at=event.at, step="flag", since=event.at) for name in event.mailboxes}
    return msgspec.structs.replace(
        known, at=at, members=unknown | known.members, case=Case(event.case, event.mailboxes)
    )


def replay(customer: str, events: Iterable[StepChanged], limits: Threshold) -> tuple[Attacked, tuple[CaseEvent, ...]]:
    """Return what is known of a customer after these steps, and all that was decided, from nothing."""
    known, decided = Attacked(customer=customer), list[CaseEvent]()
    for event in events:
        known, new = step(known, event, limits)
        decided.extend(new)
    return known, tuple(decided)
