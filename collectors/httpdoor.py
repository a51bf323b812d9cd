"""The way in of an HTTP server that strangers reach: so many connections, so many bytes, so much time, and no more.

A connection without a request under way is closed after a while, and at once where a new one needs its place: so those
who open many and say nothing, or say it slowly, keep nobody out. Only who showed a token has a request under way.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

_MOST_CONNECTIONS = 256
_SILENT_SECONDS = 10.0
_IDLE_SECONDS = 75.0
_MOST_HEADERS = 64
_LINGER_SECONDS = 10.0  # so long a refused body is read and thrown away, or its sender might lose the answer


class BusyError(Exception):
    """So much is under way that no more is taken now."""


class _NoStrangers(logging.Filter):
    """Leaves out what a stranger's bytes are to blame for: a server on the network gets nonsense all day."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is of interest."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_log = logging.getLogger("relaywarden.collect.http")
_log.addFilter(_NoStrangers())


Busy = Callable[[web.BaseRequest], AbstractContextManager[None]]


class Door(web.Server):
    """The server of one socket; `answer` gets each request, and what to put around all that a token is needed for."""

    def __init__(self, answer: Callable[[web.BaseRequest, Busy], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(
            lambda request: answer(request, self._busy),
            access_log=None,
            logger=_log,
            auto_decompress=False,
            max_headers=_MOST_HEADERS,
            lingering_time=_LINGER_SECONDS,
            keepalive_timeout=_IDLE_SECONDS,
        )
        self._open: set[RequestHandler] = set()
        self._silent_since: dict[RequestHandler, float] = {}  # in the order of these times
        self._known: set[RequestHandler] = set()

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Let a connection in; where there are too many, in the place of the one that is silent for longest."""
        super().connection_made(handler, transport)
        self._open.add(handler)
        self._silent_since[handler] = asyncio.get_running_loop().time()
        if len(self._open) > _MOST_CONNECTIONS:
            self._close(next(iter(self._silent_since)))

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection."""
        super().connection_lost(handler, exc)
        self._forget(handler)

    def _close(self, handler: RequestHandler) -> None:
        self._forget(handler)
        handler.force_close()

    def _forget(self, handler: RequestHandler) -> None:
        self._open.discard(handler)
        self._silent_since.pop(handler, None)
        self._known.discard(handler)

    @contextmanager
    def _busy(self, request: web.BaseRequest) -> Iterator[None]:
        """Keep a connection from being closed while its request is under way."""
        handler = request.protocol
        self._silent_since.pop(handler, None)
        self._known.add(handler)
        try:
            yield
        finally:
            if handler in self._open:
                self._silent_since[handler] = asyncio.get_running_loop().time()

    def sweep(self) -> None:
        """Close the connections that have been silent for too long."""
        now = asyncio.get_running_loop().time()
        for handler, since in list(self._silent_since.items()):
            if now - since > (_IDLE_SECONDS if handler in self._known else _SILENT_SECONDS):
                self._close(handler)


class Flight:
    """The bytes that are under way in all requests together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now = 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """Give what counts the bytes of a request until the block ends; it raises BusyError where they are too many."""
        held = 0

        def take(count: int) -> None:
            nonlocal held
            if self._now + count > self._most:
                raise BusyError
            self._now += count
            held += count

        try:
            yield take
        finally:
            self._now -= held
