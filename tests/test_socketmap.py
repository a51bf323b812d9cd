"""The socketmap server: its protocol whatever comes, its shares, many clients, and sockets from systemd."""

import logging
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.broker import free_port
from streams import activation, serving
from streams.hooks import Answer
from streams.serving import listen
from streams.socketmap import MAX_REQUEST_BYTES, Answers, Choice, Requests, Server, netstring, reply

TWO = {"main": Answer(shares={"out1:": 1.0, "out2:": 1.0})}
KNOWN = {name: Answers.of(effect) for name, effect in TWO.items()}


@contextmanager
def _serving(pools: dict[str, Answer]) -> Iterator[tuple[Server, int]]:
    port = free_port()
    server = Server(pools, seed=1)
    server.start([listen("127.0.0.1", port)])
    try:
        yield server, port
    finally:
        server.stop()


def _ask(client: socket.socket, key: str, name: str = "main") -> bytes:
    client.sendall(netstring(f"{name} {key}".encode()))
    return _answers(client, 1)[0]


def _answers(client: socket.socket, number: int) -> list[bytes]:
    requests, found = Requests(), list[bytes]()
    while len(found) < number:
        data = client.recv(65536)
        if not data:
            break
        found.extend(requests.feed(data))
    return found


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(1, 50)))
def test_requests_come_out_whole_however_they_were_cut(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(netstring(data) for data in sent)
    requests, found, at = Requests(), list[bytes](), 0
    for cut in [*cuts, len(stream)]:
        found.extend(requests.feed(stream[at : at + cut]))
        at += cut
    assert found == sent
    assert not requests.waiting


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_whatever_comes_is_a_request_a_wait_or_a_refusal(pieces: list[bytes]) -> None:
    requests = Requests()
    with suppress(ValueError):
        for piece in pieces:
            for request in requests.feed(piece):
                with suppress(ValueError):
                    assert reply(request, KNOWN, 0.5) == b"OK out2:"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x", "no netstring begins with b'x'"),
        (b":", "no netstring begins with b''"),
        (b"-1:,", "no netstring begins with b'-1'"),
        (b"123456", "no netstring begins with b'123456'"),
        (b"10001:", "a request of 10001 bytes is longer than 10000"),
        (b"6:main a;", "a netstring of 6 bytes does not end with a comma"),
    ],
)
def test_what_is_no_netstring_is_refused_at_once(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(Requests().feed(data))


@pytest.mark.parametrize("request_", [b"", b"main", b"main ", b" key"])
def test_a_request_needs_a_name_and_a_key(request_: bytes) -> None:
    with pytest.raises(ValueError, match="without a name and a key"):
        reply(request_, KNOWN, 0.0)


def test_one_pool_answers_under_any_name_and_two_only_under_theirs() -> None:
    both = {"a": Answers.of(Answer(shares={"outa:": 1.0})), "b": Answers.of(Answer(shares={"outb:": 0.5}))}
    assert reply(b"pool alice@example.net", KNOWN, 0.0) == b"OK out1:"
    assert reply(b"b <>", both, 0.9) == b"OK outb:"
    assert reply(b"pool <>", both, 0.9) == b"PERM no pool is called pool"
    assert reply(b"pool-providers a@gmail.com", both, 0.9) == b"PERM no pool is called pool-providers"


GOOGLE = Answers.of(
    Answer(
        shares={"out1:": 1.0, "out2:": 1.0},
        providers={"google": {"out2:": 1.0}, "example.net": {"out1:": 1.0}},
        instances={"out1": {}, "out2": {}, "out-3": {"relay:[127.0.0.1]:10101": 1.0}},
    )
)


@pytest.mark.parametrize("others", [{}, {"other": KNOWN["main"]}])
@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"main-providers alice@gmail.com", b"OK out2:"),
        (b"main-providers Alice@GoogleMail.COM", b"OK out2:"),
        (b"main-providers gmail.com", b"OK out2:"),
        (b"main-providers alice@example.net", b"OK out1:"),
        (b"main-providers alice@mail.example.net", b"NOTFOUND "),
        (b"main-providers alice@example.org", b"NOTFOUND "),
        # Whose MX hosts are Google's is not asked: the answer never waits for the DNS.
        (b"main-providers alice@customer.example", b"NOTFOUND "),
        # What else transport_maps asks: the parent domain, the local part, the wildcard, the null sender's bounces.
        (b"main-providers .com", b"NOTFOUND "),
        (b"main-providers alice", b"NOTFOUND "),
        (b"main-providers *", b"NOTFOUND "),
        (b"main-providers <>", b"NOTFOUND "),
        (b"main-providers \xff@\xfe", b"NOTFOUND "),
        (b"main-of-out1 alice@example.net", b"NOTFOUND "),
        (b"main-of-out-3 alice@example.net", b"OK relay:[127.0.0.1]:10101"),
        (b"main-of-out4 alice@example.net", b"PERM no transport is called out4"),
    ],
)
def test_a_provider_and_an_instance_have_maps_of_their_own(
    request_: bytes, answer: bytes, others: dict[str, Answers]
) -> None:
    assert reply(request_, {"main": GOOGLE, **others}, 0.3) == answer


def test_shares_are_laid_one_after_the_other() -> None:
    choice = Choice.of({"out3": 0.5, "out1": 1.0, "gone": 0.0, "out2": 0.5})
    assert [choice.at(point) for point in (0.0, 0.499, 0.5, 0.749, 0.75, 0.9999999)] == [
        "out1",
        "out1",
        "out2",
        "out2",
        "out3",
        "out3",
    ]


def test_nothing_to_choose_from_is_refused() -> None:
    with pytest.raises(ValueError, match="no answer"):
        Choice.of({"out1": 0.0})
    with pytest.raises(ValueError, match="needs a pool"):
        Server({})


def test_weights_are_respected() -> None:
    choice = Choice.of({"out1": 1.0, "out2": 0.5, "out3": 0.1})
    points = random.Random(20260301)
    drawn = [choice.at(points.random()) for _ in range(16_000)]
    counts = {name: drawn.count(name) for name in ("out1", "out2", "out3")}
    assert counts == {"out1": 10016, "out2": 4958, "out3": 1026}
    expected = {"out1": 10_000, "out2": 5_000, "out3": 1_000}
    chi_square = sum((counts[name] - expected[name]) ** 2 / expected[name] for name in expected)
    assert chi_square < 9.21, "one in a hundred fair draws is further off (two degrees of freedom)"


def test_postfix_keys_are_answered_and_a_new_set_holds_on_open_connections() -> None:
    with _serving(TWO) as (server, port), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        assert {_ask(client, "alice@example.net") for _ in range(50)} == {b"OK out1:", b"OK out2:"}
        assert _ask(client, "<>") in {b"OK out1:", b"OK out2:"}
        server.answer("main", Answer(shares={"out2:": 0.1}))
        assert {_ask(client, "<>") for _ in range(50)} == {b"OK out2:"}
        with pytest.raises(ValueError, match="no answer"):
            server.answer("main", Answer(shares={}))
        assert _ask(client, "<>") == b"OK out2:"


def test_requests_may_come_by_the_byte_or_by_the_thousand() -> None:
    with _serving(TWO) as (_, port), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        for byte in netstring(b"main bob@example.net"):
            client.sendall(bytes([byte]))
        assert _answers(client, 1)[0].startswith(b"OK out")
        threading.Thread(target=client.sendall, args=(netstring(b"main <>") * 20_000,)).start()
        assert len(_answers(client, 20_000)) == 20_000


def test_a_malformed_request_closes_its_connection_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with _serving(TWO) as (_, port), socket.create_connection(("127.0.0.1", port), timeout=5) as good:
        for bad in (b"GET / HTTP/1.0\r\n\r\n", b"99999:" + b"x" * 10, b"4:main,", b"\x00\xff" * 5000):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client, caplog.at_level(logging.WARNING):
                client.sendall(bad)
                with suppress(ConnectionResetError):
                    assert client.recv(100) == b""
        assert _ask(good, "<>").startswith(b"OK out")
        longest = "a" * (MAX_REQUEST_BYTES - len("main "))
        assert _ask(good, longest).startswith(b"OK out")
    assert sum("connection is closed" in record.message for record in caplog.records) == 4


def test_a_request_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_REQUEST_SECONDS", 0.2)
    with _serving(TWO) as (_, port), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"20:main al")
        with suppress(ConnectionResetError):
            assert client.recv(100) == b""


def test_five_hundred_connections_are_served_at_once() -> None:
    with _serving(TWO) as (_, port):
        clients = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(500)]
        try:
            for client in clients:
                client.sendall(netstring(b"main alice@example.net"))
            answers = {_answers(client, 1)[0] for client in clients}
        finally:
            for client in clients:
                client.close()
    assert answers == {b"OK out1:", b"OK out2:"}


def test_a_taken_port_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="Address already in use") as refused:
            listen("127.0.0.1", port)
        assert (refused.value.strerror, refused.value.filename) == ("Address already in use", f"127.0.0.1:{port}")


def _activated(program: str, descriptor: int) -> subprocess.Popen[bytes]:
    """Run a program as systemd does: with the descriptor as number 3, and the variables that say so."""
    head = "import os\nfrom streams.activation import inherited\nos.environ['LISTEN_PID'] = str(os.getpid())\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + program],
        env={**os.environ, "LISTEN_FDS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: os.dup2(descriptor, 3),  # noqa: PLW1509 no threads run in this test
        close_fds=False,
        stderr=subprocess.PIPE,
    )


def test_systemd_sockets_are_taken_by_the_process_they_are_meant_for() -> None:
    program = (
        "(address, given), = inherited(os.environ, os.getpid()).items()\n"
        "connection, _ = given.accept()\nconnection.sendall(repr(address).encode())\n"
    )
    with listen("127.0.0.1", 0) as listening:
        host, port = listening.getsockname()
        with socket.create_connection((host, port), timeout=10) as early:
            process = _activated(program, listening.fileno())
            assert early.recv(100) == repr((host, port)).encode()
        assert process.communicate(timeout=60)[1] == b""
        assert process.returncode == 0


def test_a_descriptor_of_systemd_that_is_no_listening_socket_is_refused() -> None:
    reading, writing = os.pipe()
    process = _activated("inherited(os.environ, os.getpid())\n", reading)
    _, said = process.communicate(timeout=60)
    os.close(reading)
    os.close(writing)
    assert b"ValueError: systemd's descriptor 3 is no socket: Socket operation on non-socket" in said


def test_a_count_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="LISTEN_FDS is 'x', no number"):
        activation.inherited({"LISTEN_PID": "7", "LISTEN_FDS": "x"}, 7)


def test_sockets_for_another_process_are_left_alone() -> None:
    assert activation.inherited({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, 7) == {}
    assert activation.inherited({}, 7) == {}
