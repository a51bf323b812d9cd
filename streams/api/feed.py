"""The decisions as they are made, each once, from any position on: out of Kafka, and of ClickHouse what it forgot.

The embedded broker of `relaywarden up` is replaced now and then: then what a client has not had of the log before comes
out of ClickHouse, and of the new log what it was refilled with is passed over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas import codec
from schemas.events import Event
from schemas.names import EMBEDDED
from schemas.settings import Settings
from streams.api.position import Position
from streams.api.told import KINDS, PAGE, TOPICS, Place, missed
from streams.operating import warehouse
from streams.rows import REFILLED

LOG = logging.getLogger("relaywarden.api")
_BACK = 1000  # so many records before a position are read for their ids alone: a worker that crashed may repeat itself
_REMEMBERED = 20_000
_PATIENCE_MS = 5000
_POLL_MS = 500
_BEAT_SECONDS = 10.0
_PAUSE = 1.0
_END_SECONDS = 5.0

Told = tuple[Position, Event | None]
"""A position and the decision that led to it; None: only a sign of life."""


class LogChangedError(Exception):
    """The log is not that in which the position is: what came between cannot be told."""


class _Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    refilled: bool
    events: Sequence[Event]


class OpenLog:
    """The topics of decisions, opened. KafkaError or OSError from every method where the broker is away."""

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = list(settings.kafka.bootstrap)
        counts = {topic.name: topic.partitions(settings.kafka.partitions) for topic in TOPICS}
        self._places = [TopicPartition(name, number) for name, count in counts.items() for number in range(count)]
        self._admin: Any = None
        self._consumer: Any = None
        self.cluster = ""

    async def __aenter__(self) -> Self:
        try:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=_PATIENCE_MS)
            await self._admin.start()
            self.cluster = await self._identity()
            _complete(await self._admin.list_topics())
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                request_timeout_ms=_PATIENCE_MS,
                fetch_max_wait_ms=200,
            )
            await self._consumer.start()
            self._consumer.assign(self._places)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        consumer, self._consumer = self._consumer, None
        admin, self._admin = self._admin, None
        ending = [asyncio.create_task(each()) for each in (consumer and consumer.stop, admin and admin.close) if each]
        if ending:  # apart: aiokafka ends its own tasks by cancelling, and so would end the one that waits for it
            await asyncio.wait(ending, timeout=_END_SECONDS)

    async def end(self) -> Position:
        """Return the position at the end; of the embedded broker up to a batch before it."""
        ends = await self._consumer.end_offsets(self._places)
        return Position(self.cluster, {(place.topic, place.partition): end for place, end in ends.items()})

    async def go(self, position: Position) -> None:
        """Go some way before a position. LogChangedError where the log ends before it."""
        ends = (await self.end()).offsets
        short = [place for place, offset in position.offsets.items() if offset > ends.get(place, 0)]
        if short and not self.cluster.startswith(EMBEDDED):
            raise LogChangedError(f"{short[0][0]} ends before the position: it was made anew")
        for place in self._places:
            wanted = position.offsets.get((place.topic, place.partition), 0)
            self._consumer.seek(place, max(0, wanted - _BACK))

    async def next(self) -> list[_Record]:
        """Return what is new, nothing after half a moment; of the log that was opened, and no other."""
        polled = await self._consumer.getmany(timeout_ms=_POLL_MS)
        if await self._identity() != self.cluster:
            raise OSError("the log is another now")
        return [_record(record) for records in polled.values() for record in records]

    async def _identity(self) -> str:
        return str((await self._admin.describe_cluster())["cluster_id"])


def _complete(there: Iterable[str]) -> None:
    """Return if all topics are there: naming one to the embedded broker would make it. OSError: else."""
    lacking = sorted({topic.name for topic in TOPICS} - set(there))
    if lacking:
        raise OSError(f"the broker has no topic {', '.join(lacking)}")


def _record(record: Any) -> _Record:  # noqa: ANN401 aiokafka has no types
    try:
        events = codec.decode_chunk(record.value or b"")
    except ValueError as error:
        LOG.warning("%s %d at %d is passed over: %s", record.topic, record.partition, record.offset, error)
        events = ()
    refilled = any(name == REFILLED for name, _ in record.headers)
    return _Record(record.topic, record.partition, record.offset, refilled, events)


class Feed:
    """The decisions from a position on, for one client, until `ended`."""

    def __init__(self, settings: Settings, ended: Callable[[], bool]) -> None:
        self._settings = settings
        self._ended = ended
        self._seen: dict[str, None] = {}

    async def follow(self, log: OpenLog, start: Position | None) -> AsyncIterator[Told]:
        """Yield decisions, and a sign of life every ten seconds; `start` None is the end that the opened log has now.

        It waits while a server is away. LogChangedError where what came between cannot be told.
        """
        try:
            position = start or await log.end()
            while not self._ended():
                try:
                    async for told in self._of(log, position):
                        position = told[0]
                        yield told
                except (KafkaError, OSError) as error:
                    LOG.info("a stream waits: %s", error)
                    await log.close()
                    yield position, None
                    log = await self._again()
        finally:
            await log.close()

    async def _again(self) -> OpenLog:
        while True:
            await asyncio.sleep(_PAUSE)
            if self._ended():
                raise LogChangedError("the API ends")
            try:
                return await OpenLog(self._settings).__aenter__()
            except (KafkaError, OSError):
                continue

    async def _of(self, log: OpenLog, position: Position) -> AsyncIterator[Told]:
        yield position, None
        if not position.follows(log.cluster):
            raise LogChangedError(f"the log is {log.cluster} now, no longer {position.cluster}")
        if position.cluster != log.cluster:
            async for told in self._past(log.cluster, position):
                yield told
            position = Position(log.cluster)
        await log.go(position)
        clock = asyncio.get_running_loop().time
        beaten = clock()
        while not self._ended():
            for record in await log.next():
                behind = record.offset < position.offsets.get((record.topic, record.partition), 0)
                fresh = [event for event in record.events if self._first(event)]
                if behind:
                    continue
                before, position = position, position.behind(record.topic, record.partition, record.offset)
                for event in () if record.refilled else fresh:
                    beaten = clock()
                    yield position if event is fresh[-1] else before, event
            if clock() - beaten > _BEAT_SECONDS:
                beaten = clock()
                yield position, None

    async def _past(self, present: str, position: Position) -> AsyncIterator[Told]:
        """Yield what the client has not had of the logs before the present one."""
        while not self._ended():
            events = await asyncio.to_thread(self._missed, present, position)
            for event in events:
                position = replace(position, past=Place(event.at, event.id))
                if self._first(event):
                    yield position, event
            if len(events) < PAGE:
                return

    def _missed(self, present: str, position: Position) -> list[Event]:
        with warehouse(self._settings) as client:
            return missed(client, position.cluster, position.offsets, present, position.past)

    def _first(self, event: Event) -> bool:
        """Tell whether it is a decision that this client has not had, as far as its ids are remembered."""
        if not isinstance(event, KINDS) or event.id in self._seen:
            return False
        self._seen[event.id] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True
