"""A resource of CSV or of JSON lines, read while it comes.

https://www.rfc-editor.org/rfc/rfc9110, JSON lines: https://jsonlines.org/
"""

from collections.abc import Iterable, Iterator, Mapping

import httpx
import msgspec

from schemas.directory_settings import HttpDirectory
from schemas.password import secret
from streams.directory import DirectoryError, Row
from streams.directory._tables import table

_JSON = frozenset(("application/jsonl", "application/x-ndjson", "application/jsonlines", "application/x-jsonlines"))
_CELL = str | int | float | bool | None | list[str]
_LINE: msgspec.json.Decoder[dict[str, _CELL]] = msgspec.json.Decoder(dict[str, _CELL])


def rows(settings: HttpDirectory) -> Iterator[tuple[str, Row]]:
    """Yield the rows, each with its line. DirectoryError, without the URL's query, says why it ended."""
    place = settings.url.partition("?")[0]
    try:
        with httpx.stream("GET", settings.url, headers=_headers(settings), timeout=settings.timeout_seconds) as answer:
            if answer.status_code != httpx.codes.OK:
                raise DirectoryError(f"{place}: answered {answer.status_code} {answer.reason_phrase}")
            if _format(settings, answer.headers) == "jsonl":
                yield from _objects(answer.iter_lines(), place, settings.columns)
            else:
                yield from table((f"{line}\n" for line in answer.iter_lines()), place, settings.columns)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DirectoryError(f"{place}: {error or type(error).__name__}") from error


def _headers(settings: HttpDirectory) -> dict[str, str]:
    if not settings.token_env and settings.token_file is None:
        return {}
    try:
        token = secret(settings.token_env, settings.token_file, "directory.token")
    except ValueError as error:
        raise DirectoryError(str(error)) from error
    return {"Authorization": f"Bearer {token}"}


def _format(settings: HttpDirectory, headers: Mapping[str, str]) -> str:
    if settings.format:
        return settings.format
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return "jsonl" if kind in _JSON else "csv"


def _objects(lines: Iterable[str], place: str, columns: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = _LINE.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise DirectoryError(f"{place} line {number}: no object of JSON: {error}") from error
        yield f"{place} line {number}", {field: _text(found.get(name)) for field, name in columns.items()}


def _text(value: _CELL) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)
