"""Follows a topic from its beginning, and from the beginning again whenever it may be another log.

The embedded broker is replaced now and then, and offsets begin at 0 again; so a log is known by the cluster's id and
the topic's id, and both are asked for before anything that was read is passed on.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas import codec
from schemas.events import Event
from schemas.kafka_clients import PATIENCE_MS, opened
from schemas.settings import Kafka
from schemas.topics import Topic

_CHECK_SECONDS = 2.0
_POLL_MS = 250
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class LogAwayError(Exception):
    """The log cannot be read now; the text says why."""


@dataclass(frozen=True)
class News(Generic[_T]):
    """What events came, in each partition's order. `fresh`: from the log's beginning to its end when it was opened."""

    events: tuple[_T, ...]
    fresh: bool


class TopicLog(Generic[_T]):
    """One opened log; `wanted` keeps of an event what is of use, or None, while it is read.

    It is read from its beginning, or from what the broker took since a moment on (`since_ms`, since the epoch). `next`
    raises LogAwayError when the log is gone: close it, and open another.
    """

    def __init__(self, kafka: Kafka, topic: Topic, wanted: Callable[[Event], _T | None], since_ms: int = 0) -> None:
        self._since_ms = since_ms
        self._admin: Any = None
        self._consumer: Any = None
        self._kafka = kafka
        self._topic = topic
        self._wanted = wanted
        self._where: list[TopicPartition] = []
        self._fresh = True
        self._checked = 0.0

    def __enter__(self) -> Self:
        """Open the log. LogAwayError where there is no broker or no such topic."""
        try:
            self._open()
        except (KafkaError, OSError) as error:
            self.close()
            raise LogAwayError(str(error)) from error
        except LogAwayError:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next(self) -> News[_T] | None:
        """Return what is new, or None if nothing came within a moment; the first news is the whole log."""
        try:
            events = self._whole() if self._fresh else self._polled()
            if events or self._fresh or time.monotonic() - self._checked > _CHECK_SECONDS:
                self._check()
        except (KafkaError, OSError) as error:
            raise LogAwayError(str(error)) from error
        fresh, self._fresh = self._fresh, False
        return News(tuple(events), fresh) if events or fresh else None

    def rest(self) -> tuple[_T, ...]:
        """Return what came since, up to the end that the log has now: who decides has to know all that was decided."""
        try:
            found = self._whole()
            self._check()
        except (KafkaError, OSError) as error:
            raise LogAwayError(str(error)) from error
        return tuple(found)

    def close(self) -> None:
        """Close the connections."""
        for client in (self._consumer, self._admin):
            if client is not None:
                client.close()
        self._consumer = self._admin = None

    def _open(self) -> None:
        self._admin = opened(KafkaAdminClient, self._kafka.bootstrap)
        self._identity = self._ask_identity()
        self._where = [TopicPartition(self._topic.name, number) for number in range(self._identity[2])]
        self._consumer = opened(
            KafkaConsumer,
            self._kafka.bootstrap,
            group_id=None,
            allow_auto_create_topics=False,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metrics_enabled=False,
        )
        self._consumer.assign(self._where)
        self._consumer.seek_to_beginning(*self._where)
        if self._since_ms > 0:
            self._skip()

    def _skip(self) -> None:
        """Go to the first record of each partition that is not older than wanted, to its end where there is none."""
        first = self._consumer.offsets_for_times(dict.fromkeys(self._where, self._since_ms))
        for where in self._where:
            found = first.get(where)
            if found is None:
                self._consumer.seek_to_end(where)
            else:
                self._consumer.seek(where, found.offset)

    def _ask_identity(self) -> tuple[str, str, int]:
        """Return what names this log: the ids of the cluster and of the topic, and the number of partitions."""
        cluster = self._admin.describe_cluster()["cluster_id"]
        topic = self._admin.describe_topics([self._topic.name])[0]
        if topic["error_code"]:
            raise LogAwayError(f"the broker has no topic {self._topic.name}")
        return str(cluster), str(topic["topic_id"]), len(topic["partitions"])

    def _check(self) -> None:
        """Make sure that the log is still the one that was opened."""
        now = self._ask_identity()
        if now != self._identity:
            raise LogAwayError(f"{self._topic.name} is another log now (cluster {now[0]})")
        self._checked = time.monotonic()

    def _whole(self) -> list[_T]:
        """Return what is of use up to the ends that the log has now.

        The embedded broker tells the end one behind the first record of the last batch; its answer has the true one.
        """
        ends = self._consumer.end_offsets(self._where, timeout_ms=PATIENCE_MS)
        found: list[_T] = []
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while any(
            self._consumer.position(where, timeout_ms=PATIENCE_MS) < max(end, self._consumer.highwater(where) or 0)
            for where, end in ends.items()
        ):
            records = self._consumer.poll(_POLL_MS)
            found.extend(self._events(records))
            if records:
                deadline = time.monotonic() + PATIENCE_MS / 1000
            elif time.monotonic() > deadline:
                raise LogAwayError(f"{self._topic.name} gives no records although its end is at {max(ends.values())}")
        return found

    def _polled(self) -> list[_T]:
        return list(self._events(self._consumer.poll(_POLL_MS)))

    def _events(self, polled: dict[TopicPartition, list[Any]]) -> Iterator[_T]:
        """Yield what is of use in these records; one that cannot be read is passed over with a warning."""
        for where, records in polled.items():
            for record in records:
                try:
                    for event in codec.decode_chunk(record.value or b""):
                        kept = self._wanted(event)
                        if kept is not None:
                            yield kept
                except ValueError as error:
                    place = f"{where.topic} partition {where.partition} offset {record.offset}"
                    _log.warning("%s is passed over: %s", place, error)
