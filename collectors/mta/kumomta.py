"""KumoMTA: its log records, one JSON object a line (`kumo.configure_local_logs`), as they are without a template.

Manual: https://docs.kumomta.com/reference/log_record/

Records: Reception, Delivery, Bounce, TransientFailure (deferred), Expiration, and Rejection (a client's command was
refused). The transport is the egress source, the outbound IP that of `source_address`; the login is `authn_id`, where
`meta = {"authn_id"}` tells KumoMTA to log it. A Delivery without SMTP (Maildir, Lua, HTTP) is local.
Ignored by decision: AdminBounce (an operator took the message back: no server answered; it only ends the message), OOB
and Feedback (bounces and complaints by mail, read where these arrive), Delayed, AdminRebind, DeferredInjectionRebind
and XferIn, XferOut (between queues and nodes), and records of log hooks.
A null is read as a field that is not there: what has none (the sender of a refused connection) is so written by some.
"""

from collections.abc import Callable

import msgspec

from collectors.addresses import ip_or_empty
from collectors.csvlog import parts_of, time_of
from collectors.mta._replies import enhanced_of, one_line
from collectors.mta.records import (
    Attempted,
    Expired,
    Identified,
    Queued,
    Received,
    Record,
    Refused,
    Removed,
    Said,
    Several,
)
from collectors.syslog import Clock
from schemas.facts import Outcome

_IGNORED = frozenset({"OOB", "Feedback", "Delayed", "AdminRebind", "DeferredInjectionRebind", "XferIn", "XferOut"})
_SMTP = frozenset({"SMTP", "ESMTP", "LMTP", ""})
_VERBS = {".": "END-OF-MESSAGE", "DATA": "DATA", "BDAT": "BDAT", "MAIL": "MAIL", "RCPT": "RCPT", "EHLO": "EHLO"}
_STAGES = _VERBS | {"HELO": "HELO", "AUTH": "AUTH", "STARTTLS": "STARTTLS", "XCLIENT": "XCLIENT"}
_LONGEST = 300
_MOST_RECIPIENTS = 1000
_LATEST = 10**11
_LARGEST = 2**53
_LARGEST_CODE = 599


class _Enhanced(msgspec.Struct, rename={"kind": "class"}):
    kind: int
    subject: int
    detail: int


class _Response(msgspec.Struct):
    code: int = 0
    enhanced_code: _Enhanced | None = None
    content: str = ""
    command: str | None = None


class _Peer(msgspec.Struct):
    name: str = ""
    addr: str = ""


class _Source(msgspec.Struct):
    address: str = ""


class _Told(msgspec.Struct, rename={"kind": "type"}):
    """A record, as far as it is read; `meta` and `headers` are what the operator chose."""

    kind: str
    id: str
    sender: str = ""
    recipient: str | list[str] = ""
    size: int = 0
    response: _Response = msgspec.field(default_factory=_Response)
    peer_address: _Peer | None = None
    timestamp: float | str = 0
    event_time: str = ""
    created: float | str = 0
    created_time: str = ""
    egress_source: str | None = None
    source_address: _Source | None = None
    delivery_protocol: str | None = None
    reception_protocol: str | None = None
    meta: dict[str, object] = {}
    headers: dict[str, object] = {}


def parse(text: str, clock: Clock) -> Record | Said | None:  # noqa: ARG001 the times are UTC
    """Return what a record says. ValueError where a line is no record."""
    try:
        told = _told(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no log record: {error}") from error
    if told.kind in _IGNORED or told.reception_protocol == "LogRecord":
        return None
    read = _READ.get(told.kind)
    if read is None:
        raise ValueError(f"no record type {told.kind[:40]!r}")
    return read(told, _at(told.event_time or told.timestamp))


def _told(text: str) -> _Told:
    """Return a record. Most have no null where a value is wanted: they are read once."""
    try:
        return msgspec.json.decode(text, type=_Told)
    except msgspec.ValidationError:
        return msgspec.convert(_without_nulls(msgspec.json.decode(text)), _Told)


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value if one is not None] if isinstance(value, list) else value


def _at(moment: float | str) -> int:
    """Return a time of a record. ValueError where it is none."""
    if isinstance(moment, str):
        return time_of(moment)
    if not 0 < moment < _LATEST:
        raise ValueError(f"no time: {moment}")
    return round(moment * 1_000_000)


def _reception(told: _Told, at: int) -> Said:
    client_ip = ip_or_empty(told.peer_address.addr) if told.peer_address else ""
    message_id = _word(told.headers, "message-id")
    return Several(
        at,
        "",
        (
            Received(at, "", told.id, "", client_ip, mailbox=_word(told.meta, "authn_id")),
            Identified(at, "", told.id, message_id.removeprefix("<").removesuffix(">")),
            Queued(at, "", told.id, told.sender, min(max(told.size, 0), _LARGEST), len(_recipients(told))),
        ),
    )


def _ended(outcome: Outcome) -> Callable[[_Told, int], Said]:
    """Return what reads the records of an outcome; all but a deferral end the message."""

    def read(told: _Told, at: int) -> Said:
        records: list[Record] = [_attempt(told, at, recipient, outcome) for recipient in _recipients(told)]
        return Several(at, "", (*records, *(() if outcome == "deferred" else (Removed(at, "", told.id),))))

    return read


def _attempt(told: _Told, at: int, recipient: str, outcome: Outcome) -> Attempted:
    peer, created = told.peer_address or _Peer(), told.created_time or told.created
    began = _at(created) if created else at
    return Attempted(
        at,
        "",
        told.id,
        recipient,
        "",
        outcome,
        _status(told.response),
        _reply(told.response),
        (told.egress_source or "")[:_LONGEST],
        peer.name.rstrip(".")[:_LONGEST],
        ip_or_empty(peer.addr),
        0,
        max(0, at - began) // 1000,
        local=(told.delivery_protocol or "") not in _SMTP,
        outbound_ip=ip_or_empty(parts_of(told.source_address.address)[0]) if told.source_address else "",
        mailbox=_word(told.meta, "authn_id"),
        envelope_from=told.sender,
        has_envelope=True,
    )


def _expired(told: _Told, at: int) -> Said:
    return Several(at, "", (Expired(at, "", told.id, told.sender), Removed(at, "", told.id)))


def _taken_back(told: _Told, at: int) -> Record:
    return Removed(at, "", told.id)


def _refused(told: _Told, at: int) -> Record:
    """Return that a client's command was refused; the name that it gave itself is its HELO."""
    peer, command = told.peer_address or _Peer(), (told.response.command or "").upper()
    verb = command.split(" ", 1)[0].split(":", 1)[0][:20]
    return Refused(
        at,
        "",
        "",
        _STAGES.get(verb, ""),
        "",
        ip_or_empty(peer.addr),
        told.response.code if 0 <= told.response.code <= _LARGEST_CODE else 0,
        _status(told.response),
        _reply(told.response),
        told.sender,
        bool(told.sender),
        next(iter(_recipients(told)), ""),
        peer.name[:_LONGEST],
        _word(told.meta, "authn_id"),
    )


_READ: dict[str, Callable[[_Told, int], Record | Said]] = {
    "Reception": _reception,
    "Delivery": _ended("sent"),
    "Bounce": _ended("bounced"),
    "TransientFailure": _ended("deferred"),
    "Expiration": _expired,
    "AdminBounce": _taken_back,
    "Rejection": _refused,
}


def _recipients(told: _Told) -> list[str]:
    found = [told.recipient] if isinstance(told.recipient, str) else told.recipient
    if len(found) > _MOST_RECIPIENTS:
        raise ValueError(f"{len(found)} recipients of one message, more than {_MOST_RECIPIENTS}")
    return found


def _status(response: _Response) -> str:
    code = response.enhanced_code
    told = f"{code.kind}.{code.subject}.{code.detail}" if code is not None else response.content
    return enhanced_of(told)


def _reply(response: _Response) -> str:
    status = "" if enhanced_of(response.content) else _status(response)
    return one_line(f"{response.code or ''} {status} {response.content}")


def _word(values: dict[str, object], name: str) -> str:
    """Return a text that the operator lets KumoMTA log, whatever the case of its name, "" where there is none."""
    for key, value in values.items():
        if key.lower() == name and isinstance(value, str):
            return value[:_LONGEST]
    return ""
