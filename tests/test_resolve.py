"""A round of questions, against a real rbldnsd, the embedded zones, and servers that fail in every way."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from collectors.lists import chosen
from collectors.resolve import ask
from embedded.zones import Zones
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.observations import ListHealthObserved, ListingObserved
from tests.parts import require
from tests.rbldns import TEST_POINTS, Rbldnsd

IP, OTHER, SIX = "192.0.2.11", "192.0.2.12", "2001:db8::11"


def _settings(port: int, own: dict[str, Any], **more: object) -> Settings:
    return Settings.model_validate({"port": port, "own": own, "timeout_seconds": 7.0, **more})


def _ask(settings: Settings, *ips: str) -> tuple[dict[str, ListHealthObserved], dict[tuple[str, str], ListingObserved]]:
    events = ask(ips, chosen(settings), settings)
    health = {event.list: event for event in events if isinstance(event, ListHealthObserved)}
    listings = {(event.list, event.ip): event for event in events if isinstance(event, ListingObserved)}
    assert len(health) + len(listings) == len(events)
    return health, listings


@contextmanager
def _server(rcode: str = "NOERROR", address: str = "") -> Iterator[int]:
    """Answer each question alike: with an rcode, an address, or (both empty) not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.1)
        end = threading.Event()

        def serve() -> None:
            while not end.is_set():
                try:
                    wire, asker = server.recvfrom(4096)
                except TimeoutError:
                    continue
                if not rcode:
                    continue
                query = dns.message.from_wire(wire)
                reply = dns.message.make_response(query)
                reply.flags |= dns.flags.RA
                reply.set_rcode(dns.rcode.from_text(rcode))
                if address:
                    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", address))
                server.sendto(reply.to_wire(), asker)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            end.set()
            thread.join()


@pytest.mark.real
def test_a_real_rbldnsd_is_read_as_it_means() -> None:
    zones = {
        "bl.example.net": {**TEST_POINTS, IP: "127.0.0.4:Infected, see https://bl.example.net/?$", SIX: "trap"},
        "world.example.net": {"0.0.0.0/1": "for sale", "128.0.0.0/1": "for sale"},
        "empty.example.net": {},
    }
    own = {
        "good": {
            "zone": "bl.example.net",
            "weight": 0.7,
            "scope": "network",
            "codes": {"127.0.0.4": "XBL", "127.0.0.2": "SBL"},
            "ipv6": True,
        },
        "world": {"zone": "world.example.net"},
        "dead": {"zone": "dead.example.net"},
        "empty": {"zone": "empty.example.net"},
    }
    with Rbldnsd(require("rbldnsd", "rbldnsd"), zones) as server:
        health, listings = _ask(_settings(server.port, own), IP, OTHER, SIX, "2001:db8::12")

    assert {name: each.healthy for name, each in health.items()} == {
        "good": True,
        "world": False,
        "dead": False,
        "empty": False,
    }
    listed = listings["good", IP]
    assert (listed.answer, listed.codes, listed.weight, listed.scope) == ("listed", ("127.0.0.4",), 0.7, "network")
    assert listed.reason == f"XBL: Infected, see https://bl.example.net/?{IP}"
    assert 0 < listed.ttl_seconds <= 5
    assert (listings["good", OTHER].answer, listings["good", OTHER].reason) == ("not_listed", "")
    assert (listings["good", SIX].answer, listings["good", SIX].reason) == ("listed", "SBL: trap")
    assert listings["good", "2001:db8::12"].answer == "not_listed"

    assert health["world"].reason == "IPv4: it names 127.0.0.1 (127.0.0.2), which no list may: it lists the world"
    assert (listings["world", IP].answer, listings["world", IP].codes) == ("unknown", ("127.0.0.2",))
    assert listings["world", IP].reason.startswith("the list has no vote: it names 127.0.0.1")
    assert ("world", SIX) not in listings
    assert health["dead"].reason == "IPv4: 127.0.0.2: no answer: REFUSED"
    assert listings["dead", IP].answer == "unknown"
    assert health["empty"].reason == "IPv4: it does not name its test point 127.0.0.2: the zone is empty or dead"
    assert listings["empty", IP].answer == "unknown"


@pytest.mark.parametrize(
    ("rcode", "address", "why"),
    [
        # Never an answer.
        ("", "", "127.0.0.2: no answer in 0.4 s"),
        ("SERVFAIL", "", "127.0.0.2: no answer: SERVFAIL"),
        ("REFUSED", "", "127.0.0.2: no answer: REFUSED"),
        ("NOERROR", "", "127.0.0.2: the name exists without an address"),
        ("NXDOMAIN", "", "it does not name its test point 127.0.0.2: the zone is empty or dead"),
        # A resolver that answers 127.0.0.1 to everything (pi-hole and the like).
        ("NOERROR", "127.0.0.1", "it names 127.0.0.1 (127.0.0.1), which no list may: it lists the world"),
        # A provider's search page instead of NXDOMAIN, or a parked zone.
        (
            "NOERROR",
            "198.51.100.7",
            "127.0.0.2: 198.51.100.7 is outside 127.0.0.0/8: the zone is parked, or the resolver rewrites answers",
        ),
        ("NOERROR", "127.255.255.254", "127.0.0.2: the list refuses to answer (127.255.255.254)"),
    ],
)
def test_a_server_that_fails_is_no_news_about_an_ip(rcode: str, address: str, why: str) -> None:
    with _server(rcode, address) as port:
        settings = _settings(port, {"mine": {"zone": "bl.example.net"}}, timeout_seconds=7.0 if rcode else 0.4)
        health, listings = _ask(settings, IP)
    assert (health["mine"].healthy, health["mine"].reason) == (False, f"IPv4: {why}")
    assert listings["mine", IP].answer == "unknown"
    assert listings["mine", IP].reason == f"the list has no vote: {why}"


def test_a_second_name_server_answers_for_a_dead_one() -> None:
    with Zones(["bl.example.net"]) as zones, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.2", zones.port))
        zones.list_ip(IP, "trap")
        own = {"mine": {"zone": "bl.example.net"}}
        health, listings = _ask(
            _settings(zones.port, own, resolvers=["127.0.0.2", "127.0.0.1"], timeout_seconds=2.1), IP
        )
    assert health["mine"].healthy
    assert listings["mine", IP].answer == "listed"


def test_embedded_zones_are_read_as_they_mean() -> None:
    own = {
        "trapnet": {"zone": "trapnet.example", "ipv6": True},
        "echo": {"zone": "echo.trapnet.example", "weight": 0.5},
        "silent": {"zone": "silent.example"},
    }
    with Zones(["trapnet.example", "echo.trapnet.example"]) as zones:
        settings = _settings(zones.port, own)
        zones.list_ip(IP, 'sent to 15 "traps"')
        zones.list_ip(SIX, "v6", zone="trapnet.example")
        health, before = _ask(settings, IP, OTHER, SIX)
        zones.delist_ip(IP, zone="echo.trapnet.example")
        _, after = _ask(settings, IP, OTHER, SIX)
    assert {name: each.healthy for name, each in health.items()} == {"trapnet": True, "echo": True, "silent": False}
    assert before["trapnet", IP].reason == 'listed: sent to 15 "traps"'
    assert {key: each.answer for key, each in before.items()} == {
        ("trapnet", IP): "listed",
        ("trapnet", OTHER): "not_listed",
        ("trapnet", SIX): "listed",
        ("echo", IP): "listed",
        ("echo", OTHER): "not_listed",
        ("silent", IP): "unknown",
        ("silent", OTHER): "unknown",
    }
    assert (after["trapnet", IP].answer, after["echo", IP].answer) == ("listed", "not_listed")


def test_a_list_sick_for_ipv6_keeps_its_vote_for_ipv4() -> None:
    with Zones(["bl.example.net"]) as zones:
        zones.delist_ip("::ffff:7f00:2")
        zones.list_ip(SIX, "trap")
        settings = _settings(zones.port, {"mine": {"zone": "bl.example.net", "ipv6": True}})
        health, listings = _ask(settings, IP, SIX)
        alone, _ = _ask(settings)
    assert (alone["mine"].fault, alone["mine"].ip_version) == ("test_points", 6), "asked for its test points alone"
    assert (health["mine"].healthy, health["mine"].fault, health["mine"].ip_version) == (True, "test_points", 6)
    assert health["mine"].reason.startswith("IPv6: it does not name its test point ::ffff:7f00:2")
    assert (listings["mine", IP].answer, listings["mine", SIX].answer) == ("not_listed", "unknown")


def test_ids_tell_rounds_and_answers_apart() -> None:
    with Zones(["bl.example.net"]) as zones:
        own = {"mine": {"zone": "bl.example.net"}}
        settings = _settings(zones.port, own, interval_seconds=1_000_000)
        first, again = ask([IP], chosen(settings), settings), ask([IP], chosen(settings), settings)
        assert [event.id for event in first] == [event.id for event in again]
        zones.list_ip(IP, "trap")
        listed = ask([IP], chosen(settings), settings)
        assert (listed[0].id == first[0].id, listed[1].id == first[1].id) == (True, False)
        short = _settings(zones.port, own, interval_seconds=1)
        assert ask([IP], chosen(short), short)[1].id != listed[1].id


def test_many_questions_all_find_their_answer() -> None:
    names = [f"l{number}.example.net" for number in range(10)]
    ips = [f"198.51.100.{number}" for number in range(50)]
    with Zones(names) as zones:
        for ip in ips[::2]:
            zones.list_ip(ip, "even")
        own = {f"l{number}": {"zone": name} for number, name in enumerate(names)}
        _, listings = _ask(_settings(zones.port, own, timeout_seconds=10, queries_per_second=0), *ips)
    assert len(listings) == 500
    assert {ip for (_, ip), each in listings.items() if each.answer == "listed"} == set(ips[::2])
    assert {ip for (_, ip), each in listings.items() if each.answer == "not_listed"} == set(ips[1::2])


class SlowZones(Zones):
    """Zones of which those called `slow` never answer."""

    unheard = 0

    def answer(self, wire: bytes) -> bytes:
        if b"\x04slow" not in wire.lower():
            return super().answer(wire)
        self.unheard += 1
        return b""


def test_a_silent_list_is_not_asked_about_every_ip() -> None:
    own = {"late": {"zone": "slow.example.net"}}
    ips = [f"198.51.100.{number}" for number in range(200)]
    with SlowZones(["slow.example.net"]) as zones:
        health, listings = _ask(_settings(zones.port, own, timeout_seconds=0.5), *ips)
    assert zones.unheard == 6, "two test points, each three times"
    assert (health["late"].healthy, health["late"].fault) == (False, "silent")
    assert [each.answer for each in listings.values()] == ["unknown"] * 200
