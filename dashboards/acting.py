"""What somebody does on a page: authorised anew on the server, written as an event, and told in the audit log."""

import logging
from dataclasses import dataclass

import msgspec

from dashboards.access import Deed, Person, may, needs, person
from schemas.observations import MailboxAction, OperatorActed, PoolAction
from schemas.ordering import order, order_mailbox
from schemas.settings import Settings

AUDIT = logging.getLogger("relaywarden.audit")
MOST_REASON = 500
_OF_POOLS: dict[str, PoolAction] = {"withdraw": "withdraw", "restore": "restore", "pin": "pin", "unpin": "unpin"}


class NotAllowedError(Exception):
    """Who asked for it may not do it; the text says why."""


@dataclass(frozen=True)
class Wish:
    """An order as somebody asks for it; `lasts` as in "2h", "" is until revoked.

    `deed` is what it needs to be allowed: more than the action where it goes below a guard.
    """

    action: PoolAction | MailboxAction
    subject: str
    reason: str
    lasts: str
    deed: Deed


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log: who asked for what, from where, and what came of it (`id` is the event's)."""

    who: str
    role: str
    peer: str
    action: str
    subject: str
    reason: str
    outcome: str
    id: str = ""
    why: str = ""


def give(settings: Settings, wish: Wish) -> OperatorActed:
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
        event = _ordered(settings, wish, who.name)
    except ValueError as error:
        _audit(who, wish, "invalid", why=str(error))
        raise
    except OSError as error:
        _audit(who, wish, "unconfirmed", why=str(error))
        raise
    _audit(who, wish, "ordered", identity=event.id)
    return event


def _ordered(settings: Settings, wish: Wish, operator: str) -> OperatorActed:
    if len(wish.reason) > MOST_REASON or not wish.reason.isprintable():
        raise ValueError(f"the reason must be one line of at most {MOST_REASON} characters")
    if action := _OF_POOLS.get(wish.action):
        return order(settings, action, wish.subject, wish.reason, lasts=wish.lasts, operator=operator)
    held: MailboxAction = wish.action  # type: ignore[assignment]  # no pool's, so a mailbox's
    return order_mailbox(settings, held, wish.subject, wish.reason, lasts=wish.lasts, operator=operator)


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
    AUDIT.info("%s", msgspec.json.encode(line).decode())
