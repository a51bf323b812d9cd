"""DNSBLs: names to ask, answers of every kind, test points, and which lists a configuration may name."""

import re
from ipaddress import IPv4Address, ip_address
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import dnsbl, lists
from collectors.dnsbl import Dnsbl, Reading, Reply
from schemas import dnsbl_settings

GOLDEN = Path(__file__).parent / "golden" / "dnsbl"
ZEN = dnsbl.load("spamhaus_zen")


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        ("192.0.2.99", "99.2.0.192.zen.spamhaus.org."),
        ("127.0.0.2", "2.0.0.127.zen.spamhaus.org."),
        ("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org."),
        # RFC 5782's test point must keep its IPv6 form.
        ("::FFFF:7F00:2", "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org."),
    ],
)
def test_the_question_reverses_octets_or_nibbles(ip: str, name: str) -> None:
    assert dnsbl.question(ip, ZEN) == name


@given(st.ip_addresses())
def test_the_question_tells_every_address_apart(ip: object) -> None:
    address = ip_address(str(ip))
    labels = dnsbl.question(str(ip), ZEN).removesuffix(".zen.spamhaus.org.").split(".")
    if address.version == 4:
        assert ".".join(reversed(labels)) == str(address)
    else:
        assert bytes.fromhex("".join(reversed(labels))) == address.packed


def test_the_question_refuses_what_is_no_ip() -> None:
    with pytest.raises(ValueError, match=r"'mail\.example\.net' does not appear"):
        dnsbl.question("mail.example.net", ZEN)


def _cases(name: str) -> list[tuple[str, str]]:
    """Return the answers of a golden file (addresses, or `nxdomain`), each with what is expected above it."""
    lines = (GOLDEN / f"{name}.txt").read_text().splitlines()
    return [
        (line, above.removeprefix("# expect: ")) for above, line in pairwise(lines) if line and not line.startswith("#")
    ]


@pytest.mark.parametrize("name", dnsbl.names())
def test_each_list_reads_its_golden_answers(name: str) -> None:
    cases = _cases(name)
    assert cases
    for line, expected in cases:
        addresses = [] if line == "nxdomain" else line.split()
        assert dnsbl.reading(addresses, dnsbl.load(name)) == msgspec.json.decode(expected, type=Reading), line


def test_lists_and_golden_files_match() -> None:
    assert tuple(sorted(path.stem for path in GOLDEN.glob("*.txt"))) == dnsbl.names()


@pytest.mark.parametrize("name", dnsbl.names())
def test_each_golden_file_shows_every_code_of_its_list(name: str) -> None:
    known = dnsbl.load(name)
    shown = {code for line, _ in _cases(name) for code in line.split() if code != "nxdomain"}
    for key in (*known.listed, *known.good, *known.errors, *(f"127.0.0.{bit}" for bit in known.bits)):
        assert {str(code) for code in dnsbl.network(key)} & shown, key


@given(st.lists(st.ip_addresses(v=4), min_size=1), st.sampled_from(dnsbl.names()))
def test_only_a_known_code_within_127_is_a_listing(found: list[IPv4Address], name: str) -> None:
    reading = dnsbl.reading([str(address) for address in found], dnsbl.load(name))
    inside = dnsbl.network("127.0.0.0/8")
    if any(address not in inside or address in dnsbl.network("127.255.255.0/24") for address in found):
        assert reading.answer == "unknown"
        assert reading.reason


OTHER = Dnsbl(
    name="own", zone="bl.example.net", operator="own", weight=1.0, listed={"127.0.0.0/8": "any", "127.0.0.9": "nine"}
)


def test_the_narrower_code_counts() -> None:
    assert dnsbl.reading(["127.0.0.9"], OTHER).reason == "nine"
    assert dnsbl.reading(["127.0.0.8"], OTHER).reason == "any"


def test_an_error_is_no_listing_even_where_all_codes_are() -> None:
    assert dnsbl.reading(["127.255.255.254"], OTHER).answer == "unknown"


@pytest.mark.parametrize(
    ("must", "must_not", "why"),
    [
        (Reply(addresses=("127.0.0.2",)), Reply(), ""),
        # A test point may have a code of its own, as Suomispam's.
        (Reply(addresses=("127.0.0.99",)), Reply(), ""),
        (Reply(), Reply(), "it does not name its test point 127.0.0.2: the zone is empty or dead"),
        (
            Reply(addresses=("127.0.0.2",)),
            Reply(addresses=("127.0.0.2",)),
            "it names 127.0.0.1 (127.0.0.2), which no list may: it lists the world",
        ),
        (Reply(failure="refused"), Reply(), "127.0.0.2: refused"),
        (Reply(addresses=("127.0.0.2",)), Reply(failure="no answer in 5 s"), "127.0.0.1: no answer in 5 s"),
        (
            Reply(addresses=("127.255.255.254",)),
            Reply(),
            "127.0.0.2: refused: asked through a public resolver or one without a proper reverse DNS",
        ),
        (
            Reply(addresses=("203.0.113.5",)),
            Reply(addresses=("203.0.113.5",)),
            "127.0.0.2: 203.0.113.5 is outside 127.0.0.0/8: the zone is parked, or the resolver rewrites answers",
        ),
    ],
)
def test_test_points_tell_a_sound_list(must: Reply, must_not: Reply, why: str) -> None:
    assert dnsbl.fault(must, must_not, 4, ZEN) == why


def _settings(**table: object) -> dnsbl_settings.Dnsbl:
    return dnsbl_settings.Dnsbl.model_validate(table)


def test_configured_lists_come_in_their_order() -> None:
    config = _settings(lists=["spamcop", "spamhaus_zen"], own={"mine": {"zone": "BL.example.net."}})
    assert [one.name for one in lists.chosen(config)] == ["spamcop", "spamhaus_zen", "mine"]
    assert [one.name for one in lists.chosen(config, ["psbl"])] == ["psbl"]


def test_an_own_list_gives_codes_their_meaning() -> None:
    config = dnsbl_settings.OwnList(
        zone="BL.example.net.",
        weight=0.5,
        codes={"127.0.0.2": "trap: hit", "127.0.0.3": "good: ours", "127.0.0.4/30": "error: off"},
        ipv6=True,
    )
    mine = lists.own("mine", config)
    assert (mine.zone, mine.weight, mine.ipv6, mine.scope) == ("bl.example.net", 0.5, True, "ip")
    assert dnsbl.reading(["127.0.0.2"], mine) == Reading("listed", ("127.0.0.2",), "trap: hit")
    assert dnsbl.reading(["127.0.0.3"], mine) == Reading("not_listed", ("127.0.0.3",), "ours")
    assert dnsbl.reading(["127.0.0.6"], mine) == Reading("unknown", ("127.0.0.6",), "off")
    assert dnsbl.reading(["127.0.0.9"], mine).answer == "unknown"


def test_an_own_list_without_codes_takes_every_code_but_one() -> None:
    mine = lists.own("mine", dnsbl_settings.OwnList(zone="bl.example.net"))
    assert dnsbl.reading(["127.0.0.9"], mine).answer == "listed"
    # A resolver that rewrites NXDOMAIN may well answer 127.0.0.1.
    assert dnsbl.reading(["127.0.0.1"], mine).answer == "unknown"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"lists": ["spamhause"]}, "dnsbl.lists: no DNSBL 'spamhause'; there are abuse_ro, abuse_ro_pbl,"),
        ({"lists": ["sorbs"]}, "dnsbl.lists: 'sorbs' must not be asked: SORBS was shut down on 5 June 2024"),
        (
            {"own": {"old": {"zone": "dul.dnsbl.sorbs.net"}}},
            "dnsbl.own.old.zone: 'dul.dnsbl.sorbs.net' must not be asked: SORBS",
        ),
        ({"own": {"odd": {"zone": "no zone"}}}, "dnsbl.own.odd.zone: 'no zone' is no DNS name"),
        (
            {"own": {"odd": {"zone": "bl.example.net", "codes": {"2": "two", "127.0.0.300": "x"}}}},
            "dnsbl.own.odd.codes: '2' is no return code",
        ),
        (
            {"own": {"psbl": {"zone": "bl.example.net"}}},
            "dnsbl.own.psbl: 'psbl' is the name of a list of the catalogue",
        ),
    ],
)
def test_lists_that_cannot_be_asked_are_named(table: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        lists.chosen(_settings(**table))


def test_all_wrong_lists_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"'njabl' must not .*; dnsbl.lists: no DNSBL 'nope'; there are"):
        lists.chosen(_settings(lists=["njabl", "psbl", "nope"]))
