"""What HTTP asks of every request and answer, whatever its path (RFC 9110, RFC 9112)."""

from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.api.problems import answer

STREAM = "/v1/events"
_ONCE = ("authorization", "content-type", "content-encoding", "idempotency-key", "last-event-id")
_CLOSE = {"Connection": "close"}
_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Conduct:
    """The application behind these rules: HEAD as GET without the body, nothing kept by caches, no doubtful framing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers[name] = value
            await send(message)

        refusal = _unfit(scope)
        if refusal is not None:
            status, why, more = refusal
            await answer(status, why, (), more)(scope, receive, told)
            return
        headless = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope  # the server leaves the body out
        await self._app(headless, receive, told)


def _unfit(scope: Scope) -> tuple[HTTPStatus, str, Mapping[str, str]] | None:
    """Return why a request is not looked at any further, None where it is."""
    headers = Headers(scope=scope)
    if scope["state"]["crowded"]():
        return HTTPStatus.SERVICE_UNAVAILABLE, "too many connections are open", {"Retry-After": "5", **_CLOSE}
    if "transfer-encoding" in headers and "content-length" in headers:  # RFC 9112, 6.1: it may be smuggled
        return HTTPStatus.BAD_REQUEST, "Transfer-Encoding and Content-Length exclude each other", _CLOSE
    for name in _ONCE:
        if len(headers.getlist(name)) > 1:
            return HTTPStatus.BAD_REQUEST, f"the header {name.title()} is there more than once", _CLOSE
    if scope["method"] == "HEAD" and scope["path"] == STREAM:
        return HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed", {"Allow": "GET"}
    return None
