"""Lists of stolen identities: one address a line, CSV with or without a header, JSON, "Have I Been Pwned" exports.

Only the addresses, the lists' names and dates are taken; a password is seen to be there, and goes no further.
Format: https://haveibeenpwned.com/API/v3#BreachModel, its domain search as JSON or CSV.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import IO, NamedTuple

from schemas.moments import epoch_microseconds
from schemas.names import canonical_mailbox

_ADDRESS = re.compile(r"""[^\s@:;,"'<>()|]{1,64}@[a-z0-9_-]+(?:\.[a-z0-9_-]+)+""")
_ADDRESSES = ("email", "emailaddress", "mail", "address", "identity", "username", "user", "login", "account")
"""What a column with addresses is called, the surest name first."""
_SOURCES = frozenset(("breach", "breaches", "breachname", "source", "sources", "database", "databasename", "title"))
_DATES = frozenset(("breachdate", "date", "leakedat", "leakdate", "leaked"))
_PASSWORDS = re.compile(r"(?:.*password.*|pass|passwd|pwd|hash)")
_NOTHING = frozenset(("", "0", "no", "false", "none", "null", "n/a", "-"))
_DELIMITERS = ",;\t|:"
_PARTS = re.compile(r"\s*[;,|]\s*")
_LONGEST_LINE = 1024 * 1024
_MOST_JSON = 512 * 1024 * 1024
_MOST_NAME = 80
_LOOKED_AT = 20


class Identity(NamedTuple):
    """A stolen identity, with or without a password; "" and 0 where its list's name or date is not told."""

    mailbox: str
    source: str = ""
    leaked_at: int = 0
    passwords: bool = False


@dataclass(frozen=True)
class _Columns:
    """Where a table has what; -1: nowhere. Of several columns of names the first that holds an address counts."""

    addresses: tuple[int, ...]
    password: tuple[int, ...] = ()
    source: int = -1
    date: int = -1


def identities(file: IO[bytes], domain: str = "") -> Iterator[Identity | None]:
    """Yield the identities of a list, None for each line without one; `domain` is that of names without one.

    A line beyond 1 MiB counts as one without. ValueError where it is no such list.
    """
    pieces = _pieces(file)
    first = next((piece for piece in pieces if piece.strip()), b"")
    second = next((piece for piece in pieces if piece.strip() or not first.endswith(b"\n")), b"")
    every = chain(filter(None, (first, second)), pieces)
    if second.lstrip().startswith(b"{") and isinstance(_object(first), Mapping):
        yield from _of_json_lines(_lines(every), domain)
    elif first.lstrip().startswith((b"{", b"[")):
        yield from _of_json(b"".join(_limited(every)).decode("utf-8", "replace"), domain)
    else:
        yield from _of_lines(_lines(every), domain)


def when(text: str) -> int:
    """Return a date (2024-05-31, or RFC 3339) as epoch microseconds. ValueError where it is none."""
    try:
        told = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date; say it as in 2024-05-31") from None
    return epoch_microseconds(told if told.tzinfo else told.replace(tzinfo=UTC))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; of one beyond the limit several pieces, all but the last without a line's end."""
    beginning = True
    while piece := file.readline(_LONGEST_LINE + 1):
        yield piece.removeprefix(b"\xef\xbb\xbf") if beginning else piece
        beginning = False


def _lines(pieces: Iterator[bytes]) -> Iterator[str | None]:
    """Yield the text of each line, None for one beyond the limit."""
    for piece in pieces:
        if piece.endswith(b"\n") or len(piece) <= _LONGEST_LINE:
            yield piece.decode("utf-8", "replace")
            continue
        next((rest for rest in pieces if rest.endswith(b"\n")), b"")
        yield None


def _limited(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > _MOST_JSON:
            raise ValueError(
                f"more than {_MOST_JSON // 1024**2} MB of JSON; give it as CSV or as a line for each entry"
            )
        yield piece


def _of_lines(lines: Iterator[str | None], domain: str) -> Iterator[Identity | None]:
    """Yield a table's identities; each line is a row of its own, so that a stray quote spoils no other."""
    beginning = list(islice(lines, _LOOKED_AT))
    delimiter = _delimiter([line for line in beginning if line])
    columns: _Columns | None = None
    for line in chain(beginning, lines):
        row = _row(line, delimiter) if line is not None else []
        if line is None:
            yield None
        if not any(cell.strip() for cell in row):
            continue
        if columns is None:
            columns = _header(row)
            if columns is not None:
                continue
            columns = _headless(row)
        yield from _of_row(row, columns, domain)


def _row(line: str, delimiter: str) -> list[str]:
    if delimiter == ":" or '"' not in line:
        return line.rstrip("\r\n").split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return [line]


def _delimiter(beginning: Sequence[str]) -> str:
    """Return what stands beside the first addresses, most often; a comma where nothing does."""
    beside = Counter[str]()
    for line in beginning:
        found = _ADDRESS.search(line.lower())
        if found is not None:
            before, after = line[: found.start()].rstrip("\"' "), line[found.end() :].lstrip("\"' ")
            beside.update(mark for mark in (after[:1], before[-1:]) if mark and mark in _DELIMITERS)
    return beside.most_common(1)[0][0] if beside else ","


def _header(row: Sequence[str]) -> _Columns | None:
    """Return the columns that a first row names; None where it is no header."""
    if any("@" in cell for cell in row):
        return None
    names = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in row]
    addresses = tuple(place for wanted in _ADDRESSES for place, name in enumerate(names) if name == wanted)
    if not addresses:
        return None
    return _Columns(
        addresses,
        tuple(place for place, name in enumerate(names) if _PASSWORDS.fullmatch(name)),
        next((place for place, name in enumerate(names) if name in _SOURCES), -1),
        next((place for place, name in enumerate(names) if name in _DATES), -1),
    )


def _headless(row: Sequence[str]) -> _Columns:
    """Return the columns of a table without a header: an address, and what stands right after it is a password."""
    address = next((place for place, cell in enumerate(row) if "@" in cell), 0)
    return _Columns((address,), (address + 1,))


def _of_row(row: Sequence[str], columns: _Columns, domain: str) -> Iterator[Identity | None]:
    def cell(place: int) -> str:
        return row[place].strip() if 0 <= place < len(row) else ""

    mailbox = _mailbox(cell(_place(row, columns.addresses)), domain)
    if not mailbox:
        yield None
        return
    passwords = any(_tells_password(cell(place)) for place in columns.password)
    leaked_at = _date(cell(columns.date))
    for source in dict.fromkeys(_PARTS.split(cell(columns.source))):
        yield Identity(mailbox, _name(source), leaked_at, passwords)


def _place(cells: Sequence[str], places: Sequence[int]) -> int:
    """Return where the address is: where one stands, else where any name does."""
    there = [place for place in places if place < len(cells) and cells[place].strip()]
    return next((place for place in there if _ADDRESS.search(cells[place].lower())), (there or places)[0])


def _mailbox(text: str, domain: str) -> str:
    """Return the address of a cell, "" where it holds none."""
    name = canonical_mailbox(text.strip("\"'<> "))
    if domain and name and "@" not in name:
        name = f"{name}@{domain}"
    return name if _ADDRESS.fullmatch(name) else ""


def _tells_password(cell: str) -> bool:
    return cell.lower() not in _NOTHING


def _date(text: str) -> int:
    try:
        return when(text)
    except ValueError:
        return 0  # not told in a way that can be read: the list counts all the same


def _name(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_MOST_NAME].strip()


def _of_json(text: str, domain: str) -> Iterator[Identity | None]:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    if isinstance(found, Mapping) and isinstance(found.get("entries"), list):
        found = found["entries"]
    if isinstance(found, Mapping) and ("BreachSearchResults" in found or "PasteSearchResults" in found):
        yield from _of_domain_search(found)
    elif isinstance(found, Mapping) and _names_address(found):
        yield from _of_object(found, domain)
    elif isinstance(found, Mapping) and found and all(isinstance(value, list) for value in found.values()):
        if not domain:
            raise ValueError("it holds names without a domain; say which with --domain")
        for alias, sources in found.items():
            mailbox = _mailbox(str(alias), domain)
            yield from (Identity(mailbox, _name(str(source))) if mailbox else None for source in sources)
    elif isinstance(found, list) and all(isinstance(row, Mapping) for row in found):
        for row in found:
            yield from _of_object(row, domain)
    else:
        raise ValueError("JSON, but neither rows with an address nor a domain search of Have I Been Pwned")


def _of_json_lines(lines: Iterator[str | None], domain: str) -> Iterator[Identity | None]:
    for line in lines:
        found = _object(line) if line is not None else None
        if isinstance(found, Mapping):
            yield from _of_object(found, domain)
        elif line is None or line.strip():
            yield None


def _object(line: str | bytes) -> object:
    """Return what a line of JSON holds, None where it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _of_object(row: Mapping[str, object], domain: str) -> Iterator[Identity | None]:
    """Yield an entry's identities: it may name several addresses."""
    columns = _header(list(row))
    if columns is None:
        yield None
        return
    values = list(row.values())
    cells = [_text(value) for value in values]
    place = _place(cells, columns.addresses)
    addresses = values[place]
    for address in dict.fromkeys(map(_text, addresses or [""] if isinstance(addresses, list) else [addresses])):
        cells[place] = address
        yield from _of_row(cells, columns, domain)


def _names_address(row: Mapping[str, object]) -> bool:
    columns = _header(list(row))
    values = list(row.values())
    return columns is not None and any("@" in _text(values[place]) for place in columns.addresses)


def _text(value: object) -> str:
    return ";".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _of_domain_search(found: Mapping[str, object]) -> Iterator[Identity | None]:
    """Yield what a domain search tells: an entry for each alias, with all breaches (or pastes) that name it."""
    for part, key in (("BreachSearchResults", "Breaches"), ("PasteSearchResults", "Pastes")):
        entries = found.get(part)
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, Mapping):
                yield None
                continue
            mailbox = _mailbox(f"{entry.get('Alias')}@{entry.get('DomainName')}", "")
            listed = entry.get(key)
            for one in listed if mailbox and isinstance(listed, list) else (None,):
                yield _breach(mailbox, one) if isinstance(one, Mapping) else None


def _breach(mailbox: str, one: Mapping[str, object]) -> Identity:
    classes = one.get("DataClasses")
    name = one.get("Name") or one.get("Source") or one.get("Title") or ""
    date = one.get("BreachDate") or one.get("Date") or ""
    return Identity(mailbox, _name(str(name)), _date(str(date)), isinstance(classes, list) and "Passwords" in classes)
