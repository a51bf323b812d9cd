"""The recipients a mailbox wrote to before: a Bloom filter with two hashes that grows with what it holds.

It lies behind the sketches in the same row of bytes. To grow, its bits are copied four times, which keeps every member
and leaves the share of set bits as it was; so it grows early, when a tenth as many are in it as it has bits. Then one
recipient in 25 looks known by chance in the smallest, one in four in the largest. A shop, whose every recipient is
new, gains nothing from a larger filter: it keeps the small one, and what is in it.
"""

from functools import lru_cache
from zlib import crc32

from streams.habits import FILTER_AT, KNOWN_3W, MEMBERS, NEW_3W, MailboxState

_FULL = 0.1
_FOLDS = 4
_SMALL = 128
_LARGEST = 2048
_WORTH_GROWING, _WORTH_BEGINNING = 0.6, 0.85


@lru_cache(maxsize=1 << 16)
def address_digest(address: str) -> int:
    """Return a digest of a recipient's address."""
    return crc32(address.lower().encode())


def is_known(state: MailboxState, digest: int) -> bool:
    """Tell whether the mailbox wrote to this recipient before, or (`chance`) looks as if."""
    row = state.sketches
    mask = (len(row) - FILTER_AT) * 8 - 1
    first, second = digest & mask, digest >> 16 & mask
    return bool(row[FILTER_AT + (first >> 3)] >> (first & 7) & row[FILTER_AT + (second >> 3)] >> (second & 7) & 1)


def chance(state: MailboxState) -> float:
    """Return how likely a recipient never written to looks known."""
    row = state.sketches
    marked = int.from_bytes(row[FILTER_AT:], "little").bit_count()
    return float((marked / ((len(row) - FILTER_AT) * 8)) ** 2)


def remember(state: MailboxState, digest: int) -> None:
    """Add a recipient that is not known, in place; a full filter grows where that pays, else it stays as it is."""
    row, counts = state.sketches, state.counts
    size = len(row) - FILTER_AT
    if counts[MEMBERS] >= _FULL * size * 8:
        if size >= _LARGEST or not _pays(state, _WORTH_GROWING if size >= _SMALL else _WORTH_BEGINNING):
            return
        row += row[FILTER_AT:] * (_FOLDS - 1)
        size *= _FOLDS
    counts[MEMBERS] += 1
    for bit in (digest & size * 8 - 1, digest >> 16 & size * 8 - 1):
        row[FILTER_AT + (bit >> 3)] |= 1 << (bit & 7)


def _pays(state: MailboxState, worth: float) -> bool:
    new: float = state.counts[NEW_3W]
    known: float = state.counts[KNOWN_3W]
    return new < worth * (new + known)
