"""A worker whose consumer's thread ends under it, in a process of its own: it leaves sockets and tasks behind."""

import asyncio
import os
import sys
from typing import Any

from faust.contrib.asgi import faust_app_running

from schemas.settings import Settings
from schemas.topics import MAIL_EVENTS, TOPICS
from streams.agents import options
from streams.eventlog import EventLog
from streams.transport import App, Consumer
from streams.worker import StalledError, watch


async def _watched(settings: Settings) -> None:
    log = EventLog(settings.kafka.bootstrap)
    await log.start(TOPICS)
    app = App(settings.kafka.group, **options(settings))
    reads = asyncio.Event()

    async def agent(stream: Any) -> None:  # noqa: ANN401 Faust hands over a stream
        async for events in stream.noack_take(1, within=0.2):
            await stream.ack(events[0])
            reads.set()

    app.agent(app.topic(MAIL_EVENTS.name), name="test")(agent)
    async with faust_app_running(app):
        await reads.wait()
        assert isinstance(app.consumer, Consumer)
        loop = app.consumer._thread.thread_loop  # noqa: SLF001 what a failure in the thread does
        loop.call_soon_threadsafe(loop.stop)
        try:
            await watch(app, log, 4.0)
            _end("the watch ended by itself")
        except StalledError as error:
            _end(str(error))
        except RuntimeError as error:
            _end(f"no stall, but {error!r}")


def _end(told: str) -> None:
    """Print it and end at once, as the worker does: leaving the app would wait for the thread."""
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()
    os._exit(0)


def main(settings: str) -> None:
    """Print how the watch ended."""
    asyncio.run(_watched(Settings.model_validate_json(settings)))
