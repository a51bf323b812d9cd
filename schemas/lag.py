"""How far a consumer group has come: whether it has committed all that its topics held at a moment."""

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from schemas.settings import Settings
from schemas.topics import Topic

Offsets = Mapping[TopicPartition, int]
_PATIENCE_MS = 3000
_LOOK_MS = 300


class Carried(NamedTuple):
    """A record that goes from one broker to the next."""

    place: TopicPartition
    key: bytes | None
    value: bytes


class Lag:
    """A connection that asks for offsets; every method raises KafkaError where the broker does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._partitions = settings.kafka.partitions
        place = list(settings.kafka.bootstrap)
        self._admin = KafkaAdminClient(
            bootstrap_servers=place, bootstrap_timeout_ms=_PATIENCE_MS, request_timeout_ms=_PATIENCE_MS
        )
        self._consumer = KafkaConsumer(
            bootstrap_servers=place, bootstrap_timeout_ms=_PATIENCE_MS, enable_auto_commit=False
        )

    def ends(self, topics: Iterable[Topic]) -> Offsets:
        """Return the end offsets of now of all partitions of these topics."""
        places = [
            TopicPartition(topic.name, number)
            for topic in topics
            for number in range(topic.partitions(self._partitions))
        ]
        told: Offsets = self._consumer.end_offsets(places, timeout_ms=_PATIENCE_MS)
        return {place: self._true_end(place, end) for place, end in told.items()}

    def _true_end(self, place: TopicPartition, told: int) -> int:
        """Return where a partition ends. The embedded broker tells one behind the *first* record of the last batch.

        The last batch, read from there, has the rest, and its answer the true end.
        """
        if not told:
            return 0
        self._consumer.assign([place])
        self._consumer.seek(place, told - 1)
        deadline = time.monotonic() + _PATIENCE_MS / 1000
        while (end := self._consumer.highwater(place)) is None:
            if time.monotonic() > deadline:
                raise KafkaTimeoutError(f"{place.topic}/{place.partition} does not tell its last record")
            self._consumer.poll(100)
        return max(told, int(end))

    def committed(self, group: str) -> Offsets:
        """Return the offsets that a group has committed; a partition of which it committed nothing is left out."""
        committed = self._admin.list_group_offsets(group)[group]
        return {place: found.offset for place, found in committed.items() if found.offset >= 0}

    def written_at(self, place: TopicPartition, offset: int) -> int | None:
        """Return when the record at an offset, or the next that is there, was written (epoch milliseconds).

        None where the broker does not give it at once.
        """
        self._consumer.assign([place])
        self._consumer.seek(place, offset)
        for record in self._consumer.poll(_LOOK_MS).get(place, []):
            return int(record.timestamp)
        return None

    def behind(self, group: str, wanted: Offsets) -> int:
        """Return how many records below these offsets the group has not committed."""
        done = self.committed(group)
        return sum(max(0, end - done.get(place, 0)) for place, end in wanted.items())

    def uncommitted(self, group: str, topics: Iterable[Topic]) -> list[Carried]:
        """Return what stands in these topics behind what the group has committed."""
        found: list[Carried] = []
        for place, end in self.ends(topics).items():
            begin = end - self.behind(group, {place: end})
            self._consumer.assign([place])
            self._consumer.seek(place, begin)
            while begin < end:
                records = self._consumer.poll(_PATIENCE_MS).get(place, [])
                if not records:
                    break
                found.extend(Carried(place, record.key, record.value) for record in records)
                begin = records[-1].offset + 1
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close(autocommit=False, timeout_ms=1000)
        self._admin.close()
