"""How our IPs present themselves, asked of a real BIND: each check passes, fails, or is unknown, and never guessed."""

import socket
from collections.abc import Iterator

import pytest

from collectors import identity, ownside
from collectors.identity import Seen
from collectors.spf import Found, Verdict
from schemas.own_observations import IpIdentityObserved
from schemas.settings import Settings
from tests.bind import Bind
from tests.parts import require

REVERSE = "2.0.192.in-addr.arpa"
ZONES = {
    "example.net": """
good A 192.0.2.1
good TXT "v=spf1 a -all"
elsewhere A 198.51.100.9
elsewhere TXT "v=spf1 ip4:198.51.100.0/24 -all"
bare A 192.0.2.4
macro A 192.0.2.5
macro TXT "v=spf1 exists:%{i}.spf.example.net -all"
twice A 192.0.2.6
twice TXT "v=spf1 -all"
twice TXT "v=spf1 +all"
leans A 192.0.2.8
leans TXT "v=spf1 include:broken.example -all"
six AAAA 2001:db8::1
six TXT "v=spf1 ip6:2001:db8::/64 -all"
""",
    REVERSE: """
1 PTR Good.Example.NET.
2 PTR elsewhere.example.net.
4 PTR bare.example.net.
5 PTR macro.example.net.
6 PTR other.example.net.
6 PTR twice.example.net.
7 PTR mail.broken.example.
8 PTR leans.example.net.
""",
    "8.b.d.0.1.0.0.2.ip6.arpa": "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.example.net.\n",
    "broken.example": "broken",
    "100.51.198.in-addr.arpa": "broken",
}


@pytest.fixture(scope="module")
def bind() -> Iterator[Bind]:
    with Bind(require("named", "bind9"), ZONES) as server:
        yield server


def _observed(port: int, ip: str, helo: str = "") -> IpIdentityObserved:
    pool = {"transports": {"out1": ip}, "helo": {"out1": helo} if helo else {}}
    dnsbl = {"port": port, "timeout_seconds": 2.0}
    (event,) = ownside.ask(Settings.model_validate({"pool": {"main": pool}, "dnsbl": dnsbl}))
    return event


def _outcomes(event: IpIdentityObserved) -> dict[str, str]:
    return {check.name: check.outcome for check in event.checks}


def _text(event: IpIdentityObserved, name: str) -> str:
    return next(check.text for check in event.checks if check.name == name)


ALL_PASS = dict.fromkeys(("ptr", "forward", "helo", "helo_is_ptr", "spf"), "pass")


def test_an_ip_that_is_in_order_passes_each_check(bind: Bind) -> None:
    event = _observed(bind.port, "192.0.2.1", "good.example.net")
    assert _outcomes(event) == ALL_PASS
    assert (event.pool, event.transport, event.helo, event.ptr) == (
        "main",
        "out1",
        "good.example.net",
        ("good.example.net",),
    )
    assert _text(event, "spf") == "pass: a of good.example.net"


def test_ipv6_is_looked_at_alike(bind: Bind) -> None:
    assert _outcomes(_observed(bind.port, "2001:db8::1")) == ALL_PASS


def test_without_a_configured_helo_name_the_ptr_name_is_taken(bind: Bind) -> None:
    event = _observed(bind.port, "192.0.2.1")
    assert (event.helo, _outcomes(event)) == ("good.example.net", ALL_PASS)
    assert "none is configured" in _text(event, "helo_is_ptr")


@pytest.mark.parametrize(
    ("ip", "helo", "wrong", "told"),
    [
        # No PTR at all: nothing can lead back, and the HELO name is no PTR name.
        (
            "192.0.2.3",
            "good.example.net",
            {"ptr": "fail", "forward": "fail", "helo": "fail", "helo_is_ptr": "fail", "spf": "fail"},
            {"ptr": "192.0.2.3 has no PTR: large receivers refuse its mail", "spf": "fail: -all of good.example.net"},
        ),
        (
            "192.0.2.3",
            "",
            dict.fromkeys(ALL_PASS, "fail"),
            {"spf": "no HELO name is configured, and there is no PTR to take it from"},
        ),
        # The PTR name belongs to another host.
        (
            "192.0.2.2",
            "",
            {"forward": "fail", "helo": "fail", "spf": "fail"},
            {
                "forward": "no PTR name leads back to 192.0.2.2: elsewhere.example.net is 198.51.100.9",
                "helo": "elsewhere.example.net is 198.51.100.9, not 192.0.2.2",
            },
        ),
        (
            "192.0.2.1",
            "nowhere.example.net",
            {"helo": "fail", "helo_is_ptr": "fail", "spf": "fail"},
            {
                "helo": "nowhere.example.net is nowhere, not 192.0.2.1",
                "helo_is_ptr": "HELO nowhere.example.net, but PTR good.example.net",
                "spf": "none: nowhere.example.net has no SPF record",
            },
        ),
        ("192.0.2.4", "", {"spf": "fail"}, {"spf": "none: bare.example.net has no SPF record"}),
        # One of two PTR names leads back: enough. Its SPF cannot be read.
        ("192.0.2.6", "twice.example.net", {"spf": "fail"}, {"spf": "permerror: twice.example.net has 2 SPF records"}),
        (
            "192.0.2.5",
            "",
            {"spf": "unknown"},
            {"spf": "unknown: exists:%{i}.spf.example.net: macros are not evaluated"},
        ),
    ],
)
def test_what_is_wrong_fails_and_says_what_was_found(
    bind: Bind, ip: str, helo: str, wrong: dict[str, str], told: dict[str, str]
) -> None:
    event = _observed(bind.port, ip, helo)
    assert _outcomes(event) == ALL_PASS | wrong
    assert {name: _text(event, name) for name in told} == told


def test_servfail_is_unknown_and_no_failure(bind: Bind) -> None:
    refused = "no name server could tell (SERVFAIL or REFUSED)"
    of_ptr = _observed(bind.port, "198.51.100.1", "good.example.net")
    assert _outcomes(of_ptr) == {
        "ptr": "unknown",
        "forward": "unknown",
        "helo": "fail",
        "helo_is_ptr": "unknown",
        "spf": "fail",
    }
    assert _text(of_ptr, "ptr") == f"PTR of 198.51.100.1: {refused}"
    nameless = _observed(bind.port, "198.51.100.1")
    assert _outcomes(nameless) == dict.fromkeys(ALL_PASS, "unknown")
    of_name = _observed(bind.port, "192.0.2.7")
    assert _outcomes(of_name) == ALL_PASS | {"forward": "unknown", "helo": "unknown", "spf": "unknown"}
    of_include = _observed(bind.port, "192.0.2.8")
    assert _outcomes(of_include) == ALL_PASS | {"spf": "unknown"}
    assert _text(of_include, "spf") == f"temperror: broken.example TXT: {refused}"


def test_what_a_zone_says_is_one_line_of_bounded_length() -> None:
    rude = Verdict("permerror", "\x1b[31mred\nnext line " + "x" * 600)
    seen = Seen(ip="192.0.2.1", helo="a.example", configured=True, ptr=Found(("a.example",)), spf=rude)
    spf = identity.checks(seen)[-1]
    assert (spf.outcome, len(spf.text)) == ("fail", 500)
    assert spf.text.startswith("permerror:  [31mred next line xxx")


def test_no_answer_within_the_time_is_unknown() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        settings = {
            "pool": {"main": {"transports": {"out1": "192.0.2.1"}, "helo": {"out1": "good.example.net"}}},
            "dnsbl": {"port": deaf.getsockname()[1], "timeout_seconds": 0.2},
        }
        (event,) = ownside.ask(Settings.model_validate(settings))
    assert _outcomes(event) == dict.fromkeys(ALL_PASS, "unknown")
    assert _text(event, "helo") == "good.example.net: no answer within 0.2 s"
