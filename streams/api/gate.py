"""Who may do what, and how often: each request is looked at before anything of its body is read."""

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from schemas.api_settings import Api, Scope
from schemas.audit import one_line
from streams.api.problems import RefusedError, Wrong, refused, shown

LOG = logging.getLogger("relaywarden.api")
BEARER = HTTPBearer(auto_error=False, description="A token of [api.token.NAME].")
"""Only for the document: `Gate` looks at the token."""
_MINUTE = 60.0
_WRONG_PER_MINUTE = 30
_MOST_PEERS = 4096
_BODY_SECONDS = 30.0
_CLOSE = {"Connection": "close"}
_TOKEN_WANTED = {"WWW-Authenticate": 'Bearer realm="relaywarden"', **_CLOSE}


class Pace:
    """So many a minute: all of them at once where nothing came before, then one after the other (GCRA)."""

    def __init__(self, per_minute: int) -> None:
        self._each = _MINUTE / per_minute
        self._due = 0.0

    def wait(self, now: float) -> float:
        """Count one and return 0, or return how many seconds it comes too early."""
        due = max(self._due, now)
        early = due - now - (_MINUTE - self._each)
        if early > 1e-6:  # noqa: PLR2004 what sums of floats miss
            return early
        self._due = due + self._each
        return 0.0


class Gate:
    """The tokens. ValueError where one is not there, too short, or of two names."""

    def __init__(self, api: Api, clock: Callable[[], float] = time.monotonic) -> None:
        self._secrets = {name: secret.encode() for name, secret in api.secrets().items()}
        self._tokens = api.token
        self._paces = {name: Pace(token.requests_per_minute) for name, token in api.token.items()}
        self._strangers: dict[str, Pace] = {}
        self._clock = clock

    def known(self, authorization: str, peer: str) -> str:
        """Return the name of the token that is shown. RefusedError where none is, or wrong ones come too often."""
        name = self._shown(authorization)
        if not name:
            self._hold(self._stranger(peer))
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong", headers=_TOKEN_WANTED)
        return name

    def admit(self, name: str, scope: Scope) -> None:
        """Let a token do something. RefusedError where it comes too often, or may not."""
        self._hold(self._paces[name])
        if scope not in self._tokens[name].scopes:
            why = f"the token {name} has no scope {scope}; it has {', '.join(self._tokens[name].scopes)}"
            raise RefusedError(HTTPStatus.FORBIDDEN, why, headers=_CLOSE)

    def scopes(self, name: str) -> tuple[Scope, ...]:
        """Return what a token may do."""
        return self._tokens[name].scopes

    def _shown(self, authorization: str) -> str:
        """Return the name of a token, "" for none; how long that takes tells nothing about them."""
        scheme, _, given = authorization.partition(" ")
        secret = given.strip().encode(errors="replace") if scheme.lower() == "bearer" else b""
        fitting = [name for name, known in self._secrets.items() if hmac.compare_digest(known, secret)]
        return fitting[0] if fitting else ""

    def _stranger(self, peer: str) -> Pace:
        if peer not in self._strangers and len(self._strangers) >= _MOST_PEERS:
            del self._strangers[next(iter(self._strangers))]
        return self._strangers.setdefault(peer, Pace(_WRONG_PER_MINUTE))

    def _hold(self, pace: Pace) -> None:
        early = pace.wait(self._clock())
        if early:
            headers = {"Retry-After": str(int(early) + 1), **_CLOSE}
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, f"too many requests; wait {early:.1f} s", headers=headers)


class _Bounded(Request):
    """A request whose body is so long at most, and comes within half a minute."""

    most = 0

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body. RefusedError where it is too large or too slow."""
        clock, taken = asyncio.get_running_loop().time, 0
        deadline, pieces = clock() + _BODY_SECONDS, super().stream()
        while True:
            try:
                piece = await asyncio.wait_for(anext(pieces), deadline - clock())
            except StopAsyncIteration:
                return
            except TimeoutError:
                why = f"the body did not come within {_BODY_SECONDS:g} s"
                raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, why, headers=_CLOSE) from None
            taken += len(piece)
            if taken > self.most:
                raise too_large(self.most)
            yield piece


def too_large(most: int) -> RefusedError:
    """Return what refuses a body of more than so many bytes."""
    return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is more than {most} bytes", headers=_CLOSE)


class Guarded(APIRoute):
    """A route that needs a token with the scope `needs`, and takes bodies of `most` bytes; the log tells each call.

    With `takes`, the body has to be of that media type.
    """

    needs: ClassVar[Scope]
    most: ClassVar[int] = 64 * 1024
    takes: ClassVar[str] = ""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind the gate."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            peer = request.client.host if request.client else ""
            name = status = ""
            try:
                gate = cast("Gate", request.app.state.gate)
                name = gate.known(request.headers.get("Authorization", ""), peer)
                gate.admit(name, self.needs)
                request.state.token = name
                self._look(request)
                bounded = _Bounded(request.scope, request.receive)
                bounded.most = self.most
                response = await answer(bounded)
                status = str(response.status_code)
            except HTTPException as error:
                status = f"{error.status_code} ({error.detail})"
                raise
            except RequestValidationError:
                status = "422"
                raise
            finally:
                self._tell(request, name or f"no token ({peer})", status or "no answer")
            return response

        return handle

    def _look(self, request: Request) -> None:
        """Refuse parameters that there are none of, and a body that says itself that it is too large."""
        known = {field.alias for field in self.dependant.query_params}
        strange = [name for name in request.query_params if name not in known]
        if strange:
            wrong = [
                Wrong(
                    field=shown(name) or "",
                    value=shown(request.query_params[name]),
                    problem="there is no such parameter",
                )
                for name in strange[:10]
            ]
            why = f"there is no parameter {', '.join(one.field for one in wrong)}"
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, why, wrong)
        said = request.headers.get("Content-Length", "0")
        if said.isdigit() and int(said[:20]) > self.most:
            raise too_large(self.most)
        given = request.headers.get("Content-Type", "")
        if self.takes and given.partition(";")[0].strip().lower() != self.takes:
            why = f"not taken; {self.takes} is"
            raise refused("Content-Type", given, why, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)

    def _tell(self, request: Request, who: str, status: str) -> None:
        path = request.scope.get("raw_path", b"").decode("ascii", "replace")[:500]
        LOG.info("%s: %s %s by %s: %s", self.needs, request.method, path, who, one_line(status))


class Reading(Guarded):
    """A route that needs the scope `read`."""

    needs = "read"


class Ordering(Guarded):
    """A route that needs the scope `order`."""

    needs = "order"
    takes = "application/json"


class Complaining(Guarded):
    """A route that needs the scope `complaints`; mails are larger than orders."""

    needs = "complaints"
    most = 10 * 1024 * 1024


def caller(request: Request) -> str:
    """Return the name of the token that was let in."""
    return cast("str", cast("Mapping[str, Any]", request.scope["state"])["token"])
