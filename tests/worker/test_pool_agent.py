"""The pool's one writer in a real worker: decides within a moment, and the same again after kill -9."""

import time

import pytest

from schemas import codec
from schemas.observations import ClockTicked, ListHealthObserved, ListingObserved
from schemas.pool_events import IpWithdrawn
from schemas.settings import Settings
from schemas.topics import POOL_EVENTS, POOL_OBSERVATIONS, POOL_STATE
from tests.worker.workbench import Bench, Worker

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(settings: Settings) -> Settings:
    pool = {"main": {"transports": {"out1": "192.0.2.1", "out2": "192.0.2.2"}}}
    return Settings.model_validate(settings.model_dump() | {"pool": pool})


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
    while not withdrawals(bench):
        assert time.monotonic() - began < 10
    took = time.monotonic() - began
    worker.kill()
    first = withdrawals(bench)
    worker.start()
    worker.ready(2, "PoolAgent")
    time.sleep(3)
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
