"""Operators' orders and complaints in: each is kept before it is answered, and never taken twice by its key."""

import re
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec
from fastapi import APIRouter, Header, Request, Security
from starlette.concurrency import run_in_threadpool

from schemas import posted
from schemas.events import Event
from schemas.mailbox_events import PasswordChanged
from schemas.observations import OperatorActed
from streams import operating, operating_mailboxes
from streams.api.gate import BEARER, LOG, Complaining, Ordering, caller
from streams.api.problems import RefusedError, away, documented, refused
from streams.api.reading import settings_of
from streams.api.shapes import Handed, MailboxOrder, Ordered, PoolOrder

if TYPE_CHECKING:
    from schemas.maildrop import Maildrop
    from streams.api.keys import Keys

_KEY = re.compile(r"[!-~]{1,128}")
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", max_length=128, description="Sent again with the same body it is the same event."),
]
_SHARED = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
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
    responses=documented(*_SHARED, HTTPStatus.NOT_FOUND, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    dependencies=[Security(BEARER, scopes=["complaints"])],
    tags=["complaints"],
)
_BODY = {"requestBody": {"required": True, "content": {kind: {} for kind in sorted(posted.MAILS)}}}


@router.post("/pools/orders", status_code=HTTPStatus.ACCEPTED)
def pool_order(request: Request, given: PoolOrder, key: Key = "") -> Ordered:
    """Withdraw, restore, pin or unpin an outbound IP; 202 once the order is in the event log."""
    settings = settings_of(request)
    make = partial(
        operating.prepared,
        settings,
        given.action,
        given.ip,
        given.reason,
        lasts=given.lasts,
        operator=_who(request, given.operator),
        provider=given.provider,
    )
    return _ordered(request, key, given, make)


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
    _named(key)
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
    except OSError as error:
        raise away("the Maildir", error, "the complaint is not taken, send it again") from error
    return Handed(taken=1, new=new)


def _who(request: Request, human: str) -> str:
    name = f"token:{caller(request)}"
    return f"{name}/{human.strip()}" if human.strip() else name


def _named(key: str) -> None:
    if key and _KEY.fullmatch(key) is None:
        raise refused("Idempotency-Key", key, "it is of 1 to 128 ASCII characters without blanks")


def _ordered(request: Request, key: str, given: PoolOrder | MailboxOrder, make: Callable[[], Event]) -> Ordered:
    _named(key)
    field, value = ("ip", given.ip) if isinstance(given, PoolOrder) else ("mailbox", given.mailbox)
    settings = settings_of(request)
    keys: Keys = request.app.state.keys
    publish = partial(operating.publish, settings)
    asked = request.url.path.encode() + b"\n" + given.model_dump_json().encode()
    try:
        if key:
            event, repeated = keys.once(caller(request), key, asked, make, publish)
        else:
            event, repeated = make(), False
            publish(event)
    except ValueError as error:
        raise refused(field, value, str(error)) from error
    except OSError as error:
        then = "whether the order was taken is not known: send it again with the same Idempotency-Key"
        raise away("Kafka", error, then) from error
    LOG.info("order %s%s: %s", event.id, " again" if repeated else "", msgspec.json.encode(event).decode())
    return Ordered(id=event.id, repeated=repeated, event=msgspec.to_builtins(event))
