"""The embedded broker as `up` uses it: whenever it starts, empty as it is, it is given topics, decisions and states.

Clients that outlive the broker before it (the hooks answer Postfix all along) may reach the new one first, and it
makes any topic that a client names, with four partitions. Then it is thrown away for the next.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas import topics
from schemas.lag import Carried
from schemas.names import EMBEDDED
from schemas.settings import Settings
from streams.refill import refill

LOG = logging.getLogger("relaywarden.up")
_TRIES = 8
_AWAY_SECONDS = 1.0
_FULL = 0.9
_ROOM = 1.5
_SEND_SECONDS = 10
_LONGEST = (topics.POOL_EVENTS, topics.POOL_OBSERVATIONS)
_ORDER = (*_LONGEST, *(topic for topic in topics.TOPICS if topic not in _LONGEST))


class EventLog:
    """The broker process and what it is filled with; each start has a cluster id of its own."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._cap_mb = float(settings.embedded.broker_memory_mb)
        self._broker: Broker | None = None

    def fill(self) -> None:
        """Start an empty broker and give it back what ClickHouse keeps.

        ClickHouseError, KafkaError or OSError where that fails; no broker runs then.
        """
        self.kill()
        began = time.monotonic()
        self._broker = broker_with_topics(self._settings, self._log)
        try:
            filled = refill(self._settings)
        except BaseException:
            self.kill()
            raise
        what = ", ".join(f"{name} {count}" for name, count in filled.items()) or "nothing yet"
        LOG.info(
            "broker %s filled from ClickHouse in %.1f s: %s", self._broker.cluster_id, time.monotonic() - began, what
        )
        self._make_room()

    def _make_room(self) -> None:
        """Raise the cap where the refill alone comes near it: replacing the broker would not help."""
        taken = self.memory_mb()
        if taken > self._cap_mb * _FULL / _ROOM:
            self._cap_mb = taken * _ROOM / _FULL
            LOG.warning(
                "embedded.broker_memory_mb: %d is too little: the refill takes %.0f MB; it may take %.0f MB now",
                self._settings.embedded.broker_memory_mb,
                taken,
                self._cap_mb,
            )

    def carry(self, records: Sequence[Carried]) -> None:
        """Give the broker the records that nobody folded in the one before it."""
        if not records:
            return
        producer = KafkaProducer(bootstrap_servers=list(self._settings.kafka.bootstrap), acks="all")
        try:
            for sent in [_send(producer, each) for each in records]:
                sent.get(_SEND_SECONDS)
            LOG.info("%d records went from the old broker to the new", len(records))
        except KafkaError as error:
            LOG.warning("%d records did not reach the new broker: %s", len(records), error)
        finally:
            producer.close(timeout=2)

    def alive(self) -> bool:
        """Tell whether the broker's process is there."""
        return self._broker is not None and self._broker.alive()

    def memory_mb(self) -> float:
        """Return the broker's resident memory in MiB."""
        return self._broker.memory_mb() if self._broker is not None else 0.0

    def full(self) -> bool:
        """Tell whether the broker comes near its cap."""
        return self.memory_mb() > self._cap_mb * _FULL

    def kill(self) -> None:
        """End the broker, and with it all that it holds."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.kill()


def broker_with_topics(settings: Settings, log: Path) -> Broker:
    """Start an empty broker at the configured port with our topics, and theirs only, and a cluster id of its own.

    OSError where that fails; no broker runs then.
    """
    port = int(settings.kafka.bootstrap[0].rpartition(":")[2])
    refused: OSError | None = None
    for attempt in range(_TRIES):
        cluster = f"{EMBEDDED}{time.time_ns():x}"  # noqa: TID251 a name that no broker had before
        broker = Broker(log, port, cluster).start()
        try:
            ensure_topics(settings, _ORDER)
        except (ValueError, OSError) as error:
            LOG.info("the new broker is thrown away: %s", error)
            broker.kill()
            refused = OSError(f"the embedded broker cannot be given its topics: {error}; see {log}")
            time.sleep(_AWAY_SECONDS * (1 + attempt))  # who still asks it for topics finds it away, and stops
        else:
            return broker
    raise refused or OSError("no try")


def _send(producer: KafkaProducer, each: Carried) -> Any:  # noqa: ANN401 kafka-python's futures have no type
    return producer.send(each.place.topic, each.value, key=each.key, partition=each.place.partition)
