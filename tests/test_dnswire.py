"""DNS messages as bytes: dnspython reads what is built, and wrote what is read; no bytes break anything."""

from contextlib import suppress

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors import dnswire
from collectors.dnswire import HEAD, NO_ADDRESS, Kind, Said
from tests.liar import reply

ZONE = dnswire.zone("bl.example.net")
ASKED = dnswire.reversed_ip("192.0.2.11") + ZONE.wire + dnswire.ending(dnswire.A)


def _query(kind: Kind = dnswire.A) -> dns.message.Message:
    asked = dnswire.reversed_ip("192.0.2.11") + ZONE.wire + dnswire.ending(kind)
    return dns.message.from_wire(b"\x12\x34" + HEAD + asked)


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        ("192.0.2.99", "99.2.0.192"),
        ("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"),
        # RFC 5782's test point must keep its IPv6 form.
        ("::FFFF:7F00:2", "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"),
    ],
)
def test_a_question_is_what_dnspython_reads(ip: str, name: str) -> None:
    wire = b"\x12\x34" + HEAD + dnswire.reversed_ip(ip) + ZONE.wire + dnswire.ending(dnswire.TXT)
    query = dns.message.from_wire(wire)
    assert (query.id, query.flags) == (0x1234, dns.flags.RD)
    assert query.question[0].name.to_text() == f"{name}.bl.example.net."
    assert query.question[0].rdtype == dns.rdatatype.TXT
    assert dns.message.make_query(query.question[0].name, "TXT", id=0x1234).to_wire() == wire


@given(st.binary(min_size=16, max_size=16))
def test_mixed_case_is_the_same_name(draw: bytes) -> None:
    mixed = ZONE.mixed(draw)
    assert dns.name.from_wire(mixed, 0)[0] == dns.name.from_text("bl.example.net.")
    assert mixed.lower() == ZONE.wire
    changed = [mine != plain for mine, plain in zip(mixed, ZONE.wire, strict=True)]
    assert changed == [bool(byte & 0x20) and chr(plain).isalpha() for byte, plain in zip(draw, ZONE.wire, strict=True)]


@pytest.mark.parametrize(
    "name", ["", "a..b", f"{'a' * 64}.example", "ä.example", ".".join(["a" * 60] * 5), ".".join(["a" * 60] * 4)]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"label|letters"):
        dnswire.zone(name)


def test_a_zone_tells_its_name_to_nobody() -> None:
    assert "secret" not in repr(dnswire.zone("secret.example.net"))


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (
            reply(_query(), addresses=["127.0.0.4", "127.0.0.2"]),
            Said(values=("127.0.0.2", "127.0.0.4"), ttl_seconds=60),
        ),
        (reply(_query(dnswire.TXT), texts=['"a" "b"', '"c\\009d"']), Said(values=("ab", "c d"), ttl_seconds=60)),
        # RFC 2308: the lower of the SOA's TTL and its minimum; without a SOA it is not held at all.
        (reply(_query(), rcode="NXDOMAIN", soa=(900, 150)), Said(ttl_seconds=150)),
        (reply(_query(), rcode="NXDOMAIN", soa=(20, 150)), Said(ttl_seconds=20)),
        (reply(_query(), rcode="NXDOMAIN"), Said()),
        (reply(_query(), soa=(900, 150)), Said(ttl_seconds=150, failure=NO_ADDRESS)),
        (reply(_query(), texts=["no address"]), Said(failure=NO_ADDRESS)),
        (reply(_query(), rcode="SERVFAIL"), Said(failure="no answer: SERVFAIL", fault="refused")),
        (reply(_query(), rcode="REFUSED"), Said(failure="no answer: REFUSED", fault="refused")),
    ],
    ids=["addresses", "texts", "no name", "soa's own ttl", "no soa", "no data", "no address", "SERVFAIL", "REFUSED"],
)
def test_a_reply_is_read_as_it_means(wire: bytes, expected: Said) -> None:
    kind = dnswire.TXT if expected.values and not expected.values[0].startswith("127") else dnswire.A
    asked = ASKED[:-4] + dnswire.ending(kind)
    assert dnswire.fits(wire, asked)
    assert dnswire.said(wire, asked, kind) == expected


def test_an_alias_is_followed_and_the_shortest_time_counts() -> None:
    answer = dns.message.make_response(_query())
    name = answer.question[0].name
    answer.answer.append(dns.rrset.from_text(name, 30, "IN", "CNAME", "x.example."))
    answer.answer.append(dns.rrset.from_text("x.example.", 90, "IN", "A", "127.0.0.2"))
    assert dnswire.said(answer.to_wire(), ASKED, dnswire.A) == Said(values=("127.0.0.2",), ttl_seconds=30)


def _about(*records: tuple[str, str, str], rcode: str = "NOERROR") -> bytes:
    """Return a reply with these records, each of a name ("" is the one asked for), a type and its data."""
    answer = dns.message.make_response(_query())
    answer.set_rcode(dns.rcode.from_text(rcode))
    for name, kind, data in records:
        answer.answer.append(dns.rrset.from_text(name or answer.question[0].name, 60, "IN", kind, data))
    return answer.to_wire()


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (_about(("", "A", "127.0.0.2"), rcode="NXDOMAIN"), "NXDOMAIN, with an answer beside it"),
        (_about(("x.example.", "A", "127.0.0.2"), rcode="NXDOMAIN"), "NXDOMAIN, with an answer beside it"),
        (_about(("x.example.", "A", "127.0.0.2")), "about another name"),
        (_about(("12.2.0.192.bl.example.net.", "A", "127.0.0.2")), "about another name"),
        (_about(("", "CNAME", "x.example."), ("y.example.", "A", "127.0.0.2")), "about another name"),
        (_about(("", "CNAME", "x.example."), ("x.example.", "CNAME", "11.2.0.192.bl.example.net."),
                ("y.example.", "A", "127.0.0.2")), "about another name"),
    ],
)  # fmt: skip
def test_a_reply_that_contradicts_itself_or_is_about_another_name_says_nothing(wire: bytes, why: str) -> None:
    assert dnswire.fits(wire, ASKED)
    with pytest.raises(ValueError, match=why):
        dnswire.said(wire, ASKED, dnswire.A)


def test_aliases_are_followed_in_any_order_and_case_and_the_rest_is_left() -> None:
    wire = _about(
        ("y.EXAMPLE.", "A", "127.0.0.3"),
        ("z.example.", "A", "127.0.0.9"),
        ("x.example.", "CNAME", "Y.example."),
        ("", "CNAME", "x.example."),
    )
    assert dnswire.said(wire, ASKED, dnswire.A) == Said(values=("127.0.0.3",), ttl_seconds=60)
    alias = _about(("", "CNAME", "x.example."))
    assert dnswire.said(alias, ASKED, dnswire.A) == Said(failure=NO_ADDRESS)


def test_a_whole_name_instead_of_a_pointer_is_the_name_asked_for() -> None:
    record = ASKED[:-4] + dnswire.ending(dnswire.A) + b"\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x02"
    wire = FITS[: 12 + len(ASKED)] + record
    assert dnswire.said(wire, ASKED, dnswire.A) == Said(values=("127.0.0.2",), ttl_seconds=60)


def test_an_unused_time_and_another_class_count_for_nothing() -> None:
    wire = bytearray(reply(_query(), addresses=["127.0.0.2"]))
    at = len(wire) - 16 + 6
    wire[at] = 0x80  # RFC 2181: a TTL with the top bit set is 0
    assert dnswire.said(bytes(wire), ASKED, dnswire.A) == Said(values=("127.0.0.2",))
    wire[at - 1] = 3  # the class CHAOS
    assert dnswire.said(bytes(wire), ASKED, dnswire.A).failure == NO_ADDRESS


FITS = reply(_query(), addresses=["127.0.0.2"])
QUERY = b"\x12\x34" + HEAD + ASKED


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (b"", "nothing"),
        (FITS[:11], "half a header"),
        (QUERY, "the question sent back, no reply"),
        (FITS.replace(b"\x02bl\x07", b"\x02bx\x07", 1), "another name"),
        (FITS.replace(b"\x02bl\x07", b"\x02BL\x07", 1), "other letters"),
        (FITS[:12] + dnswire.reversed_ip("192.0.2.12") + FITS[12 + 15 :], "another IP"),
        (FITS.replace(b"\x00\x00\x01\x00\x01", b"\x00\x00\x10\x00\x01", 1), "another type"),
        (FITS.replace(b"\x00\x00\x01\x00\x01", b"\x00\x00\x01\x00\x03", 1), "another class"),
        (FITS[:4] + b"\x00\x02" + FITS[6:], "two questions"),
        (FITS[:2] + bytes((FITS[2] | 0x28,)) + FITS[3:], "an update"),
    ],
)
def test_what_is_no_reply_to_this_very_question_does_not_fit(wire: bytes, why: str) -> None:
    assert dnswire.fits(FITS, ASKED)
    assert not dnswire.fits(wire, ASKED), why
    assert dnswire.fits_but_for_case(wire, ASKED) == (why == "other letters")


@given(st.binary(max_size=80), st.sampled_from([dnswire.A, dnswire.TXT]))
@example(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\xff\xff", dnswire.A)
@example(b"\x40", dnswire.A)
@example(b"\xc0\x28\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x02", dnswire.A)
def test_no_records_break_the_reader(records: bytes, kind: Kind) -> None:
    for counts in (b"\x00\x01\x00\x00", b"\x00\x00\x00\x01", b"\xff\xff\xff\xff"):
        for rcode in (0, 3, 15):
            wire = b"\x12\x34\x81" + bytes((0x80 | rcode,)) + b"\x00\x01" + counts + b"\x00\x00" + ASKED + records
            said = Said()
            with suppress(ValueError):
                said = dnswire.said(wire, ASKED, kind)
            assert not (said.values and said.failure)


@given(st.binary(max_size=64))
def test_no_bytes_break_the_check(wire: bytes) -> None:
    for asked in (ASKED, ASKED.upper()):
        assert not dnswire.fits(wire, asked) or wire[12:].startswith(asked)
        assert dnswire.fits_but_for_case(wire, asked) or not dnswire.fits(wire, asked)


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=5, unique=True), st.integers(0, 2**31 - 1), st.booleans())
def test_dnspython_and_we_read_the_same(addresses: list[str], ttl: int, padded: bool) -> None:  # noqa: FBT001
    answer = dns.message.make_response(_query())
    name = answer.question[0].name
    if padded:
        answer.additional.append(dns.rrset.from_text("x.example.", 5, "IN", "A", "192.0.2.1"))
    if addresses:
        answer.answer.append(dns.rrset.from_text(name, ttl, "IN", "A", *addresses))
    said = dnswire.said(answer.to_wire(), ASKED, dnswire.A)
    read = dns.message.from_wire(answer.to_wire())
    assert isinstance(read, dns.message.QueryMessage)
    theirs = read.resolve_chaining().answer
    assert sorted(said.values) == sorted(each.to_text() for each in theirs or ())
    assert said.ttl_seconds == (theirs.ttl if theirs is not None else 0)


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=4))
def test_a_text_is_one_clean_line(strings: list[bytes]) -> None:
    data = b"".join(bytes((len(each),)) + each for each in strings)
    wire = FITS[:12] + ASKED[:-4] + dnswire.ending(dnswire.TXT)
    record = b"\xc0\x0c" + dnswire.ending(dnswire.TXT) + b"\x00\x00\x00\x3c" + len(data).to_bytes(2) + data
    (text,) = dnswire.said(wire + record, ASKED[:-4] + dnswire.ending(dnswire.TXT), dnswire.TXT).values
    plain = b"".join(strings).decode(errors="replace")
    assert text == "".join(letter if letter.isprintable() else " " for letter in plain)
    assert text.isprintable()
