"""The log lines in what shippers send: text as it is, or the JSON of Vector, Fluent Bit, Filebeat, Logstash, rsyslog.

Where a shipper passes on the line that a program wrote, it is that line. Where it took it apart, which its name for
the program tells, a line is put together from the parts, with an RFC 3339 stamp in front. A control character within
a line is written as rsyslog does it (`#012`): it begins no other line.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from collectors.inputs._controls import escaped

MOST = 262_144
"""So many lines, or objects with all those within them, may a body hold: it is a bound on what they take in memory."""

_MOST_COMMAS = 1_000_000
_SAMPLE = 1000
_TOLD = 20
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.%:-]{0,253}(?<!:)|-")
_PROGRAM = re.compile(r"[^!-~]|[\[\]:]")
_TAG = re.compile(r"([^\[\]: ]{1,128})(?:\[([0-9]{1,10})\])?:?")
_PID = re.compile(r"[0-9]{1,10}")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?")
_TRADITIONAL = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_OF = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (1e20, 1e-3))  # seconds, ms, µs, ns: to microseconds

Plain = str | int | float | None


class Unread(msgspec.Struct, frozen=True):
    """What holds no line: the number of the item in its body, why, and how it begins."""

    number: int
    reason: str
    sample: bytes


class Read(msgspec.Struct, frozen=True):
    """The lines of a body; of what holds none the first few, and how many there are."""

    lines: list[bytes]
    unread: list[Unread] = []
    refused: int = 0


class _Ecs(msgspec.Struct, omit_defaults=True):
    """The parts of Elastic's nested fields that tell of a line: each is one of several structures."""

    name: Plain = None
    hostname: Plain = None
    appname: Plain = None
    identifier: Plain = None
    procid: Plain = None
    pid: Plain = None
    program: Plain = None
    original: Plain = None


class _Log(msgspec.Struct, omit_defaults=True):
    syslog: _Ecs | None = None


class _Record(msgspec.Struct, omit_defaults=True):
    """What any of the shippers may call the parts of a line; all other fields are passed over unread."""

    message: Plain = None
    journal_message: Plain = msgspec.field(name="MESSAGE", default=None)
    log: _Log | Plain = None
    msg: Plain = None
    event: _Ecs | Plain = None
    timestamp: Plain = None
    timereported: Plain = None
    at_timestamp: Plain = msgspec.field(name="@timestamp", default=None)
    time: Plain = None
    date: Plain = None
    source_realtime: Plain = msgspec.field(name="_SOURCE_REALTIME_TIMESTAMP", default=None)
    realtime: Plain = msgspec.field(name="__REALTIME_TIMESTAMP", default=None)
    hostname: Plain = None
    journal_hostname: Plain = msgspec.field(name="_HOSTNAME", default=None)
    logsource: Plain = None
    host: _Ecs | Plain = None
    syslogtag: Plain = None
    tag: Plain = None
    appname: Plain = None
    app_name: Plain = msgspec.field(name="app-name", default=None)
    ident: Plain = None
    program: Plain = None
    journal_identifier: Plain = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    journal_command: Plain = msgspec.field(name="_COMM", default=None)
    programname: Plain = None
    procid: Plain = None
    pid: Plain = None
    journal_syslog_pid: Plain = msgspec.field(name="SYSLOG_PID", default=None)
    journal_pid: Plain = msgspec.field(name="_PID", default=None)
    syslog: _Ecs | Plain = None
    process: _Ecs | Plain = None
    journald: _Ecs | Plain = None


_DECODER: msgspec.json.Decoder[_Record | str] = msgspec.json.Decoder(_Record | str)
_LIST_DECODER = msgspec.json.Decoder(list[_Record | str])
_RAW_DECODER = msgspec.json.Decoder(list[msgspec.Raw])


def of_text(body: bytes) -> Read:
    """Return the lines of a text. ValueError where they are too many."""
    if body.count(b"\n") >= MOST:
        raise ValueError(f"more than {MOST} lines at once")
    return Read([line for each in body.split(b"\n") if (line := _escaped(each))])


def of_json(body: bytes) -> Read:
    """Return the lines of JSON: one object, an array of them, or one a line; a string is a line as it is.

    ValueError where it holds too much, or is no JSON at all.
    """
    if body.count(b"{") > MOST:
        raise ValueError(f"more than {MOST} objects at once")
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        return Read([])
    if body.startswith(b"["):
        return _of_array(body)
    first, _, rest = body.partition(b"\n")
    if not rest or not _is_whole(first):
        return _of_items([_decoded(body)] if not rest or _is_whole(body) else _of_lines(body))
    return _of_items(_of_lines(body))


def _of_array(body: bytes) -> Read:
    try:
        try:
            return _of_items(_LIST_DECODER.decode(body))
        except msgspec.ValidationError as error:  # one item is something else: each is looked at by itself
            if body.count(b",") > _MOST_COMMAS:
                raise ValueError(f"no array of log lines: {error}") from error
            return _of_items(_decoded(bytes(raw)) for raw in _RAW_DECODER.decode(body))
    except RecursionError:
        raise ValueError("JSON that is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"no JSON: {error}") from error


def _of_lines(body: bytes) -> Iterator["_Record | str | Unread"]:
    if body.count(b"\n") >= MOST:
        raise ValueError(f"more than {MOST} lines at once")
    return (_decoded(line) for line in body.split(b"\n") if line.strip())


def _is_whole(text: bytes) -> bool:
    """Tell whether a text is one value of JSON."""
    return not isinstance(_decoded(text), Unread)


def _decoded(text: bytes) -> "_Record | str | Unread":
    try:
        return _DECODER.decode(text)
    except RecursionError:
        return Unread(0, "JSON that is nested too deep", text[:_SAMPLE])
    except msgspec.ValidationError as error:
        return Unread(0, f"no log line of a shipper: {error}", text[:_SAMPLE])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Unread(0, f"no JSON: {error}", text[:_SAMPLE])


def _of_items(items: Iterable["_Record | str | Unread"]) -> Read:
    lines: list[bytes] = []
    unread: list[Unread] = []
    refused = 0
    for number, item in enumerate(items, 1):
        line = item if isinstance(item, Unread) else _line_or_not(item)
        if isinstance(line, Unread):
            refused += 1
            if refused <= _TOLD:
                unread.append(msgspec.structs.replace(line, number=number))
        elif line:
            lines.append(line)
    return Read(lines, unread, refused)


def _line_or_not(item: "_Record | str") -> bytes | Unread:
    try:
        return _escaped((item if isinstance(item, str) else _line(item)).encode())
    except ValueError as error:
        return Unread(0, str(error), msgspec.json.encode(item)[:_SAMPLE])


def _line(record: _Record) -> str:
    """Return the line of one object. ValueError where it has none, or its parts make none."""
    original = record.event.original if isinstance(record.event, _Ecs) else None
    program, pid = _program(record)
    if isinstance(original, str):
        return original
    told = (record.message, record.journal_message, record.log, record.msg)
    message = next((str(each) for each in told if isinstance(each, str | int | float)), None)
    if message is None:
        raise ValueError("it has neither message nor MESSAGE, log or msg")
    if not program:
        return message
    host = _first(
        record.hostname,
        record.journal_hostname,
        record.logsource,
        *_nested(record.host, "hostname", "name"),
        record.host,
    )
    if host and not _HOST.fullmatch(host):
        raise ValueError(f"{host[:100]!r} is no name of a host")
    tag = f"{program}[{pid}]:" if pid else f"{program}:"
    return " ".join(part for part in (_stamp(record), host, tag, message.removeprefix(" ")) if part)


def _program(record: _Record) -> tuple[str, str]:
    """Return the program that a shipper took from the line, and its process; "" where it took none."""
    syslog = record.log.syslog if isinstance(record.log, _Log) else None
    tag = _first(record.syslogtag, record.tag)
    found = _TAG.fullmatch(tag) if tag else None
    if found:
        return found[1], found[2] or ""
    program = _first(
        *(record.appname, record.app_name, record.ident, record.program, record.journal_identifier),
        *_nested(syslog, "appname"),
        *_nested(record.syslog, "identifier"),
        *_nested(record.process, "program"),
        *(record.programname, record.journal_command),
    )
    if program in {None, "", "-"}:
        return "", ""
    pid = _first(
        *(record.procid, record.pid, record.journal_syslog_pid, record.journal_pid),
        *_nested(syslog, "procid"),
        *_nested(record.syslog, "pid"),
        *_nested(record.process, "pid"),
        *_nested(record.journald, "pid"),
    )
    return _PROGRAM.sub("_", program or "")[:128], pid if pid and _PID.fullmatch(pid) else ""


def _nested(part: Any, *names: str) -> Iterator[Plain]:  # noqa: ANN401 what stands there is looked at here
    if isinstance(part, _Ecs):
        yield from (getattr(part, name) for name in names)


def _first(*values: Any) -> str | None:  # noqa: ANN401 likewise
    """Return the first of these that is a text or a number, as text."""
    return next((str(each) for each in values if isinstance(each, str | int | float) and each != ""), None)


def _stamp(record: _Record) -> str:
    """Return the time of a line, with its zone where one is told. ValueError where no field has it."""
    told = (record.timestamp, record.timereported, record.at_timestamp, record.time, record.date)
    for each in told:
        if isinstance(each, str) and (found := _ISO.fullmatch(each)):
            fraction = f".{found[3]}" if found[3] else ""
            return f"{found[1]}T{found[2]}{fraction}{found[4] or 'Z'}"
    for each in (record.source_realtime, record.realtime, *told):
        number = float(each) if isinstance(each, str) and each.isascii() and each.isdigit() else each
        if isinstance(number, int | float):
            return _of_epoch(number)
    for each in told:
        if isinstance(each, str) and _TRADITIONAL.fullmatch(each):
            return each
    raise ValueError("it names a program, but no time that can be read")


def _of_epoch(number: float) -> str:
    """Return a time given in seconds, milliseconds, microseconds or nanoseconds since 1970."""
    factor = next((factor for largest, factor in _LARGEST_OF if 0 <= number < largest), None)
    if factor is None:
        raise ValueError(f"{number!r} is no time")
    return (_EPOCH + timedelta(microseconds=round(number * factor))).isoformat(timespec="microseconds")


def _escaped(line: bytes) -> bytes:
    """Return a line without its end, and with no control character but the tab."""
    return escaped(line.rstrip(b"\r\n"), tabs=False)
