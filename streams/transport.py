"""Faust's Kafka transport with a guard: what no agent has acknowledged is never committed past.

Faust 0.15 takes a leading hole for the past and commits behind it (faust-streaming/faust#606); records that its stream
skips during a rebalance it acknowledges unread. This consumer notes each record that it hands out and commits up to
the lowest that still waits. It also gives every member the same range of partitions of all topics, so that a mailbox's
complaints meet its mail (Faust does so only for apps with tables).
"""

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AgentT, Message
from faust.types.transports import TransportT

LOG = logging.getLogger("relaywarden.stream")


class Outstanding:
    """The offsets of each partition that were handed out, and those of them that are done."""

    def __init__(self) -> None:
        self._waiting: dict[TP, set[int]] = {}
        self._done: dict[TP, set[int]] = {}

    def hand_out(self, tp: TP, offset: int) -> None:
        """Note that the record is on its way to an agent."""
        self._waiting.setdefault(tp, set()).add(offset)

    def finish(self, tp: TP, offset: int) -> None:
        """Note that a record is done; one that was not handed out since the last `forget` is not meant."""
        if offset in self._waiting.get(tp, ()):
            self._waiting[tp].remove(offset)
            self._done.setdefault(tp, set()).add(offset)

    def next_offset(self, tp: TP) -> int | None:
        """Return the offset to read next after a restart, or None where nothing more is done; it is told once."""
        lowest = min(self._waiting.get(tp, ()), default=None)
        done = {offset for offset in self._done.get(tp, set()) if lowest is None or offset < lowest}
        if not done:
            return None
        self._done[tp] -= done
        return max(done) + 1

    def forget(self) -> None:
        """Drop all: the partitions were assigned anew, and reading begins again at what is committed."""
        self._waiting.clear()
        self._done.clear()


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with Kafka's range assignor."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._partition_assignment_strategy = (RangePartitionAssignor,)  # noqa: SLF001 Faust offers no setting
        return consumer

    def on_crash(self, msg: str, *fmt: Any, **_kwargs: Any) -> None:  # noqa: ANN401 Faust's own signature
        """Note it at the level DEBUG: Faust prints a traceback here, then raises, which `quiet.thread_ended` tells."""
        LOG.debug(msg.format(*fmt))


class Consumer(driver.Consumer):
    """Faust's consumer, which commits up to the lowest record that still waits, and knows what is committed.

    `committed` holds what the broker confirmed; Faust's own note moves even where a commit failed (#316).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 Faust's own signature
        super().__init__(*args, **kwargs)
        self.outstanding = Outstanding()
        self.committed: dict[TP, int] = {}
        self._deliver: Callable[[Message], Awaitable[None]] = self.callback
        self.callback = self._hand_out

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def verify_all_partitions_active(self) -> None:
        """Look at nothing: `worker.watch` finds a stall, and Faust's look ends a worker in a rebalance."""

    async def _hand_out(self, message: Message) -> None:
        self.outstanding.hand_out(message.tp, message.offset)
        await self._deliver(message)

    def ack(self, message: Message) -> bool:
        """Mark a record as done; Faust also calls this for records that its stream skipped: those are not done."""
        read = message.tracked and message.generation_id == self.app.consumer_generation_id
        if read:
            self.outstanding.finish(message.tp, message.offset)
        return super().ack(message)

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.outstanding.next_offset(tp)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Forget what was under way: it is read again from what is committed."""
        self.outstanding.forget()
        self.committed.clear()
        self._acked.clear()
        self._acked_index.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Continue at what is committed, and note where that is.

        Where nothing is committed yet Faust would stay where it stands, past what it fetched and dropped.
        """
        offsets = await super().seek_to_committed()
        fresh = [tp for tp, offset in offsets.items() if not offset or offset < 0]
        if fresh:
            await self._thread.seek_to_beginning(*fresh)
        self.committed.update({TP(tp.topic, tp.partition): offset or 0 for tp, offset in offsets.items()})
        return offsets

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        done = await super()._commit(offsets)
        if done:
            self.committed.update(offsets)
        return done


class Transport(driver.Transport):
    """Faust's Kafka transport with the guarded consumer."""

    Consumer = Consumer


class App(faust.App):
    """A Faust app whose consumer is guarded, and which ends the process where an agent cannot go on.

    Faust would start the agent again behind the batch that failed; a graceful stop would commit.
    """

    def _create_directories(self) -> None:
        """Make none: all state is in Kafka."""

    async def _on_agent_error(self, agent: AgentT[Any], exc: BaseException) -> None:
        LOG.error("the agent %s cannot go on, the worker ends: %r", agent.name, exc, exc_info=exc)
        logging.shutdown()
        os._exit(1)

    def _new_transport(self) -> TransportT:
        return cast("TransportT", Transport(self.conf.broker_consumer, self))
