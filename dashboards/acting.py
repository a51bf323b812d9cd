"""What somebody does on a page: authorised anew on the server, written as an event, and told in the audit log."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from dashboards.access import Deed, Person, may, needs, person
from schemas.audit import Audit, audit
from schemas.events import Event
from schemas.observations import MailboxAction, OperatorActed, PoolAction
from schemas.ordering import prepared, prepared_mailbox, publish
from schemas.settings import Settings

MOST_REASON = 500
Made = Callable[[Settings, "Wish", str], Event]
"""Makes a wish an event, in an operator's name. ValueError where it is no order."""


class NotAllowedError(Exception):
    """Who asked for it may not do it; the text says why."""


@dataclass(frozen=True)
class Wish:
    """An order as somebody asks for it; `lasts` as in "2h", "" is until revoked.

    `deed` is what it needs to be allowed: more than the action where it goes below a guard. `made` makes it an event.
    """

    action: str
    subject: str
    reason: str
    lasts: str
    deed: Deed
    made: Made


def give(settings: Settings, wish: Wish) -> Event:
    """Publish an order in the name of who is at the other end, and return it.

    NotAllowedError where his role does not suffice. ValueError where it is no order; OSError where Kafka does not
    confirm it: whether it counts is then not known.
    """
    who = person(settings.dashboard.access)
    if not may(who, wish.deed) or not who.name:
        why = who.why or f"{wish.deed} needs the role {needs(wish.deed)}; yours is {who.role or 'none'}"
        _audit(who, wish, "refused", why=why)
        raise NotAllowedError(why)
    try:
        event = _ordered(settings, wish, who)
    except ValueError as error:
        _audit(who, wish, "invalid", why=str(error))
        raise
    except OSError as error:
        _audit(who, wish, "unconfirmed", why=str(error))
        raise
    _audit(who, wish, "ordered", identity=event.id)
    return event


def of_ip(action: PoolAction, provider: str = "") -> Made:
    """Return what makes an order about an IP, or about what it sends to one provider."""

    def made(settings: Settings, wish: Wish, operator: str) -> Event:
        return prepared(
            settings, action, wish.subject, wish.reason, lasts=wish.lasts, operator=operator, provider=provider
        )

    return made


def of_mailbox(action: MailboxAction) -> Made:
    """Return what makes an order about a mailbox."""

    def made(_settings: Settings, wish: Wish, operator: str) -> Event:
        return prepared_mailbox(action, wish.subject, wish.reason, lasts=wish.lasts, operator=operator)

    return made


def _ordered(settings: Settings, wish: Wish, who: Person) -> Event:
    if len(wish.reason) > MOST_REASON or not wish.reason.isprintable():
        raise ValueError(f"the reason must be one line of at most {MOST_REASON} characters")
    event = wish.made(settings, wish, who.name)
    if isinstance(event, OperatorActed) and event.pool and not may(who, "withdraw below min_active"):
        event = msgspec.structs.replace(event, within_guard=True)  # of two at once the pool refuses the second
    publish(settings, event)
    return event


def _audit(who: Person, wish: Wish, outcome: str, *, identity: str = "", why: str = "") -> None:
    line = Audit(
        who=who.name,
        role=who.role,
        peer=who.peer,
        action=wish.action,
        subject=wish.subject,
        reason=wish.reason,
        outcome=outcome,
        id=identity,
        why=why,
    )
    audit(line)
