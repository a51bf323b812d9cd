"""What the small HTTP servers of our processes share: bounded clients, a token, short answers in JSON."""

import hmac
import io
import socket
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from streams.pullreading import Bounded, Places, thrown_away

_REQUEST_SECONDS = 10.0
_STOP_SECONDS = 3.0
_LINGER_SECONDS = 10.0
_LINGER_BYTES = 16 * 1024 * 1024
_END_SEEN_SECONDS = 0.1


class Asking(BaseHTTPRequestHandler):
    """One client; `http.server` reads its request line and headers within their bounds."""

    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_SECONDS

    def setup(self) -> None:
        """Read from the client within bounds."""
        super().setup()
        self.rfile.close()
        self._sent = Bounded(self.connection, _REQUEST_SECONDS)
        self.rfile = io.BufferedReader(self._sent)
        self._awaits_more = False

    def finish(self) -> None:
        """End; where a client may still be sending what nobody wants, so that it gets its answer (RFC 9112, 9.6)."""
        super().finish()
        if self._awaits_more:
            thrown_away(self.connection, _LINGER_SECONDS, _LINGER_BYTES)

    def handle_one_request(self) -> None:
        """Serve one request; each has its own bounds."""
        self._sent.begin()
        super().handle_one_request()

    def version_string(self) -> str:
        """Return what the header `Server` says: no version."""
        return "relaywarden"

    def log_message(self, *_: object) -> None:
        """Say nothing: a client that polls would fill the log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request of ours, and end."""
        self._awaits_more = True
        super().send_error(code, message, explain)

    def let_in(self) -> bool:
        """Tell whether the client has the token; one that has not is told so."""
        fine = cast("Listening", self.server).lets_in(self.headers.get("Authorization", ""))
        if not fine:
            self.say(HTTPStatus.UNAUTHORIZED, '{"error":"a token is needed"}\n', {"WWW-Authenticate": "Bearer"})
        return fine

    def say(
        self, status: HTTPStatus, body: str, headers: Mapping[str, str] | None = None, *, read: bool = False
    ) -> None:
        """Answer; `read`: the request's body was read, so that the connection can go on."""
        content = body.encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Cache-Control": "no-cache"}.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        has_body = self.headers.get("Content-Length", "0") != "0" or self.headers.get("Transfer-Encoding")
        if has_body and not read:
            self.send_header("Connection", "close")  # a body that nobody reads must not become the next request
            self._awaits_more = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _host(client: object) -> str:
    return str(cast("tuple[str, int]", client)[0])


class Listening(ThreadingHTTPServer):
    """A server on a listening socket, whose clients need the token where there is one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listening: socket.socket, asking: type[Asking], token: str) -> None:
        super().__init__(("", 0), asking, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self._token = token
        self._places = Places()
        self._thread = threading.Thread(target=self.serve_forever, args=(_END_SEEN_SECONDS,), daemon=True)

    def start(self, name: str) -> None:
        """Serve from now on, in a thread of this name."""
        self._thread.name = name
        self._thread.start()

    def stop(self) -> None:
        """Take no more clients."""
        self.shutdown()
        self._thread.join(_STOP_SECONDS)
        self.server_close()

    def lets_in(self, authorization: str) -> bool:
        """Tell whether a client may ask: with the token, where there is one."""
        return not self._token or hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode())

    def verify_request(self, _request: object, client: object) -> bool:
        """Take a client where there is a place for it."""
        return self._places.take(_host(client))

    def process_request(self, request: object, client: object) -> None:
        """Begin a client's thread."""
        try:
            super().process_request(request, client)  # type: ignore[arg-type]
        except RuntimeError:  # the system has no thread left
            self._places.leave(_host(client))
            raise

    def process_request_thread(self, request: object, client: object) -> None:
        """Serve a client, and make room for another."""
        try:
            super().process_request_thread(request, client)  # type: ignore[arg-type]
        finally:
            self._places.leave(_host(client))

    def handle_error(self, *_: object) -> None:
        """Forget a client that went away, or spoke no HTTP."""
