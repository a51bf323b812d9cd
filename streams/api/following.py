"""The stream of decisions as server-sent events; a client that does not read is cut."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Annotated, Any, Literal, cast

import msgspec
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Header, Query, Request, Security
from starlette.responses import StreamingResponse

from streams.api.feed import Feed, LogChangedError, OpenLog
from streams.api.gate import BEARER, LOG, Reading
from streams.api.position import Position
from streams.api.problems import RefusedError, away, documented, refused
from streams.api.reading import settings_of

_SLOW_SECONDS = 30.0
_OPENING_SECONDS = 15.0
router = APIRouter(
    prefix="/v1",
    route_class=Reading,
    responses=documented(
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
    """A stream without an end, to a client that reads it."""

    media_type = "text/event-stream"

    def __init__(
        self, content: AsyncGenerator[str, None], cut: Callable[[], None], leave: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._cut, self._leave = cut, leave

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 of ASGI
        """Send until the client goes, or is cut since it does not read."""

        async def patient(message: MutableMapping[str, Any]) -> None:
            try:
                async with asyncio.timeout(_SLOW_SECONDS):
                    await send(message)
            except TimeoutError:
                LOG.warning("a stream's client did not read for %g s and is cut", _SLOW_SECONDS)
                self._cut()
                raise OSError("the client does not read") from None

        try:
            await super().__call__(scope, receive, patient)
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
        log = await _opened(request)
    except RefusedError:
        places.leave()
        raise
    if start is not None and not start.follows(log.cluster):
        places.leave()
        await log.close()
        why = "it is of another log: what came between cannot be told; begin anew and ask /v1/decisions"
        raise refused("Last-Event-ID", last, why, HTTPStatus.CONFLICT)
    feed = Feed(settings_of(request), state.ended)
    told = _lines(feed, log, start)

    async def leave() -> None:
        places.leave()
        await told.aclose()
        await log.close()

    return _Stream(told, request.scope["state"]["cut"], leave)


def _start(begin: str, last: str) -> Position | None:
    if not last:
        return None if begin == "now" else Position()
    try:
        return Position.of(last)
    except ValueError as error:
        raise refused("Last-Event-ID", last, str(error)) from error


async def _opened(request: Request) -> OpenLog:
    try:
        async with asyncio.timeout(_OPENING_SECONDS):
            return await OpenLog(settings_of(request)).__aenter__()
    except (KafkaError, OSError) as error:
        why = error if isinstance(error, OSError) else OSError(str(error))
        raise away("Kafka", why, "nothing is lost, follow again with the same Last-Event-ID") from error


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
