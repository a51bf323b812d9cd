"""A Kafka record as rows of its table: JSON lines that carry where Kafka kept them, each event once.

Pure. A publisher's chunk is neither decoded nor split: its headers tell whether all of it, nothing or a part is new,
and `kafka_*` is written into its lines where each begins. Everything else is decoded line by line.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from schemas import codec
from schemas.events import DeadLetter, Event
from schemas.names import derived_id
from schemas.retry_events import RECOVERED
from schemas.topics import (
    CASE_STATE,
    DELISTING_STATE,
    MAIL_EVENTS,
    MAILBOX_STATE,
    POOL_STATE,
    TRAFFIC_STATE,
    Topic,
    topic_of,
)
from schemas.watermark import Watermarks

REFILLED = "refilled"
"""The header of a record that was published from ClickHouse itself: the sink has its rows already."""

_BEGINNING = b'{"type":"'
_AT = re.compile(rb'"at":(\d+)[,}]')
_TEXT_BYTES = 64 * 1024
_STATE_KEYS = {
    MAILBOX_STATE.name: "mailbox",
    POOL_STATE.name: "pool",
    TRAFFIC_STATE.name: "partition",
    CASE_STATE.name: "customer",
    DELISTING_STATE.name: "pool",
}


class _Named(msgspec.Struct):
    id: str


_NAMED = msgspec.json.Decoder(_Named)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class Record:
    """What the sink needs of a Kafka record; `at` is the record's own time in epoch microseconds."""

    topic: Topic
    partition: int
    offset: int
    at: int
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Return topic, partition and offset in one word."""
        return f"{self.topic.name}/{self.partition}/{self.offset}"


@dataclass(frozen=True)
class Rows:
    """JSON lines for the topic's table, and what could not be read of the record."""

    lines: bytes = b""
    dead: tuple[DeadLetter, ...] = ()


@dataclass
class Intake:
    """What is stored already: per source by watermarks, and the single ids that a crash left beyond the commit.

    `stored` holds, per (topic, partition), the ids that ClickHouse keeps from the offset on where reading began;
    `recovered`, sorted, those of dead letters that were read again, which no watermark tells.
    """

    cluster: str
    watermarks: Watermarks
    stored: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    recovered: list[str] = field(default_factory=list)

    def take(self, record: Record, known: Collection[str] = ()) -> Rows:
        """Return what is new of a record; a record that cannot be read becomes a dead letter.

        Of events that come late (`RECOVERED`) those are new that are not `known`: their ids stand in ClickHouse.
        """
        if not record.value or REFILLED in record.headers:
            return Rows()
        try:
            lines = codec.lines_of(record.value)
        except ValueError as error:
            return Rows(dead=(dead_letter(record, 0, str(error), record.value),))
        if record.topic.name in _STATE_KEYS:
            return self._one_by_one(record, lines)
        if RECOVERED in record.headers:
            return self._late(record, lines, known)
        whole = self._whole(record, lines)
        return self._one_by_one(record, lines) if whole is None else Rows(whole)

    def _whole(self, record: Record, lines: bytes) -> bytes | None:
        """Return all lines or none of a publisher's chunk; None where it must be looked into."""
        headers = record.headers
        first, last = headers.get("first", b"").decode("latin-1"), headers.get("last", b"").decode("latin-1")
        count = headers.get("count", b"").decode("latin-1")
        if record.topic is not MAIL_EVENTS or not (first and last and count.isdecimal()):
            return None
        if self.stored.get((record.topic.name, record.partition)) or self._recovered_between(first, last):
            return None
        if not lines.startswith(_BEGINNING) or lines.count(b"\n" + _BEGINNING) != int(count) - 1:
            return None
        if lines.count(b"\n") != int(count):
            return None
        if self.watermarks.is_new(record.partition, first):
            self.watermarks.advance(record.partition, last)
            return placed(lines, self.cluster, record)
        return None if self.watermarks.is_new(record.partition, last) else b""

    def _late(self, record: Record, lines: bytes, known: Collection[str]) -> Rows:
        """Return what is not known of events that come late, and keep their ids: the log may be read again, too."""
        rows = self._one_by_one(record, without(lines, known), late=True)
        for identity in ids_of(rows.lines):
            insort(self.recovered, identity)
        return rows

    def _recovered_between(self, first: str, last: str) -> bool:
        place = bisect_left(self.recovered, first)
        return place < len(self.recovered) and self.recovered[place] <= last

    def _one_by_one(self, record: Record, lines: bytes, *, late: bool = False) -> Rows:
        kept: list[bytes] = []
        dead: list[DeadLetter] = []
        for number, line in enumerate(lines.split(b"\n")):
            if not line.strip():
                continue
            try:
                row = self._row(record, line, late=late)
            except ValueError as error:
                dead.append(dead_letter(record, number, str(error), line))
            else:
                kept += [row] if row else []
        return Rows(placed(b"".join(row + b"\n" for row in kept), self.cluster, record) if kept else b"", tuple(dead))

    def _row(self, record: Record, line: bytes, *, late: bool) -> bytes:
        """Return a line as it is stored, b"" where that was done. ValueError says what is wrong with it."""
        if record.topic.name in _STATE_KEYS:
            return _state(line, _STATE_KEYS[record.topic.name])
        event = codec.decode(line)
        if topic_of(event) is not record.topic:
            raise ValueError(f"a {type(event).__name__} does not belong to the topic {record.topic.name}")
        if any(isinstance(value, int) and abs(value) >> 63 for value in msgspec.structs.astuple(event)):
            raise ValueError("no event: a number is beyond 64 bits")  # ClickHouse would cut it short
        return codec.encode(event) if late or self._is_new(record, event) else b""

    def _is_new(self, record: Record, event: Event) -> bool:
        stored = event.id in self.stored.get((record.topic.name, record.partition), ())
        if record.topic is not MAIL_EVENTS:
            return not stored
        fresh = self.watermarks.is_new(record.partition, event.id)
        self.watermarks.advance(record.partition, event.id)
        return fresh and not stored and not self._recovered_between(event.id, event.id)


def _state(line: bytes, key: str) -> bytes:
    try:
        state = _OBJECT.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no state: {error}") from error
    missing = [name for name in (key, "at") if name not in state]
    if missing:
        raise ValueError(f"no state: it lacks {' and '.join(missing)}")
    return msgspec.json.encode(state)


def placed(lines: bytes, cluster: str, record: Record) -> bytes:
    """Return JSON lines with `kafka_*` at the head of each object."""
    name = msgspec.json.encode(cluster)
    head = b'{"kafka_cluster":%b,"kafka_partition":%d,"kafka_offset":%d,' % (name, record.partition, record.offset)
    return head + lines[1:].replace(b"\n{", b"\n" + head)


def dead_letter(record: Record, number: int, reason: str, text: bytes) -> DeadLetter:
    """Return what is kept of the `number`th line of a record that cannot be stored."""
    return DeadLetter(
        id=derived_id("sink", record.place, number, text),
        at=record.at,
        name="sink",
        format=record.topic.name,
        reason=reason,
        text=text[:_TEXT_BYTES].decode(errors="backslashreplace"),
        place=record.place,
    )


def ids_of(lines: bytes) -> Iterator[str]:
    """Yield the id of each event among JSON lines; "" where a line has none."""
    for line in lines.splitlines():
        yield _id(line)


def without(lines: bytes, ids: Iterable[str]) -> bytes:
    """Return the JSON lines whose event has an id, and none of these."""
    gone = {"", *ids}
    return b"".join(line + b"\n" for line in lines.splitlines() if _id(line) not in gone)


def since(lines: bytes, least: int) -> bytes:
    """Return the JSON lines of events from a time on; a chunk is in order, so its ends tell of all that is between."""
    end = lines.rfind(b"\n", 0, len(lines) - 1) + 1
    if _is_since(lines, least) and _is_since(lines[end:], least):
        return lines
    return b"".join(line for line in lines.splitlines(keepends=True) if _is_since(line, least))


def _is_since(line: bytes, least: int) -> bool:
    found = _AT.search(line)
    return found is None or int(found[1]) >= least


def _id(line: bytes) -> str:
    try:
        return _NAMED.decode(line).id
    except msgspec.DecodeError:
        return ""


def halves(lines: bytes) -> tuple[bytes, bytes]:
    """Return JSON lines in two parts of about the same size; the second is b"" when there is one line only."""
    middle = lines.find(b"\n", len(lines) // 2) + 1
    if middle in {0, len(lines)}:
        middle = lines.rfind(b"\n", 0, len(lines) - 1) + 1
    return (lines[:middle], lines[middle:]) if middle else (lines, b"")
