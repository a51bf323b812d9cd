"""The small HTTP server in each process: what it counts, whether it works, and whether it is ready.

GET /metrics    in the forms of Prometheus (text, OpenMetrics), by `prometheus_client`
GET /healthz    200 while the work goes on, else 503 with what is wrong: start it anew
GET /ready      200 while nothing is waited for, else 503 with what: it goes on by itself once that is there
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from socket import AF_INET6
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import Gauge, make_wsgi_app

from schemas.metrics_settings import Metrics, Process
from schemas.readiness import NOT_YET, READINESS

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger("relaywarden.metrics")
PORT_ENV = "RELAYWARDEN_METRICS_PORT"
"""The variable by which one of several processes of a kind on one host takes a port of its own."""
_WORKS = Gauge("relaywarden_works", "1 while the work of this process goes on, as GET /healthz tells.")
_CLIENT_SECONDS = 10.0
_RESUMES_SECONDS = 90.0
_IPV6 = 6

Ailments = Callable[[], Sequence[str]]


class _Asking(WSGIRequestHandler):
    """One client, which has ten seconds to speak."""

    timeout = _CLIENT_SECONDS

    def log_message(self, *_: object) -> None:
        """Say nothing: Prometheus comes four times a minute."""


class _Listening(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking the DNS for the host's name, as `WSGIServer` would."""
        TCPServer.server_bind(self)  # with SO_REUSEADDR: who was asked a moment ago gets its port again
        self.server_name, self.server_port = "relaywarden", int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, *_: object) -> None:
        """Forget a client that went away."""


class _Listening6(_Listening):
    address_family = AF_INET6


def nothing() -> None:
    """Look at nothing."""


class Answers:
    """The WSGI application.

    `ailments` tells what is wrong with the work, nothing where it goes on; `look` notes what is waited for, where the
    work itself would not.
    """

    def __init__(self, ailments: Ailments, look: Callable[[], None] = nothing) -> None:
        self._ailments, self._look = ailments, look
        self._metrics = make_wsgi_app()
        self._waited = float("-inf")

    def __call__(self, environ: "WSGIEnvironment", begin: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        match environ.get("PATH_INFO"):
            case "/metrics":
                _WORKS.set(not self._problems())
                found: Iterable[bytes] = self._metrics(environ, begin)
                return found
            case "/healthz":
                problems = list(self._problems())
                return _said(begin, {"works": not problems, "problems": problems}, fine=not problems)
            case "/ready":
                missing = self._missing()
                return _said(begin, {"ready": not missing, "waits_for": missing}, fine=not missing)
            case _:
                return _said(begin, {"error": "there are /metrics, /healthz and /ready"}, status="404 Not Found")

    def _missing(self) -> dict[str, str]:
        self._look()
        return READINESS.missing

    def _problems(self) -> Sequence[str]:
        """Return what is wrong; nothing while something is waited for, and until the work can have gone on since."""
        now = time.monotonic()
        if self._missing():
            self._waited = now
        return () if now - self._waited < _RESUMES_SECONDS else self._ailments()


def _said(begin: "StartResponse", body: object, *, fine: bool = False, status: str = "") -> list[bytes]:
    text = json.dumps(body, ensure_ascii=False).encode() + b"\n"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text))), ("Cache-Control", "no-cache")]
    begin(status or ("200 OK" if fine else "503 Service Unavailable"), headers)
    return [text]


def port_of(metrics: Metrics, process: Process) -> int:
    """Return the port of a process, 0 for none; the environment's, if it names one. ValueError where that is none."""
    given = os.environ.get(PORT_ENV)
    if given is None:
        port: int = getattr(metrics, process)
        return port
    if not (given.isascii() and given.isdigit() and len(given) < 6 and int(given) <= 65535):  # noqa: PLR2004
        raise ValueError(f"{PORT_ENV}: {given!r} is no port")
    return int(given)


@contextmanager
def telling(
    metrics: Metrics | None,
    process: Process,
    ailments: Ailments,
    needs: Sequence[str] = (),
    look: Callable[[], None] = nothing,
) -> Iterator[None]:
    """Serve while the block runs, where there is a port. What the process `needs` is waited for until it has it.

    Where the port cannot be had that is an error in the log, and the work goes on. ValueError where the environment
    names none.
    """
    for what in needs:
        READINESS.waits(what, NOT_YET)
    port = port_of(metrics, process) if metrics is not None else 0
    server = _server(metrics.host, port, process, Answers(ailments, look)) if metrics is not None and port else None
    if server is None:
        yield
        return
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _server(host: str, port: int, process: Process, application: "WSGIApplication") -> WSGIServer | None:
    kind = _Listening6 if ip_address(host).version == _IPV6 else _Listening
    try:
        return make_server(host, port, application, kind, _Asking)
    except OSError as error:
        where = f"metrics.{process}: {host}:{port}"
        LOG.error("%s: %s: nobody is told what is counted", where, error.strerror or error)  # noqa: TRY400 one line
        return None
