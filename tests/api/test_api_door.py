"""The connections: who is slow, smuggles or speaks no HTTP is refused or cut, and others are served meanwhile."""

import selectors
import socket
import time
from contextlib import ExitStack

import pytest

from tests.api.counter import Counter

HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
ORDER = b"POST /v1/pools/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n"
SLOW = {
    "says nothing": (b"", b""),
    "stops in its first head": (b"GET /v1/pools HTTP/1.1\r\nHost: x\r\n", b""),
    "drips its first head": (b"GET /v1/pools HTTP/1.1\r\nX-Long: ", b"x"),
    "stops in its second head": (HEALTHZ + b"GET /v1/pools HTTP/1.1\r\nHost: x\r\n", b""),
    "drips its second head": (HEALTHZ + b"GET /v1/pools HTTP/1.1\r\nX-Long: ", b"x"),
    "drips a body that nobody reads": (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n",
        b"x",
    ),
    "drips a body without a token": (ORDER + b"\r\n", b"x"),
}
ODD = {
    "two lengths": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length and chunks": (
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a blank before the colon": b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
    "another coding": b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
    "a head without an end": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"x" * 70_000,
}


def test_who_is_slow_is_cut_whatever_he_is_slow_at(counter: Counter) -> None:
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for name, (first, _) in SLOW.items():
            opened = stack.enter_context(socket.create_connection(("127.0.0.1", counter.port), timeout=30))
            opened.sendall(first)
            selector.register(opened, selectors.EVENT_READ, name)
        deadline = time.monotonic() + 25
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(0.5):
                try:
                    data = key.fileobj.recv(65_536)  # type: ignore[union-attr]  # all are sockets
                except ConnectionResetError:
                    data = b""
                if not data:
                    selector.unregister(key.fileobj)
            for key in list(selector.get_map().values()):
                try:
                    key.fileobj.send(SLOW[key.data][1])  # type: ignore[union-attr]  # likewise
                except OSError:
                    selector.unregister(key.fileobj)
        assert [key.data for key in selector.get_map().values()] == []


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_whole_http_is_a_problem_and_the_end(counter: Counter, name: str) -> None:
    with socket.create_connection(("127.0.0.1", counter.port), timeout=30) as odd:
        odd.sendall(ODD[name] + HEALTHZ)
        answer = b""
        try:
            while data := odd.recv(65_536):
                answer += data
        except ConnectionResetError:
            pass
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert b"application/problem+json" in answer
    assert answer.count(b"HTTP/1.1 ") == 1, "what stood behind it is no second request"
