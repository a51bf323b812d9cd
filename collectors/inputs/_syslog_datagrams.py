"""Syslog by UDP: a message a datagram; what the kernel had to drop is counted."""

import logging
import os
import socket
import struct

from collectors.inputs._syslog_desk import Desk, Peer

LOG = logging.getLogger("relaywarden.collect")
BUFFER_BYTES = 16 << 20
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("9I")  # linux/sock_diag.h: the last is what the socket dropped
_AT_ONCE = 256
_DATAGRAM = 1 << 16


class Datagrams:
    """A bound UDP socket; of `left` bytes, once the end has come, it may be that the kernel had taken them before."""

    def __init__(self, place: str, bound: socket.socket, desk: Desk) -> None:
        self.socket = bound
        self._place, self._desk = place, desk
        self._buffer = bytearray(_DATAGRAM)
        self.left = 0
        _enlarge(place, bound)
        self._dropped = self._drops()
        if self._dropped is None:
            LOG.warning("%s: this kernel does not tell what it drops", place)

    def ready(self) -> None:
        """Take what is there, but not so much that others wait for long."""
        taken: list[tuple[bytes, Peer]] = []
        buffer, receive, peer_of = memoryview(self._buffer), self.socket.recvfrom_into, self._desk.peer
        for _ in range(_AT_ONCE):
            try:
                length, address = receive(buffer)
            except BlockingIOError:
                break
            except OSError as error:
                LOG.warning("%s: %s", self._place, os.strerror(error.errno or 0))
                break
            self.left -= length
            peer = peer_of(address[0])
            message = bytes(buffer[:length])
            if peer.allowed:
                taken.append((message, peer))
            else:
                self._desk.lost(peer, "udp", "this address is in no network of `allow`", sample=message)
        if taken:
            self._desk.take(taken, "udp")

    def end(self) -> None:
        """Count from now on."""
        self.left = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def sweep(self) -> None:
        """Note what the kernel dropped since the last time."""
        drops = self._drops()
        if drops is not None and self._dropped is not None and drops != self._dropped:
            lost = (drops - self._dropped) % (1 << 32)
            self._desk.lost(None, self._place, "datagrams that the full receive buffer had no room for", lost)
            self._dropped = drops

    def _drops(self) -> int | None:
        try:
            found = self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
            return int(_MEMINFO.unpack(found)[-1])
        except (OSError, struct.error):
            return None


def _enlarge(place: str, bound: socket.socket) -> None:
    """Ask for a large receive buffer; say where the system gives less."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, BUFFER_BYTES)
    except OSError:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    given = bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # Linux tells twice of what it gives
    if given < BUFFER_BYTES:
        LOG.warning(
            "%s: the receive buffer has %d KiB, a burst may be lost: sysctl -w net.core.rmem_max=%d gives it %d MiB",
            place,
            given >> 10,
            BUFFER_BYTES,
            BUFFER_BYTES >> 20,
        )
