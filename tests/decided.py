"""What the tests of steps and orders share: a takeover, orders, and decisions in short."""

from collections.abc import Iterable

from embedded.hoster.activity import HOUR
from schemas.events import Event
from schemas.mailbox_events import MailboxDecision, MailboxFlagged, MailboxReleased, PasswordChanged
from schemas.mailbox_settings import Mailboxes
from schemas.observations import ClockTicked, OperatorActed
from streams import mailboxes
from tests.patterns import MAILBOX

BOTNET = "for=1 failed=15 guessers=12; for=4 messages=600 recipients=2 unknown=22 networks=60 from=9"
GROWING = "for=30 messages=60 unknown=12 from=9 networks=2; for=10 complaints=6"
"""A takeover that comes to 118 points: `complaints` has 75 of them, `burst` 15, `strangers` 15, `unknown_users` 14."""
QUIET = "for=60 messages=2 logins=3 networks=2 times=24"
ENFORCE = Mailboxes().model_copy(update={"action": "enforce"})
"""For the fold only: a configuration that says so needs a hook."""


def told(events: Iterable[MailboxDecision]) -> list[str]:
    """Return each decision in a word or two, such as "flag", "suspend enforce" and "released"."""
    return [_word(event) for event in events]


def _word(event: MailboxDecision) -> str:
    if isinstance(event, MailboxFlagged):
        return event.step
    if isinstance(event, MailboxReleased):
        return "released"
    return f"{'throttle' if hasattr(event, 'recipients_per_hour') else 'suspend'} {event.mode}"


def tick(at: int) -> ClockTicked:
    """Return that time passed."""
    return ClockTicked(id=f"tick {at}", at=at)


def hours_after(events: list[Event], hours: int) -> list[Event]:
    """Return the events, and a tick at each hour after them."""
    return [*events, *(tick(events[-1].at + hour * HOUR) for hour in range(1, hours + 1))]


def order(action: str, at: int, number: int = 1, until: int = 0, mailbox: str = MAILBOX) -> OperatorActed:
    """Return Ada's order."""
    return OperatorActed(
        id=f"order {number}",
        at=at,
        operator="ada",
        action=action,  # type: ignore[arg-type]  # the tests name only orders that exist
        subject=mailbox,
        reason="called the customer",
        expires_at=until,
    )


def changed(at: int, number: int = 1, reason: str = "") -> PasswordChanged:
    """Return that the mailbox has a new password."""
    return PasswordChanged(id=f"password {number}", at=at, mailbox=MAILBOX, reason=reason)


def after(events: Iterable[Event], limits: Mailboxes = ENFORCE) -> tuple[mailboxes.MailboxState, list[str]]:
    """Return the mailbox after these events, and what was decided, in short."""
    states, decided = mailboxes.replay(events, limits)
    return states[MAILBOX], told(decided)
