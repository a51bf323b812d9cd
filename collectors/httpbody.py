"""The body of a request: read within bounds of size and time, unpacked; and what it is refused with."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from collectors.inputs import _bodies

LAST = {"Connection": "close"}
"""A header for an answer that comes before all of the body was read."""

_BODY_SECONDS = 60.0


class RefusedError(Exception):
    """A request that is not taken: the status and the sentence that say why."""

    def __init__(self, status: HTTPStatus, why: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(why)
        self.status, self.headers = status, headers or {}


class Wanted(NamedTuple):
    """What bodies are taken: of these media types, of so many bytes at most, unpacked or not."""

    types: frozenset[str]
    most: int


async def body_of(
    request: web.BaseRequest, wanted: Wanted, count: Callable[[int], None], turn: asyncio.Semaphore
) -> bytes:
    """Return a body, unpacked when it is its `turn`; `count` is told of all bytes. RefusedError says why not."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if request.content_type not in wanted.types:
        why = f"a body of {request.content_type[:80]!r} is not taken; {', '.join(sorted(wanted.types))} is"
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why, LAST)
    if encoding not in _bodies.ENCODINGS:
        why = f"Content-Encoding {encoding[:40]!r} is not taken; {', '.join(_bodies.ENCODINGS)} is"
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why, {"Accept-Encoding": "gzip, deflate, zstd"} | LAST)
    packed = await _packed(request, wanted.most, count)
    if encoding == "identity":
        return packed
    try:
        async with turn:
            plain = await asyncio.to_thread(_bodies.unpacked, packed, encoding, wanted.most)
    except _bodies.TooLargeError as error:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error)) from error
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error
    count(len(plain))
    return plain


async def _packed(request: web.BaseRequest, most: int, count: Callable[[int], None]) -> bytes:
    too_large = RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is more than {most} bytes", LAST)
    if (request.content_length or 0) > most:
        raise too_large
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # or the server takes the answer for sent
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.content.iter_any():
                count(len(piece))
                body += piece
                if len(body) > most:
                    raise too_large
    except TimeoutError:
        why = f"the body did not come within {_BODY_SECONDS:g} seconds"
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, why, LAST) from None
    except RequestPayloadError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"the body cannot be read: {error}", LAST) from error
    return bytes(body)
