"""The poller that runs on: listings that come and go, slow lists, its end."""

import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from collectors.resolve import Poller
from embedded.zones import Zones
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.events import Event
from schemas.observations import ListHealthObserved, ListingObserved
from tests.parts import require
from tests.rbldns import TEST_POINTS, Rbldnsd

IP = "192.0.2.11"


def _settings(port: int, own: dict[str, Any], **more: object) -> Settings:
    return Settings.model_validate({"port": port, "own": own, "timeout_seconds": 1.0, **more})


def _running(poller: Poller) -> tuple[list[Event], threading.Event, threading.Thread]:
    events: list[Event] = []
    stop = threading.Event()

    def publish(found: Sequence[Event]) -> None:
        events.extend(found)

    thread = threading.Thread(target=poller.run, args=(publish, stop))
    thread.start()
    return events, stop, thread


def _answers(events: Sequence[Event]) -> list[str]:
    return [event.answer for event in events if isinstance(event, ListingObserved)]


def _until(events: list[Event], answer: str, seconds: float) -> float:
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if _answers(events)[-1:] == [answer]:
            return time.monotonic() - start
        time.sleep(0.02)
    raise AssertionError(f"no answer {answer}: {events[-3:]}")


@pytest.mark.real
def test_the_poller_sees_a_listing_come_and_go() -> None:
    zone = "bl.example.net"
    with Rbldnsd(require("rbldnsd", "rbldnsd"), {zone: TEST_POINTS}) as server:
        settings = _settings(server.port, {"mine": {"zone": zone}}, interval_seconds=0.3, listed_ttl_max_seconds=0)
        events, stop, thread = _running(Poller(settings, [IP]))
        try:
            _until(events, "not_listed", 5)
            server.write(zone, {**TEST_POINTS, IP: "trap"})
            _until(events, "listed", 5)
            server.write(zone, TEST_POINTS)
            _until(events, "not_listed", 5)
        finally:
            stop.set()
            thread.join(10)
    assert not thread.is_alive()
    listings = [event for event in events if isinstance(event, ListingObserved)]
    assert len({event.id for event in events}) == len(events)
    gaps = [(later.at - earlier.at) / 1_000_000 for earlier, later in pairwise(listings)]
    assert min(gaps) >= 0.3


class SlowZones(Zones):
    """Zones of which those called `slow` never answer."""

    def answer(self, wire: bytes) -> bytes:
        return b"" if b"\x04slow" in wire.lower() else super().answer(wire)


def test_a_slow_list_delays_neither_the_others_nor_the_end() -> None:
    own = {"mine": {"zone": "bl.example.net"}, "late": {"zone": "slow.example.net"}}
    with SlowZones(["bl.example.net", "slow.example.net"]) as zones:
        events, stop, thread = _running(Poller(_settings(zones.port, own, timeout_seconds=30), [IP]))
        assert _until(events, "not_listed", 5) < 5
        stop.set()
        thread.join(5)
    assert not thread.is_alive()
    assert {event.list for event in events if isinstance(event, ListHealthObserved)} == {"mine"}


def test_a_poller_with_nothing_to_ask_waits_for_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    events, stop, thread = _running(Poller(Settings(), [IP]))
    stop.set()
    thread.join(5)
    assert (thread.is_alive(), events) == (False, [])
    assert "no DNSBL is asked: no list is configured" in caplog.text


def test_the_poller_refuses_a_dead_list_at_once() -> None:
    with pytest.raises(ValueError, match="'sorbs' must not be asked: SORBS was shut down"):
        Poller(Settings(lists=("sorbs",)), [IP])
