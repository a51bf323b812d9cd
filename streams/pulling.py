"""The HTTP server of `relaywarden hooks` where programs fetch the active set: GET /v1/pool, answered from memory.

    GET /v1/pool           all pools that are served here, by name
    GET /v1/pool/NAME      one pool; ?wait=SECONDS (up to 60) with If-None-Match waits for another set
    GET /healthz           200, without a token

It needs nothing but this process: while Kafka is away it gives the last good set, as the other hooks keep it.
"""

import hmac
import io
import json
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import blake2b
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import cast
from urllib.parse import parse_qs, urlsplit

from schemas.pool_hooks_more import PullHook
from streams.deeds import Secret
from streams.effects import EffectError
from streams.hook_secrets import secret_of
from streams.hooks import Publish
from streams.pullreading import Bounded, Places

LONGEST_WAIT_SECONDS = 60.0
_REQUEST_SECONDS = 10.0
_STOP_SECONDS = 3.0
_END_SEEN_SECONDS = 0.1
_ROOT = "/v1/pool"


class Sets:
    """What is served: the pools' sets, each replaced as a whole."""

    def __init__(self, pools: Mapping[str, Publish]) -> None:
        if not pools:
            raise ValueError("a server of the active sets needs a pool to serve")
        self._pools = dict(pools)
        self._changed = threading.Condition()
        self._ended = False

    def publish(self, pool: str, effect: Publish) -> None:
        """Give this set for a pool from now on."""
        with self._changed:
            self._pools[pool] = effect
            self._changed.notify_all()

    def end(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def found(self, path: str) -> Publish | None:
        """Return what is at a path, or None. All pools together are as new as the newest."""
        with self._changed:
            pools = dict(self._pools)
        if path == _ROOT:
            body = "{" + ",".join(f"{json.dumps(name)}:{pools[name].body.strip()}" for name in sorted(pools)) + "}\n"
            return Publish(body=body, at=max(each.at for each in pools.values()))
        return pools.get(path.removeprefix(f"{_ROOT}/")) if path.startswith(f"{_ROOT}/") else None

    def other(self, path: str, tags: str, wait_seconds: float) -> Publish | None:
        """Return what is at a path as soon as it has none of these tags, or after the time; None where nothing is."""

        def news() -> bool:
            found = self.found(path)
            return self._ended or found is None or not matches(found, tags)

        with self._changed:
            self._changed.wait_for(news, wait_seconds)
            return self.found(path)


def tag(effect: Publish) -> str:
    """Return the entity tag of a set (RFC 9110, part 8.8.3): that of its text."""
    return f'"{blake2b(effect.body.encode(), digest_size=16).hexdigest()}"'


def matches(effect: Publish, tags: str) -> bool:
    """Tell whether an If-None-Match names the set; the comparison is the weak one."""
    given = {each.strip().removeprefix("W/") for each in tags.split(",")}
    return "*" in given or tag(effect) in given


def wait_of(query: str) -> float:
    """Return how long a query asks to wait, 0 to 60 seconds. ValueError where that is no such number."""
    given = parse_qs(query, keep_blank_values=True, max_num_fields=10)
    if set(given) - {"wait"} or len(given.get("wait", [])) > 1:
        raise ValueError("only wait=SECONDS may be asked")
    text = given.get("wait", ["0"])[0]
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= LONGEST_WAIT_SECONDS and len(text) <= len("60")):
        raise ValueError(f"wait is no whole number of seconds from 0 to {LONGEST_WAIT_SECONDS:g}")
    return float(text)


def token_of(pool: str, hook: PullHook) -> str:
    """Return the token that clients need, or "". EffectError where one is needed, or configured, and not there."""
    place = f"pool.{pool}.hooks.pull.token"
    secret = Secret(setting=place, env=hook.token_env, file=str(hook.token_file or ""))
    try:
        return secret_of(secret)
    except EffectError as error:
        if hook.token_file is None and ip_address(hook.host).is_loopback:
            return ""
        raise EffectError(
            f"{error} (anybody could ask at {hook.host})" if not hook.token_file else str(error)
        ) from error


class _Asking(BaseHTTPRequestHandler):
    """One client; `http.server` reads its request line and headers within their bounds."""

    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_SECONDS

    def setup(self) -> None:
        """Read from the client within bounds."""
        super().setup()
        self.rfile.close()
        self._sent = Bounded(self.connection, _REQUEST_SECONDS)
        self.rfile = io.BufferedReader(self._sent)

    def handle_one_request(self) -> None:
        """Serve one request; each has its own bounds."""
        self._sent.begin()
        super().handle_one_request()

    def version_string(self) -> str:
        return "relaywarden"

    def do_GET(self) -> None:
        """Answer what there is."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer the same without the body."""
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing: a client that polls would fill the log."""

    def _answer(self) -> None:
        try:
            asked = urlsplit(self.path)
        except ValueError:
            self._say(HTTPStatus.BAD_REQUEST, '{"error":"no such target"}\n')
            return
        server = cast("_Listening", self.server)
        if asked.path == "/healthz":
            self._say(HTTPStatus.OK, '{"healthy":true}\n')
        elif not server.lets_in(self.headers.get("Authorization", "")):
            self._say(HTTPStatus.UNAUTHORIZED, '{"error":"a token is needed"}\n', {"WWW-Authenticate": "Bearer"})
        else:
            self._give(server.sets, asked.path, asked.query)

    def _give(self, sets: Sets, path: str, query: str) -> None:
        tags = self.headers.get("If-None-Match", "")
        try:
            wait_seconds = wait_of(query)
        except ValueError as error:
            self._say(HTTPStatus.BAD_REQUEST, f'{{"error":{json.dumps(str(error))}}}\n')
            return
        found = sets.other(path, tags, wait_seconds if tags else 0.0)
        if found is None:
            self._say(HTTPStatus.NOT_FOUND, '{"error":"no such pool"}\n')
            return
        headers = {"ETag": tag(found)}
        if found.at:
            changed = datetime.fromtimestamp(found.at / 1e6, UTC)
            headers["Last-Modified"] = format_datetime(changed, usegmt=True)
        if tags and matches(found, tags):
            self._say(HTTPStatus.NOT_MODIFIED, "", headers)
        else:
            self._say(HTTPStatus.OK, found.body, headers)

    def _say(self, status: HTTPStatus, body: str, headers: Mapping[str, str] | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Cache-Control": "no-cache"}.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        if self.headers.get("Content-Length", "0") != "0" or self.headers.get("Transfer-Encoding"):
            self.send_header("Connection", "close")  # a body that nobody reads must not become the next request
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _host(client: object) -> str:
    return str(cast("tuple[str, int]", client)[0])


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listening: socket.socket, sets: Sets, token: str) -> None:
        super().__init__(("", 0), _Asking, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.sets = sets
        self._token = token
        self._places = Places()

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


class Server:
    """The server, with a thread of its own and one for each client."""

    def __init__(self, pools: Mapping[str, Publish], listening: socket.socket, token: str) -> None:
        self.sets = Sets(pools)
        self._server = _Listening(listening, self.sets, token)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_END_SEEN_SECONDS,), name="pull", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Take no more clients, and let those go that wait."""
        self.sets.end()
        self._server.shutdown()
        self._thread.join(_STOP_SECONDS)
        self._server.server_close()
