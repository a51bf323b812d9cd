"""What a stranger, or a program gone wrong, may POST: it is answered in one sentence, and keeps nobody else out."""

import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import zstandard

from collectors import httpdoor
from collectors.inputs import http
from tests.http_inputs import JSON, TEXT, TOKEN, Posted, serving
from tests.late_answers import answer_while_sending, sent_until_cut
from tests.line_inputs import kept, line


@pytest.fixture
def posted(tmp_path: Path) -> Iterator[Posted]:
    with serving(tmp_path, mails=True) as running_one:
        yield running_one


GZIP, ZSTD = (TEXT | {"Content-Encoding": name} for name in ("gzip", "zstd"))
MAIL = {"Content-Type": "message/rfc822"}
REQUESTS: list[tuple[str, str, dict[str, str], bytes, int, str]] = [
    ("GET", "/v1/lines", TEXT, b"", 405, "/v1/lines takes POST"),
    ("POST", "/healthz", TEXT, b"", 405, "/healthz takes GET"),
    ("POST", "/v2/lines", TEXT, b"x", 404, "there are POST /v1/lines"),
    ("POST", "/v1/lines", {"Content-Type": "application/x-www-form-urlencoded"}, b"x", 415, "is not taken"),
    ("POST", "/v1/lines", TEXT | {"Content-Encoding": "br"}, b"x", 415, "Content-Encoding 'br' is not taken"),
    ("POST", "/v1/lines", GZIP, b"x", 400, "the body is no gzip"),
    ("POST", "/v1/lines", GZIP, gzip.compress(b"x" * 99)[:-9], 400, "the body is no gzip"),
    ("POST", "/v1/lines", ZSTD, zstandard.compress(b"x" * 99)[:-2], 400, "the body is no zstd"),
    ("POST", "/v1/lines", TEXT, b"\n" * 262_144, 400, "more than 262144 lines at once"),
    ("POST", "/v1/lines", JSON, b"[" * 9999, 400, "JSON that is nested too deep"),
    ("POST", "/v1/mails", MAIL, b" \n", 400, "the body is empty"),
    ("POST", "/v1/mails", MAIL, b"x" * (10 * 1024 * 1024 + 1), 413, "more than 10485760 bytes"),
]  # fmt: skip


def test_what_is_wrong_is_told_in_one_sentence(posted: Posted) -> None:
    for method, path, headers, body, status, error in REQUESTS:
        answer = posted.client.request(method, path, headers=headers, content=body)
        assert (answer.status_code, error in answer.json()["error"]) == (status, True), (method, path, answer.text)
    assert posted.client.get("/v1/lines").headers["Allow"] == "POST"
    assert kept(posted.outlet) == []


def _raw_deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("pack", "encoding"),
    [(gzip.compress, "gzip"), (zlib.compress, "deflate"), (_raw_deflated, "deflate"), (zstandard.compress, "zstd")],
)
def test_a_bomb_is_not_unpacked(posted: Posted, pack: Callable[[bytes], bytes], encoding: str) -> None:
    bomb = pack(b"\0" * (64 << 20))
    answer = posted.lines(bomb, TEXT | {"Content-Encoding": encoding})
    assert (len(bomb) < 70_000, answer.status_code) == (True, 413)
    assert answer.json() == {"error": "the body is more than 16777216 bytes unpacked"}


def test_without_the_token_nothing_of_a_body_is_read(posted: Posted) -> None:
    for token in ("", "Bearer", f"Bearer {TOKEN}x", f"bearer {TOKEN[:-1]}", f"Basic {TOKEN}"):
        answer = posted.client.post("/v1/lines", content=line(1), headers=TEXT | {"Authorization": token})
        assert (answer.status_code, answer.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
    head = b"POST /v1/lines HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 1000000000\r\n"
    assert posted.raw(head + b"Expect: 100-continue\r\n\r\n").startswith(b"HTTP/1.1 401 ")
    assert kept(posted.outlet) == []


def test_what_strangers_send_is_answered_or_ended(posted: Posted, caplog: pytest.LogCaptureFixture) -> None:
    line_of = b"POST /v1/lines HTTP/1.1\r\nHost: h\r\n"
    token = f"Authorization: Bearer {TOKEN}\r\nContent-Type: text/plain\r\n".encode()
    for sent in (
        line_of + b"".join(b"X-%d: x\r\n" % number for number in range(1000)) + b"\r\n",
        line_of + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9,
        line_of + token + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n",
        line_of + token + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
    ):
        assert posted.raw(sent).startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), sent[:80]
    asked = posted.raw(line_of + token + b"Expect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
    assert asked.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert kept(posted.outlet) == [b"abc"]
    assert "Traceback" not in caplog.text


def test_who_is_still_sending_gets_the_whole_refusal(posted: Posted) -> None:
    token = f"Host: h\r\nAuthorization: Bearer {TOKEN}\r\n"
    for head, status in (
        (f"POST /v1/mails HTTP/1.1\r\n{token}Content-Type: message/rfc822\r\nContent-Length: 99999999\r\n", 413),
        (f"POST /v1/lines HTTP/1.1\r\n{token}Content-Type: image/png\r\nContent-Length: 99999999\r\n", 415),
        ("POST /v1/lines HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 99999999\r\n", 401),
    ):
        for _ in range(5):
            answer = answer_while_sending(posted.port, f"{head}\r\n".encode())
            assert answer.startswith(f"HTTP/1.1 {status} ".encode())
            assert answer.endswith(b'"}')


def test_who_never_stops_sending_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpdoor, "_LINGER_SECONDS", 0.5)
    head = b"POST /v1/lines HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 99999999999\r\n\r\n"
    with serving(tmp_path) as posted:
        assert sent_until_cut(posted.port, head, 0.01) > 0
        assert posted.lines(line(1)).json() == {"taken": 1}


def test_who_opens_many_connections_keeps_nobody_out(posted: Posted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpdoor, "_MOST_CONNECTIONS", 8)
    begun = (
        f"POST /v1/lines HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: text/plain\r\n".encode()
    )
    with ExitStack() as stack:
        slow = stack.enter_context(socket.create_connection(("127.0.0.1", posted.port), timeout=20))
        slow.sendall(begun + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert slow.recv(65536).startswith(b"HTTP/1.1 100 ")
        slow.sendall(b"ab")
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", posted.port))) for _ in range(40)]
        for each in silent[::2]:
            with suppress(OSError):  # closed by then
                each.sendall(b"POST /v1/lines HTT")
        assert posted.lines(line(1)).json() == {"taken": 1}
        slow.sendall(b"cd")
        assert slow.recv(65536).startswith(b"HTTP/1.1 200 OK")
        monkeypatch.setattr(httpdoor, "_SILENT_SECONDS", 0.0)
        silent[-1].settimeout(20)
        assert silent[-1].recv(1) == b""
    assert kept(posted.outlet) == [line(1), b"abcd"]


def test_what_is_under_way_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_MOST_IN_FLIGHT", 1000)
    with serving(tmp_path) as posted:
        refused = posted.lines(b"x" * 1001)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert posted.lines(b"x" * 999).json() == {"taken": 1}
        packed = posted.lines(gzip.compress(b"x" * 2000), TEXT | {"Content-Encoding": "gzip"})
        assert packed.status_code == 503
        assert posted.lines(b"y" * 999).json() == {"taken": 1}


def test_no_string_of_json_becomes_two_lines(posted: Posted) -> None:
    forged = {"message": "x\r\n" + line(1).decode() + "\u0000\u2028", "host": "mx1"}
    parts = {"ident": "dovecot", "host": "mx1", "date": 1.5, "pid": "1]: x\nforged", "message": "a\nb"}
    assert posted.lines(json.dumps([forged, parts]), JSON).json() == {"taken": 2}
    assert kept(posted.outlet) == [
        b"x#015#012" + line(1) + b"#000\xe2\x80\xa8",
        b"1970-01-01T00:00:01.500000+00:00 mx1 dovecot: a#012b",
    ]
