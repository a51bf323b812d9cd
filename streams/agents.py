"""The Faust app: an agent each for mailboxes, pools and cases. It takes a batch, folds it, writes, then acknowledges.

State is in memory for owned partitions only. It is read back from its compacted topic before the first record of a new
assignment is applied, not by Faust's tables: those recover on their own, hang on an empty changelog (#597), and write
each change apart (docs/adr/0002).
"""

import asyncio
import logging
import time
from typing import Any

import faust
from faust.types import TP, EventT, StreamT

from schemas.customers import Customers
from schemas.mailbox_events import IdentityLeaked
from schemas.retry_events import RECOVERED
from schemas.settings import Settings
from schemas.topics import (
    CASE_OBSERVATIONS,
    COMPLAINTS,
    MAIL_EVENTS,
    MAILBOX_LEAKS,
    MAILBOX_SIGNALS,
    MAILBOX_STATE,
    POOL_OBSERVATIONS,
    TRAFFIC_STATE,
)
from streams import leak_key
from streams.batches import BATCH, Batches
from streams.eventlog import EventLog
from streams.partition import Output, Partition, dead_letters
from streams.records import Place, read
from streams.replies.table import Table, own
from streams.transport import App
from streams.writers import CaseAgent, PoolAgent

LOG = logging.getLogger("relaywarden.stream")
MAIL = {topic.name: topic for topic in (MAIL_EVENTS, COMPLAINTS, MAILBOX_SIGNALS, MAILBOX_LEAKS)}
_SLICE = 50
_MAIL_SECONDS = 1.0


def now() -> int:
    """Return the present time in microseconds."""
    return time.time_ns() // 1000  # noqa: TID251 the worker tells the pool what time it is


def build(settings: Settings, log: EventLog) -> App:
    """Return the app; `log` is open. Nothing is started."""
    app = App(settings.kafka.group, **options(settings))
    app.agent(app.topic(*MAIL), name="mailboxes")(MailAgent(app, log, settings).work)
    app.agent(app.topic(POOL_OBSERVATIONS.name), name="pool")(PoolAgent(app, log, settings).work)
    app.agent(app.topic(CASE_OBSERVATIONS.name), name="cases")(CaseAgent(app, log, settings).work)
    return app


def options(settings: Settings) -> dict[str, Any]:
    """Return Faust's settings; all that it would do by itself (tables, topics, leader, web) is off."""
    kafka = settings.kafka
    session = kafka.session_timeout_seconds
    return {
        "broker": [f"kafka://{place}" for place in kafka.bootstrap],
        "store": "memory://",
        "key_serializer": "raw",
        "value_serializer": "raw",
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "table_standby_replicas": 0,
        "stream_wait_empty": True,
        "stream_buffer_maxsize": BATCH * 2,
        "broker_session_timeout": session,
        "broker_heartbeat_interval": min(3.0, session / 3),
        "broker_max_poll_interval": 3600.0,
        "broker_commit_interval": 1.0,
        "web_enabled": False,
    }


class MailAgent(Batches):
    """Folds mail, complaints, signals and leaks of the owned partitions, mailbox by mailbox."""

    def __init__(self, app: faust.App, log: EventLog, settings: Settings) -> None:
        super().__init__(app, log)
        self._limits = settings.mailboxes
        self._table = Table(own(settings.replies.own))
        self._customers = Customers(settings.customers)
        self._data = settings.data
        self._lacking = ""
        self._told = False
        self._partitions: dict[int, Partition] = {}

    async def work(self, stream: StreamT[Any]) -> None:
        """Fold the stream's records for ever."""
        async for batch in self._each(stream, _MAIL_SECONDS):
            dead: list[Output] = []
            for event in batch:
                dead.extend(await self._apply(event))
            if any(event.message.topic == MAILBOX_LEAKS.name for event in batch):
                self._unlock()
            flushed = [partition.flush(now()) for partition in self._partitions.values()]
            await self._log.write([output for states, _ in flushed for output in states] + dead)
            await self._log.write([output for _, after in flushed for output in after])

    async def _apply(self, event: EventT[bytes]) -> list[Output]:
        """Fold a record, by slices: the pool's agent, which decides in a moment, shares this loop."""
        message = event.message
        topic = MAIL[message.topic]
        if topic is MAIL_EVENTS and RECOVERED in dict(message.headers or ()):
            return []  # facts of hours ago: they are kept and shown, and decide nothing now (docs/adr/0024)
        events, dead = self._read(topic, message)
        for start in range(0, len(events), _SLICE):
            self._partitions[message.partition].apply(topic, events[start : start + _SLICE])
            await asyncio.sleep(0)
        return dead_letters(dead)

    async def _recover(self) -> str:
        numbers = {tp.partition for tp in self._app.consumer.assignment() if tp.topic in MAIL}
        began = f"{self._log.cluster} {time.time_ns()}"  # noqa: TID251 a name that no count had before
        key = self._key()
        self._partitions = {
            number: Partition(number, self._limits, began, self._customers, key, self._table)
            for number in sorted(numbers)
        }
        again: list[Output] = []
        for number, value in await self._log.read(TRAFFIC_STATE, numbers):
            again.extend(self._partitions[number].restore_traffic(value))
        await self._log.each(MAILBOX_STATE, numbers, lambda *record: again.extend(self._restore(*record)))
        await self._restore_leaks(numbers)
        await self._log.write(again)
        mailboxes = sum(len(partition.states) for partition in self._partitions.values())
        return f"{mailboxes} mailboxes in {len(numbers)} partitions"

    def _restore(self, number: int, key: bytes, value: bytes | None) -> tuple[Output, ...]:
        if value is None:
            self._partitions[number].forget(key.decode())
            return ()
        try:
            return self._partitions[number].restore(value)
        except ValueError:
            LOG.exception("%s/%d: one mailbox begins anew, its state is %r", MAILBOX_STATE.name, number, value[:200])
            return ()

    async def _restore_leaks(self, numbers: set[int]) -> None:
        leaks: dict[int, list[IdentityLeaked]] = {}
        for number, value in await self._log.read(MAILBOX_LEAKS, numbers):
            events, _ = read(value, Place(self._log.cluster, MAILBOX_LEAKS, number, 0), 0)  # the stream tells the dead
            leaks.setdefault(number, []).extend(event for event in events if isinstance(event, IdentityLeaked))
        for number, its in leaks.items():
            self._partitions[number].restore_leaks(its)
        self._unlock()

    def _key(self) -> bytes | None:
        """Return the key of the leaks; None where there is none, and `_lacking` says why."""
        try:
            key = leak_key.known(self._data)
        except ValueError as error:
            key, self._lacking = None, str(error)
        else:
            self._lacking = f"their key is neither in {leak_key.VARIABLE} nor in {leak_key.place(self._data)}"
        return key

    def _unlock(self) -> None:
        """Apply the leaks that came before their key was there; say once that there is none."""
        locked = [partition for partition in self._partitions.values() if partition.locked]
        key = self._key() if locked else None
        if key is not None:
            for partition in locked:
                partition.unlock(key)
        elif locked and not self._told:
            self._told = True
            count = sum(partition.locked for partition in locked)
            LOG.warning("%d leaked identities are not applied: %s", count, self._lacking)


def owns_pool(app: faust.App) -> bool:
    """Tell whether this worker is the pool's one writer now."""
    return not app.rebalancing and TP(POOL_OBSERVATIONS.name, 0) in app.consumer.assignment()
