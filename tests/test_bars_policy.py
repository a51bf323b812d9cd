"""The policy server: its protocol whatever comes, whom a request is about, and how a throttled mailbox is counted."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.broker import free_port
from streams import serving
from streams.bars import Bar, Policy
from streams.policy import DUNNO, MAX_REQUEST_BYTES, Allowance, Answers, PolicyServer, Requests, Senders, attributes
from streams.serving import listen

REJECT = "REJECT 5.7.1 suspended"
DEFER = "DEFER_IF_PERMIT 4.7.1 throttled"
SUSPENDED = Bar(step="suspend", since=1, decision="d1")
NETWORKS = {"203.0.113.0/28": "customer-4711", "203.0.113.0/30": "customer-4711-shop", "2001:db8::/64": ""}
SENDERS = Senders(NETWORKS, ("127.0.0.0/8", "::1/128"))
# The request of Postfix's SMTPD_POLICY_README, with the attributes of release 3.7.
REQUEST = {
    "request": "smtpd_access_policy",
    "protocol_state": "RCPT",
    "protocol_name": "ESMTP",
    "client_address": "198.51.100.7",
    "client_name": "client.example.net",
    "helo_name": "client",
    "sender": "alice@example.net",
    "recipient": "bob@example.org",
    "recipient_count": "0",
    "queue_id": "",
    "instance": "1a2b.6512f3a4.8d3.0",
    "size": "12345",
    "sasl_method": "PLAIN",
    "sasl_username": "alice@example.net",
    "sasl_sender": "",
}


def _policy(**barred: Bar) -> Policy:
    named = {name.replace("_at_", "@").replace("_dot_", "."): bar for name, bar in barred.items()}
    return Policy(barred=named, suspended=REJECT, throttled=DEFER)


def _throttled(per_hour: int) -> Bar:
    return Bar(step="throttle", since=1, decision="d2", recipients_per_hour=per_hour)


def _wire(**attributes_of: str) -> bytes:
    return "".join(f"{name}={value}\n" for name, value in (REQUEST | attributes_of).items()).encode() + b"\n"


@contextmanager
def _serving(policy: Policy) -> Iterator[tuple[PolicyServer, int]]:
    port = free_port()
    server = PolicyServer(SENDERS, policy)
    server.start([listen("127.0.0.1", port)])
    try:
        yield server, port
    finally:
        server.stop()


def _client(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def _answers(client: socket.socket, number: int) -> list[str]:
    data = b""
    while data.count(b"\n\n") < number:
        got = client.recv(65536)
        if not got:
            break
        data += got
    return [answer.removeprefix("action=") for answer in data.decode().split("\n\n")[:-1]]


def _ask(client: socket.socket, **attributes_of: str) -> str:
    client.sendall(_wire(**attributes_of))
    return _answers(client, 1)[0]


TEXT = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=40)
NAME = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)


@given(st.lists(st.dictionaries(NAME, TEXT, min_size=1, max_size=5), max_size=5), st.lists(st.integers(1, 50)))
def test_requests_come_out_whole_however_they_were_cut(sent: list[dict[str, str]], cuts: list[int]) -> None:
    wire = ["".join(f"{name}={value}\n" for name, value in one.items()) + "\n" for one in sent]
    stream = "".join(wire).encode()
    requests, found, at = Requests(), list[dict[str, str]](), 0
    for cut in [*cuts, len(stream)]:
        found.extend(requests.feed(stream[at : at + cut]))
        at += cut
    assert found == sent
    assert not requests.waiting


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_whatever_comes_each_end_of_a_request_is_answered_once(pieces: list[bytes]) -> None:
    requests, stream = Requests(), b"".join(pieces)
    answered = sum(len(list(requests.feed(piece))) for piece in pieces)
    assert answered == len(list(Requests().feed(stream)))


def test_the_first_of_a_name_counts_and_lines_without_one_are_left_out() -> None:
    assert attributes(b"sender=a=b\nsender=c\nno line\n\xff=\xff") == {"sender": "a=b", "\ufffd": "\ufffd"}


@pytest.mark.parametrize(
    ("given_attributes", "sender"),
    [
        ({}, "alice@example.net"),
        ({"sasl_username": " Alice@Example.NET"}, "alice@example.net"),
        # The login counts, wherever the client is and whatever it calls itself.
        ({"sasl_username": "bob", "client_address": "203.0.113.5", "sender": "alice@example.net"}, "bob"),
        ({"sasl_username": "", "client_address": "203.0.113.5"}, "customer-4711"),
        ({"sasl_username": "", "client_address": "203.0.113.2"}, "customer-4711-shop"),  # the smaller network
        ({"sasl_username": "", "client_address": "2001:db8::7"}, "2001:db8::/64"),  # a network without a name
        ({"sasl_username": "", "client_address": "::ffff:203.0.113.5"}, "customer-4711"),
        ({"sasl_username": "", "client_address": "127.0.0.1", "sender": "Alice@example.net"}, "alice@example.net"),
        ({"sasl_username": "", "client_address": "::1"}, "alice@example.net"),
        # From elsewhere an envelope sender is a claim: a stranger could have others barred, or pass for them.
        ({"sasl_username": ""}, ""),
        ({"sasl_username": "", "client_address": "unknown"}, ""),
        ({"sasl_username": "", "client_address": ""}, ""),
    ],
)
def test_a_request_is_about_whom_the_collectors_name(given_attributes: dict[str, str], sender: str) -> None:
    assert SENDERS.of(REQUEST | given_attributes) == sender


def test_the_suspended_are_refused_in_every_state_and_nobody_else() -> None:
    answers = Answers(_policy(alice_at_example_dot_net=SUSPENDED))
    assert answers.to("alice@example.net", REQUEST, 0) == REJECT
    assert answers.to("alice@example.net", REQUEST | {"protocol_state": "DATA"}, 0) == REJECT
    assert answers.to("bob@example.net", REQUEST, 0) == DUNNO
    assert answers.to("", REQUEST, 0) == DUNNO


@given(st.integers(0, 30), st.lists(st.integers(0, 20), max_size=120))
def test_never_more_than_so_many_in_any_hour(per_hour: int, gaps: list[int]) -> None:
    allowance, minute, taken = Allowance(per_hour), 0, list[int]()
    for number, gap in enumerate(gaps):
        minute += gap
        if allowance.takes((f"instance{number}", "bob@example.org"), minute):
            taken.append(minute)
        assert len([one for one in taken if one >= minute - 60]) <= per_hour
    if per_hour and gaps:
        assert taken, "the first always passes"


def test_an_hour_later_the_whole_allowance_is_there_again() -> None:
    allowance = Allowance(2)
    assert [allowance.takes(("", ""), 0) for _ in range(3)] == [True, True, False]
    assert not allowance.takes(("", ""), 60)
    assert [allowance.takes(("", ""), 61) for _ in range(3)] == [True, True, False]


def test_a_recipient_that_is_asked_for_twice_counts_once() -> None:
    allowance = Allowance(2)
    assert [allowance.takes(("i1", "bob@example.org"), 0) for _ in range(5)] == [True] * 5
    assert allowance.takes(("i1", "carol@example.org"), 0)
    assert not allowance.takes(("i1", "dave@example.org"), 0)
    assert not allowance.takes(("i1", "dave@example.org"), 0)


def test_only_recipients_count_and_other_bars_leave_the_counts_alone() -> None:
    answers = Answers(_policy(alice=_throttled(2)))
    asked = [REQUEST | {"instance": f"i{number}"} for number in range(4)]
    assert answers.to("alice", asked[0] | {"protocol_state": "DATA"}, 0) == DUNNO
    assert [answers.to("alice", request, 0) for request in asked[:3]] == [DUNNO, DUNNO, DEFER]
    answers = Answers(_policy(alice=_throttled(3), bob=SUSPENDED), answers)
    assert [answers.to("alice", request, 0) for request in asked[2:]] == [DUNNO, DEFER], "one more is allowed now"
    answers = Answers(_policy(), answers)
    assert answers.to("alice", asked[0], 0) == DUNNO
    answers = Answers(_policy(alice=_throttled(1)), answers)
    assert [answers.to("alice", request, 0) for request in asked[:2]] == [DUNNO, DEFER], "counted from its throttle on"
    assert Answers(_policy(alice=_throttled(0))).to("alice", REQUEST, 0) == DEFER


def test_an_allowance_stays_small_however_much_is_asked() -> None:
    allowance = Allowance(10_000)
    for number in range(10_000):
        allowance.takes((f"i{number}", ""), number // 100)
    assert len(allowance._minutes) <= 61  # noqa: SLF001 what it keeps is what is claimed


def test_it_answers_over_one_connection_and_each_change_at_once() -> None:
    with _serving(_policy(alice_at_example_dot_net=SUSPENDED)) as (server, port), _client(port) as client:
        assert _ask(client) == REJECT
        assert _ask(client, sasl_username="bob@example.net") == DUNNO
        server.answer(_policy(alice_at_example_dot_net=_throttled(2)))
        assert [_ask(client, instance=f"i{number}") for number in range(3)] == [DUNNO, DUNNO, DEFER]
        server.answer(_policy())
        assert _ask(client) == DUNNO
        client.sendall(_wire() * 50)
        assert _answers(client, 50) == [DUNNO] * 50


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\n",
        b"\n\n"[:1],
        b"GET / HTTP/1.1\r\n\n",
        b"request=junk\nsasl_username=alice@example.net\n\n",
        b"sasl_username=alice@example.net\n\n",
        b"\xff\xfe\0\n\n",
        b"request=smtpd_access_policy\nx=" + b"a" * (2 * MAX_REQUEST_BYTES) + b"\nsasl_username=alice@example.net\n\n",
        b"a" * (3 * MAX_REQUEST_BYTES) + b"\n\n",
    ],
)
def test_what_it_does_not_understand_it_has_no_opinion_about(request_bytes: bytes) -> None:
    with _serving(_policy(alice_at_example_dot_net=SUSPENDED)) as (_, port), _client(port) as client:
        client.sendall(request_bytes)
        assert _answers(client, 1) == [DUNNO]
        assert _ask(client) == REJECT, "and goes on"


def test_a_request_that_never_ends_keeps_little_and_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = Requests()
    for _ in range(100):
        assert list(requests.feed(b"x" * MAX_REQUEST_BYTES)) == []
    assert len(requests._rest) <= MAX_REQUEST_BYTES  # noqa: SLF001 what it keeps is what is claimed
    monkeypatch.setattr(serving, "_REQUEST_SECONDS", 0.2)
    with _serving(_policy()) as (_, port), _client(port) as client:
        client.sendall(_wire()[:-1])
        assert client.recv(100) == b""


def test_thousands_of_requests_a_second_from_many_smtpd() -> None:
    clients, each = 8, 2000
    counted: list[int] = []
    with _serving(_policy(alice_at_example_dot_net=SUSPENDED)) as (_, port):

        def ask() -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                for _ in range(each // 100):
                    client.sendall(_wire() * 100)
                    counted.append(_answers(client, 100).count(REJECT))

        began = time.monotonic()
        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    assert sum(counted) == clients * each
    assert clients * each / took > 2000
