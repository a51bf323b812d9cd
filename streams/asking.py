"""HTTP as hooks speak it: a call ends by one deadline, reads so much and no more, and tells of a URL its host only."""

import asyncio
import os
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from streams.effects import EffectError

_SAID_CHARACTERS = 200
_T = TypeVar("_T")


def place_of(text: str) -> str:
    """Return what may be told of a URL: scheme, host and port. The rest may hold a token. EffectError if it is none."""
    try:
        url = urlsplit(text)
        port = "" if url.port is None else f":{url.port}"
    except ValueError as error:
        raise EffectError("the URL cannot be read: its host or its port is none") from error
    host = url.hostname or ""
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}{port}"


@dataclass(frozen=True)
class Said:
    """What a server answered; `whole` is False where it would have said more than was read."""

    status: int
    phrase: str
    content: bytes
    whole: bool

    @property
    def fine(self) -> bool:
        """Tell whether the status is one of 200 to 299."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def __str__(self) -> str:
        text = " ".join(self.content.decode(errors="replace").split())[:_SAID_CHARACTERS]
        return f"{self.status} {self.phrase}: {text}"


class Caller:
    """Calls one server, without redirects and compression; a connection is used again."""

    def __init__(self, base_url: str, timeout_seconds: float, login: tuple[str, str] | None) -> None:
        self._timeout_seconds = timeout_seconds
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(
            base_url=base_url, auth=login, timeout=timeout_seconds, headers={"Accept-Encoding": "identity"}
        )

    def ask(
        self, method: str, url: str, most_bytes: int, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Said:
        """Return the answer. TimeoutError, or an error of httpx, where there is none in time."""
        return self._loop.run_until_complete(
            within(self._timeout_seconds, self._asked(method, url, most_bytes, content, headers))
        )

    async def _asked(
        self, method: str, url: str, most_bytes: int, content: bytes, headers: Mapping[str, str] | None
    ) -> Said:
        async with self._client.stream(method, url, content=content or None, headers=headers) as answer:
            read = bytearray()
            async for piece in answer.aiter_raw():
                read += piece
                if len(read) > most_bytes:
                    break
        return Said(answer.status_code, answer.reason_phrase, bytes(read[:most_bytes]), len(read) <= most_bytes)

    def close(self) -> None:
        """Close the connection; a look-up of the host's name that hangs is left behind."""
        try:
            self._loop.run_until_complete(self._client.aclose())
        finally:
            self._loop.close()


async def within(seconds: float, asked: Coroutine[Any, Any, _T]) -> _T:
    """Return what is asked. TimeoutError, with the time in words, where all of it takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError as error:
        raise TimeoutError(f"took longer than {seconds:g} s") from error


@contextmanager
def calling(base_url: str, timeout_seconds: float, login: tuple[str, str] | None = None) -> Iterator[Caller]:
    """Give a caller for the block; what fails in it by the server or the URL is an EffectError with its place."""
    place = place_of(base_url)
    try:
        caller = Caller(base_url, timeout_seconds, login)
        try:
            yield caller
        finally:
            caller.close()
    except EffectError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OverflowError, OSError) as error:  # as of a host's name
        raise EffectError(f"{place}: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """Return what the system said, such as a refused connection, where an error hides it; else what the error says."""
    found, told = error, str(error) or type(error).__name__
    while found := found.__cause__ or found.__context__:  # type: ignore[assignment]
        if isinstance(found, ConnectionError):
            return os.strerror(found.errno) if found.errno else str(found)
    return told
