"""Closing a connection whose client may still be sending: the answer first, then the end (RFC 9112, section 9.6).

Who closes a socket with unread bytes in it resets the connection, and the client may lose the answer that was on its
way to it: a refusal is given before the body was read. So the end of the answer is told, and what still comes is
thrown away, until the client has seen it; within bounds.
"""

import asyncio
from typing import Any

LINGER_SECONDS = 10.0
_MOST_BYTES = 64 * 1024 * 1024


class Lingering:
    """A transport whose `linger` is a close that waits for the client; what it has no name for is the transport's."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._left = _MOST_BYTES
        self._timer: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 whatever a transport has
        """Return what the transport has of that name."""
        return getattr(self._transport, name)

    @property
    def lingers(self) -> bool:
        """Tell whether only the client's end is waited for."""
        return self._timer is not None

    def is_closing(self) -> bool:
        """Tell whether nothing more can be answered here."""
        return self.lingers or self._transport.is_closing()

    def linger(self) -> None:
        """Send what was written, then the end, and wait for the client's, or for the bounds."""
        if self.is_closing():
            return
        self._timer = self._loop.call_later(LINGER_SECONDS, self._transport.abort)
        if self._transport.can_write_eof():  # by TLS the answer's length has to do
            self._transport.write_eof()
        self._transport.resume_reading()

    def drop(self, size: int) -> None:
        """Throw away so many bytes that came meanwhile; abort where they are too many."""
        self._left -= size
        if self._left < 0:
            self._transport.abort()

    def gone(self) -> None:
        """Note that the connection is no more."""
        if self._timer is not None:
            self._timer.cancel()
