"""Haraka 2.8 to 3: its log in the forms `default`, `logfmt` and `json`, with time stamps, or through syslog.

Manual: https://haraka.github.io/core/Logging

Wanted: `[main] level = info` and `timestamps = true` in log.ini (or a syslog plugin): without a time no line can be
read. Read: connections, senders and recipients with the answers that they got, the queue, what `outbound` says of each
delivery, and logins as far as plugins tell them (auth_proxy and vpopmaild name the user; of a failure elsewhere only
the delay is told). Haraka names a delivery by its mail and a number: which recipients that is, is known from the lines
before (`_haraka.Fold`); of a mail that was queued before the log begins, only the domain is. The outbound IP is the
`bind` that a get_mx plugin answers; Haraka logs none of its own.
Ignored by decision: hooks, plugins, protocol and debug lines, MX look-ups, and the summary at a connection's end.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from collectors.addresses import ip_or_empty
from collectors.mta._filters import ADDRESS
from collectors.mta._haraka import Asked, Bound, Connected, Delivered, Failed, Fold, InQueue, LoggedIn
from collectors.mta._replies import one_line
from collectors.mta.records import UNTOLD, Said
from collectors.syslog import Clock, split

__all__ = ["Fold", "parse"]

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ")
_DEFAULT = re.compile(r"\[([A-Z]{4,8})\] \[([0-9A-Fa-f-]{1,40}(?:\.\d{1,6}){0,3})\] \[([^\]\[ ]{1,100})\] ")
_PAIR = re.compile(r'(?<![^ ])([^ ="]++)=(?:"((?:[^"\\]|\\.)*+)(?:"|\Z)|([^ ]*+))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ASKED = re.compile(rf"(sender|recipient) <({ADDRESS})>(?: |\Z)")
_FAILED = re.compile(rf"recipient <({ADDRESS})> (deferred|rejected): ", re.DOTALL)
_TEMPORARY = re.compile(r"Temp failing [^ ]{1,200} for [\d.]{1,20} seconds: ")
_BOUNCED = "bouncing mail: "
_TOLD_ALREADY = ("Some recipients failed: ", "Some recipients temp failed: ")
_TOO_MANY = "Too many failures ("
_UPSTREAM = "Upstream error: "
_LOGIN = re.compile(r'AUTH user="([^"]{0,255})"(?: host="[^"]{0,255}")? success=(true|false)')
_BIND = re.compile(r'"bind":"([0-9A-Fa-f:.]{2,45})"')
_DELAYED = "delaying for "
_LONGEST_ID = 1000
_LONGEST_NAME = 300
_LEVELS = frozenset({"NOTICE", "INFO"})
_NO_TIME = "no time before it: set timestamps = true in Haraka's log.ini"


class _Json(msgspec.Struct):
    """A line in JSON: what all have; the rest is read as text."""

    level: str = ""
    uuid: str = ""
    origin: str = ""
    message: str = ""


class _Said(Said, frozen=True):
    """A line, split: its fields behind the message are those of the object that was logged with it."""

    uuid: str
    message: str
    fields: Mapping[str, str]


def parse(text: str, clock: Clock) -> Said | None:
    """Return what a line says. ValueError where one that is wanted has no time, or cannot be read."""
    at, host, body = _headed(text, clock)
    line = _line(body, at, host)
    if line is None:
        return None
    origin, said = line
    if origin == "core":
        told = _core(said)
    elif origin == "outbound":
        told = _outbound(said)
    elif origin.startswith("auth"):
        told = _auth(said)
    else:
        told = None
    if told is not None and not at:
        raise ValueError(_NO_TIME)
    return told


def _headed(text: str, clock: Clock) -> tuple[int, str, str]:
    """Return time, host and what is behind them; the time is 0 where there is none."""
    stamp = _STAMP.match(text)
    if stamp is not None:
        return clock.iso(stamp[1]), "", text[stamp.end() :]
    if text.startswith(("[", "{", "level=")) or not re.match(r"<|[A-Z][a-z]{2} [ \d]|\d{4}-", text):
        return 0, "", text
    line = split(text, clock)
    stamp = _STAMP.match(line.payload)
    return line.at, line.host, line.payload[stamp.end() :] if stamp is not None else line.payload


def _line(body: str, at: int, host: str) -> tuple[str, _Said] | None:
    """Return the origin of a line and the line, None where it is of another form or level."""
    if body.startswith("{"):
        return _json(body, at, host)
    if body.startswith("level="):
        fields = dict(_pairs(body))
        level, message = fields.get("level", ""), fields.get("message", "")
        said = _Said(at, host, fields.get("uuid", ""), message, fields)
        return (fields.get("origin", ""), said) if level in _LEVELS else None
    head = _DEFAULT.match(body)
    if head is None or head[1] not in _LEVELS:
        return None
    message = body[head.end() :].lstrip(" ")
    return head[3], _Said(at, host, head[2], message, {})


def _json(body: str, at: int, host: str) -> tuple[str, _Said] | None:
    try:
        line = msgspec.json.decode(body, type=_Json)
        values = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no line of Haraka's log: {error}") from error
    if line.level not in _LEVELS:
        return None
    fields = {
        key.rpartition(" ")[2]: str(value) for key, value in values.items() if isinstance(value, str | int | float)
    }
    return line.origin, _Said(at, host, line.uuid, line.message, fields)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs of `key=value`; in quotes a backslash takes the meaning from the next letter."""
    return [(key, _ESCAPED.sub(_unescaped, quoted) if bare is None else bare) for key, quoted, bare in _found(text)]


def _found(text: str) -> list[tuple[str, str, str | None]]:
    return [(match[1], match[2] or "", match[3]) for match in _PAIR.finditer(text)]


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r"}.get(match[1], match[1])


def _core(said: _Said) -> Said | None:
    """Return what Haraka says of a client and of the mail that it gives."""
    word = said.message.partition(" ")[0]
    read = _CORE.get(word)
    return read(said) if read is not None else None


def _connected(said: _Said) -> Said:
    ip = ip_or_empty(_rest(said, "connect").get("ip", "")) if said.message.startswith("connect") else ""
    return Connected(said.at, said.host, said.uuid.partition(".")[0], ip)


def _asked(said: _Said) -> Said:
    asked = _ASKED.match(said.message)
    if asked is None:
        raise ValueError(f"no address of a {said.message.partition(' ')[0]}")
    fields = said.fields or dict(_pairs(said.message[asked.end() :]))
    stage = "MAIL" if asked[1] == "sender" else "RCPT"
    code, reply = fields.get("code", ""), one_line(fields.get("msg", ""))
    return Asked(said.at, said.host, said.uuid, stage, asked[2], code, reply)


def _mail(said: _Said) -> Said:
    fields = _rest(said, "message")
    message_id = fields.get("mid", "").strip().removeprefix("<").removesuffix(">")[:_LONGEST_ID]
    code, reply = fields.get("code", ""), one_line(fields.get("msg", ""))
    size = _number(fields.get("size", ""))
    return Asked(said.at, said.host, said.uuid, "END-OF-MESSAGE", message_id, code, reply, size)


def _queue(said: _Said) -> Said | None:
    return InQueue(said.at, said.host, said.uuid) if _rest(said, "queue").get("code") == "OK" else None


_CORE: dict[str, Callable[[_Said], Said | None]] = {
    "connect": _connected,
    "disconnect": _connected,
    "sender": _asked,
    "recipient": _asked,
    "message": _mail,
    "queue": _queue,
}


def _rest(said: _Said, word: str) -> Mapping[str, str]:
    """Return the fields behind the first word of a message."""
    return said.fields or dict(_pairs(said.message[len(word) :]))


def _outbound(said: _Said) -> Said | None:
    """Return what Haraka says of a delivery."""
    message = said.message
    if message.startswith("delivered file=") or "file" in said.fields:
        return _delivered(said, _rest(said, "delivered"))
    if message.startswith("hook=get_mx ") or said.fields.get("hook") == "get_mx":
        bound = set(_BIND.findall(_rest(said, "").get("msg", "")))
        return Bound(said.at, said.host, said.uuid, ip_or_empty(bound.pop())) if len(bound) == 1 else None
    failed = _FAILED.match(message)
    if failed is not None:
        reply, deferred = one_line(message[failed.end() :]), failed[2] == "deferred"
        return Failed(said.at, said.host, said.uuid, failed[1], "deferred" if deferred else "bounced", reply)
    temporary = _TEMPORARY.match(message)
    if temporary is None and not message.startswith(_BOUNCED):
        return None
    why = message[temporary.end() if temporary else len(_BOUNCED) :]
    if why.startswith(_TOLD_ALREADY):
        return None
    reply = one_line(why.removeprefix(_UPSTREAM))
    over = temporary is None and why.startswith(_TOO_MANY)
    return Failed(said.at, said.host, said.uuid, "", "deferred" if temporary else "bounced", reply, over)


def _delivered(said: _Said, fields: Mapping[str, str]) -> Said:
    counts = fields.get("rcpts", "").split("/")
    if len(counts) != 3:  # noqa: PLR2004 taken, deferred, refused
        raise ValueError("a delivery without the number of its recipients")
    seconds = fields.get("delay", "")
    return Delivered(
        said.at,
        said.host,
        said.uuid,
        fields.get("domain", "")[:_LONGEST_NAME],
        fields.get("host", "")[:_LONGEST_NAME],
        ip_or_empty(fields.get("ip", "")),
        _number(fields.get("port", "")),
        one_line(fields.get("response", "")),
        round(float(seconds) * 1000) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", seconds, re.ASCII) else UNTOLD,
        fields.get("mode") == "LMTP",
        _number(counts[0]),
    )


def _auth(said: _Said) -> Said | None:
    """Return a login that a plugin tells of."""
    uuid = said.uuid.partition(".")[0]
    login = _LOGIN.match(said.message)
    if login is not None:
        return LoggedIn(said.at, said.host, uuid, login[1], "succeeded" if login[2] == "true" else "failed")
    return LoggedIn(said.at, said.host, uuid, "", "failed") if said.message.startswith(_DELAYED) else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len("999999999999") else 0
