"""The embedded DNSBL zones as a name server: what any resolver expects of one."""

import socket

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import ownside
from embedded.zones import Zones
from schemas.settings import Settings


def _asked(zones: Zones, name: str, kind: str) -> dns.message.Message:
    return dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", port=zones.port, timeout=2)


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answer", "authority"),
    [
        ("2.0.0.127.bl.example.net.", "A", "NOERROR", ["127.0.0.2"], ""),
        ("2.0.0.127.BL.Example.NET.", "A", "NOERROR", ["127.0.0.2"], ""),
        ("2.0.0.127.bl.example.net.", "TXT", "NOERROR", ['"test point"'], ""),
        ("2.0.0.127.bl.example.net.", "ANY", "NOERROR", ["127.0.0.2", '"test point"'], ""),
        ("2.0.0.127.bl.example.net.", "AAAA", "NOERROR", [], "SOA"),
        ("1.0.0.127.bl.example.net.", "A", "NXDOMAIN", [], "SOA"),
        ("2.0.0.0.0.0.f.7.f.f.f.f" + ".0" * 20 + ".bl.example.net.", "A", "NOERROR", ["127.0.0.2"], ""),
        ("1.0.0.0.0.0.f.7.f.f.f.f" + ".0" * 20 + ".bl.example.net.", "A", "NXDOMAIN", [], "SOA"),
        ("9.2.0.192.bl.example.net.", "A", "NOERROR", ["127.0.0.9"], ""),
        # The zone below has its own entries.
        ("9.2.0.192.deep.bl.example.net.", "A", "NXDOMAIN", [], "SOA"),
        ("2.0.0.127.deep.bl.example.net.", "A", "NOERROR", ["127.0.0.2"], ""),
        ("bl.example.net.", "NS", "NOERROR", ["ns.bl.example.net."], ""),
        ("bl.example.net.", "A", "NOERROR", [], "SOA"),
        # Degenerate cases: too many octets, an octet too large, an empty label's worth, no such zone.
        ("1.2.0.0.127.bl.example.net.", "A", "NXDOMAIN", [], "SOA"),
        ("300.0.0.127.bl.example.net.", "A", "NXDOMAIN", [], "SOA"),
        ("x.bl.example.net.", "A", "NXDOMAIN", [], "SOA"),
        ("2.0.0.127.example.net.", "A", "REFUSED", [], ""),
    ],
)
def test_each_question_has_its_answer(name: str, kind: str, rcode: str, answer: list[str], authority: str) -> None:
    with Zones(["bl.example.net", "deep.bl.example.net"]) as zones:
        zones.list_ip("192.0.2.9", "trap", zone="bl.example.net", code="127.0.0.9")
        reply = _asked(zones, name, kind)
    assert dns.rcode.to_text(reply.rcode()) == rcode
    assert [each.to_text() for rrset in reply.answer for each in rrset] == answer
    assert [rrset.rdtype.name for rrset in reply.authority] == ([authority] if authority else [])
    assert bool(reply.flags & dns.flags.AA) == (rcode != "REFUSED")


def test_a_zone_that_is_not_served_cannot_be_changed() -> None:
    with (
        Zones(["bl.example.net"]) as zones,
        pytest.raises(ValueError, match=r"no zone 'other\.example'; there are bl\."),
    ):
        zones.list_ip("192.0.2.9", "trap", zone="other.example")


@given(st.binary(max_size=600))
def test_no_bytes_end_the_server(wire: bytes) -> None:
    zones = Zones(["bl.example.net"])
    try:
        assert isinstance(zones.answer(wire), bytes)
    finally:
        zones._socket.close()  # noqa: SLF001 never started, so there is no thread to end


def test_it_answers_on_after_garbage() -> None:
    with Zones(["bl.example.net"]) as zones:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for garbage in (b"", b"\0", b"\xff" * 500, b"GET / HTTP/1.0\r\n\r\n"):
                stranger.sendto(garbage, ("127.0.0.1", zones.port))
        assert _asked(zones, "2.0.0.127.bl.example.net.", "A").rcode() == dns.rcode.NOERROR


def test_relays_have_their_names_and_the_lists_go_on() -> None:
    relays = {"192.0.2.11": "out1.relay.example", "2001:db8::11": "out6.relay.example"}
    with Zones(["bl.example.net"], relays=relays) as zones:
        told = {"port": zones.port, "timeout_seconds": 2.0}
        pool = {"transports": {"out1": "192.0.2.11", "out6": "2001:db8::11", "out2": "192.0.2.12"}}
        events = ownside.ask(Settings.model_validate({"dnsbl": told, "pool": {"main": pool}}))
        zones.list_ip("192.0.2.11", "trap")
        listed = _asked(zones, "11.2.0.192.bl.example.net.", "A")
    outcomes = {event.transport: {check.outcome for check in event.checks} for event in events}
    assert outcomes == {"out1": {"pass"}, "out6": {"pass"}, "out2": {"fail"}}
    assert [record.to_text() for record in listed.answer[0]] == ["127.0.0.2"]
