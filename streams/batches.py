"""The batches of an agent: of the present assignment only, acknowledged once all that follows from them is written."""

import logging
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.types import EventT, Message, StreamT

from schemas.events import DeadLetter, Event
from schemas.topics import Topic
from streams.eventlog import EventLog
from streams.metrics import FOLDED
from streams.records import Place, read

if TYPE_CHECKING:
    from faust.streams import Stream

LOG = logging.getLogger("relaywarden.stream")
BATCH = 128


class Batches:
    """What all agents share: batches of the present assignment, acknowledged once all of it is written."""

    def __init__(self, app: faust.App, log: EventLog) -> None:
        self._app = app
        self._log = log
        self._generation: int | None = None

    async def _each(self, stream: StreamT[Any], seconds: float) -> AsyncIterator[list[EventT[bytes]]]:
        """Yield batches; records of an assignment that is over are left to whom they belong now."""
        async for batch in cast("Stream[Any]", stream).noack_take(BATCH, within=seconds):
            generation = self._app.consumer_generation_id
            present: list[EventT[bytes]] = [event for event in batch if event.message.generation_id == generation]
            if not present:
                continue
            if generation != self._generation:
                began = time.monotonic()
                known = await self._recover()
                self._generation = generation
                LOG.info("%s: %s read back in %.2f s", type(self).__name__, known, time.monotonic() - began)
            yield present
            for event in present:
                await stream.ack(event)
                FOLDED.labels(event.message.topic).inc()

    def _read(self, topic: Topic, message: Message) -> tuple[list[Event], list[DeadLetter]]:
        """Return the events of a record and its dead letters."""
        place = Place(self._log.cluster, topic, message.partition, message.offset)
        return read(message.value or b"", place, int(message.timestamp * 1_000_000))

    async def _recover(self) -> str:
        """Read back the state of all owned partitions; return in words what it is."""
        raise NotImplementedError
