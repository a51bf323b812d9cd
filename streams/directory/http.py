"""A resource of CSV or of JSON lines, read while it comes.

https://www.rfc-editor.org/rfc/rfc9110, JSON lines: https://jsonlines.org/
"""

import codecs
from collections.abc import Iterable, Iterator, Mapping

import httpx
import msgspec

from schemas.directory_settings import HttpDirectory
from schemas.password import secret
from streams.directory import DirectoryError, Misfit, Row
from streams.directory._tables import table

_JSON = frozenset(("application/jsonl", "application/x-ndjson", "application/jsonlines", "application/x-jsonlines"))
_LONGEST = 1_000_000
_CELL = str | int | float | bool | None | list[str]
_LINE: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE: msgspec.json.Decoder[_CELL] = msgspec.json.Decoder(_CELL)


def rows(settings: HttpDirectory) -> Iterator[tuple[str, Row | Misfit]]:
    """Yield the rows, each with its line. DirectoryError, without the URL's query, says why it ended."""
    place = settings.url.partition("?")[0]
    try:
        with httpx.stream("GET", settings.url, headers=_headers(settings), timeout=settings.timeout_seconds) as answer:
            if answer.status_code != httpx.codes.OK:
                raise DirectoryError(f"{place}: answered {answer.status_code} {answer.reason_phrase}")
            if not {"content-length", "transfer-encoding"} & set(answer.headers):
                raise DirectoryError(f"{place}: has neither a Content-Length nor chunks: its end cannot be told")
            if _format(settings, answer.headers) == "jsonl":
                yield from _objects(_lines(answer), place, settings.columns)
            else:
                yield from table(_lines(answer), place, settings.columns)
    except UnicodeDecodeError as error:
        raise DirectoryError(f"{place}: no {error.encoding.upper()} at byte {error.start} of a block") from error
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


def _lines(answer: httpx.Response) -> Iterator[str]:
    """Yield the lines with their ends, without a byte order mark; httpx would split them at more than line feeds."""
    name = answer.charset_encoding or "utf-8"
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if codecs.lookup(name).name == "utf-8" else name)()
    except LookupError as error:
        raise DirectoryError(f"directory.url: the charset {name!r} of the answer is unknown") from error
    rest = ""
    for block in answer.iter_bytes():
        *lines, rest = (rest + decoder.decode(block)).split("\n")
        yield from (f"{line}\n" for line in lines)
        if len(rest) > _LONGEST:
            raise DirectoryError(f"directory.url: a line has more than {_LONGEST} signs")
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


def _objects(lines: Iterable[str], place: str, columns: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    """Yield the fields of each object; what stands in it besides may be anything."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = _LINE.decode(line)
            row = {field: _text(_VALUE.decode(found[name])) for field, name in columns.items() if name in found}
        except (msgspec.DecodeError, RecursionError) as error:
            raise DirectoryError(f"{place} line {number}: no object of JSON: {error}") from error
        yield f"{place} line {number}", row


def _text(value: _CELL) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)
