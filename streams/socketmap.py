"""The socketmap server that Postfix asks which transport carries a mail (socketmap_table(5)).

It answers from memory alone and never with `TEMP`: a look-up error makes Postfix's smtpd refuse its customers' mail.
The answers are replaced as a whole; until the first replacement it gives those that it was made with.
"""

import asyncio
import logging
import os
import random
import socket
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self, cast

MAX_REQUEST_BYTES = 10_000
_LENGTH_DIGITS = len(str(MAX_REQUEST_BYTES))
_REQUEST_SECONDS = 10.0
_BACKLOG = 1024
_log = logging.getLogger(__name__)


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


class _Connection(asyncio.Protocol):
    """One client: any number of requests, each answered at once; what is no request closes the connection."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._requests = Requests()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            for request in self._requests.feed(data):
                answer = reply(request, self._server.choices, self._server.random.random())
                self._transport.write(netstring(answer))
                self._stop_waiting()
        except ValueError as error:
            _log.warning("socketmap: a client's connection is closed: %s", error)
            self._transport.close()
            return
        if self._requests.waiting and self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(_REQUEST_SECONDS, self._transport.abort)

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        self._stop_waiting()
        self._server.connections.discard(self._transport)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server:
    """A socketmap server with a thread of its own; `choices` is replaced as a whole, never changed in place."""

    def __init__(self, choices: Mapping[str, Choice], seed: int | None = None) -> None:
        if not choices:
            raise ValueError("a socketmap server needs a pool to answer for")
        self.choices = dict(choices)
        self.random = random.Random(seed)  # noqa: S311 a share of the traffic is no secret
        self.connections: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="socketmap", daemon=True)

    def answer(self, pool: str, shares: Mapping[str, float]) -> None:
        """Give these answers for a pool from now on. ValueError, and nothing changes, where there is none to give."""
        self.choices = {**self.choices, pool: Choice.of(shares)}

    def start(self, sockets: Sequence[socket.socket]) -> None:
        """Serve the listening sockets from now on."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(sockets), self._loop).result(timeout=10)

    def stop(self) -> None:
        """Close all connections and end the thread."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
        self._loop.close()

    async def _listen(self, sockets: Sequence[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        self._servers = [
            await loop.create_server(lambda: _Connection(self), sock=listening, backlog=_BACKLOG)
            for listening in sockets
        ]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in tuple(self.connections):
            connection.abort()
        await asyncio.sleep(0)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. OSError, with the system's own word for it, where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), f"{host}:{port}") from error
