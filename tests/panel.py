"""An HTTP server for the length of a block, and a control panel that keeps what it is told by webhooks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar, cast

_Served = TypeVar("_Served", bound=ThreadingHTTPServer)


@contextmanager
def served(server: _Served) -> Iterator[_Served]:
    """Let a server answer until the end of the block."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Asked(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast("Panel", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        server.told.append((dict(self.headers.items()), body))
        time.sleep(server.delay_seconds)
        self.send_response(server.status)
        self.send_header("Content-Length", "9")
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"no\nreason")

    def log_message(self, *_: object) -> None:
        pass


class Panel(ThreadingHTTPServer):
    """Keeps what it is told, and answers as it is set; its URL holds a token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.told: list[tuple[dict[str, str], str]] = []
        self.status = 204
        self.delay_seconds = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?key=t0ken"
