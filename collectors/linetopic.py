"""A Kafka topic of others, read from given offsets on; it knows when it is not the same topic any more.

Nothing here makes a topic, or commits an offset to a group: where reading stands is kept with what was read.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Self, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from collectors.inputs._offsets import Bounds
from schemas.kafka_clients import opened

LOG = logging.getLogger("relaywarden.collect")

_PATIENCE_MS = 10_000
_MOST_RECORDS = 2000
_FETCH_BYTES = 4 * 1024 * 1024
_Client = TypeVar("_Client", KafkaAdminClient, KafkaConsumer)


class TopicAwayError(Exception):
    """The topic cannot be read now; the text says why."""


class OutOfRangeError(Exception):
    """The broker has not the offset that was asked for, in these partitions."""

    def __init__(self, partitions: frozenset[int]) -> None:
        super().__init__(partitions)
        self.partitions = partitions


class Identity(NamedTuple):
    """What tells a topic from all others, and the partitions that it has now."""

    cluster: str
    topic: str
    partitions: tuple[int, ...]


class Record(NamedTuple):
    """One record: its place, and what it holds."""

    partition: int
    offset: int
    value: bytes


class LineTopic:
    """One topic at these brokers; `options` are kafka-python's for a connection.

    As a context manager it is open. TopicAwayError where no broker answers, or none has the topic.
    """

    def __init__(self, bootstrap: tuple[str, ...], topic: str, options: Mapping[str, object]) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._options = options
        self._admin: Any = None
        self._consumer: Any = None
        self.identity = Identity("", "", ())

    def __enter__(self) -> Self:
        try:
            self._admin = self._opened(KafkaAdminClient)
            self._find()
            self.identity = self.asked()
            self._consumer = self._opened(
                KafkaConsumer,
                group_id=None,
                allow_auto_create_topics=False,
                enable_auto_commit=False,
                auto_offset_reset="none",
                max_poll_records=_MOST_RECORDS,
                fetch_max_bytes=_FETCH_BYTES,
                isolation_level="read_committed",
                metrics_enabled=False,
            )
        except (KafkaError, OSError) as error:
            self.close()
            raise TopicAwayError(str(error)) from error
        except TopicAwayError:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for client in (self._consumer, self._admin):
            if client is not None:
                with suppress(KafkaError):
                    client.close()
        self._consumer = self._admin = None

    def _find(self) -> None:
        """Look for the topic among all: one broker or another makes what it is asked about."""
        if self._topic not in self._admin.list_topics():
            raise TopicAwayError(f"the broker has no topic {self._topic}")

    def asked(self) -> Identity:
        """Ask the broker which topic it is by now. TopicAwayError where it is gone, or there is no answer."""
        try:
            cluster = self._admin.describe_cluster()["cluster_id"]
            topic = self._admin.describe_topics([self._topic])[0]
        except (KafkaError, OSError) as error:
            raise TopicAwayError(str(error)) from error
        if topic["error_code"]:
            raise TopicAwayError(f"the broker has no topic {self._topic} (error {topic['error_code']})")
        partitions = sorted(each["partition_index"] for each in topic["partitions"])
        return Identity(str(cluster), str(topic["topic_id"]), tuple(partitions))

    def bounds(self) -> Bounds:
        """Return the bounds of the partitions. TopicAwayError where there is no answer."""
        places = [TopicPartition(self._topic, number) for number in self.identity.partitions]
        try:
            first = self._consumer.beginning_offsets(places, timeout_ms=_PATIENCE_MS)
            end = self._consumer.end_offsets(places, timeout_ms=_PATIENCE_MS)
        except (KafkaError, OSError) as error:
            raise TopicAwayError(str(error)) from error
        return Bounds(*({place.partition: at for place, at in each.items()} for each in (first, end)))

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets."""
        self._consumer.assign([TopicPartition(self._topic, number) for number in self.identity.partitions])
        for number in self.identity.partitions:
            self._consumer.seek(TopicPartition(self._topic, number), offsets[number])

    def poll(self, milliseconds: int) -> list[Record]:
        """Return what comes within this time, each partition's records in order; nothing also of a broker that is away.

        OutOfRangeError where the broker has not what comes next; TopicAwayError where it refuses otherwise.
        """
        try:
            polled = self._consumer.poll(milliseconds)
        except OffsetOutOfRangeError as error:
            raise OutOfRangeError(frozenset(place.partition for place in error.args[0])) from error
        except (KafkaError, OSError) as error:
            raise TopicAwayError(str(error)) from error
        return [
            Record(place.partition, record.offset, record.value or b"")
            for place, records in polled.items()
            for record in records
        ]

    def _opened(self, kind: type[_Client], **config: object) -> _Client:
        return opened(
            kind,
            self._bootstrap,
            client_id="relaywarden-input",
            patience_ms=_PATIENCE_MS,
            **self._options,
            **config,
        )
