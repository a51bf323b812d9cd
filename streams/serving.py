"""What the servers that Postfix asks share: a thread of their own, and clients that must end what they begin."""

import asyncio
import logging
import os
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import cast

_REQUEST_SECONDS = 10.0
_BACKLOG = 1024
_log = logging.getLogger(__name__)


class Conversation(asyncio.Protocol, ABC):
    """One client: any number of requests, each answered at once; what is no request, or stays half one, ends it."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._deadline: asyncio.TimerHandle | None = None

    @abstractmethod
    def answers(self, data: bytes) -> Iterator[bytes]:
        """Yield the answer to each request that these bytes complete. ValueError where they are none."""

    @property
    @abstractmethod
    def waiting(self) -> bool:
        """Tell whether a request has begun but not ended."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the client, to be closed with the server."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer what is complete, and give what is not a time to become so."""
        try:
            for answer in self.answers(data):
                self._transport.write(answer)
                self._stop_waiting()
        except ValueError as error:
            _log.warning("%s: a client's connection is closed: %s", self._server.name, error)
            self._transport.close()
            return
        if self.waiting and self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(_REQUEST_SECONDS, self._transport.abort)

    def pause_writing(self) -> None:
        """Read no more questions while the client does not take the answers."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """Forget the client."""
        self._stop_waiting()
        self._server.connections.discard(self._transport)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(ABC):
    """A server with a thread of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    @abstractmethod
    def conversation(self) -> Conversation:
        """Return what speaks with a new client."""

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
            await loop.create_server(self.conversation, sock=listening, backlog=_BACKLOG) for listening in sockets
        ]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for _ in range(3):  # a client that was just accepted is not yet among them
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
