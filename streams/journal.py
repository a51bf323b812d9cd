"""The desk's topic: read to its end before anything is decided, and written record by record until acknowledged."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas import codec
from schemas.events import Event
from schemas.kafka_clients import opened
from schemas.settings import Kafka
from schemas.topics import SUNSET_EVENTS
from streams.topiclog import LogAwayError, TopicLog

_CHUNK = 200
_MOST_BYTES = 8 * 1024 * 1024
_ACK_SECONDS = 30.0


class Journal:
    """The opened topic `sunset.events`; each event that it holds is handed to `take`, in its order, from the beginning.

    LogAwayError from every method where the log is gone: close it, forget all that was taken, and open another.
    """

    def __init__(self, kafka: Kafka, take: Callable[[Event], None], beat: Callable[[], None]) -> None:
        def handed(event: Event) -> None:
            take(event)
            beat()

        self._kafka = kafka
        self._beat = beat
        self._log: TopicLog[None] = TopicLog(kafka, SUNSET_EVENTS, handed)
        self._producer: Any = None

    def __enter__(self) -> Self:
        self._log.__enter__()
        try:
            self._producer = opened(
                KafkaProducer,
                self._kafka.bootstrap,
                client_id="relaywarden-desk",
                acks="all",
                linger_ms=0,
                max_request_size=_MOST_BYTES,
                delivery_timeout_ms=int(_ACK_SECONDS * 1000),
            )
        except (KafkaError, OSError) as error:
            self._log.close()
            raise LogAwayError(str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._producer is not None:
            self._producer.close(timeout=2)
        self._log.close()

    def read(self) -> None:
        """Take what is new; the first time, all that there is."""
        self._log.next()

    def rest(self) -> None:
        """Take all that the log holds by now: who decides must know what was decided, by another desk too."""
        self._log.rest()

    def append(self, events: Iterable[Event]) -> int:
        """Write these in their order, some hundred a record; return how many, once each record is acknowledged."""
        written = 0
        for chunk in _chunks(events):
            value = codec.pack(map(codec.encode, chunk)) if len(chunk) > 1 else codec.encode(chunk[0])
            try:
                self._producer.send(SUNSET_EVENTS.name, value, partition=0).get(_ACK_SECONDS)
            except (KafkaError, OSError) as error:
                raise LogAwayError(f"{SUNSET_EVENTS.name} did not take a decision: {error}") from error
            written += len(chunk)
            self._beat()
        return written


def _chunks(events: Iterable[Event]) -> Iterator[Sequence[Event]]:
    waiting = iter(events)
    while chunk := list(islice(waiting, _CHUNK)):
        yield chunk
