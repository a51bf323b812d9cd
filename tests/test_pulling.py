"""GET /v1/pool: what programs fetch, when it is news, who may ask, and what ends a client."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from embedded.broker import free_port
from schemas.pool_hooks_more import PullHook
from schemas.settings import SettingsError, parse
from streams.effects import EffectError
from streams.hooking import serve
from streams.hooks import ActiveSet, Publish, pull
from streams.pulling import Server, token_of
from streams.pullreading import MOST_BYTES, MOST_CLIENTS, MOST_OF_ONE, Bounded, Places
from streams.serving import listen
from tests.waits import until

IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2"}


def _set(*active: str, pool: str = "main", decision: str = "d7", at: int = 1793000000123456) -> Publish:
    shares = dict.fromkeys(active, 1.0)
    return pull.effects(ActiveSet(pool=pool, shares=shares, ips=IPS, decision=decision, at=at), PullHook())[0]


@contextmanager
def _serving(token: str = "", **pools: Publish) -> Iterator[tuple[Server, int]]:
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = Server(pools or {"main": _set("out1", "out2")}, listening, token)
    try:
        yield server, port
    finally:
        server.stop()


def _get(port: int, path: str = "/v1/pool/main", method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = client.getresponse()
        return answer, answer.read().decode()


def test_a_pool_is_given_with_its_decision_and_its_time() -> None:
    with _serving() as (_, port):
        answer, body = _get(port)
    assert answer.status == 200
    assert json.loads(body) == {
        "pool": "main",
        "active": [
            {"transport": "out1", "ip": "192.0.2.1", "share": 1.0, "not_to": []},
            {"transport": "out2", "ip": "192.0.2.2", "share": 1.0, "not_to": []},
        ],
        "withdrawn": [],
        "decision": "d7",
        "at": 1793000000123456,
    }
    assert answer.headers["Last-Modified"] == "Mon, 26 Oct 2026 07:33:20 GMT"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Server"] == "relaywarden"


def test_what_a_client_has_already_is_not_sent_again() -> None:
    with _serving() as (server, port):
        tag = _get(port)[0].headers["ETag"]
        for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer, body = _get(port, If_None_Match=given)
            assert (answer.status, body, answer.headers["ETag"]) == (304, "", tag)
        server.sets.publish("main", _set("out1", decision="d8"))
        answer, body = _get(port, If_None_Match=tag)
    assert answer.status == 200
    assert answer.headers["ETag"] != tag
    assert [each["ip"] for each in json.loads(body)["withdrawn"]] == ["192.0.2.2"]


def test_a_client_that_waits_is_told_the_change_at_once() -> None:
    with _serving() as (server, port):
        tag = _get(port)[0].headers["ETag"]
        told: list[str] = []
        waiting = threading.Thread(
            target=lambda: told.append(_get(port, "/v1/pool/main?wait=60", If_None_Match=tag)[1])
        )
        waiting.start()
        server.sets.publish("other", _set("out2", pool="other"))
        server.sets.publish("main", _set("out2", decision="d8"))
        waiting.join(60)
    assert [json.loads(body)["decision"] for body in told] == ["d8"]


def test_all_pools_together_are_as_new_as_the_newest() -> None:
    with _serving(main=_set("out1"), two=_set("out2", pool="two", at=1793000100000000)) as (_, port):
        answer, body = _get(port, "/v1/pool")
    assert [(name, each["pool"]) for name, each in json.loads(body).items()] == [("main", "main"), ("two", "two")]
    assert answer.headers["Last-Modified"] == "Mon, 26 Oct 2026 07:35:00 GMT"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/healthz", "GET", 200),
        ("/v1/pool/main", "HEAD", 200),
        ("/v1/pool/none", "GET", 404),
        ("/v1/pool/", "GET", 404),
        ("/", "GET", 404),
        ("/v1/pool/../main", "GET", 404),
        ("/v1/pool/main?wait=61", "GET", 400),
        ("/v1/pool/main?wait=-1", "GET", 400),
        ("/v1/pool/main?wait=", "GET", 400),
        ("/v1/pool/main?wait=1&wait=1", "GET", 400),
        ("/v1/pool/main?weight=1", "GET", 400),
        ("/v1/pool/main", "POST", 501),
        ("/v1/pool/" + "x" * 70000, "GET", 414),
    ],
)
def test_every_question_has_its_answer(path: str, method: str, status: int) -> None:
    with _serving() as (_, port):
        answer, body = _get(port, path, method)
    assert answer.status == status
    assert (body == "") is (method == "HEAD")


def test_with_a_token_only_who_has_it_is_told() -> None:
    with _serving("t0ken") as (_, port):
        for headers in (
            {},
            {"Authorization": "Bearer other"},
            {"Authorization": "t0ken"},
            {"Authorization": "Bearer "},
        ):
            answer, body = _get(port, **headers)
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert "192.0.2" not in body
        assert _get(port, Authorization="Bearer t0ken")[0].status == 200
        assert _get(port, "/healthz")[0].status == 200


def test_what_speaks_no_http_or_too_many_at_once_ends_nobody_else() -> None:
    with _serving() as (server, port):
        for said in (b"\0" * 100 + b"\r\n\r\n", b"GET /v1/pool HTTP/9.9\r\n\r\n", b"GET\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                client.sendall(said)
                assert b"192.0.2" not in client.recv(65536)
        idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(MOST_CLIENTS)]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one_more:
            assert one_more.recv(1) == b"", "one more than there are threads for is let go at once"
        for client in idle:
            client.close()
        until(partial(_answers, port), "an answer")
        assert server.sets.found("/v1/pool/main") is not None


def _answers(port: int) -> bool:
    try:
        return _get(port)[0].status == 200
    except OSError:
        return False


def test_an_empty_set_is_never_given() -> None:
    with pytest.raises(ValueError, match="the active set is empty"):
        _set()


def test_beyond_loopback_a_token_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RELAYWARDEN_POOL_TOKEN", raising=False)
    assert token_of("main", PullHook()) == ""
    assert token_of("main", PullHook(host="::1")) == ""
    with pytest.raises(EffectError, match=r"^pool.main.hooks.pull.token_env: the variable RELAYWARDEN_POOL_TOKEN is"):
        token_of("main", PullHook(host="0.0.0.0"))
    with pytest.raises(EffectError, match=r"^pool.main.hooks.pull.token_file: .*No such file"):
        token_of("main", PullHook(token_file=tmp_path / "none"))
    monkeypatch.setenv("RELAYWARDEN_POOL_TOKEN", "t0ken")
    assert token_of("main", PullHook(host="0.0.0.0")) == "t0ken"


TWO = """
data = "{data}"
kafka.bootstrap = ["127.0.0.1:{away}"]
[pool.main.transports]
out1 = "192.0.2.1"
[pool.two.transports]
out2 = "192.0.2.2"
[pool.main.hooks.pull]
port = {port}
[pool.two.hooks.{other}
"""


def test_the_process_gives_the_last_good_set_while_kafka_is_away(tmp_path: Path) -> None:
    port, stop = free_port(), threading.Event()
    kept = {"main": {"ips": ["192.0.2.1"], "active": {"192.0.2.1": 0.5}, "decision": "d3", "at": 1793000000000000}}
    (tmp_path / "hooks.json").write_text(json.dumps(kept))
    text = TWO.format(data=tmp_path, away=free_port(), port=port, other=f"pull]\nport = {port}")
    process = threading.Thread(target=serve, args=(parse(text, "test"), stop))
    process.start()
    try:
        until(partial(_answers, port), "an answer")
        body = json.loads(_get(port, "/v1/pool")[1])
    finally:
        stop.set()
        process.join(60)
    assert (body["main"]["active"][0]["share"], body["main"]["decision"]) == (0.5, "d3")
    assert [each["ip"] for each in body["two"]["active"]] == ["192.0.2.2"]


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        (
            "postfix_socketmap]\nport = {port}\nstate = '{data}/s.json'",
            "pool.two.hooks.postfix_socketmap.port: {port} is the port of pool.main.hooks.pull too",
        ),
        (
            "pull]\nport = {port}\ntoken_env = 'TEST_TOKEN'",
            "pool.two.hooks.pull.token_env: port {port} has another token already",
        ),
        (
            "webhook]\nurl = 'https://panel.example.net/'\nsecret_env = 'TEST_NONE'",
            "pool.two.hooks.webhook.secret_env: the variable TEST_NONE is not set, and there is no file",
        ),
        (
            "postal]\nurl_env = 'TEST_NONE'",
            "pool.two.hooks.postal.url_env: the variable TEST_NONE is not set, and there is no file",
        ),
        (
            "kumomta]\nuser = 'relaywarden'\npassword_env = 'TEST_NONE'",
            "pool.two.hooks.kumomta.password_env: the variable TEST_NONE is not set, and there is no file",
        ),
    ],
)
def test_what_contradicts_itself_or_lacks_a_secret_does_not_start(
    other: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "t0ken")
    assert "TEST_NONE" not in os.environ
    port = free_port()
    told = TWO.format(data=tmp_path, away=free_port(), port=port, other=other.format(port=port, data=tmp_path))
    with pytest.raises(SettingsError) as refused:
        serve(parse(told, "test"), threading.Event())
    assert str(refused.value) == wrong.format(port=port)


def test_a_target_that_is_none_is_answered() -> None:
    with _serving() as (_, port), socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"


def test_a_client_that_drips_is_let_go_though_each_byte_comes_in_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reading = Bounded(ours, 0.3)
        read = 0
        with pytest.raises(TimeoutError):  # noqa: PT012 it reads till then
            while True:
                theirs.sendall(b"x")
                read += len(reading.read(1) or b"")
        assert read > 1
        reading.begin()
        assert reading.read(1) == b"x"


def test_no_more_of_a_request_is_read_than_may_be() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reading = Bounded(ours, 20.0)
        sender = threading.Thread(target=theirs.sendall, args=(b"x" * MOST_BYTES,))
        sender.start()
        read = 0
        while read < MOST_BYTES:
            read += len(reading.read(1 << 16) or b"")
        sender.join()
        with pytest.raises(TimeoutError):
            reading.read(1)


def test_one_address_beyond_this_host_gets_a_share_of_the_places() -> None:
    places = Places()
    assert [places.take("192.0.2.9") for _ in range(MOST_OF_ONE + 1)] == [True] * MOST_OF_ONE + [False]
    assert sum(places.take("127.0.0.1") for _ in range(MOST_CLIENTS)) == MOST_CLIENTS - MOST_OF_ONE
    places.leave("127.0.0.1")
    assert not places.take("192.0.2.9")
    assert places.take("192.0.2.10")
