"""An entry of the journal, as `journalctl --output=json` writes it, as a line of syslog with an RFC 3339 stamp.

Format: https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format
Any local user may write entries, with any identifier and any bytes: neither becomes another field or another line.
"""

import re

import msgspec

from collectors.inputs._controls import escaped
from schemas.moments import moment_of

FIELDS = "MESSAGE,_HOSTNAME,SYSLOG_IDENTIFIER,_COMM,_PID,SYSLOG_PID,_SOURCE_REALTIME_TIMESTAMP"

_Value = str | list[int | str | list[int] | None] | None
_LONGEST_NAME = 60
_NO_NAME = re.compile(r"[^!-9;-Z\\^-~]")  # blanks, brackets, colons: they part the header's fields


class _Fields(msgspec.Struct, rename="upper"):
    cursor: str = msgspec.field(name="__CURSOR")
    written: _Value = msgspec.field(name="__REALTIME_TIMESTAMP")
    sent: _Value = msgspec.field(name="_SOURCE_REALTIME_TIMESTAMP", default="")
    host: _Value = msgspec.field(name="_HOSTNAME", default="")
    command: _Value = msgspec.field(name="_COMM", default="")
    pid: _Value = msgspec.field(name="_PID", default="")
    syslog_identifier: _Value = ""
    syslog_pid: _Value = ""
    message: _Value = ""


class Entry(msgspec.Struct, frozen=True):
    """Where the journal goes on behind an entry, and its line; None for one without a message."""

    cursor: str
    line: bytes | None


class _Place(msgspec.Struct):
    cursor: str = msgspec.field(name="__CURSOR")


def cursor_of(text: bytes) -> str:
    """Return the cursor of an entry, whatever else it holds. ValueError where it has none."""
    return msgspec.json.decode(text, type=_Place).cursor


def entry(text: bytes) -> Entry:
    """Return an entry. ValueError where it cannot be read, or journalctl left its message out."""
    try:
        fields = msgspec.json.decode(text, type=_Fields)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no entry of the journal: {error}") from error
    if fields.message is None:
        raise ValueError("a message too large for journalctl")
    message = _bytes(fields.message)
    if not message:
        return Entry(fields.cursor, None)
    stamp = _stamp(_bytes(fields.sent)) or _stamp(_bytes(fields.written))
    if not stamp:
        raise ValueError(f"an entry without a time: {_bytes(fields.written)[:40]!r}")
    pid = _bytes(fields.pid) or _bytes(fields.syslog_pid)
    header = (
        f"{stamp} {_name(fields.host) or '-'} {_name(fields.syslog_identifier) or _name(fields.command) or 'unknown'}"
        f"{f'[{pid.decode()}]' if pid.isdigit() else ''}: "
    )
    return Entry(fields.cursor, header.encode() + escaped(message))


def _bytes(value: _Value) -> bytes:
    """Return the bytes of a field, of one that is there several times the first: text, or a list of bytes' numbers."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    first = value[0] if value else None
    if isinstance(first, int):
        return bytes(each for each in value or () if isinstance(each, int))
    return _bytes(first) if isinstance(first, str) else bytes(first or ())


def _stamp(micros: bytes) -> str:
    """Return microseconds since 1970 in the form of RFC 3339, "" where they are none."""
    if not micros.isdigit() or len(micros) > len("9999999999999999"):
        return ""
    return moment_of(int(micros)).isoformat(timespec="microseconds")


def _name(value: _Value) -> str:
    return _NO_NAME.sub("_", _bytes(value).decode("utf-8", "replace"))[:_LONGEST_NAME]
