"""A Kafka topic of log lines: every record once, in the order of its partition.

No consumer group knows of this reader: where it stands is kept in the spool together with the lines, or not at all, so
that kill -9 doubles and loses nothing. Which topic it is, is asked for before anything that was read is kept: a topic
that was made anew begins at offset 0 again.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from collectors.inputs import Outlet, _offsets, _shapes
from collectors.inputs._offsets import Cursor
from collectors.linetopic import LineTopic, OutOfRangeError, Record, TopicAwayError
from collectors.spool import Spool
from schemas import tls
from schemas.inputs.kafka import KafkaInput

LOG = logging.getLogger("relaywarden.collect")

_POLL_MS = 200
_GATHER_SECONDS = 0.2
_GATHER_BYTES = 1024 * 1024
_CHECK_SECONDS = 2.0
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)


def run(settings: KafkaInput, outlet: Outlet, stop: threading.Event) -> None:
    """Read the topic until `stop`. ValueError where the configuration or the kept position cannot be used."""
    place = f"input.{outlet.name}"
    spool = outlet.lines
    with ready(settings, place, LOG.warning) as connection:
        pass
    if spool is None:
        return
    reader = _Reader(settings, outlet, spool, stop)
    while not stop.is_set():
        try:
            with LineTopic(settings.bootstrap, settings.topic, connection) as topic:
                reader.follow(topic)
        except TopicAwayError as error:
            stop.wait(reader.failed(f"is away, tried again until it answers: {error}"))
        except OSError as error:
            stop.wait(reader.failed(f"waits, since its lines cannot be kept: {error}"))


class _Reader:
    """What goes on through all connections: where reading stands."""

    def __init__(self, settings: KafkaInput, outlet: Outlet, spool: Spool, stop: threading.Event) -> None:
        self._what, self._losses = f"input.{outlet.name}: the topic {settings.topic}", outlet.losses
        self._failures = 0
        self._from_end = settings.start == "end"
        self._read = _shapes.of_text if settings.decode == "line" else _shapes.of_json
        self._spool, self._stop = spool, stop
        self._beyond: frozenset[int] = frozenset()
        try:
            _offsets.read(spool.position)
        except ValueError as error:
            raise ValueError(f"input.{outlet.name}: what its spool keeps is no place in a topic: {error}") from error

    def failed(self, how: str) -> float:
        """Warn of the first failure in a row; return how long to wait before the next try."""
        if not self._failures:
            LOG.warning("%s %s", self._what, how)
        self._failures += 1
        return _PAUSES[min(self._failures, len(_PAUSES)) - 1]

    def _well(self) -> None:
        if self._failures:
            LOG.info("%s is read again", self._what)
        self._failures = 0

    def follow(self, topic: LineTopic) -> None:
        """Keep what comes until `stop`, or until the topic must be opened anew.

        TopicAwayError where it is away; OSError where the disk refuses.
        """
        at = self._begun(topic)
        begun = checked = time.monotonic()
        while at is not None and not self._stop.is_set():
            try:
                records = self._gathered(topic)
            except OutOfRangeError as error:
                self._beyond = error.partitions
                return
            if records or time.monotonic() - checked > _CHECK_SECONDS:
                now, checked = topic.asked(), time.monotonic()
                if now != topic.identity:
                    return  # another topic, or more partitions: `_begun` tells
            if records:
                at = self._kept(at, records)
            if checked > begun:
                self._well()

    def _begun(self, topic: LineTopic) -> Cursor | None:
        """Return where reading begins, kept on disk before the first record; None where `stop` came first."""
        before = _offsets.read(self._spool.position)
        plan = _offsets.plan(before, topic.identity[:2], topic.bounds(), from_end=self._from_end, beyond=self._beyond)
        self._beyond = frozenset()
        if plan.cursor != before and not self._spool.append_when_there_is_room((), plan.cursor.packed(), self._stop):
            return None
        for said in plan.said:
            LOG.warning("%s: %s", self._what, said)
        for lost in plan.lost:
            LOG.warning("%s: %s", self._what, lost)
            self._losses.note(str(lost), lost.count)
        topic.seek(plan.cursor.offsets)
        return plan.cursor

    def _gathered(self, topic: LineTopic) -> list[Record]:
        """Return what comes within a moment, so that few records are not few lines on each write to the disk."""
        records = topic.poll(_POLL_MS)
        size = sum(len(each.value) for each in records)
        until = time.monotonic() + _GATHER_SECONDS
        while records and size < _GATHER_BYTES and (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            more = topic.poll(int(left * 1000))
            size += sum(len(each.value) for each in more)
            records += more
        return records

    def _kept(self, at: Cursor, records: list[Record]) -> Cursor | None:
        """Keep the lines of records with the place behind them; None where `stop` came first, and nothing was kept."""
        lines: list[bytes] = []
        seen: dict[int, int] = {}
        notes: list[tuple[str, int, bytes]] = []
        for record in records:
            seen[record.partition] = record.offset
            place = f"partition {record.partition}, offset {record.offset}"
            try:
                found = self._read(record.value)
            except ValueError as error:
                notes.append((f"{place}: {error}", 1, record.value))
                continue
            lines += found.lines
            notes += [(f"{place}, item {each.number}: {each.reason}", 1, each.sample) for each in found.unread]
            if further := found.refused - len(found.unread):
                notes.append((f"{place}: further items are no log lines", further, b""))
        after = _offsets.after(at, seen)
        if not self._spool.append_when_there_is_room(lines, after.packed(), self._stop):
            return None
        for reason, count, sample in notes:
            self._losses.note(reason, count, sample)
        return after


@contextmanager
def ready(settings: KafkaInput, place: str, warn: tls.Warn) -> Iterator[dict[str, object]]:
    """Give kafka-python's settings of a connection."""
    found: dict[str, object] = {"security_protocol": settings.protocol}
    if settings.protocol.startswith("SASL"):
        found |= {
            "sasl_mechanism": settings.mechanism,
            "sasl_plain_username": settings.user,
            "sasl_plain_password": settings.password(place),
        }
    if settings.protocol.endswith("SSL"):
        found["ssl_context"] = tls.client(place, settings.ca, warn, settings.certificate, settings.key)
    yield found
