"""The socketmap server that Postfix asks which transport carries a mail (socketmap_table(5)).

A pool `main` has the maps `main` (any key), `main-providers` (a recipient or its domain: found only where some of the
pool are withdrawn for that provider) and, for an instance of Postfix that is the transport out1, `main-of-out1` (found
only while that is withdrawn).

It answers from memory alone and never with `TEMP`: a look-up error makes Postfix's smtpd refuse its customers' mail.
The answers are replaced as a whole; until the first replacement it gives those that it was made with.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from schemas.names import provider_of
from streams import serving
from streams.hooks import Answer
from streams.serving import Conversation

MAX_REQUEST_BYTES = 10_000
_PROVIDERS = "-providers"
_OF = "-of-"
_LENGTH_DIGITS = len(str(MAX_REQUEST_BYTES))


@dataclass(frozen=True)
class Choice:
    """Answers with the upper bounds of their shares, laid one after the other from 0 to their sum."""

    answers: tuple[str, ...]
    bounds: tuple[float, ...]

    @classmethod
    def of(cls, shares: Mapping[str, float]) -> Self:
        """Return the choice among `shares`. ValueError where nothing can be chosen."""
        able = sorted((answer, share) for answer, share in shares.items() if share > 0)
        if not able:
            raise ValueError("no transport with a share above 0: the server would have no answer")
        return cls(tuple(name for name, _ in able), tuple(accumulate(share for _, share in able)))

    def at(self, point: float) -> str:
        """Return the answer at `point`, a number from 0 to below 1."""
        place = bisect_right(self.bounds, point * self.bounds[-1])
        return self.answers[min(place, len(self.answers) - 1)]


@dataclass(frozen=True)
class Answers:
    """What is answered for one pool.

    To all mail; to that of a provider for which some transports are withdrawn; to an instance of Postfix that is one
    transport: nothing while it is active, else who sends in its place.
    """

    everyone: Choice
    providers: Mapping[str, Choice]
    instances: Mapping[str, Choice | None]

    @classmethod
    def of(cls, effect: Answer) -> Self:
        """Return the answers of an effect. ValueError where there is none to give."""
        return cls(
            Choice.of(effect.shares),
            {provider: Choice.of(shares) for provider, shares in effect.providers.items()},
            {name: Choice.of(shares) if shares else None for name, shares in effect.instances.items()},
        )


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


def reply(request: bytes, pools: Mapping[str, Answers], point: float) -> bytes:
    """Return the reply to a request `name key`; `pools` are the pools served here by name.

    A single pool answers under any name. ValueError for a request without a key.
    """
    name, blank, key = request.partition(b" ")
    if not (name and blank and key):
        raise ValueError(f"a request without a name and a key: {request[:60]!r}")
    return _told(name.decode(errors="replace"), key.decode(errors="replace"), pools, point).encode()


def _told(name: str, key: str, pools: Mapping[str, Answers], point: float) -> str:
    pool, _, instance = name.partition(_OF)
    if name in pools or not (instance or name.endswith(_PROVIDERS)):
        answers = _pool(name, pools)
        return f"OK {answers.everyone.at(point)}" if answers else f"PERM no pool is called {name[:60]}"
    answers = _pool(pool if instance else name.removesuffix(_PROVIDERS), pools)
    if answers is None:
        return f"PERM no pool is called {name[:60]}"
    if instance and instance not in answers.instances:
        return f"PERM no transport is called {instance[:60]}"
    choice = answers.instances[instance] if instance else answers.providers.get(_provider(key))
    return f"OK {choice.at(point)}" if choice else "NOTFOUND "


def _pool(name: str, pools: Mapping[str, Answers]) -> Answers | None:
    return next(iter(pools.values())) if len(pools) == 1 else pools.get(name)


def _provider(key: str) -> str:
    """Return whose a key of transport_maps is: an address, a domain, or (".domain") a domain's parent: nobody's."""
    return provider_of("", key if "@" in key else f"@{key}")


class _Asking(Conversation):
    """One of Postfix's processes."""

    def __init__(self, server: "Server") -> None:
        super().__init__(server)
        self._asked = server
        self._requests = Requests()

    def answers(self, data: bytes) -> Iterator[bytes]:
        for request in self._requests.feed(data):
            yield netstring(reply(request, self._asked.pools, self._asked.random.random()))

    @property
    def waiting(self) -> bool:
        return self._requests.waiting


class Server(serving.Server):
    """A socketmap server; `pools` is replaced as a whole, never changed in place."""

    def __init__(self, pools: Mapping[str, Answer], seed: int | None = None) -> None:
        if not pools:
            raise ValueError("a socketmap server needs a pool to answer for")
        super().__init__("socketmap")
        self.pools = {pool: Answers.of(effect) for pool, effect in pools.items()}
        self.random = random.Random(seed)  # noqa: S311 a share of the traffic is no secret

    def answer(self, pool: str, effect: Answer) -> None:
        """Give these answers for a pool from now on. ValueError, and nothing changes, where there is none to give."""
        self.pools = {**self.pools, pool: Answers.of(effect)}

    def conversation(self) -> Conversation:
        """Return what speaks with one of Postfix's processes."""
        return _Asking(self)
