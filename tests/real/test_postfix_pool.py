"""A real Postfix whose pool is changed under it: by the socketmap server, and by the randmap table and a reload."""

import os
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from embedded.broker import free_port
from schemas.pool_hooks import RandmapHook, SocketmapHook
from streams import hooks
from streams.bringing import Tools, perform
from streams.hooks import ActiveSet, Answer, postfix_socketmap
from streams.serving import listen
from streams.socketmap import Server
from tests.parts import randmap_line, require, require_root
from tests.real.postfix_lab import PostfixLab

pytestmark = pytest.mark.real
TRANSPORTS = {"out1": "127.0.1.1", "out2": "127.0.1.2"}
BOTH = {"out1": 1.0, "out2": 1.0}


@pytest.fixture(autouse=True)
def _postfix() -> None:
    require("postfix", "postfix")
    require("smtp-sink", "postfix")
    require_root("Postfix's master")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(port: int) -> Iterator[Server]:
    running = Server({"main": _answer(BOTH)}, seed=7)
    running.start([listen("127.0.0.1", port)])
    yield running
    running.stop()


def _set(shares: dict[str, float]) -> ActiveSet:
    return ActiveSet(pool="main", shares=shares, ips={**TRANSPORTS, "out3": "192.0.2.3"})


def _answer(shares: dict[str, float]) -> Answer:
    (effect,) = postfix_socketmap.effects(_set(shares), SocketmapHook())
    return effect


def _socketmap(port: int) -> PostfixLab:
    return PostfixLab(TRANSPORTS, f"sender_dependent_default_transport_maps = socketmap:inet:127.0.0.1:{port}:main")


def test_the_socketmap_takes_an_ip_out_without_a_reload(server: Server, port: int) -> None:
    with _socketmap(port) as lab:
        assert lab.send(40) == 40
        assert lab.send(10, sender="") == 10
        before = lab.wait_for(50)
        assert set(before) == {"127.0.1.1", "127.0.1.2"}
        assert min(before.values()) >= 10, "half each, of 50"

        (effect,) = hooks.load("postfix_socketmap")(_set({"out2": 1.0}), SocketmapHook())
        perform(effect, Tools(answer=partial(server.answer, "main")))
        assert lab.send(40) == 40
        after = lab.wait_for(90)
        assert after - before == {"127.0.1.2": 40}

        server.answer("main", _answer(BOTH))
        assert lab.send(40) == 40
        back = lab.wait_for(130)
        assert (back - after)["127.0.1.1"] >= 8, "out1 carries its share again"
        lab.wait_for_log(" status=sent ", 130)
        sent = [line for line in lab.log_text().splitlines() if " status=sent " in line]
        by_log = {ip: sum(f"postfix/{name}/smtp[" in line for line in sent) for name, ip in TRANSPORTS.items()}
        assert by_log == back, "the transport that the log names is the IP that the sink saw"
        assert "reload" not in lab.log_text()


def test_a_deferred_mail_leaves_through_the_pool_of_its_next_try(server: Server, port: int) -> None:
    server.answer("main", _answer({"out1": 1.0}))
    with _socketmap(port) as lab:
        lab.pause_sink()
        assert lab.send(5) == 5
        lab.wait_for_log("status=deferred", 5)
        server.answer("main", _answer({"out2": 1.0}))
        lab.wait_for_log("postfix/out2/", 5)
        lab.resume_sink()
        counts = lab.wait_for(5)
        assert counts["127.0.1.2"] >= 4, "all but the one whose question the queue manager remembers for 30 s"
        assert counts.total() == 5


def test_while_the_server_is_away_submissions_are_refused_for_a_while_and_none_is_lost(port: int) -> None:
    with _socketmap(port) as lab:
        assert lab.send(2) == 0
        lab.wait_for_log("451 4.3.0", 1)
        assert lab.counts().total() == 0
        running = Server({"main": _answer({"out2": 1.0})})
        running.start([listen("127.0.0.1", port)])
        accepted = _until_accepted(lab)
        assert lab.wait_for(accepted) == {"127.0.1.2": accepted}
        running.stop()


def test_connections_wait_in_a_listening_socket_while_the_server_restarts(port: int) -> None:
    with listen("127.0.0.1", port) as waiting, _socketmap(port) as lab:
        first = Server({"main": _answer(BOTH)})
        first.start([socket.socket(fileno=os.dup(waiting.fileno()))])
        assert lab.send(4) == 4
        first.stop()
        second = Server({"main": _answer({"out1": 1.0})})
        second.start([socket.socket(fileno=os.dup(waiting.fileno()))])
        counts = lab.wait_for(4)
        assert lab.send(10) == 10
        assert lab.wait_for(14) - counts == {"127.0.1.1": 10}
        second.stop()


def test_an_address_that_cannot_be_bound_never_leaves_by_another(server: Server, port: int) -> None:
    server.answer("main", _answer({"out3": 1.0}))
    lab = PostfixLab(
        {**TRANSPORTS, "out3": "192.0.2.3"},
        f"sender_dependent_default_transport_maps = socketmap:inet:127.0.0.1:{port}:main",
    )
    with lab:
        assert lab.send(3) == 3
        lab.wait_for_log("status=deferred", 3)
        assert lab.counts().total() == 0


def test_the_randmap_table_takes_an_ip_out_with_a_reload(tmp_path: Path) -> None:
    table = tmp_path / "relaywarden-pool.cf"
    lab = PostfixLab(TRANSPORTS, randmap_line(str(table)))
    settings = RandmapHook(path=table, reload=lab.reload_command)

    def apply(active: dict[str, float]) -> None:
        for effect in hooks.load("postfix_randmap")(_set(active), settings):
            perform(effect, Tools(answer=lambda _: None))

    with lab:
        assert lab.send(1) == 0, "without a table mail is refused for a while, and leaves by no other way"
        lab.wait_for_log("451 4.3.0", 1)
        apply(BOTH)
        assert lab.send(40) == 40
        before = lab.wait_for(40)
        assert min(before["127.0.1.1"], before["127.0.1.2"]) >= 6, "half each, of 40"

        apply({"out2": 1.0})
        assert lab.send(40) == 40
        after = lab.wait_for(80)
        assert after - before == {"127.0.1.2": 40}

        apply({"out1": 1.0, "out2": 0.25})
        assert lab.send(80) == 80
        back = lab.wait_for(160) - after
        assert back["127.0.1.1"] > 2 * back["127.0.1.2"] > 0, "four to one"


def _until_accepted(lab: PostfixLab) -> int:
    for _ in range(100):
        accepted: int = lab.send(1)
        if accepted:
            return accepted
    raise AssertionError("Postfix never accepted a mail again")
