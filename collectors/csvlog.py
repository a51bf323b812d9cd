"""Logs that are tables: comma-separated values (RFC 4180) whose columns a header line names.

What a field means is told by the header, which may stand thousands of lines above or in a file that was rotated away,
and a quoted field may hold line breaks. So the `parse` of such a format gives its lines as they stand (`Line`), and its
fold, with a `Table`, remembers the columns and the record that is not at its end yet: both survive a restart.

- A header holds from its line on, also in the middle of a file; it holds for the next file until that names its own.
- Before the first header, a record is read by the known layout that has as many fields. A record with another number of
  fields than the header or any layout is a dead letter: nothing is guessed.
- A record that is not at its end goes on until the quotes are closed, whatever its lines look like: text of a stranger
  never becomes a header or a record. One that is longer than any real one is given up, and is a dead letter.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from collectors.mta.records import Said
from schemas.moments import epoch_microseconds

_MOST_COLUMNS = 200
_LONGEST_NAME = 100
_LONGEST_RECORD = 64 * 1024
_MOST_LINES = 50
_SHORTEST_STAMP = 19
_BOM = "\ufeff"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Line(Said, frozen=True, gc=False):
    """A line of a table as it stands; its time (`at`) is in a column, so it is 0 here."""

    text: str


class _State(msgspec.Struct, array_like=True):
    columns: tuple[str, ...] = ()
    begun: str = ""
    lines: int = 0


class Table:
    """The columns of a table and the beginning of a record that is not at its end yet.

    `layouts` are those that the program writes unless it is told otherwise; a header names at least the columns of
    `needed`, else it is another table's.
    """

    def __init__(self, layouts: tuple[tuple[str, ...], ...], needed: tuple[str, ...], state: bytes = b"") -> None:
        self._layouts = {len(layout): layout for layout in layouts}
        self._needed = needed
        self._now = msgspec.msgpack.decode(state, type=_State) if state else _State()

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next table of the same log."""
        return msgspec.msgpack.encode(self._now)

    @property
    def within(self) -> bool:
        """Tell whether a record has begun that is not at its end: the next line belongs to it, whatever it says."""
        return bool(self._now.begun)

    def head(self, text: str) -> None:
        """Take the columns of a header. ValueError where it names too many, is another table's, or has no end."""
        names = tuple(name.strip() for name in _fields(text.removeprefix(_BOM)))
        if len(names) > _MOST_COLUMNS or any(len(name) > _LONGEST_NAME for name in names):
            raise ValueError(f"a header of {len(names)} columns, or with names longer than {_LONGEST_NAME}")
        missing = [name for name in self._needed if name not in names]
        if missing:
            raise ValueError(f"the header of another table: it names no {missing[0]}")
        self._now.columns = names

    def row(self, text: str) -> Mapping[str, str] | None:
        """Return a record by its columns' names, or None where it goes on. ValueError where it fits no columns."""
        if self._now.begun:
            text = f"{self._now.begun}\n{text}"
            lines = self._now.lines + 1
            if text.count('"') % 2:
                self._wait(text, lines)
                return None
            self._now.begun, self._now.lines = "", 0
        elif text.count('"') % 2:
            self._wait(text, 1)
            return None
        fields = _fields(text)
        columns = self._now.columns or self._layouts.get(len(fields), ())
        if len(columns) != len(fields):
            known = f"the header names {len(columns)}" if self._now.columns else "no header was read yet"
            raise ValueError(f"a record of {len(fields)} fields; {known}")
        return dict(zip(columns, fields, strict=True))

    def _wait(self, text: str, lines: int) -> None:
        if lines > _MOST_LINES or len(text) > _LONGEST_RECORD:
            self._now.begun, self._now.lines = "", 0
            raise ValueError(f"a record that has no end within {lines} lines and {len(text)} characters")
        self._now.begun, self._now.lines = text, lines


def _fields(text: str) -> list[str]:
    """Return the fields of one whole record. ValueError where quotes stand where none may."""
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"no record of comma-separated values: {error}") from error


def is_stamped(text: str) -> bool:
    """Tell whether a line begins with a time, as each record of Exchange's tables does."""
    return _STAMP.match(text) is not None


def time_of(stamp: str) -> int:
    """Return the time of a stamp with its zone, or of seconds since 1970. ValueError if it is none."""
    if stamp.isascii() and stamp.isdecimal() and len(stamp) <= len("9999999999"):
        return int(stamp) * 1_000_000
    moment = datetime.fromisoformat(stamp) if len(stamp) >= _SHORTEST_STAMP else None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"no time with its zone: {stamp[:40]!r}")
    at = epoch_microseconds(moment)
    if at < 0:
        raise ValueError(f"a time before 1970: {stamp[:40]!r}")
    return at


def parts_of(endpoint: str) -> tuple[str, int]:
    """Return address and port of `192.0.2.1:25` or `[2001:db8::1]:25`, the port 0 where it has none."""
    if endpoint.startswith("["):
        address, _, port = endpoint[1:].partition("]:")
    elif endpoint.count(":") == 1:
        address, _, port = endpoint.partition(":")
    else:
        address, port = endpoint, ""
    is_port = port.isascii() and port.isdecimal() and len(port) <= len("65535")
    return address.removesuffix("]"), int(port) if is_port else 0


def split_recipients(text: str) -> Iterator[str]:
    """Give the addresses of a list parted by semicolons; those in the quotes of a local part part nothing."""
    begin, quoted = 0, False
    for place, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter == ";" and not quoted:
            if text[begin:place].strip():
                yield text[begin:place].strip()
            begin = place + 1
    if text[begin:].strip():
        yield text[begin:].strip()
