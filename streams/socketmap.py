"""The socketmap server that Postfix asks which transport carries a mail (socketmap_table(5)).

It answers from memory alone and never with `TEMP`: a look-up error makes Postfix's smtpd refuse its customers' mail.
The answers are replaced as a whole; until the first replacement it gives those that it was made with.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from streams import serving
from streams.hooks import Answer
from streams.serving import Conversation

MAX_REQUEST_BYTES = 10_000
_LENGTH_DIGITS = len(str(MAX_REQUEST_BYTES))


@dataclass(frozen=True)
class Choice:
    """Transports with the upper bounds of their shares, laid one after the other from 0 to their sum."""

    transports: tuple[str, ...]
    bounds: tuple[float, ...]

    @classmethod
    def of(cls, shares: Mapping[str, float]) -> Self:
        """Return the choice among `shares`. ValueError where nothing can be chosen."""
        able = sorted((transport, share) for transport, share in shares.items() if share > 0)
        if not able:
            raise ValueError("no transport with a share above 0: the server would have no answer")
        return cls(tuple(name for name, _ in able), tuple(accumulate(share for _, share in able)))

    def at(self, point: float) -> str:
        """Return the transport at `point`, a number from 0 to below 1."""
        place = bisect_right(self.bounds, point * self.bounds[-1])
        return self.transports[min(place, len(self.transports) - 1)]


class Requests:
    """The requests in a stream of bytes that comes in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def waiting(self) -> bool:
        """Tell whether a request has begun but not ended."""
        return bool(self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the content of each netstring that is complete now. ValueError where it is none, or too long."""
        buffer, start = self._rest + data, 0
        while start < len(buffer):
            colon = buffer.find(b":", start, start + _LENGTH_DIGITS + 1)
            digits = buffer[start : start + _LENGTH_DIGITS + 1] if colon < 0 else buffer[start:colon]
            if not digits.isdigit() or len(digits) > _LENGTH_DIGITS:
                raise ValueError(f"no netstring begins with {digits!r}")
            if int(digits) > MAX_REQUEST_BYTES:
                raise ValueError(f"a request of {int(digits)} bytes is longer than {MAX_REQUEST_BYTES}")
            end = colon + 1 + int(digits)
            if colon < 0 or end >= len(buffer):
                break
            if buffer[end : end + 1] != b",":
                raise ValueError(f"a netstring of {int(digits)} bytes does not end with a comma")
            yield buffer[colon + 1 : end]
            start = end + 1
        self._rest = buffer[start:]


def netstring(data: bytes) -> bytes:
    """Return the data as one netstring."""
    return b"%d:%b," % (len(data), data)


def reply(request: bytes, choices: Mapping[str, Choice], point: float) -> bytes:
    """Return the reply to a request `name key`; `choices` are the pools served here by name.

    A single pool answers under any name. ValueError for a request without a key.
    """
    name, blank, key = request.partition(b" ")
    if not (name and blank and key):
        raise ValueError(f"a request without a name and a key: {request[:60]!r}")
    chosen = choices.get(name.decode(errors="replace"))
    if chosen is None and len(choices) == 1:
        chosen = next(iter(choices.values()))
    if chosen is None:
        return b"PERM no pool is called " + name[:60]
    return f"OK {chosen.at(point)}:".encode()


class _Asking(Conversation):
    """One of Postfix's processes."""

    def __init__(self, server: "Server") -> None:
        super().__init__(server)
        self._asked = server
        self._requests = Requests()

    def answers(self, data: bytes) -> Iterator[bytes]:
        for request in self._requests.feed(data):
            yield netstring(reply(request, self._asked.choices, self._asked.random.random()))

    @property
    def waiting(self) -> bool:
        return self._requests.waiting


class Server(serving.Server):
    """A socketmap server; `choices` is replaced as a whole, never changed in place."""

    def __init__(self, choices: Mapping[str, Choice], seed: int | None = None) -> None:
        if not choices:
            raise ValueError("a socketmap server needs a pool to answer for")
        super().__init__("socketmap")
        self.choices = dict(choices)
        self.random = random.Random(seed)  # noqa: S311 a share of the traffic is no secret

    def answer(self, pool: str, effect: Answer) -> None:
        """Give these answers for a pool from now on. ValueError, and nothing changes, where there is none to give."""
        self.choices = {**self.choices, pool: Choice.of(effect.shares)}

    def conversation(self) -> Conversation:
        """Return what speaks with one of Postfix's processes."""
        return _Asking(self)
