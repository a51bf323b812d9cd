"""How far the sink and the worker are behind the log, asked of Kafka by a thread of its own: no page waits for it.

The thread asks every few seconds as long as somebody looks. While Kafka is away the last answer stands, with its age
and the error; before the first there is none: that is not known, and never 0.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kafka import TopicPartition
from kafka.errors import KafkaError

from schemas.kafka_clients import knock
from schemas.lag import Lag, Offsets
from schemas.settings import Settings
from schemas.topics import (
    CASE_OBSERVATIONS,
    COMPLAINTS,
    MAIL_EVENTS,
    MAILBOX_LEAKS,
    MAILBOX_SIGNALS,
    POOL_OBSERVATIONS,
    TOPICS,
)

EVERY_SECONDS = 5.0
_WATCHED_SECONDS = 30.0
_MOST_LOOKS = 24
_FIRST_SECONDS = 0.3
FOLDED = (MAIL_EVENTS, COMPLAINTS, MAILBOX_SIGNALS, MAILBOX_LEAKS, POOL_OBSERVATIONS, CASE_OBSERVATIONS)
"""What the worker reads; of the rest it keeps no place."""


class Progress(NamedTuple):
    """How far a reader ("sink", "worker") has come in a partition.

    `done` is the next offset that it has not done, None where it committed none; `seconds` is how long the first
    record that is not done lies there, None where that was not told. All are None-able: unknown is never 0.
    """

    reader: str
    topic: str
    partition: int
    end: int
    done: int | None
    seconds: float | None

    @property
    def left(self) -> int | None:
        """Return how many records are not done; None where nothing was committed and there is something."""
        if self.done is None:
            return None if self.end else 0
        return max(0, self.end - self.done)


@dataclass(frozen=True)
class Told:
    """The last good answer, of `read_at` (epoch seconds; 0: there was none yet); `error` says why there is no newer."""

    rows: tuple[Progress, ...] = ()
    read_at: float = 0.0
    error: str = ""


def progress(
    ends: Offsets, committed: Mapping[str, Offsets], waited: Callable[[TopicPartition, int], float | None]
) -> Iterator[Progress]:
    """Yield each reader's progress in each of its partitions; `waited` tells how long a record lies there."""
    folded = {topic.name for topic in FOLDED}
    looks = 0
    for reader, done in committed.items():
        for place, end in sorted(ends.items()):
            if reader == "worker" and place.topic not in folded:
                continue
            at = done.get(place)
            seconds: float | None = 0.0 if end == 0 or (at is not None and at >= end) else None
            if at is not None and at < end and looks < _MOST_LOOKS:
                looks += 1
                seconds = waited(place, at)
            yield Progress(reader, place.topic, place.partition, end, at, seconds)


class Behind:
    """Asks Kafka; safe to use from many threads."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:  # noqa: TID251 lag is of now
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked = 0.0
        self._told = Told()
        self._first = threading.Event()

    def told(self) -> Told:
        """Return the newest answer there is; who is the first to ask waits for a moment, and no longer."""
        with self._lock:
            self._asked = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="behind", daemon=True)
                self._thread.start()
        self._first.wait(_FIRST_SECONDS)
        return self._told

    def _run(self) -> None:
        logging.getLogger("kafka").setLevel(logging.CRITICAL)  # the page says itself that Kafka is away
        while True:
            with self._lock:
                if time.monotonic() - self._asked > _WATCHED_SECONDS:
                    self._thread = None
                    return
            try:
                self._told = Told(tuple(self._ask()), self._clock())
            except (KafkaError, OSError) as error:
                self._told = Told(self._told.rows, self._told.read_at, " ".join(str(error).split())[:300])
            self._first.set()
            time.sleep(EVERY_SECONDS)

    def _ask(self) -> Iterator[Progress]:
        knock(self._settings.kafka.bootstrap)
        group = self._settings.kafka.group
        with Lag(self._settings) as lag:
            ends = lag.ends(TOPICS)
            committed = {"sink": lag.committed(f"{group}-sink"), "worker": lag.committed(group)}

            def waited(place: TopicPartition, offset: int) -> float | None:
                written = lag.written_at(place, offset)
                return None if written is None else max(0.0, self._clock() - written / 1000)

            yield from progress(ends, committed, waited)
