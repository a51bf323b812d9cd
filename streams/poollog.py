"""Follows `pool.events` from its beginning, and from the beginning again whenever it may be another log.

The embedded broker is replaced now and then, and offsets begin at 0 again; so a log is known by the cluster's id and
the topic's id, and both are asked for before anything that was read is passed on.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas import codec
from schemas.pool_events import PoolEvent
from schemas.settings import Kafka
from schemas.topics import POOL_EVENTS
from streams.kafka_clients import PATIENCE_MS, opened

_CHECK_SECONDS = 2.0
_POLL_MS = 250
_WHERE = TopicPartition(POOL_EVENTS.name, 0)
_log = logging.getLogger(__name__)


class LogAwayError(Exception):
    """The log cannot be read now; the text says why."""


@dataclass(frozen=True)
class News:
    """Events in the log's order. `fresh`: from the log's beginning to the end it had when it was opened."""

    events: tuple[PoolEvent, ...]
    fresh: bool


class PoolLog:
    """One opened log. `next` raises LogAwayError when it is gone: close it, and open another."""

    def __init__(self, kafka: Kafka) -> None:
        self._admin: Any = None
        self._consumer: Any = None
        self._kafka = kafka
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

    def next(self) -> News | None:
        """Return what is new, or None if nothing came within a moment; the first news is the whole log."""
        try:
            records = self._whole() if self._fresh else self._consumer.poll(_POLL_MS).get(_WHERE, [])
            if records or self._fresh or time.monotonic() - self._checked > _CHECK_SECONDS:
                self._check()
        except (KafkaError, OSError) as error:
            raise LogAwayError(str(error)) from error
        fresh, self._fresh = self._fresh, False
        events = tuple(event for record in records for event in _events(record.offset, record.value))
        return News(events, fresh) if events or fresh else None

    def close(self) -> None:
        """Close the connections."""
        for client in (self._consumer, self._admin):
            if client is not None:
                client.close()
        self._consumer = self._admin = None

    def _open(self) -> None:
        self._admin = opened(KafkaAdminClient, self._kafka)
        self._identity = self._ask_identity()
        self._consumer = opened(
            KafkaConsumer,
            self._kafka,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metrics_enabled=False,
        )
        self._consumer.assign([_WHERE])
        self._consumer.seek_to_beginning(_WHERE)

    def _ask_identity(self) -> tuple[str, str]:
        """Return what names this log: the ids of the cluster and of the topic."""
        cluster = self._admin.describe_cluster()["cluster_id"]
        topic = self._admin.describe_topics([POOL_EVENTS.name])[0]
        if topic["error_code"]:
            raise LogAwayError(f"the broker has no topic {POOL_EVENTS.name}")
        return str(cluster), str(topic["topic_id"])

    def _check(self) -> None:
        """Make sure that the log is still the one that was opened."""
        now = self._ask_identity()
        if now != self._identity:
            raise LogAwayError(f"{POOL_EVENTS.name} is another log now (cluster {now[0]})")
        self._checked = time.monotonic()

    def _whole(self) -> list[Any]:
        """Return all records up to the end that the log has now."""
        end: int = self._consumer.end_offsets([_WHERE], timeout_ms=PATIENCE_MS)[_WHERE]
        records: list[Any] = []
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while self._consumer.position(_WHERE, timeout_ms=PATIENCE_MS) < end:
            got = self._consumer.poll(_POLL_MS).get(_WHERE, [])
            records.extend(got)
            if got:
                deadline = time.monotonic() + PATIENCE_MS / 1000
            elif time.monotonic() > deadline:
                raise LogAwayError(f"{POOL_EVENTS.name} gives no records although its end is at {end}")
        return records


def _events(offset: int, value: bytes | None) -> Iterator[PoolEvent]:
    """Yield the decisions of a record; one that cannot be read is passed over with a warning."""
    try:
        for event in codec.decode_chunk(value or b""):
            if isinstance(event, PoolEvent):
                yield event
    except ValueError as error:
        _log.warning("%s offset %d is passed over: %s", POOL_EVENTS.name, offset, error)
