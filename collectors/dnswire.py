"""DNS messages as bytes: what a list is asked, and what a reply says (RFC 1035, negative answers: RFC 2308). Pure.

Each zone is encoded once and each IP once; a question is those bytes in a row. What is not a well-formed reply raises
ValueError, whatever the bytes are.
"""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import Literal

import msgspec

from collectors import aliases
from schemas.facts import ListFault

Kind = Literal[1, 16]

A: Kind = 1
TXT: Kind = 16
HEAD = bytes.fromhex("0100 0001 0000 0000 0000")
"""What follows the id in each question: recursion desired, one question, nothing else."""
NO_ADDRESS = "the name exists without an address"

_SOA, _CNAME, _IN = 6, 5, 1
_START = 12
_LABEL_MOST, _NAME_MOST = 63, 253
_ZONE_MOST = 255 - 32 * 2
_POINTER = 0xC0
_QUESTION = b"\xc0\x0c"
"""The name of the question, as nearly every answer points to it."""
_ONE = b"\x00\x01"
_TRUNCATED, _RCODE = 2, 15
_NOERROR, _NXDOMAIN = 0, 3
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 9: "NOTAUTH"}
_LETTER = 0x20


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply says: addresses or lines of text (none: no such name), how long that holds, or why it says nothing.

    `fault` is "silent" where no answer came, "refused" where one came that is none; with the reason in `failure`.
    """

    values: tuple[str, ...] = ()
    ttl_seconds: int = 0
    failure: str = ""
    fault: ListFault = ""


CUT_OFF = Said(failure="its answer was cut off", fault="silent")
"""What a reply says that had no room for all: to be asked again by TCP."""


class Zone(msgspec.Struct, frozen=True):
    """A zone's name as bytes, as a number of the same bits, and the bits by which its letters may change their case."""

    wire: bytes
    number: int
    letters: int

    def __repr__(self) -> str:
        return "Zone(…)"  # its name may hold a key

    def mixed(self, draw: bytes) -> bytes:
        """Return the name with the case of its letters as drawn: what a forger must guess, too (as in 0x20)."""
        return (self.number ^ (int.from_bytes(draw) & self.letters)).to_bytes(len(self.wire))


def labels(name: str) -> bytes:
    """Return the labels of a name without the root. ValueError where it is no name of the DNS."""
    if len(name) > _NAME_MOST:
        raise ValueError(f"a name of {len(name)} letters: the DNS knows {_NAME_MOST} at most")
    found = bytearray()
    for label in name.split("."):
        text = label.encode("ascii", errors="replace")
        if not 0 < len(text) <= _LABEL_MOST or not label.isascii():
            raise ValueError("a label is empty, longer than 63 letters, or not ASCII")
        found += bytes((len(text),)) + text
    return bytes(found)


def zone(name: str) -> Zone:
    """Return a zone, with its root label. ValueError where the name is none, or too long to ask about IPv6 there."""
    wire = labels(name.rstrip(".")) + b"\x00"
    if len(wire) > _ZONE_MOST:
        raise ValueError(f"a zone of {len(name)} letters: with an IPv6 address before it, it would be no name")
    # A length is at most 63, below every letter: only letters are found.
    letters = bytes(_LETTER if chr(byte).isalpha() and byte < 0x80 else 0 for byte in wire)  # noqa: PLR2004 ASCII
    return Zone(wire, int.from_bytes(wire), int.from_bytes(letters))


@lru_cache(maxsize=4096)
def reversed_ip(ip: str) -> bytes:
    """Return the labels that ask for an IP: its octets, or 32 nibbles, in reverse order. ValueError if it is none.

    An IPv4-mapped IPv6 address keeps its IPv6 form: two test points are of that kind.
    """
    address = ip_address(ip)
    if isinstance(address, IPv4Address):
        return labels(".".join(map(str, reversed(address.packed))))
    return labels(".".join(reversed(address.packed.hex())))


def ending(kind: Kind) -> bytes:
    """Return what ends a question: its type, and the class IN."""
    return kind.to_bytes(2) + _ONE


def fits(wire: bytes, asked: bytes) -> bool:
    """Tell whether bytes are a reply to this very question: name, letter by letter, type and class (RFC 5452)."""
    return wire[4:6] == _ONE and wire[2] & 0xF8 == 0x80 and wire.startswith(asked, _START)  # noqa: PLR2004 QR, opcode


def fits_but_for_case(wire: bytes, asked: bytes) -> bool:
    """Tell whether it would fit if the case of letters did not count: a server that changes it, or a forger."""
    whole = wire[:_START] + wire[_START : _START + len(asked)].lower()
    return fits(whole, asked.lower())


def said(wire: bytes, asked: bytes, kind: Kind) -> Said:
    """Return what a reply that fits says, or CUT_OFF. ValueError where its records cannot be read or contradict it."""
    at = _START + len(asked)
    told = _said(wire[2:_START], wire[at:], kind)
    if told is not None:
        return told
    found = aliases.chain(wire, at, kind)
    if not found:
        raise ValueError("it is about another name than the one asked for")
    return _positive(kind, [_Record(True, each.kind, each.ttl, wire[each.start : each.end]) for each in found])


@lru_cache(maxsize=8192)
def _said(head: bytes, records: bytes, kind: Kind) -> Said | None:
    """Return what a reply says; most replies of a list differ only in their id and question, so it is remembered.

    None where its answers are not simply about the name of the question: there may be aliases.
    """
    if head[0] & _TRUNCATED:
        return CUT_OFF
    rcode = head[1] & _RCODE
    if rcode not in {_NOERROR, _NXDOMAIN}:
        return Said(failure=f"no answer: {_RCODES.get(rcode, f'RCODE {rcode}')}", fault="refused")
    answers, authorities = int.from_bytes(head[4:6]), int.from_bytes(head[6:8])
    try:
        found = list(_records(records, answers + authorities))
    except IndexError as error:
        raise ValueError("the reply ends within a name") from error
    return _meaning(rcode, kind, found[:answers], found[answers:])


class _Record(msgspec.Struct, frozen=True):
    asked: bool
    kind: int
    ttl: int
    data: bytes


def _meaning(rcode: int, kind: Kind, answers: list[_Record], authority: list[_Record]) -> Said | None:
    told = [record for record in answers if record.kind == kind]
    if rcode == _NXDOMAIN and told:
        raise ValueError("NXDOMAIN, with an answer beside it")
    if not told:
        holds = min((_negative_ttl(record) for record in authority if record.kind == _SOA), default=0)
        return Said(ttl_seconds=holds, failure="" if rcode == _NXDOMAIN else NO_ADDRESS)
    return _positive(kind, answers) if all(record.asked for record in told) else None


def _positive(kind: Kind, answers: list[_Record]) -> Said:
    told = [record for record in answers if record.kind == kind]
    # Servers turn the order of records: the same answer is to be the same text.
    values = tuple(sorted(_address(record.data) if kind == A else _text(record.data) for record in told))
    ttl = min(record.ttl for record in answers if record.kind in {kind, _CNAME})
    return Said(values=values, ttl_seconds=ttl)


def _negative_ttl(soa: _Record) -> int:
    if len(soa.data) < 22:  # noqa: PLR2004 two root names and five numbers
        raise ValueError(f"a SOA record of {len(soa.data)} bytes")
    return min(soa.ttl, int.from_bytes(soa.data[-4:]))


def _address(data: bytes) -> str:
    if len(data) != 4:  # noqa: PLR2004 octets
        raise ValueError(f"an address of {len(data)} bytes")
    return str(IPv4Address(data))


def _text(data: bytes) -> str:
    """Return a TXT record's strings as one line without control signs, whole: who cuts it might cut a key in two."""
    found, at = bytearray(), 0
    while at < len(data):
        end = at + 1 + data[at]
        if end > len(data):
            raise ValueError("a TXT record ends within a string")
        found += data[at + 1 : end]
        at = end
    text = found.decode(errors="replace")
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _records(wire: bytes, count: int) -> Iterator[_Record]:
    """Yield the first records; one of another class than IN has no type (0). ValueError, or IndexError at the end."""
    at = 0
    for _ in range(count):
        asked = wire[at : at + 2] == _QUESTION
        at = _after_name(wire, at)
        end = at + 10 + int.from_bytes(wire[at + 8 : at + 10])
        if end > len(wire):
            raise ValueError("the reply ends within a record")
        kind = int.from_bytes(wire[at : at + 2]) if int.from_bytes(wire[at + 2 : at + 4]) == _IN else 0
        ttl = int.from_bytes(wire[at + 4 : at + 8])
        yield _Record(asked, kind, ttl if ttl < 1 << 31 else 0, wire[at + 10 : end])  # RFC 2181: a top bit is no time
        at = end


def _after_name(wire: bytes, at: int) -> int:
    while length := wire[at]:
        if length >= _POINTER:
            return at + 2
        if length > _LABEL_MOST:
            raise ValueError(f"a label of the unknown kind {length:#x}")
        at += length + 1
    return at + 1
