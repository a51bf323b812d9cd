"""Halon MTA: delivery attempts and receptions as JSON, as its own log scripts (halon-extras) write them, one a line.

Manual: https://github.com/halon-extras/history-elastic https://docs.halon.io/hsl/postdelivery.html

Halon logs what its scripts log; three forms are read, also behind a syslog header: `log_delivery_attempt` of
history-elastic (flat, `action` delivered, deferred or bounced), `log_eod` of the same (a message was queued), and the
post-delivery hook's own variables, `{"message": $message, ...$arguments, "time": …}` (emailconsul's form). The outbound
IP is `localip`, the transport `transportid`, the login `authusername`.
Ignored by decision: `removed` (an operator deleted it: no server answered; it only ends the message), refusals of
`log_rcptto`, whose stage they do not tell, updates of stored documents (`doc`), the `create` and `index` lines of a
bulk request, and Halon's text log, whose wording is not documented (lines that hold no JSON).
"""

import msgspec

from collectors.addresses import ip_or_empty
from collectors.mta._replies import enhanced_of, one_line
from collectors.mta.records import UNTOLD, Attempted, Identified, Queued, Received, Record, Removed, Said, Several
from collectors.syslog import Clock, split
from schemas.facts import Outcome

_ACTIONS: dict[str, Outcome] = {"delivered": "sent", "deferred": "deferred", "bounced": "bounced"}
_HOOK: dict[str, Outcome] = {"": "sent", "QUEUE": "deferred", "DELETE": "bounced", "BOUNCE": "bounced"}
_LONGEST = 300
_LATEST = 10**14
_LARGEST = 2**53


class _Result(msgspec.Struct):
    code: int = 0
    enhanced: list[int] = []
    reason: list[str] = []


class _Error(msgspec.Struct):
    message: str = ""


class _Connection(msgspec.Struct):
    localip: str = ""
    remoteip: str = ""
    remotemx: str = ""


class _Attempt(msgspec.Struct):
    result: _Result | None = None
    error: _Error | None = None
    connection: _Connection = msgspec.field(default_factory=_Connection)


class _Id(msgspec.Struct):
    transaction: str
    queue: int | str = ""


class _Message(msgspec.Struct):
    id: _Id
    sender: str | None = None
    recipient: str | None = None
    transportid: str | None = None
    ts: float = 0


class _Told(msgspec.Struct, rename={"timestamp": "@timestamp"}):
    """What a line holds, of any of the forms; times are milliseconds."""

    action: str | None = None
    hostname: str = ""
    transactionid: str = ""
    queueid: int | str | None = None
    senderlocalpart: str | None = None
    senderdomain: str | None = None
    sender: str | None = None
    recipientlocalpart: str | None = None
    recipientdomain: str | None = None
    size: int | None = None
    received: float = 0
    timestamp: float = 0
    receivedtime: float = 0
    time: float = 0
    transportid: str | None = None
    localip: str | None = None
    remoteip: str | None = None
    remotemx: str | None = None
    authusername: str | None = None
    smtpcode: int | None = None
    smtpenhanced: str | None = None
    smtpreason: str | None = None
    message: _Message | None = None
    attempt: _Attempt | None = None
    doc: dict[str, object] | None = None
    create: dict[str, object] | None = None
    index: dict[str, object] | None = None
    update: dict[str, object] | None = None


def parse(text: str, clock: Clock) -> Record | Said | None:
    """Return what a line says. ValueError where its JSON, or its syslog header, cannot be read."""
    if not text.startswith("{"):
        text = split(text, clock).payload
        if not text.startswith("{"):
            return None
    try:
        told = msgspec.json.decode(text, type=_Told)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no line of Halon's scripts: {error}") from error
    if any(part is not None for part in (told.doc, told.create, told.index, told.update)):
        return None
    if told.message is not None:
        return _hook(told, told.message)
    if told.timestamp:
        return _attempted(told)
    if told.receivedtime:
        return _received(told) if told.action == "QUEUE" else None
    raise ValueError("no line of Halon's scripts: neither a message nor an attempt")


def _at(milliseconds: float) -> int:
    if not 0 < milliseconds < _LATEST:
        raise ValueError(f"no time: {milliseconds}")
    return round(milliseconds * 1000)


def _id(transaction: str, queue: int | str | None) -> str:
    return f"{transaction}:{queue}"[:_LONGEST] if queue not in {None, ""} else transaction[:_LONGEST]


def _received(told: _Told) -> Said:
    """Return that a message for one recipient was queued."""
    at, queue_id = _at(told.receivedtime), _id(told.transactionid, told.queueid)
    return Several(
        at,
        told.hostname,
        (
            Received(at, "", queue_id, "", ip_or_empty(told.remoteip or ""), mailbox=told.authusername or ""),
            Identified(at, "", queue_id, ""),
            Queued(at, "", queue_id, told.sender or "", min(max(told.size or 0, 0), _LARGEST), 1),
        ),
    )


def _attempted(told: _Told) -> Record | Said:
    at, queue_id = _at(told.timestamp), _id(told.transactionid, told.queueid)
    if told.action == "removed":
        return Removed(at, told.hostname, queue_id)
    outcome = _ACTIONS.get(told.action or "")
    if outcome is None:
        raise ValueError(f"no action {(told.action or '')[:40]!r}")
    reply = one_line((told.smtpreason or "").removeprefix("smtp;").removeprefix(" "))
    attempted = Attempted(
        at,
        "",
        queue_id,
        _address(told.recipientlocalpart, told.recipientdomain),
        "",
        outcome,
        enhanced_of(told.smtpenhanced or "") or enhanced_of(reply),
        reply or (str(told.smtpcode) if told.smtpcode else ""),
        told.transportid or "",
        told.remotemx or "",
        ip_or_empty(told.remoteip or ""),
        0,
        max(0, at - _at(told.received)) // 1000 if told.received else UNTOLD,
        local=False,
        outbound_ip=ip_or_empty(told.localip or ""),
        envelope_from=_address(told.senderlocalpart, told.senderdomain),
        has_envelope=told.senderlocalpart is not None,
    )
    return _ended(attempted, told.hostname)


def _hook(told: _Told, message: _Message) -> Record | Said:
    """Return an attempt as the post-delivery hook knows it."""
    at, queue_id = _at(told.time), _id(message.id.transaction, message.id.queue)
    attempt = told.attempt or _Attempt()
    if attempt.result is None and attempt.error is None:
        return Removed(at, told.hostname, queue_id)
    outcome = _HOOK.get(told.action or "")
    if outcome is None:
        raise ValueError(f"no action {(told.action or '')[:40]!r}")
    enhanced = ".".join(map(str, attempt.result.enhanced[:3])) if attempt.result else ""
    attempted = Attempted(
        at,
        "",
        queue_id,
        message.recipient or "",
        "",
        outcome,
        enhanced_of(enhanced),
        _reply(attempt, enhanced_of(enhanced)),
        message.transportid or "",
        attempt.connection.remotemx,
        ip_or_empty(attempt.connection.remoteip),
        0,
        max(0, at - _at(message.ts * 1000)) // 1000 if message.ts else UNTOLD,
        local=False,
        outbound_ip=ip_or_empty(attempt.connection.localip),
        envelope_from=message.sender or "",
        has_envelope=message.sender is not None,
    )
    return _ended(attempted, told.hostname)


def _ended(attempted: Attempted, host: str) -> Said:
    """Return an attempt, and that the message left the queue where it is not tried again."""
    over = () if attempted.outcome == "deferred" else (Removed(attempted.at, "", attempted.queue_id),)
    return Several(attempted.at, host, (attempted, *over))


def _reply(attempt: _Attempt, enhanced: str) -> str:
    if attempt.result is None:
        return one_line(attempt.error.message) if attempt.error else ""
    said = " ".join(attempt.result.reason)
    return one_line(f"{attempt.result.code or ''} {'' if said.startswith(enhanced) else enhanced} {said}")


def _address(local_part: str | None, domain: str | None) -> str:
    """Return an address; of one that is redacted only the domain is left."""
    return f"{local_part or ''}@{domain}" if domain else local_part or ""
