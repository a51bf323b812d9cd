"""Publish events to Kafka so that every partition gets each source's events in order, whatever fails on the way.

One chunk a partition is in flight, and the next follows its acknowledgement: what is sent again after a failure can
only repeat what is there, and watermarks (`schemas.watermark`) drop it. The log file is the spool: the caller waits
while too much is pending, and for ever while the broker is away.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError

from collectors.admin import partitions_there, reachable
from collectors.metrics import PUBLISHED
from collectors.outages import OUTAGES
from schemas.codec import encode, pack
from schemas.events import DeadLetter, Event
from schemas.retry_events import RECOVERED
from schemas.settings import Kafka
from schemas.topics import MAIL_EVENTS, Topic, place_of, sender_of, topic_of

LOG = logging.getLogger(__name__)

CHUNK_EVENTS = 500
CHUNK_BYTES = 900_000
_PENDING_BYTES = 16 * 1024 * 1024
_SINGLES_IN_FLIGHT = 200
_DELIVERY_SECONDS = 600
_PAUSES = (0.2, 0.5, 1.0, 2.0)
_GRACE_SECONDS = 3.0

Offsets = dict[tuple[str, int], int]


class StoppedError(Exception):
    """The program is to end: what is not acknowledged will be read and sent again by the next."""


class BrokerReplacedError(Exception):
    """Another cluster answers in the place of the one that acknowledged: what was not stored must be sent again."""


@dataclass
class _Record:
    value: bytes
    key: bytes | None = None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    future: Any = None  # kafka-python has no types
    since: float = 0.0


@dataclass
class _Lane:
    """One partition's records: those in flight, at most `window`, and those that wait for them."""

    topic: str
    partition: int
    window: int
    flying: deque[_Record] = field(default_factory=deque)
    waiting: deque[_Record] = field(default_factory=deque)


class Publisher:
    """Publishes for one thread at a time.

    `acknowledged` has the next offset behind all that is, by topic and partition, and `cluster` the id of the cluster
    that acknowledged it, known since `connected_at` (monotonic). With `recovers` its mail events are those of dead
    letters. Every method that waits raises StoppedError some seconds after `stop`, and BrokerReplacedError when another
    cluster answers.
    """

    def __init__(
        self,
        kafka: Kafka,
        stop: threading.Event,
        *,
        patience_seconds: float = _DELIVERY_SECONDS + 60,
        recovers: bool = False,
    ) -> None:
        self._chunk = _recovered if recovers else _chunk
        self.cluster = ""
        self.connected_at = 0.0
        self.acknowledged: Offsets = {}
        self._kafka = kafka
        self._stop = stop
        self._patience_seconds = patience_seconds
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._pending_bytes = 0
        self._producer: Any = None
        self._topics: dict[str, int] = {}
        self._arrived = threading.Event()
        self._trouble = ""
        self._failures = 0
        self._stopped_at = 0.0

    def publish(self, events: Sequence[Event]) -> None:
        """Take the events of one source, in order; return when they are sent or wait within bounded memory."""
        for lane, record in self._records(events):
            lane.waiting.append(record)
            self._pending_bytes += len(record.value)
        self._work(_PENDING_BYTES)

    def barrier(self) -> None:
        """Return when all that was published is acknowledged."""
        self._work(0)

    def close(self) -> None:
        """Let go of the broker; what is not acknowledged is forgotten."""
        OUTAGES.ends(self._kafka.bootstrap, id(self))
        self._let_go()

    def _let_go(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            _discard(producer)

    def _records(self, events: Iterable[Event]) -> Iterator[tuple[_Lane, _Record]]:
        grouped: dict[tuple[str, int], list[tuple[Event, bytes]]] = {}
        for event in events:
            line = encode(event)
            if len(line) > CHUNK_BYTES:
                event = _too_large(event, line)  # noqa: PLW2901 it takes the event's place
                line = encode(event)
            topic, partition = place_of(event, self._kafka.partitions)
            grouped.setdefault((topic.name, partition), []).append((event, line))
        for (name, partition), pairs in grouped.items():
            topic = topic_of(pairs[0][0])
            lane = self._lane(topic, partition)
            PUBLISHED.labels(name).inc(len(pairs))
            if name == MAIL_EVENTS.name:
                yield from ((lane, self._chunk(part)) for part in _cut(pairs))
            else:
                yield from ((lane, _Record(line, sender_of(event).encode())) for event, line in pairs)

    def _lane(self, topic: Topic, partition: int) -> _Lane:
        window = 1 if topic.name == MAIL_EVENTS.name else _SINGLES_IN_FLIGHT
        return self._lanes.setdefault((topic.name, partition), _Lane(topic.name, partition, window))

    def _work(self, bound: int) -> None:
        """Send and take in acknowledgements until at most `bound` bytes are pending."""
        while True:
            self._arrived.clear()
            try:
                self._connect()
                self._pump()
            except KafkaError as error:
                self._recover(str(error) or type(error).__name__)
                continue
            if self._pending_bytes <= bound:
                return
            self._arrived.wait(0.2)
            self._check_stop()

    def _pump(self) -> None:
        """Take in what is acknowledged and send what may follow it. KafkaError where a record failed or hangs."""
        self._check_cluster()
        now = time.monotonic()
        for lane in self._lanes.values():
            while lane.flying and lane.flying[0].future.is_done:
                self._acknowledge(lane, lane.flying[0].future.get(timeout=0).offset)
            if lane.flying and now - lane.flying[0].since > self._patience_seconds:
                raise KafkaError(f"nothing was heard of a record for {self._patience_seconds:g} s")
            while lane.waiting and len(lane.flying) < lane.window:
                self._send(lane, lane.waiting[0], now)
                lane.flying.append(lane.waiting.popleft())

    def _send(self, lane: _Lane, record: _Record, now: float) -> None:
        known = self._topics.get(lane.topic, 0)
        if not known:
            raise KafkaError(f"there is no topic {lane.topic}: relaywarden topics makes it")
        if lane.partition >= known:
            raise ValueError(
                f"kafka.partitions: the topic {lane.topic} has {known} partitions, not {self._kafka.partitions}"
            )
        record.since = now
        try:
            record.future = self._producer.send(
                lane.topic, value=record.value, key=record.key, headers=record.headers, partition=lane.partition
            )
        except ValueError as error:  # the topic went away since we looked
            raise KafkaError(f"{lane.topic}: {error}") from error
        record.future.add_both(lambda _: self._arrived.set())

    def _acknowledge(self, lane: _Lane, offset: int) -> None:
        place = (lane.topic, lane.partition)
        if offset < 0:
            raise KafkaError(f"{lane.topic}/{lane.partition}: acknowledged without an offset")
        if offset < self.acknowledged.get(place, 0):
            raise BrokerReplacedError(f"{lane.topic}/{lane.partition} went back to offset {offset}")
        self.acknowledged[place] = offset + 1
        self._pending_bytes -= len(lane.flying.popleft().value)
        self._failures = 0
        if self._trouble:
            OUTAGES.ends(self._kafka.bootstrap, id(self))
            LOG.info("Kafka takes events again")
            self._trouble = ""

    def _connect(self) -> None:
        """Make a producer if there is none. KafkaError while the broker is away."""
        if self._producer is not None:
            return
        if not reachable(self._kafka):
            raise KafkaConnectionError("nobody takes connections there")
        self._producer = KafkaProducer(
            bootstrap_servers=list(self._kafka.bootstrap),
            acks="all",
            allow_auto_create_topics=False,
            delivery_timeout_ms=_DELIVERY_SECONDS * 1000,
            bootstrap_timeout_ms=3000,
            max_block_ms=3000,
            reconnect_backoff_max_ms=2000,
        )
        self._topics = partitions_there(self._kafka)  # some brokers make a topic when a producer asks for it

    def _check_cluster(self) -> None:
        """Note which cluster answers; the producer learns it at each connection."""
        found = str(self._producer._metadata.cluster_id)  # noqa: SLF001 an admin client costs a connection and a thread
        if self.cluster and found != self.cluster:
            raise BrokerReplacedError(f"the Kafka cluster {found} is in the place of {self.cluster}")
        if not self.cluster:
            self.connected_at = time.monotonic()
        self.cluster = found

    def _recover(self, reason: str) -> None:
        """Forget the producer and put what it did not deliver back to the front, in order; then wait a little."""
        self._let_go()
        for lane in self._lanes.values():
            for record in lane.flying:
                record.future = None
            lane.waiting.extendleft(reversed(lane.flying))
            lane.flying.clear()
        if not self._trouble:
            self._trouble = reason
            if OUTAGES.begins(self._kafka.bootstrap, id(self)):
                where = ", ".join(self._kafka.bootstrap)
                LOG.warning("Kafka at %s takes no events (%s): tried again until it does", where, reason)
        self._stop.wait(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
        self._failures += 1
        self._check_stop()

    def _check_stop(self) -> None:
        if not self._stop.is_set():
            return
        now = time.monotonic()
        self._stopped_at = self._stopped_at or now
        if self._trouble or now - self._stopped_at > _GRACE_SECONDS:
            raise StoppedError


def _discard(producer: KafkaProducer) -> None:
    """End a producer whatever hangs in it. Its own `close` waits for what is pending before it ends anything."""
    producer._sender.force_close()  # noqa: SLF001 there is no public way
    try:
        producer.close(timeout=1)
    except KafkaError as error:
        LOG.debug("a producer ended with %s", error)


def _cut(pairs: list[tuple[Event, bytes]]) -> Iterator[list[tuple[Event, bytes]]]:
    """Cut events into chunks, by their number and by their bytes before compression."""
    part: list[tuple[Event, bytes]] = []
    size = 0
    for pair in pairs:
        if part and (len(part) == CHUNK_EVENTS or size + len(pair[1]) > CHUNK_BYTES):
            yield part
            part, size = [], 0
        part.append(pair)
        size += len(pair[1]) + 1
    if part:
        yield part


def _chunk(part: list[tuple[Event, bytes]]) -> _Record:
    first, last = part[0][0].id.encode(), part[-1][0].id.encode()
    headers = [("first", first), ("last", last), ("count", b"%d" % len(part))]
    return _Record(pack(line for _, line in part), headers=headers)


def _recovered(part: list[tuple[Event, bytes]]) -> _Record:
    """Return a chunk of events that come late: no watermark may move by them, so it tells no first and last."""
    return _Record(pack(line for _, line in part), headers=[(RECOVERED, b"1")])


def _too_large(event: Event, line: bytes) -> DeadLetter:
    kind = str(event.__struct_config__.tag)
    reason = f"an event of {len(line)} bytes is larger than the {CHUNK_BYTES} a record may have"
    return DeadLetter(
        id=event.id, at=event.at, name="", format=kind, reason=reason, text=line[:1000].decode("utf-8", "replace")
    )
