"""Operators' orders and complaints in: each is kept before it is answered, and never taken twice by its key."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec
from fastapi import APIRouter, Header, Request, Security
from starlette.concurrency import run_in_threadpool

from schemas import posted
from schemas.audit import Audit, audit, one_line
from schemas.events import Event
from schemas.mailbox_events import PasswordChanged
from schemas.observations import OperatorActed
from schemas.settings import Settings
from streams import operating, operating_mailboxes
from streams.api import guarding
from streams.api.gate import BEARER, LOG, Complaining, Ordering, caller
from streams.api.keys import OTHER_BODY
from streams.api.problems import RefusedError, away, documented, refused
from streams.api.reading import settings_of
from streams.api.shapes import Handed, MailboxOrder, Ordered, PoolOrder

if TYPE_CHECKING:
    from schemas.maildrop import Maildrop
    from streams.api.gate import Gate
    from streams.api.keys import Keys

_KEY = re.compile(r"[!-~]{1,128}")
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", max_length=128, description="Sent again with the same body it is the same event."),
]
_SHARED = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
router = APIRouter(
    prefix="/v1",
    route_class=Ordering,
    responses=documented(*_SHARED, HTTPStatus.CONFLICT),
    dependencies=[Security(BEARER, scopes=["order"])],
    tags=["order"],
)
complaining = APIRouter(
    prefix="/v1",
    route_class=Complaining,
    responses=documented(*_SHARED, HTTPStatus.NOT_FOUND),
    dependencies=[Security(BEARER, scopes=["complaints"])],
    tags=["complaints"],
)
_BODY = {"requestBody": {"required": True, "content": {kind: {} for kind in sorted(posted.MAILS)}}}


@router.post("/pools/orders", status_code=HTTPStatus.ACCEPTED)
def pool_order(request: Request, given: PoolOrder, key: Key = "") -> Ordered:
    """Withdraw, restore, pin or unpin an outbound IP; 202 once the order is in the event log."""
    settings = settings_of(request)
    gate: Gate = request.app.state.gate
    free = "admin" in gate.scopes(caller(request))
    notes: list[str] = []

    def make() -> OperatorActed:
        order = operating.prepared(
            settings,
            given.action,
            given.ip,
            given.reason,
            lasts=given.lasts,
            operator=_who(request, given.operator),
            provider=given.provider,
            within_guard=not free,
        )
        notes.extend(() if free else _guarded(settings, order))
        return order

    done = _ordered(request, key, given, make)
    return done.model_copy(update={"notes": notes})


@router.post("/mailboxes/orders", status_code=HTTPStatus.ACCEPTED)
def mailbox_order(request: Request, given: MailboxOrder, key: Key = "") -> Ordered:
    """Watch, throttle, suspend or release a mailbox, or tell its new password; 202 once it is in the event log."""
    who = _who(request, given.operator)
    if given.action == "password-changed":
        make: Callable[[], Event] = partial(
            operating_mailboxes.new_password, given.mailbox, given.reason.strip(), operator=who
        )
    else:
        make = partial(
            operating_mailboxes.prepared,
            given.action,
            given.mailbox,
            given.reason.strip(),
            lasts=given.lasts,
            operator=who,
        )
    done = _ordered(request, key, given, make)
    event = msgspec.convert(done.event, OperatorActed | PasswordChanged)
    return done.model_copy(update={"notes": list(operating_mailboxes.notes(settings_of(request), event))})


@complaining.post("/complaints", status_code=HTTPStatus.ACCEPTED, openapi_extra=_BODY)
async def complaint(request: Request, key: Key = "") -> Handed:
    """Hand in a feedback report: a mail (ARF and its like) or a document (X-ARF, …); 202 once it is on disk."""
    drop: Maildrop | None = request.app.state.drop
    if drop is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, "nobody takes complaints here: api.complaints is not set")
    _named(request, key)
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("Content-Encoding", "identity")
    for field, given, fine in (
        ("Content-Type", kind, kind in posted.MAILS),
        ("Content-Encoding", encoding, encoding == "identity"),
    ):
        if not fine:
            why = f"not taken; {', '.join(sorted(posted.MAILS)) if field == 'Content-Type' else 'identity'} is"
            raise refused(field, given, why, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    mail = await request.body()
    if not mail.strip():
        raise refused("body", "", "it is empty")
    name = f"api {caller(request)} {key}" if key else ""
    try:
        new = await run_in_threadpool(drop.deliver, posted.as_mail(mail), name)
        other = bool(key) and not new and await run_in_threadpool(drop.kept, name) not in {None, posted.as_mail(mail)}
    except OSError as error:
        raise away("the Maildir", error, "the complaint is not taken, send it again") from error
    if other:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, OTHER_BODY)
    return Handed(taken=1, new=new)


def _guarded(settings: Settings, order: OperatorActed) -> Iterator[str]:
    """Yield what whoever may not go below `min_active` should know. RefusedError where the order would."""
    try:
        why = guarding.refusal(settings, order)
    except OSError:  # the pool itself guards it where the order reaches it
        yield guarding.UNREAD
        return
    if why:
        raise RefusedError(HTTPStatus.FORBIDDEN, f"withdraw {order.subject}: {why}: that needs the scope admin")


def _who(request: Request, human: str) -> str:
    name = f"token:{caller(request)}"
    return f"{name}/{human.strip()}" if human.strip() else name


def _named(request: Request, key: str) -> None:
    if "Idempotency-Key" in request.headers and _KEY.fullmatch(key) is None:
        raise refused("Idempotency-Key", key, "it is of 1 to 128 ASCII characters without blanks")


def _ordered(request: Request, key: str, given: PoolOrder | MailboxOrder, make: Callable[[], Event]) -> Ordered:
    """Give an order, and tell the audit log what came of it."""
    tell = partial(_audit, request, given)
    try:
        event, repeated = _taken(request, key, given, make)
    except RefusedError as error:
        tell("refused", why=str(error.detail))
        raise
    except ValueError as error:
        field, value = ("ip", given.ip) if isinstance(given, PoolOrder) else ("mailbox", given.mailbox)
        tell("invalid", why=str(error))
        raise refused(field, value, str(error)) from error
    except OSError as error:
        tell("unconfirmed", why=str(error))
        then = "whether the order was taken is not known: send it again with the same Idempotency-Key"
        raise away("Kafka", error, then) from error
    tell("repeated" if repeated else "ordered", identity=event.id)
    LOG.info("order %s%s: %s", event.id, " again" if repeated else "", one_line(msgspec.json.encode(event).decode()))
    return Ordered(id=event.id, repeated=repeated, event=msgspec.to_builtins(event))


def _taken(
    request: Request, key: str, given: PoolOrder | MailboxOrder, make: Callable[[], Event]
) -> tuple[Event, bool]:
    """Return the event of an order that Kafka has, and whether it had it already. Errors as of `Keys.once`."""
    _named(request, key)
    keys: Keys = request.app.state.keys
    publish = partial(operating.publish, settings_of(request))
    if key:
        asked = request.url.path.encode() + b"\n" + given.model_dump_json().encode()
        return keys.once(caller(request), key, asked, make, publish)
    event = make()
    publish(event)
    return event, False


def _audit(
    request: Request, given: PoolOrder | MailboxOrder, outcome: str, *, identity: str = "", why: str = ""
) -> None:
    gate: Gate = request.app.state.gate
    audit(
        Audit(
            who=_who(request, given.operator),
            role=",".join(gate.scopes(caller(request))),
            peer=request.client.host if request.client else "",
            action=given.action,
            subject=given.ip if isinstance(given, PoolOrder) else given.mailbox,
            reason=given.reason,
            outcome=outcome,
            id=identity,
            why=why,
        )
    )
