"""When the worker ends by itself: it stands still though there is work, or the broker is another."""

import asyncio
import logging
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faust.contrib.asgi import faust_app_running

from embedded.broker import Broker
from schemas.settings import Settings
from schemas.topics import MAIL_EVENTS, TOPICS
from streams.agents import options
from streams.eventlog import EventLog
from streams.quiet import Calm
from streams.transport import App
from streams.worker import StalledError, watch
from tests.worker.workbench import Bench, Worker, deliveries

pytestmark = pytest.mark.slow


def test_stands_still_though_there_is_work(bench: Bench, settings: Settings) -> None:
    bench.send_mail(deliveries(10, 1))

    async def agent(stream: Any) -> None:  # noqa: ANN401 Faust hands over a stream
        async for _ in stream.noack_take(10, within=0.2):
            pass

    async def stalled() -> str:
        log = EventLog(settings.kafka.bootstrap)
        await log.start(TOPICS)
        app = App(settings.kafka.group, **(options(settings) | {"stream_wait_empty": False}))
        app.agent(app.topic(MAIL_EVENTS.name), name="test")(agent)
        async with faust_app_running(app):
            with pytest.raises(StalledError) as told:
                await watch(app, log, 8.0)
        await log.stop()
        return str(told.value)

    assert asyncio.run(stalled()).startswith("nothing was committed for 8 s though there is more in mail.events/")


def test_a_consumer_whose_thread_ended_is_a_stall_and_no_crash(bench: Bench, settings: Settings) -> None:
    """Its loop is closed then, and whoever asks it gets a RuntimeError of asyncio's."""
    bench.send_mail(deliveries(10, 1))
    program = f"from tests.worker import ended_thread as e; e.main({settings.model_dump_json()!r})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    expected = "nothing was committed for 4 s though there is more in the consumer, whose thread ended\n"
    assert ended.stdout == expected, ended.stderr


def test_the_broker_is_another(bench: Bench, worker: Worker, tmp_path: Path) -> None:
    worker.start()
    worker.ready(1, "PoolAgent")
    port = bench.broker.port
    bench.close()
    bench.broker.kill()
    with Broker(tmp_path / "other.log", port, "other"):
        assert worker.wait() == 1
    errors = [line for line in worker.text().splitlines() if " ERROR " in line]
    assert len(errors) == 1
    assert "the broker is of the cluster other now" in errors[0]


def test_waits_for_a_broker_and_its_topics_with_one_warning(settings: Settings, worker: Worker) -> None:
    worker.settings = settings.model_copy(
        update={"kafka": settings.kafka.model_copy(update={"bootstrap": ("127.0.0.1:1",)})}
    )
    worker.start()
    worker.says("no broker")
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(3)
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    (warning,) = worker.text().splitlines()
    assert "WARNING no broker at 127.0.0.1:1: waiting until one answers" in warning


def test_a_flood_of_the_client_is_told_once_and_as_no_error(caplog: pytest.LogCaptureFixture) -> None:
    source, to = logging.getLogger("test.flood"), logging.getLogger("test.calm")
    source.propagate = False
    source.handlers = [Calm(to, logging.INFO)]
    caplog.set_level(logging.INFO, "test.calm")
    for number in range(100):
        source.error("no connection to %d", number)
    source.warning("another thing")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "no connection to 0"),
        ("INFO", "another thing"),
    ]
