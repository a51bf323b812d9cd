"""Publishes what the hooks did to the topic of each event: for ever, in order, without holding up any hook."""

import logging
import threading
from collections import deque

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError

from schemas import codec
from schemas.events import Event
from schemas.kafka_clients import PATIENCE_MS, opened
from schemas.settings import Kafka
from schemas.topics import Topic, place_of

_WAITING = 1000
_LONGEST_PAUSE_SECONDS = 30.0
_log = logging.getLogger(__name__)


class Reporter:
    """A queue of outcomes with a thread that publishes them; beyond its limit the oldest are dropped.

    An event may be published twice; its id stays the same.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._events: deque[Event] = deque(maxlen=_WAITING)
        self._changed = threading.Condition()
        self._stopped = False
        self._producer: KafkaProducer | None = None
        self._there: set[str] = set()
        self._thread = threading.Thread(target=self._work, name="reporting", daemon=True)
        self._thread.start()

    def report(self, event: Event) -> None:
        """Publish the event as soon as the broker takes it."""
        with self._changed:
            self._events.append(event)
            self._changed.notify()

    def stop(self, timeout_seconds: float) -> None:
        """Publish what waits, if the broker takes it within the time."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        pause = 1.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._events)
                if not self._events:
                    break
                event = self._events[0]
            try:
                self._publish(event)
            except (KafkaError, OSError) as error:
                _log.log(logging.WARNING if pause == 1.0 else logging.DEBUG, "outcomes wait for the broker: %s", error)
                self._forget()
                with self._changed:
                    if self._changed.wait_for(lambda: self._stopped, timeout=pause):
                        break
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = 1.0
            with self._changed:
                if self._events and self._events[0] is event:
                    self._events.popleft()
        self._forget()

    def _publish(self, event: Event) -> None:
        topic, partition = place_of(event, self._kafka.partitions)
        if topic.name not in self._there:
            self._find(topic)
        if self._producer is None:
            self._producer = self._connected()
        sent = self._producer.send(topic.name, codec.encode(event), partition=partition)
        sent.get(timeout=PATIENCE_MS / 1000 + 2)

    def _find(self, topic: Topic) -> None:
        """Make sure that a topic is there: a broker might make it with the wrong partitions. OSError if it is not."""
        admin = opened(KafkaAdminClient, self._kafka.bootstrap)
        try:
            if admin.describe_topics([topic.name])[0]["error_code"]:
                raise OSError(f"the broker has no topic {topic.name}")
        finally:
            admin.close()
        self._there.add(topic.name)

    def _connected(self) -> KafkaProducer:
        return opened(
            KafkaProducer,
            self._kafka.bootstrap,
            acks="all",
            enable_idempotence=False,
            delivery_timeout_ms=PATIENCE_MS + 1000,
            metrics_enabled=False,
        )

    def _forget(self) -> None:
        self._there.clear()
        if self._producer is not None:
            self._producer.close(timeout=0)
            self._producer = None
