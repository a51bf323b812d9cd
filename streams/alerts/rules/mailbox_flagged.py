"""A mailbox looks compromised, or was throttled or suspended; over once it is released."""

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.mailbox_events import MailboxFlagged, MailboxReleased, MailboxSuspended, MailboxThrottled
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "warning"
DELAY_MINUTES = 0.0
MEANS = "a mailbox looks compromised, or is throttled or suspended"


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a step of a mailbox tells: to watch it is none yet, and an operator's own order is a notice."""
    match fact:
        case MailboxFlagged(step="flag"):
            text = f"{fact.mailbox} looks compromised, score {fact.score:.0f}"
        case MailboxThrottled():
            text = f"{fact.mailbox} {_done(fact.mode, 'held')} to {fact.recipients_per_hour} recipients an hour"
        case MailboxSuspended():
            text = f"{fact.mailbox} {_done(fact.mode, 'barred')} from sending"
        case MailboxReleased():
            text = f"{fact.mailbox} is released"
        case _:
            return None, ()
    operator = getattr(fact, "operator", "")
    lesser: Severity | None = "notice" if operator else None
    sign = Sign(
        subject=fact.mailbox, at=fact.at, on=not isinstance(fact, MailboxReleased),
        text=f"{text} by {operator}" if operator else text,
        severity=lesser, evidence=fact.evidence, page="mailboxes", shown=fact.mailbox,
    )  # fmt: skip
    return None, (sign,)


def _done(mode: str, what: str) -> str:
    return f"is {what}" if mode == "enforce" else f"should be {what}"
