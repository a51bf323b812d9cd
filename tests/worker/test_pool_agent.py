"""The pool's one writer in a real worker: decides within a moment, and the same again after kill -9."""

import json
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from kafka import KafkaConsumer, TopicPartition

from schemas import codec
from schemas.facts import Answer, Culprit
from schemas.names import event_id, source_id
from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    PoolObservation,
    SenderJudged,
    TrafficCounted,
)
from schemas.pool_events import IpProbationStarted, IpWithdrawn, PoolEvent, ReturnDelayed
from schemas.settings import Settings
from schemas.topics import POOL_EVENTS, POOL_OBSERVATIONS, POOL_STATE, Topic
from tests.worker.workbench import Bench, Worker

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(settings: Settings) -> Settings:
    pool = {"main": {"transports": {"out1": "192.0.2.1", "out2": "192.0.2.2"}, "quarantine_minutes": 0.05}}
    return Settings.model_validate(settings.model_dump() | {"pool": pool})


def until(bench: Bench, topic: Topic, done: Callable[[bytes], bool]) -> None:
    """Wait until a topic of one partition holds such a value."""
    deadline = time.monotonic() + 60
    with closing(KafkaConsumer(bootstrap_servers=bench.broker.bootstrap, auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(topic.name, 0)])
        while not any(done(record.value) for records in consumer.poll(500).values() for record in records):
            assert time.monotonic() < deadline, f"{topic.name} never came so far"


def withdrawals(bench: Bench) -> set[tuple[str, str]]:
    events = [codec.decode(value) for _, _, value in bench.read(POOL_EVENTS)]
    return {(event.id, event.ip) for event in events if isinstance(event, IpWithdrawn)}


def test_a_listing_withdraws_within_a_moment_and_only_once_after_kill_9(bench: Bench, worker: Worker) -> None:
    at = time.time_ns() // 1000
    worker.start()
    worker.ready(1, "PoolAgent")
    observed = [ListHealthObserved(id=f"h{n}", at=at + n, list="zone", healthy=True) for n in range(3)]
    for health in observed:
        bench.send(POOL_OBSERVATIONS, 0, codec.encode(health))
    listing = ListingObserved(
        id="l", at=at + 10, ip="192.0.2.1", list="zone", answer="listed", scope="ip", weight=1.0, codes=("127.0.0.2",)
    )
    began = time.monotonic()
    clean = ListingObserved(
        id="c", at=at + 10, ip="192.0.2.2", list="zone", answer="not_listed", scope="ip", weight=1.0
    )
    for answer in (listing, clean):
        bench.send(POOL_OBSERVATIONS, 0, codec.encode(answer))
    until(bench, POOL_EVENTS, lambda value: isinstance(codec.decode(value), IpWithdrawn))
    took = time.monotonic() - began
    worker.kill()
    first = withdrawals(bench)
    end = len(bench.read(POOL_OBSERVATIONS))
    worker.start()
    worker.ready(2, "PoolAgent")
    until(bench, POOL_STATE, lambda value: json.loads(value)["state"]["offset"] >= end + 5)  # all again, and ticks
    assert took < 2.5
    assert [ip for _, ip in first] == ["192.0.2.1"]
    assert withdrawals(bench) == first
    state = bench.newest(POOL_STATE, "pool")["main"]["state"]
    assert {ip: standing.get("place", "active") for ip, standing in state["folded"]["ips"].items()} == {
        "192.0.2.1": "withdrawn",
        "192.0.2.2": "active",
    }
    ticks = [
        event for *_, value in bench.read(POOL_OBSERVATIONS) if isinstance(event := codec.decode(value), ClockTicked)
    ]
    assert len(ticks) > 5
    assert len({tick.id for tick in ticks}) == len(ticks)


def answers(number: int, answer: Answer) -> list[PoolObservation]:
    """Return what a list says now about the first IP; of the second it says that it does not name it."""
    at = time.time_ns() // 1000
    said: tuple[Answer, Answer] = (answer, "not_listed")
    return [
        ListingObserved(id=f"l{number}{ip}", at=at, ip=ip, list="zone", answer=one, scope="ip", weight=1.0)
        for ip, one in zip(("192.0.2.1", "192.0.2.2"), said, strict=True)
    ]


def sent(number: int, ip: str) -> TrafficCounted:
    """Return that eve sends through an IP now."""
    at = time.time_ns() // 1000
    eve = (Culprit(sender="eve@example.net", messages=90, unknown_users=60),)
    identity = event_id(source_id("traffic", "test"), number)
    return TrafficCounted(id=identity, at=at, partition=0, ip=ip, sent=90, last_at=at, senders=eve)


def decided(consumer: KafkaConsumer, kind: type[PoolEvent]) -> PoolEvent:
    """Return the next decision, which is of this kind."""
    deadline = time.monotonic() + 60
    while not (found := consumer.poll(500, max_records=1)):
        assert time.monotonic() < deadline, f"no {kind}"
    ((record,),) = found.values()
    event = codec.decode(record.value)
    assert isinstance(event, kind)
    return event


def test_a_culprit_who_goes_on_delays_the_return_until_he_is_released(bench: Bench, worker: Worker) -> None:
    def told(*observed: PoolObservation) -> None:
        for event in observed:
            bench.send(POOL_OBSERVATIONS, 0, codec.encode(event))

    worker.start()
    with closing(KafkaConsumer(bootstrap_servers=bench.broker.bootstrap, auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(POOL_EVENTS.name, 0)])
        told(sent(1, "192.0.2.1"), *answers(1, "listed"))
        decided(consumer, IpWithdrawn)
        told(SenderJudged(id="j1", at=time.time_ns() // 1000, mailbox="eve@example.net", step="flag"))
        told(sent(2, "192.0.2.2"), *answers(2, "not_listed"))
        delayed = decided(consumer, ReturnDelayed)
        if not delayed.culprits:  # type: ignore[union-attr]  # a ReturnDelayed: its time was over before the list let go
            assert [item.rule for item in delayed.evidence] == ["dnsbl/zone"]
            delayed = decided(consumer, ReturnDelayed)
        assert (delayed.ip, [one.sender for one in delayed.culprits]) == ("192.0.2.1", ["eve@example.net"])  # type: ignore[union-attr]  # a ReturnDelayed
        told(SenderJudged(id="j2", at=time.time_ns() // 1000, mailbox="eve@example.net", step=""))
        assert decided(consumer, IpProbationStarted).ip == "192.0.2.1"
