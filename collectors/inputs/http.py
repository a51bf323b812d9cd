"""Lines and mails that others POST: answered when they are on disk, so that who gets no answer may send again.

`POST /v1/lines`, `POST /v1/mails`, `GET /healthz`; each POST shows a token. Nothing of a body is read before that.
"""

import asyncio
import hmac
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web

from collectors.documents import LARGEST
from collectors.httpbody import LAST, RefusedError, Wanted, body_of
from collectors.httpdoor import Busy, BusyError, Door, Flight
from collectors.inputs import Outlet, _bodies, _keys, _shapes
from collectors.inputs._keys import Taken
from collectors.inputs._refused import words_of
from collectors.linecommit import Commits, KeyReusedError, NotKeptError
from collectors.losses import Losses
from schemas import posted, tls
from schemas.inputs.http import HttpInput
from schemas.maildrop import Maildrop

LOG = logging.getLogger("relaywarden.collect")

_MOST_LINES = 16 * 1024 * 1024
_MOST_IN_FLIGHT = 64 * 1024 * 1024
_TURNS = 2  # so many bodies are unpacked or read at a time
_SWEEP_SECONDS = 0.1
_END_SECONDS = 5.0
_BACKLOG = 100
_TOKEN_WANTED = {"WWW-Authenticate": 'Bearer realm="relaywarden"'}
_LOOPBACK = ("127.", "::1", "localhost")

_Answer = dict[str, str | int]
_Action = Callable[[web.BaseRequest, Callable[[int], None]], Awaitable[_Answer]]


def run(settings: HttpInput, outlet: Outlet, stop: threading.Event) -> None:
    """Serve until `stop`. ValueError where the token, the certificate or the address cannot be used."""
    with ready(settings, f"input.{outlet.name}", LOG.warning) as needed:
        asyncio.run(_serve(settings, outlet, needed, stop))


class _Needed(NamedTuple):
    token: str
    sockets: list[socket.socket]
    certificates: tls.Certificates | None


@contextmanager
def ready(settings: HttpInput, place: str, warn: tls.Warn) -> Iterator[_Needed]:
    """Give the token, the certificate, and a bound socket for each address of the host; closed in the end."""
    token, certificates = settings.token(place), tls.server(place, settings.certificate, settings.key, warn)
    if certificates is None and not settings.address[0].startswith(_LOOPBACK):
        warn(f"{place}.listen: on {settings.listen} without a certificate the token crosses the network in the clear")
    host, port = settings.address
    with ExitStack() as opened:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            places = dict.fromkeys((family, address) for family, _, _, _, address in found)
            sockets = [
                opened.enter_context(socket.create_server(address[:2], family=family, backlog=_BACKLOG))
                for family, address in places
            ]
        except OSError as error:
            raise ValueError(f"{place}.listen: {host}:{port}: {words_of(error)}") from error
        yield _Needed(token, sockets, certificates)


async def _serve(settings: HttpInput, outlet: Outlet, needed: _Needed, stop: threading.Event) -> None:
    place = f"input.{outlet.name}"
    commits = _commits(settings, outlet, place)
    door = Door(_Service(outlet, commits, needed.token).answer)
    context = None if needed.certificates is None else needed.certificates.standing()
    patience = None if context is None else _END_SECONDS
    create = partial(
        asyncio.get_running_loop().create_server,
        ssl=context,
        ssl_handshake_timeout=patience,
        ssl_shutdown_timeout=patience,
    )
    servers = [await create(door, sock=each) for each in needed.sockets]
    LOG.info("%s: listening on %s", place, settings.listen)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(commits.run()) if commits is not None else None
        while not stop.is_set():
            await asyncio.sleep(_SWEEP_SECONDS)
            door.sweep()
        for server in servers:
            server.close()
        door.pre_shutdown()  # those that only wait for another request are not waited for
        await door.shutdown(_END_SECONDS)
        if keeping is not None:
            keeping.cancel()


def _commits(settings: HttpInput, outlet: Outlet, place: str) -> Commits | None:
    if outlet.lines is None:
        return None
    try:
        return Commits(outlet.lines, min(_MOST_LINES, (settings.spool_max_mb << 20) // 4), place)
    except ValueError as error:
        raise ValueError(f"{place}: what its spool keeps are no idempotency keys: {error}") from error


class _Service:
    """What is done with a request."""

    def __init__(self, outlet: Outlet, commits: Commits | None, token: str) -> None:
        self._token = f"Bearer {token}".encode()
        self._flight, turn = Flight(_MOST_IN_FLIGHT), asyncio.Semaphore(_TURNS)
        lines = _Lines(commits, outlet.losses, turn).take if commits is not None else None
        mails = _Mails(outlet.mails, turn).take if outlet.mails is not None else None
        self._posts: dict[str, _Action | None] = {"/v1/lines": lines, "/v1/mails": mails}

    async def answer(self, request: web.BaseRequest, busy: Busy) -> web.StreamResponse:
        """Answer a request; it counts as under way, `busy`, as soon as its token is known."""
        try:
            action = self._action(request)
            if action is None:
                return web.json_response({"status": "ok"})
            self._admit(request)
            with busy(request):
                return web.json_response(await self._taken(request, action))
        except RefusedError as refused:
            return web.json_response({"error": str(refused)}, status=refused.status, headers=refused.headers)

    def _admit(self, request: web.BaseRequest) -> None:
        given = request.headers.get("Authorization", "").encode(errors="replace")
        if not hmac.compare_digest(given, self._token):
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong", _TOKEN_WANTED | LAST)

    async def _taken(self, request: web.BaseRequest, action: _Action) -> _Answer:
        try:
            with self._flight.share() as count:
                return await action(request, count)
        except BusyError:
            why = f"more than {_MOST_IN_FLIGHT} bytes are under way; try again"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why, {"Retry-After": "1"} | LAST) from None
        except (NotKeptError, OSError) as error:
            why = f"it cannot be kept now: {error}"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why, {"Retry-After": "10"}) from error
        except KeyReusedError:
            why = "this Idempotency-Key came with another body before"
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, why) from None

    def _action(self, request: web.BaseRequest) -> _Action | None:
        """Return what is to be done for a request, None for one that only asks how we are."""
        path, method = request.path, request.method
        if path != "/healthz" and path not in self._posts:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there are POST /v1/lines, POST /v1/mails and GET /healthz", LAST)
        allowed = ("GET", "HEAD") if path == "/healthz" else ("POST",)
        if method not in allowed:
            headers = {"Allow": ", ".join(allowed)} | LAST
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} takes {allowed[0]}", headers)
        if path == "/healthz":
            return None
        action = self._posts[path]
        if action is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"nobody takes the {path.rpartition('/')[2]} of this input", LAST)
        return action


class _Lines:
    """Takes lines."""

    def __init__(self, commits: Commits, losses: Losses, turn: asyncio.Semaphore) -> None:
        self._commits, self._losses, self._turn = commits, losses, turn
        self._wanted = Wanted(_bodies.TEXT | _bodies.JSON, commits.most)

    async def take(self, request: web.BaseRequest, count: Callable[[int], None]) -> _Answer:
        """Keep the lines of a body. RefusedError where it holds none, though it is not empty."""
        key, peer = _key_of(request), str(request.remote)
        body = await body_of(request, self._wanted, count, self._turn)
        read = _shapes.of_text if request.content_type in _bodies.TEXT else _shapes.of_json
        try:
            async with self._turn:
                found = await asyncio.to_thread(read, body)
        except ValueError as error:
            self._losses.note(f"{peer}: {error}", 1, body)
            raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error
        said = f"item {found.unread[0].number}: {found.unread[0].reason}" if found.unread else ""
        wanted = Taken(_keys.digest(body), len(found.lines), found.refused)
        taken = await self._commits.keep(found.lines, key, wanted) if found.lines else wanted
        if taken is wanted:  # not answered before
            self._note(peer, found)
        if said and not found.lines:
            raise RefusedError(HTTPStatus.BAD_REQUEST, said)
        answer: _Answer = {"taken": taken.lines}
        return answer | {"refused": taken.refused, "error": said} if said else answer

    def _note(self, peer: str, found: _shapes.Read) -> None:
        for each in found.unread:
            self._losses.note(f"{peer}: {each.reason}", 1, each.sample)
        if further := found.refused - len(found.unread):
            self._losses.note(f"{peer}: further items are no log lines", further)


class _Mails:
    """Takes mails and documents, one after the other."""

    def __init__(self, mails: Maildrop, turn: asyncio.Semaphore) -> None:
        self._mails, self._turn = mails, turn
        self._alone = asyncio.Lock()

    async def take(self, request: web.BaseRequest, count: Callable[[int], None]) -> _Answer:
        """Deliver what a body holds. RefusedError where it is empty; OSError where it cannot be kept."""
        key = _key_of(request)
        mail = await body_of(request, Wanted(posted.MAILS, LARGEST), count, self._turn)
        if not mail.strip():
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is empty")
        async with self._alone:
            await asyncio.to_thread(self._mails.deliver, posted.as_mail(mail), f"key {key.hex()}" if key else "")
        return {"taken": 1}


def _key_of(request: web.BaseRequest) -> bytes:
    try:
        return _keys.named(request.headers.get("Idempotency-Key", ""))
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, str(error), LAST) from error
