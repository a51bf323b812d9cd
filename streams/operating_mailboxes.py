"""The operator's hand on mailboxes: orders, and that one has a new password (always events)."""

import socket
from collections.abc import Iterator

from schemas.mailbox_events import PasswordChanged
from schemas.mailbox_settings import bars
from schemas.names import derived_id
from schemas.observations import MailboxAction as Action
from schemas.observations import OperatorActed
from schemas.ordering import login, named, now, publish
from schemas.ordering import order_mailbox as order
from schemas.ordering import prepared_mailbox as prepared
from schemas.settings import Settings
from streams.helpdesk import known
from streams.operating import warehouse
from streams.standing import moment

__all__ = ["Action", "named", "new_password", "notes", "order", "password_changed", "prepared", "told"]


def password_changed(settings: Settings, mailbox: str, reason: str = "", *, operator: str = "") -> PasswordChanged:
    """Publish that a mailbox has a new password, and return that. ValueError and OSError as with an order."""
    event = new_password(mailbox, reason, operator=operator)
    publish(settings, event)
    return event


def new_password(mailbox: str, reason: str = "", *, operator: str = "") -> PasswordChanged:
    """Return that a mailbox has a new password from now on. ValueError where the mailbox cannot be one."""
    at, name = now(), named(mailbox)
    return PasswordChanged(
        id=derived_id("password", name, at),
        at=at,
        mailbox=name,
        host=socket.gethostname(),
        operator=operator or login(),
        reason=reason,
    )


def told(event: OperatorActed | PasswordChanged) -> str:
    """Return in words what was published, and where its outcome is seen."""
    if isinstance(event, PasswordChanged):
        why = f": {event.reason}" if event.reason else ""
        return f"noted: {event.mailbox} has a new password, by {event.operator}{why} ({_seen(event.mailbox)})"
    end = f" until {moment(event.expires_at)}" if event.expires_at else ""
    return f"ordered: {event.action} {event.subject}{end} by {event.operator}: {event.reason} ({_seen(event.subject)})"


def _seen(mailbox: str) -> str:
    return f"what became of it: relaywarden mailbox history {mailbox}"


def notes(settings: Settings, event: OperatorActed | PasswordChanged) -> Iterator[str]:
    """Yield what whoever ordered it should know: that nobody carries it out, or that the mailbox was never seen."""
    mailbox = event.mailbox if isinstance(event, PasswordChanged) else event.subject
    if (
        isinstance(event, OperatorActed)
        and event.action in {"throttle", "suspend"}
        and not bars(settings.mailboxes.hooks)
    ):
        yield f"no hook is configured (mailboxes.hooks): the order is recorded, but nothing holds {mailbox} to it"
    try:
        with warehouse(settings) as client:
            seen = known(client, mailbox) is not None
    except OSError:
        return  # the order counts without ClickHouse, too
    if not seen:
        yield f"{mailbox} was never seen before: is it spelled as it logs in? The order counts all the same"
