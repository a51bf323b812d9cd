"""The process `relaywarden stream`: the Faust app in its loop, with ticks, a watchdog and a clean end."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine

from aiokafka.errors import KafkaError
from faust.contrib.asgi import faust_app_running
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from schemas import codec
from schemas.names import derived_id
from schemas.observations import ClockTicked
from schemas.pulse import Pulse
from schemas.readiness import READINESS
from schemas.settings import Settings
from schemas.topics import POOL_OBSERVATIONS, TOPICS
from streams.agents import build, now, owns_pool
from streams.eventlog import EventLog
from streams.metrics import ACTIVE, IPS, LAG
from streams.partition import Output
from streams.quiet import quieten
from streams.steps import known_rules
from streams.transport import App, Consumer

LOG = logging.getLogger("relaywarden.stream")
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 5.0


class StalledError(RuntimeError):
    """The worker makes no progress though there is work; the text says where."""


def run(settings: Settings) -> None:
    """Run the worker until SIGTERM or SIGINT. SystemExit with status 1 where it crashed or stalled.

    ValueError names a rule of the configuration that does not exist.
    """
    known_rules(settings.mailboxes)
    quieten()
    status = asyncio.run(_work(settings))
    logging.shutdown()
    if status:
        sys.exit(status)


async def _work(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log = EventLog(settings.kafka.bootstrap)
    if not await _first(stop, log.start(TOPICS)):
        return 0
    app = build(settings, log)
    failed = False
    deadline: asyncio.TimerHandle | None = None
    try:
        async with faust_app_running(app):
            LOG.info("the worker runs in the group %s of cluster %s", settings.kafka.group, log.cluster)
            try:
                beat = Pulse(settings.data, "stream").beat
                watching = watch(app, log, settings.stall_seconds, beat)
                await _first(stop, _ticks(app, log, settings.tick_seconds), watching)
                failed = app.crashed
            except StalledError as error:
                LOG.error("the worker ends: %s", error)  # noqa: TRY400 one line tells all
                logging.shutdown()
                os._exit(1)
            deadline = loop.call_later(_STOP_SECONDS, _cut_off, int(failed))
    finally:
        await log.stop()
        if deadline is not None:
            deadline.cancel()
    return int(failed)


def _cut_off(status: int) -> None:
    """End now: what was not acknowledged is done again by the next worker."""
    LOG.warning("the worker could not finish its batch in %.0f s; the next one does it again", _STOP_SECONDS)
    logging.shutdown()
    os._exit(status)


async def _first(stop: asyncio.Event, *others: Coroutine[None, None, None]) -> bool:
    """Wait for the first of these to end or fail, and end the others; tell whether it was not `stop`."""
    stopped = asyncio.create_task(stop.wait())
    tasks = [asyncio.create_task(other) for other in others]
    done, pending = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()
    return stopped not in done


async def _ticks(app: App, log: EventLog, seconds: float) -> None:
    """Write a tick every so often, as long as this worker is the pool's writer."""
    period = int(seconds * 1_000_000)
    while True:
        await asyncio.sleep(seconds)
        if owns_pool(app):
            at = now() // period * period
            tick = ClockTicked(id=derived_id("tick", at), at=at)
            await log.write([Output(POOL_OBSERVATIONS, 0, None, codec.encode(tick))])


async def watch(app: App, log: EventLog, seconds: float, beat: Callable[[], None] = lambda: None) -> None:
    """Return when the app crashed. StalledError where it stands still though there is work, or in another cluster.

    `beat` is called whenever its work was seen to go on.
    """
    moved = time.monotonic()
    before: dict[TP, int] | None = None
    while not app.crashed:
        await asyncio.sleep(min(_LOOK_SECONDS, seconds / 4))
        cluster = await log.present_cluster()
        if cluster not in (None, log.cluster):
            raise StalledError(f"the broker is of the cluster {cluster} now, it was {log.cluster}: offsets begin anew")
        committed = dict(app.consumer.committed) if isinstance(app.consumer, Consumer) else {}
        behind = await _behind(app, committed) if cluster else []
        _assigned(app)
        if committed != before or not behind:
            before, moved = committed, time.monotonic()
            if cluster:
                beat()
        elif time.monotonic() - moved > seconds:
            raise StalledError(f"nothing was committed for {seconds:.0f} s though there is more in {', '.join(behind)}")


def show_lag(behind: dict[TP, int]) -> None:
    """Tell how far behind each topic is of which this worker has partitions, and forget those of which it has none."""
    LAG.clear()
    for topic in {tp.topic for tp in behind}:
        LAG.labels(topic).set(sum(max(0, left) for tp, left in behind.items() if tp.topic == topic))


def _assigned(app: App) -> None:
    """Note whether the worker has its partitions; one that is a spare may have none, and is ready all the same.

    How the pools stand is told by their one writer.
    """
    if not owns_pool(app):
        IPS.clear()
        ACTIVE.clear()
    if app.rebalancing:
        READINESS.waits("partitions", "the consumer group forms anew")
    else:
        READINESS.has("partitions")


async def _behind(app: App, committed: dict[TP, int]) -> list[str]:
    if app.rebalancing or not committed:
        return ["the group that does not form"]
    try:
        ends = await asyncio.wait_for(app.consumer.highwaters(*committed), timeout=30)
    except (KafkaError, OSError, TimeoutError):
        return []
    except (RuntimeError, ConsumerNotStarted):  # the consumer's thread closes its loop when it ends; nobody reads then
        return ["the consumer, whose thread ended"]
    behind = {tp: end - committed.get(TP(*tp), 0) for tp, end in ends.items()}
    show_lag(behind)
    return [f"{tp.topic}/{tp.partition}" for tp, left in behind.items() if left > 0]
