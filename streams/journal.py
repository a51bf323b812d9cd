"""A topic of the desk: read to its end before anything is decided, and written record by record until acknowledged."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from schemas import codec
from schemas.events import Event
from schemas.kafka_clients import opened
from schemas.settings import Kafka
from schemas.sunset_events import LetterDue
from schemas.topics import SUNSET_EVENTS, Topic
from streams.metrics import written
from streams.topiclog import LogAwayError, TopicLog

_CHUNK, _CHUNK_BYTES = 200, 512 * 1024
_MOST_BYTES = 8 * 1024 * 1024
_ACK_SECONDS = 30.0
_log = logging.getLogger("relaywarden.desk")


class Journal:
    """An opened topic of the desk, `sunset.events` if not said.

    Each event that it holds is handed to `take`, in its order, from the beginning.

    LogAwayError from every method where the log is gone: close it, forget all that was taken, and open another.
    """

    def __init__(
        self, kafka: Kafka, take: Callable[[Event], None], beat: Callable[[], None], topic: Topic = SUNSET_EVENTS
    ) -> None:
        def handed(event: Event) -> None:
            take(event)
            beat()

        self._kafka = kafka
        self._beat = beat
        self._topic = topic
        self._log: TopicLog[None] = TopicLog(kafka, topic, handed)
        self._producer: Any = None

    def __enter__(self) -> Self:
        self._log.__enter__()
        try:
            self._open()
        except LogAwayError:
            self._log.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._log.close()

    def _open(self) -> None:
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
            raise LogAwayError(str(error)) from error

    def _close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=2)

    def read(self) -> None:
        """Take what is new; the first time, all that there is."""
        self._log.next()

    def rest(self) -> None:
        """Take all that the log holds by now: who decides must know what was decided, by another desk too."""
        self._log.rest()

    def aside(self, event: Event, topic: Topic) -> None:
        """Write a small event to another topic of one partition, and wait until it is acknowledged."""
        try:
            self._producer.send(topic.name, codec.encode(event), partition=0).get(_ACK_SECONDS)
        except (KafkaError, OSError) as error:
            raise LogAwayError(f"{topic.name} did not take a {type(event).__name__}: {error}") from error
        written(event)

    def append(self, events: Iterable[Event]) -> int:
        """Write these in their order, some hundred a record; return how many, once each record is acknowledged.

        One that is larger than the broker takes is told of and left out, the others go on; of a letter that is, a
        `LetterDue` without its uses and with a `problem` is written: it is listed among those that reach nobody.
        """
        taken = 0
        for chunk, lines in _chunks(events):
            try:
                value = codec.pack(lines) if len(lines) > 1 or len(lines[0]) > _CHUNK_BYTES else lines[0]
                self._producer.send(self._topic.name, value, partition=0).get(_ACK_SECONDS)
            except (MessageSizeTooLargeError, RecordListTooLargeError):
                _log.error("%s does not take %d bytes: %s …", self._topic.name, len(value), lines[0][:200].decode())
                self._close()  # its sequence is broken: kafka-python 3.0.12 would refuse all that comes after
                self._open()
                taken += self.append(_unsendable(chunk, len(lines[0])))
                continue
            except (KafkaError, OSError) as error:
                raise LogAwayError(f"{self._topic.name} did not take a decision: {error}") from error
            taken += len(chunk)
            for event in chunk:
                written(event)
            self._beat()
        return taken


def _unsendable(chunk: Sequence[Event], size: int) -> Iterator[LetterDue]:
    """Yield what is told instead of a letter that is too large; it stands for it, under the same id."""
    event = chunk[0]
    if len(chunk) == 1 and isinstance(event, LetterDue) and event.uses:
        words = f"the letter about {len(event.uses)} mailboxes is too large for the log: {size} bytes"
        yield msgspec.structs.replace(event, recipient="", message_id="", uses=(), thanked=(), problem=words)


def _chunks(events: Iterable[Event]) -> Iterator[tuple[Sequence[Event], Sequence[bytes]]]:
    """Yield these some hundred at a time with their lines, half a megabyte at most, or a single one that is larger."""
    chunk: list[Event] = []
    lines: list[bytes] = []
    size = 0
    for event in events:
        line = codec.encode(event)
        if chunk and (len(chunk) == _CHUNK or size + len(line) > _CHUNK_BYTES):
            yield chunk, lines
            chunk, lines, size = [], [], 0
        chunk.append(event)
        lines.append(line)
        size += len(line)
    if chunk:
        yield chunk, lines
