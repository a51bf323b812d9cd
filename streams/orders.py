"""What an operator's order and a new password do to a mailbox, in place; no rule overrides an order (docs/adr/0007)."""

from schemas.facts import Evidence
from schemas.mailbox_events import MailboxDecision, PasswordChanged
from schemas.mailbox_settings import Mailboxes
from schemas.moments import moment_of
from schemas.observations import OperatorActed
from streams.forgetting import disown, forget_lately
from streams.habits import Hold, MailboxState
from streams.steps import barred, flagged, moment, released


def obey(state: MailboxState, event: OperatorActed, limits: Mailboxes) -> tuple[MailboxDecision, ...]:
    """Return what an order decides; one that is over when it is read decides nothing."""
    if 0 < event.expires_at <= moment(state, event):
        return ()
    if event.action == "watch":
        return _watched(state, event)
    if event.action == "release":
        return _released(state, event)
    if event.action in {"throttle", "suspend"}:
        state.step = event.action
        state.hold = _hold(state, event)
        return (barred(state, event, state.step, "enforce", limits, _reason(event, "until"), event.operator),)
    return ()


def _watched(state: MailboxState, event: OperatorActed) -> tuple[MailboxDecision, ...]:
    """Keep an eye on a mailbox: it is watched at least. It loosens nothing but an exemption."""
    if state.hold is not None and state.hold.step in {"throttle", "suspend"}:
        return ()
    state.hold = _hold(state, event)
    if state.step:
        return ()
    state.step = "watch"
    return (flagged(state, event, "watch", _reason(event, "until")),)


def _released(state: MailboxState, event: OperatorActed) -> tuple[MailboxDecision, ...]:
    """Release a mailbox and forget what it did lately; with an end the rules may only flag it until then.

    That is told even where nothing was known to hold it: a hook may still bar it, by a state that was lost.
    """
    forget_lately(state)
    state.score, state.step = 0.0, ""
    state.hold = _hold(state, event) if event.expires_at else None
    reason = _reason(event, "no rule throttles or suspends it before")
    return (released(state, event, reason, event.operator),)


def renew(state: MailboxState, event: PasswordChanged) -> tuple[MailboxDecision, ...]:
    """Return what a new password decides: who had the old one is out, so a step of the rules is over.

    What an operator throttled or suspended stays so: he may have had another reason. The networks of the last half day
    are forgotten and do not become familiar: they may be the thief's.
    """
    disown(state)
    forget_lately(state)
    state.score = 0.0
    hold = state.hold
    if hold is not None and hold.operator and hold.step in {"throttle", "suspend"}:
        return ()
    if hold is not None and hold.step != "release":
        state.hold = None
    if not state.step:
        return ()
    state.step = ""
    said = ": ".join(filter(None, (event.operator, event.reason)))
    text = f"the mailbox has a new password ({said})" if said else "the mailbox has a new password"
    return (released(state, event, (Evidence(rule="password", text=text),), event.operator),)


def _hold(state: MailboxState, event: OperatorActed) -> Hold:
    step = event.action
    assert step in {"watch", "throttle", "suspend", "release"}  # noqa: S101 others are orders to pools
    return Hold(step=step, at=moment(state, event), operator=event.operator, until=event.expires_at)


def _reason(event: OperatorActed, until: str) -> tuple[Evidence, ...]:
    end = f" ({until} {moment_of(event.expires_at):%Y-%m-%d %H:%M} UTC)" if event.expires_at else ""
    return (Evidence(rule="operator", text=f"{event.operator}: {event.reason}{end}"),)
