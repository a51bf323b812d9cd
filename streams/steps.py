"""What follows from a mailbox's score: watched, flagged, throttled, suspended, and the way back (docs/adr/0007).

A step is told once, and again only when it rises or after a release. What is proposed and what is enforced rise apart:
where only some rules may act, a suspension may be proposed while a throttle is enforced.
"""

from collections.abc import Iterator
from typing import Literal

from schemas.customers import Customers
from schemas.events import Event
from schemas.facts import Evidence, Mode
from schemas.mailbox_events import (
    MailboxDecision,
    MailboxFlagged,
    MailboxReleased,
    MailboxSuspended,
    MailboxThrottled,
)
from schemas.mailbox_settings import Action, Mailboxes
from schemas.names import derived_id
from streams import detectors
from streams.habits import Hold, MailboxState, Step
from streams.window import HOUR

_RANK: dict[Step, int] = {"": 0, "watch": 1, "flag": 2, "throttle": 3, "suspend": 4}
_LEAST_THROTTLED = HOUR


def known_rules(limits: Mailboxes) -> None:
    """Raise ValueError where a rule has an action of its own that does not exist, naming each and those there are."""
    unknown = sorted(set(limits.rules) - set(detectors.names()))
    if unknown:
        raise ValueError(f"mailboxes.rules: no rule {', '.join(unknown)}; there are {', '.join(detectors.names())}")


def mode_of(mailbox: str, limits: Mailboxes, customers: Customers) -> Action:
    """Return what the rules may do to a mailbox: its customer's action, else that of all; "off" if it is protected."""
    if limits.protects(mailbox):
        return "off"
    return customers.action(mailbox) or limits.action


def judge(state: MailboxState, event: Event, limits: Mailboxes, customers: Customers) -> tuple[MailboxDecision, ...]:
    """Return what the evidence of this moment decides, in place: a higher step at once, the way back once it may be."""
    evidence = _asked(detectors.findings(state), limits)
    if not evidence and not state.step and state.hold is None:
        state.score = 0.0
        return ()
    state.score = round(sum(item.points for item in evidence), 1)
    hold = state.hold
    if hold is not None and 0 < hold.until <= moment(state, event):
        state.hold = None
        if hold.step in {"throttle", "suspend"}:
            state.step = ""
            return (released(state, event, (Evidence(rule="operator", text=f"the order of {hold.operator} ended"),)),)
    decided = tuple(_raised(state, event, limits, customers, evidence))
    return decided or _calmed(state, event, limits, evidence)


def _asked(evidence: tuple[Evidence, ...], limits: Mailboxes) -> tuple[Evidence, ...]:
    """Leave out the rules that are off; without anything that speaks against the mailbox nothing is left."""
    if not limits.rules:
        return evidence
    left = tuple(item for item in evidence if limits.rules.get(item.rule) != "off")
    return left if any(item.points > 0 for item in left) else ()


def _raised(
    state: MailboxState, event: Event, limits: Mailboxes, customers: Customers, evidence: tuple[Evidence, ...]
) -> Iterator[MailboxDecision]:
    """Raise the step, and what is enforced, to what the points ask for; yield what is decided by that."""
    before = state.step
    if state.score < min(limits.flag_score, limits.suspend_score):
        if not before and state.score >= limits.watch_score:
            state.step = "watch"
            yield flagged(state, event, "watch", evidence)
        return
    mode = mode_of(state.mailbox, limits, customers)
    step, enforced = _step(state, limits, mode), _enforced(state, limits, mode, evidence)
    if _RANK[enforced] > _RANK[_held(state)] and enforced in {"throttle", "suspend"}:
        state.hold = Hold(step=enforced, at=moment(state, event))
    else:
        enforced = ""
    if _RANK[step] > _RANK[before]:
        state.step = step
        if before in {"", "watch"}:
            yield flagged(state, event, "flag", evidence)
    if enforced:
        yield barred(state, event, enforced, "enforce", limits, evidence)
    if _RANK[step] > max(_RANK[before], _RANK[enforced]) and step in {"throttle", "suspend"}:
        reasons = (*evidence, *_why_only_proposed(state, limits, mode, evidence))
        yield barred(state, event, step, "propose", limits, reasons)


def _held(state: MailboxState) -> Step:
    """Return what is enforced now, "" where nothing is."""
    hold = state.hold
    return hold.step if hold is not None and hold.step in {"throttle", "suspend"} else ""


def _step(state: MailboxState, limits: Mailboxes, mode: Action) -> Step:
    """Return the step that all the points of a flagged mailbox ask for."""
    if mode == "off" or (state.hold is not None and state.hold.step == "release"):
        return "flag"
    return _asked_for(state.score, limits)


def _enforced(state: MailboxState, limits: Mailboxes, mode: Action, evidence: tuple[Evidence, ...]) -> Step:
    """Return the step that is enforced; while an operator holds a mailbox the rules only propose."""
    hold = state.hold
    if mode != "enforce" or (hold is not None and hold.operator and hold.step != "watch"):
        return ""
    return _asked_for(_enforceable(evidence, limits), limits)


def _enforceable(evidence: tuple[Evidence, ...], limits: Mailboxes) -> float:
    """Return the points of the rules that may act; what speaks for the owner always counts."""
    return round(
        sum(item.points for item in evidence if item.points < 0 or limits.rules.get(item.rule) != "propose"), 1
    )


def _asked_for(score: float, limits: Mailboxes) -> Step:
    if score >= limits.suspend_score:
        return "suspend"
    if limits.throttle_score and score >= max(limits.throttle_score, limits.flag_score):
        return "throttle"
    return "flag"


def _why_only_proposed(
    state: MailboxState, limits: Mailboxes, mode: Action, evidence: tuple[Evidence, ...]
) -> Iterator[Evidence]:
    """Yield why a step is only proposed to where steps are enforced."""
    if mode != "enforce":
        return
    if state.hold is not None and state.hold.operator:
        yield Evidence(rule="mode", text=f"only proposed: an order of {state.hold.operator} holds")
        return
    points = _enforceable(evidence, limits)
    weak = [item.rule for item in evidence if item.points > 0 and limits.rules.get(item.rule) == "propose"]
    text = f"only proposed: {', '.join(weak)} may not act, and the other rules give {points:g} points"
    yield Evidence(rule="mode", text=text, value=points)


def _calmed(
    state: MailboxState, event: Event, limits: Mailboxes, evidence: tuple[Evidence, ...]
) -> tuple[MailboxDecision, ...]:
    """Release a mailbox whose score is low again.

    Not what an operator holds, nor a suspension: who sends nothing has a score that falls. A throttle lasts an hour.
    """
    if not state.step or state.score >= limits.release_score:
        return ()
    hold = state.hold
    if hold is not None and hold.step != "release":
        lasted = moment(state, event) - hold.at
        if hold.operator or hold.step == "suspend" or lasted < _LEAST_THROTTLED:
            return ()
        state.hold = None
    state.step = ""
    text = f"the score fell to {state.score:g}, below {limits.release_score:g}"
    reason = Evidence(rule="score", text=text, value=state.score, usual=limits.release_score)
    return (released(state, event, (reason, *evidence)),)


def flagged(
    state: MailboxState, event: Event, step: Literal["watch", "flag"], evidence: tuple[Evidence, ...]
) -> MailboxFlagged:
    """Return that a mailbox is watched or flagged by an event."""
    return MailboxFlagged(
        id=_identity(state, step, event),
        at=moment(state, event),
        mailbox=state.mailbox,
        score=state.score,
        step=step,
        evidence=evidence,
    )


def barred(  # noqa: PLR0913, PLR0917 a decision has that many parts
    state: MailboxState,
    event: Event,
    step: Step,
    mode: Mode,
    limits: Mailboxes,
    evidence: tuple[Evidence, ...],
    operator: str = "",
) -> MailboxThrottled | MailboxSuspended:
    """Return that a mailbox is (or should be) throttled or suspended by an event."""
    if step == "throttle":
        return MailboxThrottled(
            id=_identity(state, "throttled", event),
            at=moment(state, event),
            mailbox=state.mailbox,
            score=state.score,
            mode=mode,
            recipients_per_hour=limits.throttle_recipients_per_hour,
            evidence=evidence,
            operator=operator,
        )
    return MailboxSuspended(
        id=_identity(state, "suspended", event),
        at=moment(state, event),
        mailbox=state.mailbox,
        score=state.score,
        mode=mode,
        evidence=evidence,
        operator=operator,
    )


def released(state: MailboxState, event: Event, evidence: tuple[Evidence, ...], operator: str = "") -> MailboxReleased:
    """Return that a mailbox is released by an event."""
    return MailboxReleased(
        id=_identity(state, "released", event),
        at=moment(state, event),
        mailbox=state.mailbox,
        score=state.score,
        evidence=evidence,
        operator=operator,
    )


def moment(state: MailboxState, event: Event) -> int:
    """Return when a decision is made: with the event, or, where that came late (a complaint), with the newest one."""
    return max(event.at, state.aged)


def _identity(state: MailboxState, what: str, event: Event) -> str:
    return derived_id("mailbox", state.mailbox, what, event.id)
