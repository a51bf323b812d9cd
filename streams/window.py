"""Bounded memory of what happened lately: counts that fade with time, and small sketches that count what differs.

A count in a window of T fades by exp(-t/T): at a steady rate it equals the number seen in a time of T, and nothing
need be kept of the single events.
"""

from functools import cache, lru_cache
from ipaddress import IPv6Address
from math import exp, log
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

if TYPE_CHECKING:
    from array import array

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


_MOST_STEPS = 1024
_FACTORS = tuple(exp(-steps / 100) for steps in range(_MOST_STEPS))


class Window(msgspec.Struct, frozen=True):
    """The `slots` of a row of counts that fade a `step` at a time, with a time constant of a hundred steps.

    So what happens often costs little.
    """

    step: int
    slots: tuple[int, ...]


def fade(counts: "array[float]", windows: tuple[Window, ...], before: int, at: int) -> None:
    """Let the counts fade by the steps that lie between two times, in place.

    The windows come from the shortest to the longest, each step a multiple of the one before: where none of one window
    is over, none of the next is.
    """
    for window in windows:
        steps = at // window.step - before // window.step
        if steps <= 0:
            return
        factor = _FACTORS[steps] if steps < _MOST_STEPS else exp(-steps / 100)
        for slot in window.slots:
            count = counts[slot]
            if count:
                counts[slot] = count * factor


class Sketch(msgspec.Struct, frozen=True):
    """Linear counting in two generations of `size` bytes each, at `start` of a row of bytes.

    Marks are made in the newer one; `turn` drops the older, after each `generation` of time. With 14 bytes it counts
    to about 500, and 41 as 41 give or take 4.
    """

    start: int
    size: int
    generation: int

    def mark(self, row: bytearray, digest: int) -> bool:
        """Note that what has this digest was seen, in place. True where it was not seen in either generation."""
        bit = digest % (self.size * 8)
        place, mask = self.start + (bit >> 3), 1 << (bit & 7)
        if row[place] & mask:
            return False
        row[place] |= mask
        return not row[place + self.size] & mask

    def holds(self, row: bytearray, digest: int) -> bool:
        """Tell whether this digest (or, seldom, one that falls on the same bit) was marked."""
        bit = digest % (self.size * 8)
        place = self.start + (bit >> 3)
        return bool((row[place] | row[place + self.size]) >> (bit & 7) & 1)

    def any(self, row: bytearray) -> bool:
        """Tell whether anything is marked."""
        return any(row[self.start : self.start + 2 * self.size])

    def is_new(self, row: bytearray, digest: int) -> bool:
        """Tell whether this digest was not marked in the newer generation."""
        bit = digest % (self.size * 8)
        return not row[self.start + (bit >> 3)] >> (bit & 7) & 1

    def distinct(self, row: bytearray) -> float:
        """Return about how many different digests were marked in both generations."""
        both, bits = int.from_bytes(row[self.start : self.start + 2 * self.size], "little"), self.size * 8
        return _counted(bits, ((both >> bits | both) & (1 << bits) - 1).bit_count()) if both else 0.0

    def turn(self, row: bytearray, before: int, at: int) -> bool:
        """Begin the generations that lie between two times, in place; two or more forget all. False where none."""
        times = at // self.generation - before // self.generation
        if times <= 0:
            return False
        middle, end = self.start + self.size, self.start + 2 * self.size
        row[middle:end] = row[self.start : middle] if times == 1 else bytes(self.size)
        row[self.start : middle] = bytes(self.size)
        return True

    def absorb(self, row: bytearray, other: "Sketch", *, whole: bool) -> None:
        """Mark in the newer generation what another sketch of the same size holds: its older one, or the whole."""
        for place in range(self.size):
            theirs = other.start + place
            row[self.start + place] |= row[theirs + self.size] | (row[theirs] if whole else 0)

    def forget(self, row: bytearray) -> None:
        """Forget all, in place."""
        row[self.start : self.start + 2 * self.size] = bytes(2 * self.size)


@cache
def _counted(bits: int, marked: int) -> float:
    """Return about how many digests mark so many of the bits."""
    return bits * log(bits / (bits - min(marked, bits - 1)))


@lru_cache(maxsize=1 << 16)
def network_digest(ip: str) -> int:
    """Return a digest of the client's network: the /24 of an IPv4 address, the /48 of an IPv6 address."""
    if ":" in ip:
        return crc32(IPv6Address(ip).packed[:6])
    return crc32(ip.rpartition(".")[0].encode())


@lru_cache(maxsize=1 << 16)
def provider_digest(ip: str) -> int:
    """Return a digest of the client's surroundings: the /16 of an IPv4 address, the /32 of an IPv6 address.

    A telephone changes its /24 all day, and a household now and then, but seldom leaves its provider's few /16.
    """
    if ":" in ip:
        return crc32(IPv6Address(ip).packed[:4])
    return crc32(ip.rsplit(".", 2)[0].encode())


@lru_cache(maxsize=1 << 16)
def domain_digest(address: str) -> int:
    """Return a digest of a recipient's domain."""
    return crc32(address.rpartition("@")[2].lower().encode())


@lru_cache(maxsize=1 << 12)
def machine_digest(ip: str) -> int:
    """Return a digest of the client itself: in a customer's network each has a place of its own."""
    return crc32(ip.encode())
