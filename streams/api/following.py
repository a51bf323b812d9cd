"""The stream of decisions as server-sent events; a client that does not read is cut."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Literal, cast

import msgspec
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Header, Query, Request, Security
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from streams.api.feed import Feed, LogChangedError, OpenLog
from streams.api.gate import BEARER, LOG, Reading
from streams.api.position import Position
from streams.api.problems import RefusedError, away, documented, refused
from streams.api.reading import settings_of

_OPENING_SECONDS = 15.0
router = APIRouter(
    prefix="/v1",
    route_class=Reading,
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    dependencies=[Security(BEARER, scopes=["read"])],
    tags=["read"],
)


class Places:
    """How many may follow at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    def take(self) -> None:
        """Take a place. RefusedError where there is none."""
        if self._taken >= self._most:
            why = f"{self._most} follow the decisions already (api.streams)"
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, why, headers={"Retry-After": "10"})
        self._taken += 1

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1


class _Stream(StreamingResponse):
    """A stream without an end; the connection is cut where nobody reads it (`Door`)."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncGenerator[str, None], leave: Callable[[], Awaitable[None]]) -> None:
        super().__init__(content, headers={"X-Accel-Buffering": "no"})
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client goes."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._leave()


@router.get(
    "/events",
    status_code=HTTPStatus.OK,
    response_class=_Stream,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    request: Request,
    begin: Annotated[Literal["now", "beginning"], Query(alias="from")] = "now",
    last: Annotated[str, Header(alias="Last-Event-ID", max_length=60_000)] = "",
) -> StreamingResponse:
    """Follow the decisions: of pools, of mailboxes, of cases, and the stages' steps of sunsets, each once."""
    start = _start(begin, last)
    state = request.app.state
    places = cast("Places", state.places)
    places.take()
    try:
        log = await _opened(request, start)
    except BaseException:  # however it ends, the place is free again
        places.leave()
        raise
    feed = Feed(settings_of(request), state.ended)
    told = _lines(feed, log, start)

    async def leave() -> None:
        places.leave()
        await told.aclose()
        await log.close()

    return _Stream(told, leave)


def _start(begin: str, last: str) -> Position | None:
    if not last:
        return None if begin == "now" else Position()
    try:
        return Position.of(last)
    except ValueError as error:
        raise refused("Last-Event-ID", last, str(error)) from error


async def _opened(request: Request, start: Position | None) -> OpenLog:
    try:
        async with asyncio.timeout(_OPENING_SECONDS):
            log = await OpenLog(settings_of(request)).__aenter__()
    except (KafkaError, OSError) as error:
        cause = error if isinstance(error, OSError) else OSError(str(error))
        raise away("Kafka", cause, "nothing is lost, follow again with the same Last-Event-ID") from error
    if start is not None and not start.follows(log.cluster):
        await log.close()
        why = "it is of another log: what came between cannot be told; begin anew and ask /v1/decisions"
        raise refused("Last-Event-ID", str(start), why, HTTPStatus.CONFLICT)
    return log


async def _lines(feed: Feed, log: OpenLog, start: Position | None) -> AsyncGenerator[str, None]:
    try:
        async for position, event in feed.follow(log, start):
            if event is None:
                yield f"id: {position}\n: waiting\n\n"
            else:
                told = msgspec.json.encode(event).decode()
                yield f"id: {position}\nevent: {event.__struct_config__.tag}\ndata: {told}\n\n"
    except LogChangedError as error:
        LOG.warning("a stream ends: %s", error)
        yield f": {error}\n\n"
