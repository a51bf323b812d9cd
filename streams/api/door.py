"""The connections of the API: how many there may be, and how long one may be slow (RFC 9112, section 9.5)."""

import asyncio
import json
import logging
from http import HTTPStatus
from typing import cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.api.lingering import Lingering
from streams.api.problems import KIND, document

LOG = logging.getLogger("relaywarden.api")
MOST_CONNECTIONS = 256
_CUT_CONNECTIONS = 512
_HEAD_SECONDS = 10.0
_UNREAD_SECONDS = 30.0
_LOOK_SECONDS = 2.5


class Door(H11Protocol):
    """A connection: cut where a request's head, or what is left of a refused body, comes too slowly, or nobody reads.

    Where it is to end before all of a body has come, it lingers, so that the client gets its answer.

    `scope["state"]["crowded"]` tells the application whether there are too many.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; where far too many are open already, end at once."""
        self._end = _End(transport, self)
        super().connection_made(cast("asyncio.Transport", self._end))
        self.app_state = {**self.app_state, "crowded": self._crowded}
        self._begun: float | None = self.loop.time()
        self._unread, self._unread_since = 0, self._begun
        self._timer = self.loop.call_later(_LOOK_SECONDS, self._look)
        if len(self.connections) > _CUT_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._timer.cancel()
        self._end.gone()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; of a head that has begun the clock runs."""
        if self._end.lingers:
            self._end.drop(len(data))
            return
        if self._begun is None and self._between():
            self._begun = self.loop.time()
        super().data_received(data)
        if not self._between():
            self._begun = None

    def on_response_complete(self) -> None:
        """Go on with the next request, which may have begun to come already."""
        super().on_response_complete()
        if self._between() and self.conn.trailing_data[0]:
            self._begun = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as every refusal is answered, and close."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:  # its answer has begun already
            self.transport.abort()
            return
        body = json.dumps(document(HTTPStatus.BAD_REQUEST, msg)).encode()
        headers = [("content-type", KIND), ("content-length", str(len(body))), ("connection", "close")]
        head = h11.Response(status_code=HTTPStatus.BAD_REQUEST, headers=headers, reason=b"Bad Request")
        for part in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(part) or b"")
        self.transport.close()

    @property
    def awaits_more(self) -> bool:
        """Tell whether the client has not sent all of its request, as far as that can be told."""
        return self.conn.their_state in {h11.SEND_BODY, h11.ERROR} or bool(self.conn.trailing_data[0])

    def _crowded(self) -> bool:
        return len(self.connections) > MOST_CONNECTIONS

    def _between(self) -> bool:
        """Tell whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _look(self) -> None:
        now = self.loop.time()
        self._timer = self.loop.call_later(_LOOK_SECONDS, self._look)
        unread = self.transport.get_write_buffer_size()
        if unread == 0 or unread < self._unread:
            self._unread_since = now
        self._unread = unread
        if self._begun is not None and now - self._begun > _HEAD_SECONDS:
            self.transport.abort()
        elif now - self._unread_since > _UNREAD_SECONDS:
            LOG.warning("%s did not read for %g s and is cut", (self.client or ("a client",))[0], _UNREAD_SECONDS)
            self.transport.abort()


class _End(Lingering):
    """The transport of a connection, whose `close` lingers where more may come."""

    def __init__(self, transport: asyncio.Transport, door: Door) -> None:
        super().__init__(transport, door.loop)
        self._door = door

    def close(self) -> None:
        """Close, with patience the first time."""
        if self._door.awaits_more and not self.lingers:
            self.linger()
        else:
            self._transport.close()
