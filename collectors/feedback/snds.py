"""Microsoft's Smart Network Data Services: the CSV of its automated data access, of a day's mail and of blocked IPs.

`data.aspx` has 13 or 14 columns: IP, activity from and to, RCPT and DATA commands, recipients of messages, filter
result, complaint rate, traps from and to, trap hits, sample HELO and MAIL FROM, comments. `ipStatus.aspx` has 4: first
and last IP, blocked, why. It has no date: it is of the time of its file. SNDS names no time zone: UTC is taken.
Manual: https://sendersupport.olc.protection.outlook.com/snds/auto.aspx
Ignored by decision: from when to when the traps were hit.
"""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

from collectors.addresses import ip_or_empty
from collectors.feedback import _carried, _told
from schemas.events import Event
from schemas.moments import epoch_microseconds
from schemas.names import derived_id
from schemas.report_events import SndsReported

_STATUS_COLUMNS = 4
_DATA_COLUMNS = (13, 14)
_MOST_IPS = 256
_COUNT = re.compile(r"\d{1,18}")
_COLOURS = ("GREEN", "YELLOW", "RED", "")
_TIMES = ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M", "%m/%d/%Y")


def parse(data: bytes) -> tuple[Event, ...]:
    """Return an event each IP, none where the data is no such CSV. ValueError names the line that cannot be read."""
    return _told.once(event for document in _carried.unpacked(data) for event in _events(document))


def _events(document: bytes) -> Iterator[SndsReported]:
    text = document.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", " ").replace("\0", "")
    lines = text.split("\n")
    head = next((line for line in lines if line.strip()), "")
    _, cells = next(_rows([head]), (0, []))
    width = len(cells)
    if not ip_or_empty(head.partition(",")[0].strip(' "')) or width not in {_STATUS_COLUMNS, *_DATA_COLUMNS}:
        return
    for number, row in _rows(lines):
        if len(row) not in ({_STATUS_COLUMNS} if width == _STATUS_COLUMNS else _DATA_COLUMNS):
            raise ValueError(f"line {number}: {len(row)} columns instead of {width}")
        try:
            yield from _blocked(row) if width == _STATUS_COLUMNS else _of_a_day(row)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error


def _rows(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with its number."""
    try:
        yield from ((number, [cell.strip() for cell in row]) for number, row in enumerate(csv.reader(lines), 1) if row)
    except csv.Error as error:
        raise ValueError(f"no CSV: {error}") from error


def _of_a_day(row: list[str]) -> Iterator[SndsReported]:
    ip = ip_or_empty(row[0])
    if not ip:
        raise ValueError(f"no IP: {row[0][:80]!r}")
    begin_at, end_at = _moment(row[1]), _moment(row[2])
    if row[6].upper() not in _COLOURS:
        raise ValueError(f"no filter result: {row[6][:80]!r}")
    yield SndsReported(
        id=derived_id("snds", *row),
        at=end_at,
        ip=ip,
        begin_at=begin_at,
        end_at=end_at,
        rcpt_commands=_count(row[3]),
        data_commands=_count(row[4]),
        messages=_count(row[5]),
        filter_result=row[6].upper(),
        complaint_rate=_told.words(row[7], 20),
        trap_hits=_count(row[10] or "0"),
        helo=_told.words(row[11]).lower(),
        envelope_from=_told.words(row[12]).lower(),
        comment=_told.words(" ".join(row[13:]), 400),
    )


def _blocked(row: list[str]) -> Iterator[SndsReported]:
    first, last = ip_or_empty(row[0]), ip_or_empty(row[1])
    blocked = row[2].lower()
    if not first or not last or blocked not in {"yes", "no"}:
        raise ValueError(f"no IPs, or no answer whether they are blocked: {', '.join(row)[:120]!r}")
    begin, end = ip_address(first), ip_address(last)
    if begin.version != end.version or not 0 <= int(end) - int(begin) < _MOST_IPS:
        raise ValueError(f"no range of up to {_MOST_IPS} IPs: {first} to {last}")
    comment = _told.words(row[3], 400)
    for number in range(int(end) - int(begin) + 1):
        ip = str(begin + number)
        yield SndsReported(id=derived_id("snds", ip, *row[2:]), at=0, ip=ip, blocked=blocked, comment=comment)


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise ValueError(f"no number: {text[:80]!r}")
    return int(text)


def _moment(text: str) -> int:
    for form in _TIMES:
        try:
            return epoch_microseconds(datetime.strptime(text, form).replace(tzinfo=UTC))
        except ValueError:
            continue
    raise ValueError(f"no time: {text[:80]!r}")
