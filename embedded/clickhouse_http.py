"""ClickHouse's HTTP interface, as far as ClickHouse's own clients speak it, in front of an `Engine`.

Manual: https://clickhouse.com/docs/interfaces/http. A body that does not arrive whole is not executed: a client that
goes away in the midst of an insert leaves nothing behind.
"""

import base64
import binascii
import gzip
import hmac
import json
import logging
import threading
import uuid
import zlib
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import lz4.frame  # type: ignore[import-untyped]  # it has no stubs
import zstandard

from embedded.clickhouse_engine import ClickHouseError, Engine, Request, streamed_format

_LOG = logging.getLogger(__name__)
_MAX_BODY = 1024 * 1024 * 1024
_NO_SETTINGS = frozenset(
    {
        "buffer_size",
        "client_protocol_version",
        "compress",
        "database",
        "decompress",
        "default_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "password",
        "query",
        "query_id",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "user",
        "wait_end_of_query",
    }
)
_NOT_FOUND = frozenset({60, 81, 46, 47})  # unknown table, database, function, identifier
_DENIED = 516


class _BodyError(ValueError):
    """The body cannot be read; the connection is of no more use."""


class Server(ThreadingHTTPServer):
    """Listens on loopback and hands each connection to a thread of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, engine: Engine, password: str) -> None:
        self.engine = engine
        self.password = password
        self._running = 0
        self._closing = False
        self._idle = threading.Condition()
        super().__init__(("127.0.0.1", port), _Handler)

    def begin(self) -> bool:
        """Note that a statement begins; False when the server is being closed."""
        with self._idle:
            self._running += not self._closing
            return not self._closing

    def end(self) -> None:
        """Note that a statement ended."""
        with self._idle:
            self._running -= 1
            self._idle.notify_all()

    def drain(self, timeout_seconds: float) -> bool:
        """Refuse new statements and wait for those that run; False when they did not end in time."""
        with self._idle:
            self._closing = True
            return self._idle.wait_for(lambda: self._running == 0, timeout_seconds)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def do_GET(self) -> None:
        """Answer a health check, or a query that only reads."""
        if urlsplit(self.path).path in {"/ping", "/replicas_status"}:
            self._send(200, b"Ok.\n", {})
        else:
            self._answer(b"", read_only=True)

    def do_POST(self) -> None:
        """Answer a query or an insert."""
        try:
            body = self._body()
        except (_BodyError, ConnectionError) as error:
            self.close_connection = True
            self._fail(400, 1000, f"the request's body cannot be read: {error}")
        else:
            self._answer(body, read_only=False)

    def _answer(self, body: bytes, *, read_only: bool) -> None:
        fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if not self._allowed(fields):
            self._fail(403, _DENIED, "Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)")
        elif not self.server.begin():
            self.close_connection = True
            self._fail(503, 439, "the server is being closed")
        else:
            try:
                if self.headers.get_content_type() == "multipart/form-data":
                    fields |= self._form(body)
                    body = b""
                self._run(_request(fields, body, read_only=read_only), fields)
            except ClickHouseError as error:
                self._fail(404 if error.code in _NOT_FOUND else 500, error.code, str(error))
            except ConnectionError as error:
                self.close_connection = True
                _LOG.info("a client went away: %s", error)
            finally:
                self.server.end()

    def _run(self, request: Request, fields: dict[str, str]) -> None:
        headers = {
            "X-ClickHouse-Query-Id": fields.get("query_id") or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": self.server.engine.timezone.decode(),
            "X-ClickHouse-Server-Display-Name": "embedded",
        }
        form = streamed_format(request.statement)
        if form and fields.get("wait_end_of_query") != "1":
            self._stream(self.server.engine.stream(request), {**headers, "X-ClickHouse-Format": form})
            return
        reply = self.server.engine.run(request)
        headers["X-ClickHouse-Summary"] = json.dumps(dict(reply.summary))
        if reply.format:
            headers["X-ClickHouse-Format"] = reply.format
        self._send(200, reply.body, headers)

    def _stream(self, blocks: Iterator[bytes], headers: dict[str, str]) -> None:
        first = next(blocks, b"")  # an error before the first block is still an answer of its own
        tag = uuid.uuid4().hex[:16]
        self.send_response(200)
        for name, value in {**headers, "X-ClickHouse-Exception-Tag": tag, "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self._chunk(first)
            for block in blocks:
                self._chunk(block)
        except ClickHouseError as error:
            text = str(error).encode() + b"\n"
            mark = f"{len(text)} {tag}\r\n__exception__\r\n".encode()
            self._chunk(b"__exception__\r\n" + tag.encode() + b"\r\n" + text + mark)
            self.close_connection = True
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _allowed(self, fields: dict[str, str]) -> bool:
        user, password = self.headers.get("X-ClickHouse-User", ""), self.headers.get("X-ClickHouse-Key", "")
        kind, _, coded = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                user, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return False
        user, password = fields.get("user", user), fields.get("password", password)
        return user in {"", "default"} and hmac.compare_digest(password.encode(), self.server.password.encode())

    def _body(self) -> bytes:
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        data = b"".join(self._chunks()) if chunked else self._exactly(_length(self.headers.get("Content-Length", "0")))
        return _decoded(data, self.headers.get("Content-Encoding", ""))

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            size = _length(self.rfile.readline(1024).split(b";")[0].strip().decode("ascii", "replace"), 16)
            total += size
            if total > _MAX_BODY:
                raise _BodyError(f"more than {_MAX_BODY} bytes")
            data = self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise _BodyError("a chunk does not end with CR LF")
            if not size:
                return
            yield data

    def _exactly(self, size: int) -> bytes:
        if size > _MAX_BODY:
            raise _BodyError(f"more than {_MAX_BODY} bytes")
        data = self.rfile.read(size)
        if len(data) != size:
            raise _BodyError(f"it ends after {len(data)} of {size} bytes")
        return data

    def _form(self, body: bytes) -> dict[str, str]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields: dict[str, str] = {}
        for part in message_from_bytes(head + body, policy=HTTP).iter_parts():
            if part.get_filename() is not None:
                raise ClickHouseError("Code: 48. DB::Exception: external data is not supported. (NOT_IMPLEMENTED)")
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            fields[str(name)] = content.decode() if isinstance(content, bytes) else ""
        return fields

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain; charset=UTF-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _fail(self, status: int, code: int, message: str) -> None:
        text = message if message.startswith("Code:") else f"Code: {code}. DB::Exception: {message}"
        version = f" (version {self.server.engine.version})"
        try:
            self._send(status, f"{text}{version}\n".encode(), {"X-ClickHouse-Exception-Code": str(code)})
        except ConnectionError as error:
            self.close_connection = True
            _LOG.info("a client went away before its error: %s", error)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is http.server's
        """Keep the log for what needs a person."""


def _request(fields: dict[str, str], body: bytes, *, read_only: bool) -> Request:
    query = fields.get("query", "").encode()
    settings = {name: value for name, value in fields.items() if name not in _NO_SETTINGS}
    parameters = {name[6:]: settings.pop(name) for name in list(settings) if name.startswith("param_")}
    statement = query + b"\n" + body if query and body else query or body
    form = streamed_format(statement) or fields.get("default_format", "TabSeparated")
    return Request(statement, fields.get("database", ""), settings, parameters, form, read_only)


def _length(text: str, base: int = 10) -> int:
    try:
        size = int(text, base)
    except ValueError:
        raise _BodyError(f"{text!r} is no length") from None
    if size < 0:
        raise _BodyError(f"{text!r} is no length")
    return size


def _decoded(data: bytes, encoding: str) -> bytes:
    try:
        match encoding.lower():
            case "" | "identity":
                return data
            case "gzip":
                return gzip.decompress(data)
            case "zstd":
                return zstandard.ZstdDecompressor().decompressobj().decompress(data)
            case "lz4":
                decoded: bytes = lz4.frame.decompress(data)
                return decoded
            case "deflate":
                return zlib.decompress(data)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, RuntimeError) as error:
        raise _BodyError(f"it is no {encoding}: {error}") from error
    raise _BodyError(f"its encoding {encoding!r} is unknown")
