"""How many clients are served, how much of a request is read, and for how long.

Nobody without a token may fill the memory or keep all places.
"""

import io
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

MOST_BYTES = 80 * 1024
MOST_CLIENTS = 32
MOST_OF_ONE = 8
_SCRATCH_BYTES = 64 * 1024


class Places:
    """Places for clients: so many in all, and for one address beyond this host a share of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Take a place; tell whether there was one."""
        with self._lock:
            own = MOST_CLIENTS if ip_address(address).is_loopback else MOST_OF_ONE
            free = self._taken.total() < MOST_CLIENTS and self._taken[address] < own
            self._taken[address] += free
            return free

    def leave(self, address: str) -> None:
        """Give a place back."""
        with self._lock:
            self._taken[address] -= 1
            self._taken += Counter()  # forgets who has none


class Bounded(io.RawIOBase):
    """What a client sends: each request within so many seconds in all, and 80 KB.

    TimeoutError where it takes longer, or is longer: `http.server` lets such a client go without a word.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Await another request."""
        self._left = MOST_BYTES
        self._until = time.monotonic() + self._seconds

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 typeshed has no name for what can be written into
        """Read what is there."""
        seconds = self._until - time.monotonic()
        if seconds <= 0 or self._left <= 0:
            raise TimeoutError("the request takes too long, or is too long")
        self._connection.settimeout(seconds)
        read = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._connection.settimeout(self._seconds)
        self._left -= read
        return read


def thrown_away(connection: socket.socket, seconds: float, most: int) -> None:
    """Tell a client that no more is answered, and read on until it ends, too, within so many seconds and bytes.

    A socket that is closed with unread bytes resets the connection: the client may lose an answer that it has not read.
    """
    until, scratch = time.monotonic() + seconds, bytearray(_SCRATCH_BYTES)
    with suppress(OSError):  # it is gone, or too slow
        connection.shutdown(socket.SHUT_WR)
        while most > 0 and (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            read = connection.recv_into(scratch)
            if not read:
                return
            most -= read
