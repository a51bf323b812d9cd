"""The idempotency keys of requests whose lines are kept: a request that comes again is answered again, not taken twice.

Header: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

MOST = 1000
LONGEST = 255
_DIGEST = 12


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """What was answered to a key: of which body, by its digest, how many lines were taken and how many refused."""

    body: bytes
    lines: int
    refused: int = 0


class Keys:
    """The newest keys, in the order in which they were taken; it never changes: `with_more` makes another."""

    def __init__(self, taken: Mapping[bytes, Taken]) -> None:
        self._taken = dict(taken)

    @classmethod
    def read(cls, kept: bytes) -> "Keys":
        """Return what `packed` kept. ValueError where it is damaged."""
        return cls(msgspec.msgpack.decode(kept, type=dict[bytes, Taken]) if kept else {})

    def packed(self) -> bytes:
        """Return them as bytes, to be kept with the lines."""
        return msgspec.msgpack.encode(self._taken)

    def get(self, key: bytes) -> Taken | None:
        """Return what was answered to a key, None where it is not among the newest."""
        return self._taken.get(key)

    def with_more(self, more: Mapping[bytes, Taken]) -> "Keys":
        """Return these and newer ones, without the oldest of too many."""
        kept = [*self._taken.items(), *more.items()]
        return Keys(dict(kept[-MOST:]))


def named(header: str) -> bytes:
    """Return the digest of a key as the header has it, with or without its quotes; b"" where there is no header.

    ValueError where it is too long or empty.
    """
    if not header:
        return b""
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 0 < len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise ValueError(f"Idempotency-Key is 1 to {LONGEST} printable characters")
    return digest(key.encode())


def digest(content: bytes) -> bytes:
    """Return what stands for a key or a body."""
    return blake2b(content, digest_size=_DIGEST).digest()
