"""A refusal reaches a client that is still sending its body; one that never stops sending is cut (RFC 9112, 9.6)."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from streams.api import lingering
from streams.api.door import Door
from tests.api.counter import SECRETS, Counter
from tests.late_answers import TEN_MIB, answer_while_sending, sent_until_cut
from tests.waits import until

_POST = "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n"
_ORDER = _POST.format(path="/v1/pools/orders", token=SECRETS["panel"], kind="application/json")
_MAIL = _POST.format(path="/v1/complaints", token=SECRETS["mailer"], kind="message/rfc822")
_LONG = f"Content-Length: {TEN_MIB + 65_536}\r\n\r\n"
REFUSED = {
    "an order that is too large": (_ORDER + _LONG, 413),
    "a mail that is too large": (_MAIL + _LONG, 413),
    "two lengths": (_ORDER + "Transfer-Encoding: chunked\r\n" + _LONG, 400),
    "two keys": (_ORDER + "Idempotency-Key: a\r\nIdempotency-Key: b\r\n" + _LONG, 400),
    "no scope": (_ORDER.replace(SECRETS["panel"], SECRETS["viewer"]) + _LONG, 403),
    "no HTTP": (_ORDER + "Content-Length: x\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_is_still_sending_gets_the_whole_refusal(counter: Counter, name: str) -> None:
    head, status = REFUSED[name]
    for _ in range(5):
        answer = answer_while_sending(counter.port, head.encode())
        problem, _, body = answer.partition(b"\r\n\r\n")
        assert problem.startswith(f"HTTP/1.1 {status} ".encode())
        assert f"content-length: {len(body)}".encode() in problem.lower()
        assert json.loads(body)["status"] == status


async def _refuse(_scope: object, _receive: object, send: Any) -> None:  # noqa: ANN401 as ASGI has it
    headers = [(b"connection", b"close"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"no"})


@contextmanager
def _refusing() -> Iterator[tuple[int, uvicorn.Server]]:
    """Serve an application behind the door that reads nothing and refuses all."""
    server = uvicorn.Server(uvicorn.Config(_refuse, http=Door, ws="none", lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started, "the server")
            yield listening.getsockname()[1], server
        finally:
            server.should_exit = True
            thread.join(60)
    assert not thread.is_alive()


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n"


@pytest.mark.parametrize(("seconds", "most", "pause"), [(0.5, 1 << 40, 0.01), (3600.0, 1 << 20, 0.0)])
def test_who_never_stops_sending_is_cut_after_a_time_and_a_size(
    monkeypatch: pytest.MonkeyPatch, seconds: float, most: int, pause: float
) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", seconds)
    monkeypatch.setattr(lingering, "_MOST_BYTES", most)
    with _refusing() as (port, server):
        sent = sent_until_cut(port, HEAD, pause)
        assert sent > (0 if pause else most)
        until(lambda: not server.server_state.connections, "nothing is left of it")
        assert answer_while_sending(port, HEAD, 65_536).endswith(b"\r\n\r\nno"), "others are answered"


def test_who_only_waits_at_the_end_does_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 3600.0)
    with _refusing() as (port, server), socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(HEAD)
        assert client.recv(1, socket.MSG_PEEK) == b"H"
        until(lambda: len(server.server_state.connections) == 1, "its end is waited for")
        server.should_exit = True
        until(lambda: not server.server_state.connections, "the end")
        assert client.recv(4096).endswith(b"\r\n\r\nno")
