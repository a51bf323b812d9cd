"""The sink's blocks: records of one partition up to a fixed multiple of offsets, stored by one insert each."""

import logging
import re
import time
from dataclasses import dataclass, field
from itertools import chain

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import OffsetAndMetadata

from schemas import codec
from schemas.events import DeadLetter
from schemas.retry_events import RECOVERED
from schemas.topics import DEAD_LETTERS, MAIL_EVENTS, TOPICS, Topic
from schemas.watermark import Watermarks
from streams import metrics, stored
from streams.rows import Intake, Record, dead_letter, halves, ids_of, since, without

LOG = logging.getLogger("relaywarden.sink")
_FLUSH_SECONDS = 1.0
_REFRESH_SECONDS = 2.0
_SETTLE_SECONDS = 60.0
_COMMIT_MS = 10_000
_TELL_SECONDS = 60.0
_DAY = 86_400_000_000
_BY_NAME = {topic.name: topic for topic in TOPICS}
_PLACE = re.compile(rb'"kafka_partition":(\d+),"kafka_offset":(\d+),')

# What is wrong with the data (https://clickhouse.com/docs/native-protocol/errors), not with the server: cannot parse
# text, escapes, quotes, input, dates, numbers, arrays, JSON; out of range; a wrong type; incorrect data; null.
_BAD_DATA = frozenset({6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 432, 467})


class ReplacedError(Exception):
    """The broker is another one than when the session began, or its partitions are others."""


@dataclass
class Block:
    """Records of one partition; `next` is the offset after the last."""

    topic: Topic
    partition: int
    first: int
    next: int
    begun: float
    lines: list[bytes] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    at: int = 0

    @property
    def place(self) -> TopicPartition:
        """Return the partition as kafka-python names it."""
        return TopicPartition(self.topic.name, self.partition)


def size_of(topic: Topic) -> int:
    """Return the offsets of a block: chunks of 500 events on the hot topic, single events elsewhere."""
    return 64 if topic is MAIL_EVENTS else 8192


class Blocks:
    """One session of the sink; `read` gathers, `store_ripe` stores what is complete or waited a second."""

    def __init__(
        self,
        client: Client,
        consumer: KafkaConsumer,
        admin: KafkaAdminClient,
        keep_days: int,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._client = client
        self._consumer = consumer
        self._admin = admin
        self._keep_days = keep_days
        self._left_out = 0
        self._told = -_TELL_SECONDS
        self._share = share
        self.cluster = self._cluster()
        self.partitions = self._partitions()
        self._looked = time.monotonic()
        self._intake = Intake(self.cluster, Watermarks())
        self._open: dict[TopicPartition, Block] = {}
        self._ripe: list[Block] = []
        self._unsure = set(self.partitions)

    def _cluster(self) -> str:
        return str(self._admin.describe_cluster()["cluster_id"])

    def _partitions(self) -> list[TopicPartition]:
        """Return this sink's partitions of the topics that are there."""
        there = self._consumer.topics()
        index, count = self._share
        return [
            TopicPartition(topic.name, number)
            for topic in TOPICS
            if topic.name in there
            for number in sorted(self._consumer.partitions_for_topic(topic.name) or ())
            if number % count == index
        ]

    def resume(self) -> None:
        """Go to where the last session ended, and learn what is stored from there on."""
        stored.settle(self._client, self.cluster, _SETTLE_SECONDS)
        self._consumer.assign(self.partitions)
        starts = self._starts()
        for place, start in starts.items():
            self._consumer.seek(place, start)
        known: dict[tuple[str, int], frozenset[str]] = {}
        for topic in TOPICS:
            own = {place.partition: start for place, start in starts.items() if place.topic == topic.name}
            for number, ids in stored.ids_since(self._client, topic, self.cluster, own).items():
                known[topic.name, number] = ids
        hot = {place.partition: start for place, start in starts.items() if place.topic == MAIL_EVENTS.name}
        marks = stored.watermarks(self._client, self.cluster, hot)
        self._intake = Intake(self.cluster, marks, known, stored.recovered(self._client))

    def _starts(self) -> dict[TopicPartition, int]:
        """Return from where each partition is read: the commit, else the block that ClickHouse holds last of it."""
        begins = self._consumer.beginning_offsets(self.partitions) if self.partitions else {}
        ends = self._consumer.end_offsets(self.partitions) if self.partitions else {}
        starts: dict[TopicPartition, int] = {}
        held: dict[str, dict[int, int]] = {}
        for place in self.partitions:
            topic = _BY_NAME[place.topic]
            commit = self._consumer.committed(place, metadata=True)
            if commit is not None and commit.metadata in {None, "", self.cluster}:
                start = commit.offset
            else:
                if topic.name not in held:
                    held[topic.name] = stored.last_offsets(self._client, topic, self.cluster)
                start = held[topic.name].get(place.partition, 0) // size_of(topic) * size_of(topic)
            if start > ends[place]:
                LOG.warning("%s/%d ends before the offset %d: read from its beginning", *place, start)
                start = begins[place]
            starts[place] = max(start, begins[place])
        return starts

    def read(self, timeout_ms: int) -> None:
        """Gather what Kafka has."""
        for record in chain.from_iterable(self._consumer.poll(timeout_ms=timeout_ms).values()):
            self._add(record)

    def _add(self, record: ConsumerRecord) -> None:
        place = TopicPartition(record.topic, record.partition)
        topic = _BY_NAME[record.topic]
        headers = dict(record.headers)
        known = self._known(record.value) if RECOVERED in headers else frozenset()
        size = size_of(topic)
        block = self._open.get(place)
        if block is not None and block.first // size != record.offset // size:
            self._ripe.append(self._open.pop(place))
            block = None
        if block is None:
            block = Block(topic, record.partition, record.offset, record.offset, time.monotonic())
            self._open[place] = block
        at = record.timestamp * 1000 if record.timestamp > 0 else time.time_ns() // 1000  # noqa: TID251 it came now
        taken = Record(topic, record.partition, record.offset, at, record.value, headers)
        rows = self._intake.take(taken, known)
        block.lines += [rows.lines] if rows.lines else []
        block.dead += rows.dead
        block.next = record.offset + 1
        block.at = at
        if block.next % size == 0:
            self._ripe.append(self._open.pop(place))

    def _known(self, value: bytes) -> frozenset[str]:
        """Return which events of a record that comes late are stored, once all that came before it is."""
        self.store_all()
        return stored.present(self._client, MAIL_EVENTS, value)

    def store_ripe(self) -> None:
        """Store the blocks that are complete or waited long enough, then commit them."""
        self._tell()
        now = time.monotonic()
        for place in [place for place, block in self._open.items() if now - block.begun >= _FLUSH_SECONDS]:
            self._ripe.append(self._open.pop(place))
        if now - self._looked >= _REFRESH_SECONDS:
            self._looked = now
            self._look()
            self._count()
            if self._partitions() != self.partitions:
                raise ReplacedError("the topics have other partitions")
        if self._ripe:
            self._store()

    def _count(self) -> None:
        """Tell how many records of each topic are there and not stored, as the broker's last answers say."""
        lags: dict[str, int] = {}
        for place in self.partitions:
            end = self._consumer.highwater(place)
            waiting = [block.first for block in (*self._ripe, self._open.get(place)) if block and block.place == place]
            stored = min(waiting, default=self._consumer.position(place))
            lags[place.topic] = lags.get(place.topic, 0) + max(0, (end or stored) - stored)
        for topic, left in lags.items():
            metrics.LAG.labels(topic).set(left)

    def store_all(self) -> None:
        """Store everything that was read."""
        self._ripe += self._open.values()
        self._open.clear()
        if self._ripe:
            self._store()

    def _look(self) -> None:
        if self._cluster() != self.cluster:
            raise ReplacedError(f"the broker is no longer {self.cluster}")

    def _store(self) -> None:
        self._look()  # what was read after a change would get the wrong name
        commits: dict[TopicPartition, OffsetAndMetadata] = {}
        for block in self._ripe:
            self._store_block(block)
            commits[block.place] = OffsetAndMetadata(block.next, self.cluster, -1)
        self._ripe.clear()
        self._consumer.commit(commits, timeout_ms=_COMMIT_MS)

    def _store_block(self, block: Block) -> None:
        token = f"{self.cluster}:{block.topic.name}:{block.partition}:{block.first}-{block.next - 1}"
        lines = self._kept(block)
        if lines:
            self._insert(block, lines, token)
        if lines and block.topic.events and block.place in self._unsure:
            self._complete(block, lines, token)
        self._unsure.discard(block.place)
        if block.dead:
            LOG.warning("%d dead letters of %s, the last: %s", len(block.dead), token, block.dead[-1].reason)
            self._raw_insert(DEAD_LETTERS, b"".join(codec.encode(letter) + b"\n" for letter in block.dead), token)

    def _kept(self, block: Block) -> bytes:
        """Return a block's lines without those that its table would delete at once; these are counted and told."""
        if not block.topic.events or block.topic.retention_ms < 0:
            return b"".join(block.lines)
        least = time.time_ns() // 1000 - self._keep_days * _DAY  # noqa: TID251 ClickHouse deletes by the clock, too
        kept = [since(lines, least) for lines in block.lines]
        pairs = zip(block.lines, kept, strict=True)
        self._left_out += sum(lines.count(b"\n") - left.count(b"\n") for lines, left in pairs if lines is not left)
        self._tell()
        return b"".join(kept)

    def _tell(self) -> None:
        if self._left_out and time.monotonic() - self._told >= _TELL_SECONDS:
            days = f"older than clickhouse.keep_days = {self._keep_days}"
            LOG.warning("%d events are %s and not stored", self._left_out, days)
            self._told, self._left_out = time.monotonic(), 0

    def _complete(self, block: Block, lines: bytes, token: str) -> None:
        """Store what is missing of a block that an earlier session may have tried.

        A ClickHouse that was killed between noting the token and keeping the rows would refuse the rows for ever.
        """
        start = {block.partition: block.first}
        there = stored.ids_since(self._client, block.topic, self.cluster, start).get(block.partition, frozenset())
        missing = without(lines, there | block.refused)
        if missing:
            LOG.info("rows of %s are not there (lost in a crash): stored again", token)
            self._insert(block, missing, f"{token}:again")

    def _insert(self, block: Block, lines: bytes, token: str) -> None:
        """Store lines; those that ClickHouse cannot read are found by halving and become dead letters."""
        try:
            self._raw_insert(block.topic, lines, token)
        except DatabaseError as error:
            if error.code not in _BAD_DATA:
                raise
            first, second = halves(lines)
            if second:
                self._insert(block, first, f"{token}:0")
                self._insert(block, second, f"{token}:1")
            else:
                block.refused.update(ids_of(lines))
                metrics.REFUSED.labels(block.topic.table).inc()
                block.dead.append(_refused(block, lines, stored.said(error)))

    def _raw_insert(self, topic: Topic, lines: bytes, token: str) -> None:
        settings = {
            "insert_deduplication_token": token,
            "deduplicate_blocks_in_dependent_materialized_views": 1,  # they may lack what the table has, after a crash
            "throw_on_max_partitions_per_insert_block": 0,
        }
        with metrics.INSERTS.time():
            self._client.raw_insert(topic.table, insert_block=lines, fmt="JSONEachRow", settings=settings)
        metrics.STORED.labels(topic.table).inc(lines.count(b"\n"))


def _refused(block: Block, line: bytes, reason: str) -> DeadLetter:
    found = _PLACE.search(line)
    offset = int(found.group(2)) if found else block.first
    text = b"{" + line[found.end() :] if found else line
    return dead_letter(Record(block.topic, block.partition, offset, block.at, None), 0, reason, text.strip())
