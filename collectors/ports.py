"""The UDP sockets of a name server: several at a time from random ports, each replaced after some questions.

They are connected: the kernel keeps away what comes from another address, and tells when nothing listens there.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Generic, TypeVar

Waits = TypeVar("Waits")

OPEN = 8
"""How many ports there are at a time: a power of two, so that a random byte draws each as often."""
QUESTIONS = 512
"""After so many a port is replaced."""

_BUFFER_BYTES = 1 << 20


class Port(Generic[Waits]):
    """A socket, and who waits for the reply to which id."""

    __slots__ = ("leaving", "open", "pending", "recv", "send", "socket", "used")

    def __init__(self, place: tuple[str, int]) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self.socket.connect(place)  # binds it to a port that the kernel draws
        except OSError:
            self.socket.close()
            raise
        self.recv, self.send = self.socket.recv, self.socket.send
        self.pending: dict[bytes, Waits] = {}
        self.used = 0
        self.open, self.leaving = True, False


class Server(Generic[Waits]):
    """A name server and the ports open to it; `drain` is called when there is something to read from one."""

    def __init__(
        self, place: tuple[str, int], loop: asyncio.AbstractEventLoop, drain: Callable[[Port[Waits]], None]
    ) -> None:
        self.place = place
        self._loop = loop
        self._drain = drain
        self.ports: list[Port[Waits] | None] = [None] * OPEN
        self._leaving: set[Port[Waits]] = set()

    def renewed(self, place: int) -> Port[Waits]:
        """Return a new port, in the place of the one there; OSError where none can be opened."""
        port, self.ports[place] = self.ports[place], None
        if port is not None:
            port.leaving = True
            self._leaving.add(port)
            self.left(port)
        self.ports[place] = port = self._opened()
        return port

    def pending(self) -> list[Waits]:
        """Return all who wait for a reply from this server."""
        return [each for port in (*self.ports, *self._leaving) if port is not None for each in port.pending.values()]

    def _opened(self) -> Port[Waits]:
        port: Port[Waits] = Port(self.place)
        self._loop.add_reader(port.socket.fileno(), self._drain, port)
        return port

    def left(self, port: Port[Waits]) -> None:
        """Close a replaced port once nobody waits for a reply to it."""
        if not port.pending:
            self._leaving.discard(port)
            self._close(port)

    def close(self) -> None:
        """Close all ports; the next question opens others."""
        for port in (*self.ports, *self._leaving):
            if port is not None:
                self._close(port)
        self.ports = [None] * OPEN
        self._leaving.clear()

    def _close(self, port: Port[Waits]) -> None:
        if port.open:
            port.open = False
            self._loop.remove_reader(port.socket.fileno())
            port.socket.close()
            port.pending.clear()
