"""The HTTP server of `relaywarden hooks` where programs fetch the active set: GET /v1/pool, answered from memory.

    GET /v1/pool           all pools that are served here, by name
    GET /v1/pool/NAME      one pool; ?wait=SECONDS (up to 60) with If-None-Match waits for another set
    GET /healthz           200, without a token

It needs nothing but this process: while Kafka is away it gives the last good set, as the other hooks keep it.
"""

import json
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import blake2b
from http import HTTPStatus
from ipaddress import ip_address
from typing import cast
from urllib.parse import parse_qs, urlsplit

from schemas.pool_hooks_more import PullHook
from streams.deeds import Secret
from streams.effects import EffectError
from streams.hook_secrets import secret_of
from streams.hooks import Publish
from streams.httpserving import Asking, Listening

LONGEST_WAIT_SECONDS = 60.0
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


class _Asking(Asking):
    """One client."""

    def do_GET(self) -> None:  # noqa: N802 the name that http.server calls
        """Answer what there is."""
        self._answer()

    def do_HEAD(self) -> None:  # noqa: N802 the name that http.server calls
        """Answer the same without the body."""
        self._answer()

    def _answer(self) -> None:
        try:
            asked = urlsplit(self.path)
        except ValueError:
            self.say(HTTPStatus.BAD_REQUEST, '{"error":"no such target"}\n')
            return
        if asked.path == "/healthz":
            self.say(HTTPStatus.OK, '{"healthy":true}\n')
        elif self.let_in():
            self._give(cast("_Listening", self.server).sets, asked.path, asked.query)

    def _give(self, sets: Sets, path: str, query: str) -> None:
        tags = self.headers.get("If-None-Match", "")
        try:
            wait_seconds = wait_of(query)
        except ValueError as error:
            self.say(HTTPStatus.BAD_REQUEST, f'{{"error":{json.dumps(str(error))}}}\n')
            return
        found = sets.other(path, tags, wait_seconds if tags else 0.0)
        if found is None:
            self.say(HTTPStatus.NOT_FOUND, '{"error":"no such pool"}\n')
            return
        headers = {"ETag": tag(found)}
        if found.at:
            changed = datetime.fromtimestamp(found.at / 1e6, UTC)
            headers["Last-Modified"] = format_datetime(changed, usegmt=True)
        if tags and matches(found, tags):
            self.say(HTTPStatus.NOT_MODIFIED, "", headers)
        else:
            self.say(HTTPStatus.OK, found.body, headers)


class _Listening(Listening):
    def __init__(self, listening: socket.socket, sets: Sets, token: str) -> None:
        super().__init__(listening, _Asking, token)
        self.sets = sets


class Server:
    """The server, with a thread of its own and one for each client."""

    def __init__(self, pools: Mapping[str, Publish], listening: socket.socket, token: str) -> None:
        self.sets = Sets(pools)
        self._server = _Listening(listening, self.sets, token)
        self._server.start("pull")

    def stop(self) -> None:
        """Take no more clients, and let those go that wait."""
        self.sets.end()
        self._server.stop()
