"""What the sink has stored in ClickHouse: the offsets its consumer group committed, and in which cluster."""

import threading
import time
from typing import NamedTuple

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from collectors.admin import reachable
from collectors.publish import BrokerReplacedError, Offsets, Publisher
from schemas.settings import Kafka

_EVERY_SECONDS = 0.5


class Stored(NamedTuple):
    """The next offset that the sink has not stored, by topic and partition; of which cluster, asked when."""

    cluster: str = ""
    asked_at: float = 0.0
    offsets: Offsets = {}  # noqa: RUF012 a tuple's default, never changed


class Sink:
    """Asks for what the sink has stored, at most twice a second, for all logs of the process."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._group = f"{kafka.group}-sink"
        self._lock = threading.Lock()
        self._admin: KafkaAdminClient | None = None
        self._next_at = 0.0
        self._last = Stored()

    def stored(self) -> Stored:
        """Return what was stored when it was last asked; the cluster is empty while no broker answers."""
        with self._lock:
            if time.monotonic() >= self._next_at:
                try:
                    self._last = self._ask()
                except KafkaError:
                    self._last = Stored()
                self._next_at = time.monotonic() + _EVERY_SECONDS
            return self._last

    def close(self) -> None:
        """Let go of the broker."""
        with self._lock:
            if self._admin is not None:
                self._admin.close()
                self._admin = None

    def _ask(self) -> Stored:
        if self._admin is None:
            if not reachable(self._kafka):
                return Stored()
            self._admin = KafkaAdminClient(
                bootstrap_servers=list(self._kafka.bootstrap), bootstrap_timeout_ms=3000, request_timeout_ms=3000
            )
        asked_at = time.monotonic()
        before = self._cluster(self._admin)
        committed = self._admin.list_group_offsets(self._group)[self._group]
        if self._cluster(self._admin) != before:
            return Stored()
        offsets = {(place.topic, place.partition): found.offset for place, found in committed.items()}
        return Stored(before, asked_at, offsets)

    @staticmethod
    def _cluster(admin: KafkaAdminClient) -> str:
        return str(admin.describe_cluster()["cluster_id"])


def stored_of(sink: Sink, publisher: Publisher) -> Offsets | None:
    """Return what the sink has stored of the publisher's cluster; None while that is not known.

    BrokerReplacedError where another cluster answers by now.
    """
    stored = sink.stored()
    if not stored.cluster or stored.asked_at < publisher.connected_at:
        return None
    if stored.cluster != publisher.cluster:
        raise BrokerReplacedError(f"the Kafka cluster {stored.cluster} is in the place of {publisher.cluster}")
    return stored.offsets
