"""Syslog by TCP and TLS: connections, each with its frames, within bounds that no client can widen."""

import logging
import os
import selectors
import socket
import ssl
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from collectors.away import Away
from collectors.inputs._syslog_desk import Desk, Peer
from collectors.inputs._syslog_frames import LONGEST, Frames
from schemas.tls import Certificates

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger("relaywarden.collect")
HANDSHAKE_SECONDS = 10.0
FRAME_SECONDS = 60.0
_SHARE = 4
_AT_ONCE = 16
WAITING = 1024  # as many may wait to be accepted
_BUFFER = 1 << 18
_SHUT = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)


class _Connection:
    """A client: `since` is when its handshake, or the frame that has not ended, began.

    `left`: of so many bytes, once the end has come, it may be that the kernel had taken them before.
    """

    __slots__ = ("frames", "handshaking", "left", "peer", "since", "socket", "way")

    def __init__(self, accepted: socket.socket, peer: Peer, way: str, since: float) -> None:
        self.socket, self.peer, self.way, self.since = accepted, peer, way, since
        self.handshaking = isinstance(accepted, ssl.SSLSocket)
        self.left = 0
        self.frames = Frames()


class Streams:
    """The listening sockets of TCP and TLS, and the connections that were accepted there."""

    def __init__(self, selector: selectors.BaseSelector, desk: Desk, most: int) -> None:
        self._selector, self._desk, self._most = selector, desk, most
        self._listening: dict[socket.socket, Callable[[], bool]] = {}
        self._connections: set[_Connection] = set()
        self._held: Counter[str] = Counter()
        self._buffer = memoryview(bytearray(_BUFFER))
        self._away = Away("syslog: connections")
        self._accepts_at = 0.0
        self._ends = False

    @property
    def open(self) -> int:
        """Return how many connections there are."""
        return len(self._connections)

    def listen(self, listening: socket.socket, certificates: Certificates | None) -> None:
        """Accept connections there from now on; by TLS with certificates."""
        self._listening[listening] = lambda: self._accept(listening, certificates)
        self._selector.register(listening, selectors.EVENT_READ, self._listening[listening])

    def end(self) -> None:
        """Accept no more, and tell the clients that nothing more is taken; what is on its way can still be read.

        Whom the kernel let in already is a client, too: it was told that it may send.
        """
        self._ends = True
        for accept in self._listening.values():
            for _ in range(WAITING // _AT_ONCE):
                if self._accepts_at or not accept():
                    break
        self._accepts_at = 0.0
        for listening in self._listening:
            with suppress(KeyError):
                self._selector.unregister(listening)
            listening.close()
        for connection in self._connections:
            connection.left = connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            if not connection.handshaking:
                self._tell_the_end(connection)

    def close_endless(self) -> None:
        """Close, after `end`, who has sent more than the kernel could have held by then, or does not shake hands."""
        for connection in tuple(self._connections):
            if connection.handshaking or connection.left <= 0:
                self._close(connection)

    def _tell_the_end(self, connection: _Connection) -> None:
        with suppress(OSError):  # not SSLSocket's own, which would go on in the clear
            socket.socket.shutdown(connection.socket, socket.SHUT_WR)

    def close(self) -> None:
        """Close all connections."""
        for connection in tuple(self._connections):
            self._close(connection)

    def sweep(self) -> None:
        """Close who does not end what it began, and accept again after a pause."""
        now = self._desk.now()
        for connection in tuple(self._connections):
            if connection.handshaking and now - connection.since > HANDSHAKE_SECONDS:
                self._lose(connection, f"no TLS handshake in {HANDSHAKE_SECONDS:g} s")
            elif connection.frames.begun and now - connection.since > FRAME_SECONDS:
                self._lose(connection, f"a frame that did not end in {FRAME_SECONDS:g} s")
        if self._accepts_at and now >= self._accepts_at:
            self._accepts_at = 0.0
            for listening, accept in self._listening.items():
                self._selector.register(listening, selectors.EVENT_READ, accept)

    def _accept(self, listening: socket.socket, certificates: Certificates | None) -> bool:
        """Let in who waits, so many at once; tell whether there may be more."""
        for _ in range(_AT_ONCE):
            try:
                accepted, address = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return False
            except OSError as error:  # no descriptor is left, or no memory
                self._accepts_at = self._desk.now() + self._away.failed(os.strerror(error.errno or 0))
                for each in self._listening:
                    self._selector.unregister(each)
                return False
            self._away.well()
            self._begin(accepted, self._desk.peer(address[0]), certificates)
        return True

    def _begin(self, accepted: socket.socket, peer: Peer, certificates: Certificates | None) -> None:
        way = "tls" if certificates else "tcp"
        refused = self._refused(peer)
        if refused:
            self._desk.lost(peer, way, refused)
            accepted.close()
            return
        try:
            accepted.setblocking(False)
            for option in _KEEPALIVE:
                accepted.setsockopt(*option)
            if certificates:
                context = certificates.context()
                accepted = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        except OSError:  # gone already
            accepted.close()
            return
        connection = _Connection(accepted, peer, way, self._desk.now())
        self._connections.add(connection)
        self._held[peer.address] += 1
        self._selector.register(accepted, selectors.EVENT_READ, lambda: self._ready(connection))

    def _refused(self, peer: Peer) -> str:
        """Return why nobody of this address may connect now, "" where somebody may."""
        if not peer.allowed:
            return "a connection is refused: this address is in no network of `allow`"
        if len(self._connections) >= self._most:
            return f"a connection is refused: {self._most} are open, which is all that `connections` allows"
        if self._held[peer.address] >= self._most // _SHARE:
            return f"a connection is refused: this address has {self._most // _SHARE}, a quarter of `connections`"
        return ""

    def _ready(self, connection: _Connection) -> None:
        if connection.handshaking and not self._shake_hands(connection):
            return
        for _ in range(_AT_ONCE if connection.way == "tls" else 1):  # a read of TLS is one record
            try:
                length = connection.socket.recv_into(self._buffer)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                self._ended(connection, "" if isinstance(error, _SHUT) else _why(error))
                return
            if not length:
                self._ended(connection, "")
                return
            connection.left -= length
            self._take(connection, self._buffer[:length])

    def _take(self, connection: _Connection, data: memoryview) -> None:
        frames, peer = connection.frames, connection.peer
        began = frames.begun
        messages, refused = frames.feed(data)
        for sample in refused:
            self._desk.lost(peer, connection.way, f"a frame longer than {LONGEST} bytes is skipped", sample=sample)
        if messages:
            self._desk.take(((message, peer) for message in messages), connection.way)
        if messages or not began:
            connection.since = self._desk.now()

    def _shake_hands(self, connection: _Connection) -> bool:
        """Go on with a handshake; tell whether it is done."""
        secured, events = connection.socket, selectors.EVENT_READ
        try:
            if isinstance(secured, ssl.SSLSocket):
                secured.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            events = selectors.EVENT_WRITE
        except OSError as error:
            if not isinstance(error, _SHUT):
                self._desk.lost(connection.peer, connection.way, f"no TLS handshake: {_why(error)}")
            self._close(connection)
            return False
        else:
            connection.handshaking = False
            if self._ends:
                self._tell_the_end(connection)
        self._selector.modify(secured, events, lambda: self._ready(connection))
        return not connection.handshaking

    def _ended(self, connection: _Connection, why: str) -> None:
        if connection.frames.begun or why:
            self._lose(connection, f"the connection ended within a frame{f': {why}' if why else ''}")
        else:
            self._close(connection)

    def _lose(self, connection: _Connection, reason: str) -> None:
        self._desk.lost(connection.peer, connection.way, reason, sample=connection.frames.sample)
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.socket.close()
        self._connections.discard(connection)
        address = connection.peer.address
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]


def _why(error: OSError) -> str:
    """Return what went wrong, in words that do not differ from one client to the next."""
    if isinstance(error, ssl.SSLError):
        return getattr(error, "verify_message", "") or error.reason or "no TLS"
    return os.strerror(error.errno or 0)
