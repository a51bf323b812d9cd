"""The poller that runs on: listings that come and go, slow lists, its end."""

import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import dns.message
import pytest

from collectors.resolve import Poller
from embedded.zones import Zones
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.events import Event
from schemas.observations import ListHealthObserved, ListingObserved
from tests.liar import Liar, honest, is_test, reply
from tests.parts import require
from tests.rbldns import TEST_POINTS, Rbldnsd

IP = "192.0.2.11"


def _settings(port: int, own: dict[str, Any], **more: object) -> Settings:
    return Settings.model_validate({"port": port, "own": own, "timeout_seconds": 7.0, **more})


def _soon(settings: Settings, seconds: float) -> Settings:
    """Return settings with an interval below what a configuration may say: a test need not wait."""
    return settings.model_copy(update={"interval_seconds": seconds})


def _poller(settings: Settings) -> Poller:
    return Poller(settings, [IP], lambda: 0.0)


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


def _until(events: list[Event], answer: str) -> None:
    """Wait until the last answer is this one; a hang is no timing."""
    given_up = time.monotonic() + 60
    while _answers(events)[-1:] != [answer]:
        assert time.monotonic() < given_up, f"no answer {answer}: {events[-3:]}"
        time.sleep(0.02)


@pytest.mark.real
def test_the_poller_sees_a_listing_come_and_go() -> None:
    zone = "bl.example.net"
    with Rbldnsd(require("rbldnsd", "rbldnsd"), {zone: TEST_POINTS}) as server:
        settings = _soon(_settings(server.port, {"mine": {"zone": zone}}, listed_ttl_max_seconds=0), 0.3)
        events, stop, thread = _running(_poller(settings))
        try:
            _until(events, "not_listed")
            server.write(zone, {**TEST_POINTS, IP: "trap"})
            _until(events, "listed")
            server.write(zone, TEST_POINTS)
            _until(events, "not_listed")
        finally:
            stop.set()
            thread.join(30)
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
        events, stop, thread = _running(_poller(_settings(zones.port, own, timeout_seconds=30)))
        _until(events, "not_listed")
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert {event.list for event in events if isinstance(event, ListHealthObserved)} == {"mine"}


def test_a_poller_with_nothing_to_ask_waits_for_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    events, stop, thread = _running(_poller(Settings()))
    stop.set()
    thread.join(30)
    assert (thread.is_alive(), events) == (False, [])
    assert "no DNSBL is asked: no list is configured" in caplog.text


def test_the_poller_refuses_a_dead_list_at_once() -> None:
    with pytest.raises(ValueError, match="'sorbs' must not be asked: SORBS was shut down"):
        _poller(Settings(lists=("sorbs",)))


def test_a_list_that_refuses_is_asked_less_often_until_it_answers_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    answers = iter([False, False, True, True, True])

    def turning(query: dns.message.Message, _: int) -> list[bytes]:
        if is_test(query):
            now[0] = next(answers, True)
        return [honest(query) if now[0] else reply(query, addresses=["127.255.255.254"])]

    now = [True]
    with Liar(turning) as liar:
        own = {"mine": {"zone": "bl.example.net"}}
        events, stop, thread = _running(_poller(_soon(_settings(liar.port, own), 0.2)))
        _until(events, "not_listed")
        stop.set()
        thread.join(30)
    health = [event for event in events if isinstance(event, ListHealthObserved)]
    assert [(each.healthy, each.fault) for each in health[:3]] == [(False, "refused"), (False, "refused"), (True, "")]
    pauses = [(each.next_at - each.at) / 1_000_000 for each in health[:2]]
    assert pauses == pytest.approx([0.4, 0.8], abs=2e-6), "twice the interval, and four times"
    assert health[2].next_at == 0
    assert [later.at >= earlier.next_at for earlier, later in pairwise(health[:3])] == [True, True]
    told = [record.message for record in caplog.records]
    assert told[0].startswith("the DNSBL mine lost its vote (refused): IPv4: 127.0.0.2: the list refuses to answer")
    assert told[0].endswith("it is asked again in 0 s")
    assert told[1:] == ["the DNSBL mine has its vote again"]


def test_a_list_that_refuses_over_ipv6_alone_is_left_alone_there_and_keeps_its_vote(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    asked: list[int] = []

    def turning(query: dns.message.Message, _: int) -> list[bytes]:
        if len(query.question[0].name.labels) < 32:
            return [honest(query)]
        asked.append(1)
        if len(asked) <= 2:
            return [reply(query, rcode="REFUSED")]
        point = query.question[0].name.to_text().startswith("2.0.0.0.0.0.f.7.f.f.f.f.0.")
        return [reply(query, addresses=["127.0.0.2"]) if point else reply(query, rcode="NXDOMAIN")]

    with Liar(turning) as liar:
        own = {"mine": {"zone": "bl.example.net", "ipv6": True}}
        poller = Poller(_soon(_settings(liar.port, own), 0.2), [IP, "2001:db8::11"], lambda: 0.0)
        events, stop, thread = _running(poller)
        while not [
            each
            for each in list(events)
            if isinstance(each, ListingObserved) and each.answer == "not_listed" and ":" in each.ip
        ]:
            assert thread.is_alive()
            stop.wait(0.02)
        stop.set()
        thread.join(30)
    health = [event for event in events if isinstance(event, ListHealthObserved)]
    sound = next(number for number, each in enumerate(health) if not each.fault)
    assert {(each.healthy, each.fault, each.ip_version) for each in health[:sound]} == {(True, "refused", 6)}
    assert health[0].next_at - health[0].at == pytest.approx(400_000, abs=2), "twice the interval"
    assert health[sound].at >= health[0].next_at - 1000, "in the rounds between, it was left alone over IPv6"
    of_four = [event.answer for event in events if isinstance(event, ListingObserved) and event.ip == IP]
    assert of_four[: sound + 1] == ["not_listed"] * (sound + 1)
    of_six = [(each.answer, each.reason) for each in events if isinstance(each, ListingObserved) and each.ip != IP]
    refused = "the list has no vote: ::ffff:7f00:2: no answer: REFUSED"
    assert of_six[: sound + 1] == [*[("unknown", refused)] * sound, ("not_listed", "")]
    lost, found = [record.message for record in caplog.records]
    assert lost.startswith(
        "the DNSBL mine lost its vote for IPv6 (refused): IPv6: ::ffff:7f00:2: no answer: REFUSED; it"
    )
    assert found == "the DNSBL mine has its vote for IPv6 again"


def test_each_list_has_its_own_interval() -> None:
    own = {"often": {"zone": "a.example.net"}, "seldom": {"zone": "b.example.net"}}
    with Zones(["a.example.net", "b.example.net"]) as zones:
        settings = _soon(_settings(zones.port, own, list={"seldom": {"interval_seconds": 3600}}), 0.1)
        events, stop, thread = _running(_poller(settings))
        while sum(isinstance(each, ListHealthObserved) and each.list == "often" for each in list(events)) < 3:
            assert thread.is_alive()
            stop.wait(0.02)
        stop.set()
        thread.join(30)
    assert [each.list for each in events if isinstance(each, ListHealthObserved)].count("seldom") == 1


def test_the_first_round_waits_as_drawn() -> None:
    stop, told = threading.Event(), list[Sequence[Event]]()

    def draw() -> float:
        stop.set()
        return 1.0

    with Liar(lambda query, _: [honest(query)]) as liar:
        Poller(_settings(liar.port, {"mine": {"zone": "bl.example.net"}}), [IP], draw).run(told.append, stop)
        assert (liar.queries, told) == ([], []), "stopped while it waits for up to ten seconds"


def test_a_publisher_that_fails_ends_the_poller_with_its_error_and_no_open_socket() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    def failing(_: Sequence[Event]) -> None:
        raise RuntimeError("no more")

    with Zones(["bl.example.net"]) as zones:
        poller = _poller(_settings(zones.port, {"mine": {"zone": "bl.example.net"}}))
        with pytest.raises(RuntimeError, match="no more"):
            poller.run(failing, threading.Event())
    assert len(list(Path("/proc/self/fd").iterdir())) == before
