"""A proxy for tests that is every service itself: it speaks TLS as whatever host is asked for, and keeps it all."""

import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.certificates import make

HOSTS = (
    "hooks.slack.com", "api.telegram.org", "events.pagerduty.com", "teams.isp.example", "matrix.isp.example",
)  # fmt: skip
_ANSWER = {
    "ok": True, "result": {}, "access_token": "given", "user_id": "@relaywarden:isp.example", "device_id": "D",
    "home_server": "isp.example", "room_id": "!noc:isp.example", "event_id": "$1", "status": "success",
}  # fmt: skip


class Taken(NamedTuple):
    """A request that a service took."""

    host: str
    path: str
    body: str


class Services:
    """All services behind one proxy on loopback; `environment` leads a program to it."""

    def __init__(self, folder: Path) -> None:
        certificate, key = make(folder, host=",".join(f"DNS:{host}" for host in HOSTS))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.taken: list[Taken] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            host = ""

            def do_CONNECT(self) -> None:
                self.host = self.path.partition(":")[0]
                self.send_response(200)
                self.end_headers()
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
                self.close_connection = False

            def _answered(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                outer.taken.append(Taken(self.host, self.path, body))
                if self.path.startswith("/.well-known/"):
                    self.send_error(404)
                    return
                answer = b"ok" if self.host == "hooks.slack.com" else json.dumps(_ANSWER).encode()
                self.send_response(202 if "pagerduty" in self.host else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                self.wfile.flush()

            do_GET = do_POST = do_PUT = _answered  # noqa: N815 the names that http.server calls

            def finish(self) -> None:
                super().finish()
                self.connection.close()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        proxy = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "REQUESTS_CA_BUNDLE": str(certificate),
                            "NO_PROXY": "", "no_proxy": ""}  # fmt: skip

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def told(self, host: str) -> list[Any]:
        """Return the JSON that a service was told, in its order."""
        return [json.loads(each.body) for each in self.taken if each.host == host and each.body]
