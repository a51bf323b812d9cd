"""The answers of a reply that are about the name asked for, by itself or through aliases (CNAME, RFC 1034). Pure."""

from collections.abc import Iterator

import msgspec

_START = 12
_POINTER = 0xC0
_NAME_MOST = 255
_CNAME, _IN = 5, 1


class Owned(msgspec.Struct, frozen=True):
    """A record of the class IN: the name it is about, its type, its time to live, and where its data stand."""

    owner: bytes
    kind: int
    ttl: int
    start: int
    end: int


def chain(wire: bytes, at: int, kind: int) -> list[Owned]:
    """Return the answers of a type about the name of the question, after the aliases that lead there.

    `at` is where the answers begin. Empty where they are about other names alone. ValueError where they cannot be read.
    """
    try:
        answers = list(_answers(wire, at, int.from_bytes(wire[6:8])))
        name, way = _name(wire, _START)[0], list[Owned]()
        while True:
            own = [each for each in answers if each.owner == name]
            if told := [each for each in own if each.kind == kind]:
                return way + told
            alias = next((each for each in own if each.kind == _CNAME and each not in way), None)
            if alias is None:
                return []
            way.append(alias)
            name = _name(wire, alias.start)[0]
    except IndexError as error:
        raise ValueError("the reply ends within a name") from error


def _answers(wire: bytes, at: int, count: int) -> Iterator[Owned]:
    for _ in range(count):
        owner, at = _name(wire, at)
        start = at + 10
        end = start + int.from_bytes(wire[at + 8 : start])
        if end > len(wire):
            raise ValueError("the reply ends within a record")
        ttl = int.from_bytes(wire[at + 4 : at + 8])
        if int.from_bytes(wire[at + 2 : at + 4]) == _IN:
            yield Owned(owner, int.from_bytes(wire[at : at + 2]), ttl if ttl < 1 << 31 else 0, start, end)
        at = end


def _name(wire: bytes, at: int) -> tuple[bytes, int]:
    """Return a name in small letters and where it ends; a pointer leads only to what stands before it."""
    found, after, least = bytearray(), 0, at
    while length := wire[at]:
        if length >= _POINTER:
            after = after or at + 2
            at = (length & 0x3F) << 8 | wire[at + 1]
            if at >= least:
                raise ValueError("a name points to what does not stand before it")
            least = at
            continue
        if length >= 1 << 6:
            raise ValueError(f"a label of the unknown kind {length:#x}")
        found += wire[at : at + length + 1]
        if len(found) >= _NAME_MOST:
            raise ValueError("a name is too long")
        at += length + 1
    return bytes(found).lower(), after or at + 1
