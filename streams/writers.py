"""The agents that are the one writer of what they decide: of the pools with their delisting cases, and of the cases.

What was decided is written first, then the snapshots, then the records are acknowledged.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import faust
from faust.types import StreamT

from schemas import codec
from schemas.customers import Customers
from schemas.delisting_events import DelistingEvent
from schemas.events import Event
from schemas.mailbox_events import CaseEvent, StepChanged
from schemas.observations import PoolObservation
from schemas.pool_events import PoolEvent
from schemas.settings import Settings
from schemas.topics import (
    CASE_EVENTS,
    CASE_OBSERVATIONS,
    CASE_STATE,
    DELISTING_EVENTS,
    DELISTING_STATE,
    POOL_EVENTS,
    POOL_OBSERVATIONS,
    POOL_STATE,
    Topic,
)
from streams.batches import Batches
from streams.casebook import Casebook
from streams.delistings import Delistings
from streams.eventlog import EventLog
from streams.metrics import ACTIVE, IPS
from streams.partition import Output, dead_letters
from streams.pool import active
from streams.pools import Pools
from streams.records import timely
from streams.standing import Place, Pool

_SECONDS = 0.5


class _Writer(Batches):
    """Folds a topic of one partition."""

    topic: Topic

    async def work(self, stream: StreamT[Any]) -> None:
        """Fold the stream's records for ever."""
        async for batch in self._each(stream, _SECONDS):
            dead: list[Output] = []
            for event in batch:
                events, letters = self._read(self.topic, event.message)
                self._apply(event.message.offset, events, int(event.message.timestamp * 1_000_000))
                dead.extend(dead_letters(letters))
            await self._write(dead)

    async def _write(self, dead: Sequence[Output] = ()) -> None:
        decisions, *states = self._flush()
        await self._log.write([*decisions, *dead])
        for each in states:
            await self._log.write(each)

    async def _decisions(self, topic: Topic) -> list[Event]:
        return [codec.decode(value) for _, value in await self._log.read(topic, [0])]

    @abstractmethod
    def _apply(self, offset: int, events: Iterable[Event], written: int) -> None:
        """Fold the events of a record that was written then."""

    @abstractmethod
    def _flush(self) -> Sequence[list[Output]]:
        """Return what to write, each of these after the one before is acknowledged: the decisions first."""


class PoolAgent(_Writer):
    """Folds what is known of the pools: the one writer of their decisions, and of the delisting cases."""

    topic = POOL_OBSERVATIONS

    def __init__(self, app: faust.App, log: EventLog, settings: Settings) -> None:
        super().__init__(app, log)
        self._settings = settings
        self._pools = Pools({}, "", settings.kafka.partitions)
        self._delistings = Delistings({}, "")

    def _apply(self, offset: int, events: Iterable[Event], written: int) -> None:
        observed = [event for event in events if isinstance(event, PoolObservation)]
        learnt = self._pools.apply(offset, observed, written)
        self._delistings.apply(offset, [timely(event, written) for event in observed], learnt)

    def _flush(self) -> Sequence[list[Output]]:
        decisions, states = self._pools.flush()
        if states:
            _count(self._pools.pools.values())
        delistings, files = self._delistings.flush()
        return [*decisions, *delistings], files, states

    async def _recover(self) -> str:
        self._pools = Pools(self._settings.pool, self._log.cluster, self._settings.kafka.partitions)
        self._delistings = Delistings(self._settings.pool, self._log.cluster)
        for topic, restore in ((POOL_STATE, self._pools.restore), (DELISTING_STATE, self._delistings.restore)):
            for _, value in await self._log.read(topic, [0]):
                restore(value)
        decisions = await self._decisions(POOL_EVENTS)
        self._pools.catch_up(event for event in decisions if isinstance(event, PoolEvent))
        delistings = await self._decisions(DELISTING_EVENTS)
        self._delistings.catch_up(event for event in delistings if isinstance(event, DelistingEvent))
        await self._write()
        return (
            f"{len(self._settings.pool)} pools and {len(decisions)} decisions, {len(self._delistings)} open delistings"
        )


def _count(pools: Iterable[Pool]) -> None:
    """Tell how many IPs of each pool are where, and what part of the pool carries mail."""
    for pool in pools:
        places = Counter(standing.place for standing in pool.ips.values())
        for place in get_args(Place):
            IPS.labels(pool.name, place).set(places[place])
        ACTIVE.labels(pool.name).set(sum(active(pool).values()) / max(1, len(pool.ips)))


class CaseAgent(_Writer):
    """Folds the steps of all mailboxes, customer by customer: the one writer of the cases."""

    topic = CASE_OBSERVATIONS

    def __init__(self, app: faust.App, log: EventLog, settings: Settings) -> None:
        super().__init__(app, log)
        self._settings = settings
        self._customers = Customers(settings.customers)
        self._cases = self._begun()

    def _begun(self) -> Casebook:
        return Casebook(self._settings.mailboxes, self._customers, self._log.cluster)

    def _apply(self, offset: int, events: Iterable[Event], _written: int) -> None:
        self._cases.apply(offset, [event for event in events if isinstance(event, StepChanged)])

    def _flush(self) -> Sequence[list[Output]]:
        return self._cases.flush()

    async def _recover(self) -> str:
        self._cases = self._begun()
        for _, value in await self._log.read(CASE_STATE, [0]):
            self._cases.restore(value)
        decisions = await self._decisions(CASE_EVENTS)
        self._cases.catch_up(event for event in decisions if isinstance(event, CaseEvent))
        await self._write()
        moves = self._cases.moves()
        await self._log.write(moves)
        told = f", {len(moves)} steps told of mailboxes that are another customer's now" if moves else ""
        return f"{len(self._cases)} customers and {len(decisions)} decisions{told}"
