"""chdb as ClickHouse's HTTP interface needs it: one handle a request, inserts from a file, errors with their code.

A handle of its own (2 ms) gives each request its own database and settings, so that nothing has to be set back.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from chdb import _chdb

# Each block of these formats stands alone, so that blocks may follow each other in a stream.
_STREAMED = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
_FORMAT_AT_END = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\.")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(
    rb"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|--[^\n]*|/\*.*?\*/|\w+|[^\w\s]""", re.DOTALL
)
_INSERT_HEAD_BYTES = 64 * 1024
_TAIL_BYTES = 256


class _Result(Protocol):
    def bytes(self) -> bytes | None: ...
    def rows_read(self) -> int: ...
    def bytes_read(self) -> int: ...
    def elapsed(self) -> float: ...


class _Handle(Protocol):
    def query(self, statement: str | bytes, form: str, *, params: Mapping[str, str]) -> _Result: ...
    def send_query(self, statement: str | bytes, form: str, *, params: Mapping[str, str]) -> object: ...
    def streaming_fetch_result(self, stream: object) -> _Result | None: ...
    def streaming_cancel_query(self, stream: object) -> None: ...
    def classify_query(self, statement: str) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


def _open(path: str) -> _Handle:
    handle: _Handle = _chdb.connect(path)  # type: ignore[attr-defined]  # chdb's stubs leave it out
    return handle


class ClickHouseError(ValueError):
    """The engine refused a statement; `code` is ClickHouse's number of the error."""

    def __init__(self, message: str) -> None:
        found = _CODE.search(message)
        self.code = int(found.group(1)) if found else 1000  # POCO_EXCEPTION: an error without a number
        super().__init__(message[found.start() :] if found else message)


@dataclass(frozen=True)
class Request:
    """A statement with its database, its settings and its parameters (`param_` removed)."""

    statement: bytes
    database: str = ""
    settings: Mapping[str, str] | None = None
    parameters: Mapping[str, str] | None = None
    default_format: str = "TabSeparated"
    read_only: bool = False


@dataclass(frozen=True)
class Reply:
    """What a statement gave: its bytes in `format`, which is "" where a statement has no result."""

    body: bytes
    format: str
    summary: Mapping[str, str]


def split_insert(statement: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    r"""Return an insert's target, settings, format and data; None for what carries no data in a format.

    `INSERT INTO t (a) SETTINGS x=1 FORMAT CSV\n…` gives `INSERT INTO t (a)`, `SETTINGS x=1`, `CSV` and the data.
    """
    settings = -1
    format_at = -1
    first = True
    for token in _TOKEN.finditer(statement, 0, min(len(statement), _INSERT_HEAD_BYTES)):
        word = token.group().upper()
        if word.startswith((b"--", b"/*")):
            continue
        if first and word != b"INSERT":
            return None
        first = False
        if format_at >= 0:
            head = statement[: settings if settings >= 0 else format_at]
            clause = statement[settings:format_at] if settings >= 0 else b""
            return head, clause, token.group(), _data(statement, token.end())
        if word in {b"SELECT", b"WITH", b"VALUES", b"INFILE"}:
            return None
        if word == b"SETTINGS":
            settings = token.start()
        elif word == b"FORMAT":
            format_at = token.start()
    return None


def _data(statement: bytes, start: int) -> bytes:
    """Return what follows the format's name: blanks up to one line feed do not belong to the data."""
    while start < len(statement) and statement[start : start + 1] in b" \t\r;":
        start += 1
    return statement[start + 1 :] if statement[start : start + 1] == b"\n" else statement[start:]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Engine:
    """The engine of one path; while one runs, no other process can open the path."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        try:
            self._anchor = _open(self._path)
        except RuntimeError as error:
            raise OSError(f"{path}: ClickHouse cannot open it (does another process hold it?): {error}") from error
        version, self.timezone = _bytes(self._anchor.query("SELECT version(), timezone()", "TSV", params={})).split()
        self.version = version.decode()

    def close(self) -> None:
        """Write everything out and end the engine."""
        self._anchor.close()

    def run(self, request: Request) -> Reply:
        """Return a statement's whole result. ClickHouseError where the engine refuses it."""
        with self._handle(request) as handle:
            insert = split_insert(request.statement)
            if insert:
                return _insert(handle, insert)
            has_result = _check(handle, request.statement)
            shown = _format_at_end(request.statement) or request.default_format
            result = _query(handle, request.statement, shown, request.parameters)
            return Reply(_bytes(result), shown if has_result else "", _summary(result))

    def stream(self, request: Request) -> Iterator[bytes]:
        """Yield a query's result block by block. ClickHouseError where the engine refuses it, or later in its midst."""
        with self._handle(request) as handle:
            _check(handle, request.statement)
            result = None
            try:
                result = handle.send_query(request.statement, request.default_format, params=request.parameters or {})
                while True:
                    block = handle.streaming_fetch_result(result)
                    if block is None or block.rows_read() == 0:
                        result = None
                        return
                    yield _bytes(block)
            except RuntimeError as error:
                result = None
                raise ClickHouseError(str(error)) from error
            finally:
                if result is not None:  # the reader went away before the end
                    handle.streaming_cancel_query(result)

    @contextmanager
    def _handle(self, request: Request) -> Iterator[_Handle]:
        handle = _open(self._path)
        try:
            if request.database:
                _query(handle, f"USE {_identifier(request.database)}", "Null")
            for name, value in (request.settings or {}).items():
                if not _NAME.fullmatch(name):
                    raise ClickHouseError(f"Code: 115. DB::Exception: {name!r} is no setting. (UNKNOWN_SETTING)")
                _query(handle, f"SET {name} = {_quoted(value)}", "Null")
            if request.read_only:
                _query(handle, "SET readonly = 2", "Null")
            yield handle
        finally:
            handle.close()


def streamed_format(statement: bytes) -> str | None:
    """Return the format of a statement whose result can be sent block by block, else None."""
    name = _format_at_end(statement)
    return name if name in _STREAMED else None


def _format_at_end(statement: bytes) -> str:
    found = _FORMAT_AT_END.search(statement[-_TAIL_BYTES:])  # what comes before may be megabytes of an insert's data
    return found.group(1).decode() if found else ""


def _identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _bytes(result: _Result) -> bytes:
    return result.bytes() or b""


def _query(handle: _Handle, statement: str | bytes, form: str, parameters: Mapping[str, str] | None = None) -> _Result:
    try:
        return handle.query(statement, form, params=dict(parameters or {}))
    except RuntimeError as error:
        raise ClickHouseError(str(error)) from error


def _check(handle: _Handle, statement: bytes) -> bool:
    """Tell whether a statement has a result. ClickHouseError for several statements at once, as ClickHouse does."""
    kind = handle.classify_query(statement.decode(errors="surrogateescape"))
    if kind["statement_count"] > 1:
        raise ClickHouseError("Code: 62. DB::Exception: Multi-statements are not allowed. (SYNTAX_ERROR)")
    return str(kind["query_class"].name) == "READ_ONLY"


def _insert(handle: _Handle, parts: tuple[bytes, bytes, bytes, bytes]) -> Reply:
    """Insert through a file: the engine sees all of the data or none of it."""
    head, clause, form, data = parts
    if not data:
        return Reply(b"", "", {})
    with tempfile.NamedTemporaryFile(suffix=".insert") as file:
        file.write(data)
        file.flush()
        infile = f" FROM INFILE {_quoted(file.name)} COMPRESSION 'none' ".encode()
        result = _query(handle, head + infile + clause + b" FORMAT " + form, "Null")
    written = {"written_rows": str(result.rows_read()), "written_bytes": str(result.bytes_read())}
    return Reply(b"", "", {**_summary(result), **written})


def _summary(result: _Result) -> dict[str, str]:
    return {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }
