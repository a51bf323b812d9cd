"""The guard of Faust's commits: what still waits is never committed past."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from faust.contrib.asgi import faust_app_running
from faust.types import TP, EventT
from hypothesis import given
from hypothesis import strategies as st
from kafka import KafkaConsumer, TopicPartition

from schemas.settings import Settings
from schemas.topics import MAIL_EVENTS
from streams.agents import options
from streams.quiet import thread_ended
from streams.transport import App, ConsumerThread, Outstanding
from tests.worker.workbench import Bench

PLACE = TP("mail.events", 0)


@given(st.lists(st.sampled_from(["hand out", "finish", "look"]), max_size=60), st.data())
def test_what_is_committed_is_always_done(actions: list[str], data: st.DataObject) -> None:
    outstanding, waiting, done, committed, last = Outstanding(), set[int](), set[int](), 0, -1
    for action in actions:
        if action == "hand out":
            last += data.draw(st.integers(1, 3))
            outstanding.hand_out(PLACE, last)
            waiting.add(last)
        elif action == "finish" and waiting:
            offset = data.draw(st.sampled_from(sorted(waiting)))
            outstanding.finish(PLACE, offset)
            waiting.remove(offset)
            done.add(offset)
        elif action == "look":
            committed = outstanding.next_offset(PLACE) or committed
            assert all(offset >= committed for offset in waiting)
            assert committed == max((offset + 1 for offset in done if not waiting or offset < min(waiting)), default=0)


def test_a_record_of_an_assignment_that_is_over_is_not_done() -> None:
    outstanding = Outstanding()
    outstanding.hand_out(PLACE, 0)
    outstanding.forget()
    outstanding.finish(PLACE, 0)
    assert outstanding.next_offset(PLACE) is None


def committed(bench: Bench) -> int | None:
    consumer = KafkaConsumer(
        bootstrap_servers=bench.broker.bootstrap, group_id=bench.settings.kafka.group, enable_auto_commit=False
    )
    try:
        offset: int | None = consumer.committed(TopicPartition(MAIL_EVENTS.name, 0))
        return offset
    finally:
        consumer.close()


async def taken(settings: Settings, until: int, ack: Callable[[Any, EventT[bytes]], Awaitable[None]]) -> list[bytes]:
    """Run an app of its own until its agent got `until` records and the commits are made; return what it got."""
    chosen = options(settings) | {"stream_wait_empty": False}  # else it waits for ever for what is never acknowledged
    app, got, enough = App(settings.kafka.group, **chosen), list[bytes](), asyncio.Event()

    async def agent(stream: Any) -> None:  # noqa: ANN401 Faust hands over a stream
        async for batch in stream.noack_take(4, within=0.2):
            for event in batch:
                got.append(event.message.value)
                await ack(stream, event)
            if len(got) >= until:
                enough.set()

    app.agent(app.topic(MAIL_EVENTS.name), name="test")(agent)
    async with faust_app_running(app):
        await asyncio.wait_for(enough.wait(), 30)
        await asyncio.sleep(2.5)
    return got


@pytest.mark.slow
def test_the_broker_never_holds_an_offset_beyond_a_waiting_record(bench: Bench, settings: Settings) -> None:
    values = [f"record {number}".encode() for number in range(10)]
    for value in values:
        bench.send(MAIL_EVENTS, 0, value)

    async def all_but_skipped(stream: Any, event: EventT[bytes]) -> None:  # noqa: ANN401
        if event.message.offset not in {3, 9}:
            await stream.ack(event)

    async def each(stream: Any, event: EventT[bytes]) -> None:  # noqa: ANN401
        await stream.ack(event)

    assert asyncio.run(taken(settings, 10, all_but_skipped)) == values
    assert committed(bench) == 3
    assert asyncio.run(taken(settings, 7, each)) == values[3:]
    assert committed(bench) == 10


def test_a_thread_that_ends_says_so_in_one_line(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        try:
            raise OSError("the broker went away")  # noqa: TRY301 as Faust's thread does it
        except OSError as error:
            ConsumerThread.on_crash(cast("ConsumerThread", None), "{0!r} crashed: {1!r}", "consumer", error)
            raise

    monkeypatch.setattr(threading, "excepthook", thread_ended)
    thread = threading.Thread(target=fail, name="consumer")
    with caplog.at_level("INFO", "relaywarden.stream"):
        thread.start()
        thread.join()
    assert caplog.messages == ["the thread consumer ended: OSError('the broker went away')"]
    assert capsys.readouterr().err == ""
