"""The HTTP server of `relaywarden desk` where a ticket system tells of questions to support: POST /v1/tickets.

    {"ticket": "T-4711", "customer": "acme", "mailbox": "info@example.net"}

The number of a ticket or a customer may be one of JSON: 4711 is "4711". What is left out may be null, too. A ticket is
acknowledged (200) once it stands on the topic; the same ticket again changes nothing. What is not written within some
seconds is answered with 503, for the ticket system to try again.
"""

import json
import queue
import socket
from concurrent.futures import Future
from http import HTTPStatus
from typing import Annotated, cast

import msgspec
from msgspec import Meta

from streams.httpserving import Asking, Listening

PATH = "/v1/tickets"
_MOST_BYTES = 64 * 1024
_MOST_WAITING = 1000
_WRITTEN_SECONDS = 10.0
_Line = Annotated[str, Meta(max_length=320, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
_Identity = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Ticket(msgspec.Struct, frozen=True):
    """A ticket, and as far as the ticket system knows whose it is, and about which mailbox."""

    ticket: str
    customer: str = ""
    mailbox: str = ""


class _Body(msgspec.Struct, frozen=True):
    """What the ticket system tells; whatever else it sends is passed over."""

    ticket: _Identity | _Number
    customer: _Line | _Number | None = None
    mailbox: _Line | None = None

    def ticket_of(self) -> Ticket:
        customer = "" if self.customer is None else str(self.customer)
        return Ticket(str(self.ticket), customer, self.mailbox or "")


Waiting = tuple[Ticket, "Future[None]"]
_DECODER = msgspec.json.Decoder(_Body)


class _Telling(Asking):
    """One client."""

    def do_GET(self) -> None:  # noqa: N802 the name that http.server calls
        """Tell that the server is there, and nothing else."""
        healthy = self.path == "/healthz"
        self.say(*((HTTPStatus.OK, '{"healthy":true}\n') if healthy else (HTTPStatus.NOT_FOUND, _error("nothing"))))

    def do_POST(self) -> None:  # noqa: N802 the name that http.server calls
        """Take a ticket."""
        if self.path != PATH:
            self.say(HTTPStatus.NOT_FOUND, _error(f"tickets are told at {PATH}"))
        elif self.let_in():
            self._take()

    def _take(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or self.headers.get("Transfer-Encoding"):
            self.say(HTTPStatus.LENGTH_REQUIRED, _error("a Content-Length is needed"))
            return
        if len(length) > len(str(_MOST_BYTES)) or int(length) > _MOST_BYTES:
            self.say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _error(f"a ticket has at most {_MOST_BYTES} bytes"))
            return
        try:
            ticket = _DECODER.decode(self.rfile.read(int(length))).ticket_of()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.say(HTTPStatus.BAD_REQUEST, _error(str(error)), read=True)
            return
        status = HTTPStatus.OK if cast("_Desk", self.server).written(ticket) else HTTPStatus.SERVICE_UNAVAILABLE
        body = '{"written":true}\n' if status is HTTPStatus.OK else _error("not written yet: try again")
        self.say(status, body, read=True)


def _error(text: str) -> str:
    return f'{{"error":{json.dumps(text)}}}\n'


class _Desk(Listening):
    def __init__(self, listening: socket.socket, token: str, told: "queue.Queue[Waiting]", seconds: float) -> None:
        super().__init__(listening, _Telling, token)
        self._told, self._seconds = told, seconds

    def written(self, ticket: Ticket) -> bool:
        """Hand a ticket over; tell whether it was written within the time."""
        done: Future[None] = Future()
        try:
            self._told.put_nowait((ticket, done))
            done.result(self._seconds)
        except (queue.Full, TimeoutError):
            return False
        return True


class Tickets:
    """The server of one sunset, and what it was told that is not written yet."""

    def __init__(self, listening: socket.socket, token: str, written_seconds: float = _WRITTEN_SECONDS) -> None:
        self._told: queue.Queue[Waiting] = queue.Queue(_MOST_WAITING)
        self._server = _Desk(listening, token, self._told, written_seconds)
        self._server.start("tickets")

    def waiting(self) -> list[Waiting]:
        """Return what came since; the client waits until its future has a result."""
        found = []
        while not self._told.empty():
            found.append(self._told.get_nowait())
        return found

    def stop(self) -> None:
        """Take no more clients."""
        self._server.stop()
