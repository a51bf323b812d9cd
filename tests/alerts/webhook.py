"""A real HTTP server for tests: it answers as it is told, or hangs, and keeps what it took."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self


class Webhook:
    """A webhook on loopback; with `hangs` it takes a request and sends a byte a second, for ever."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.hangs = False
        self.taken: list[dict[str, Any]] = []
        self.tried = 0
        self.ended = Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.tried += 1
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                while outer.hangs and not outer.ended.wait(1):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if outer.status < 300:
                    outer.taken.append(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/s3cret-token"
