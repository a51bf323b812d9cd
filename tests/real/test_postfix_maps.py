"""A real Postfix with the pool's other maps: one for single providers, one per instance, and a table in LMDB."""

import subprocess
from collections.abc import Iterator

import pytest

from embedded.broker import free_port
from schemas.pool_hooks import LmdbHook, SocketmapHook
from streams.bringing import Tools, differs, perform
from streams.effects import EffectError
from streams.hooks import ActiveSet, Answer, postfix_lmdb, postfix_socketmap
from streams.serving import listen
from streams.socketmap import Server
from tests.parts import absent, randmap_line, require, require_root
from tests.real.postfix_lab import SINK_HOST, PostfixLab

pytestmark = pytest.mark.real
TRANSPORTS = {"out1": "127.0.1.1", "out2": "127.0.1.2"}
BOTH = {"out1": 1.0, "out2": 1.0}


@pytest.fixture(autouse=True)
def _postfix() -> None:
    require("postfix", "postfix")
    require("smtp-sink", "postfix")
    require_root("Postfix's master")


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server({"main": _answer(BOTH, {})}, seed=7)
    yield running
    running.stop()


def _require_lmdb() -> None:
    told = subprocess.run((require("postconf", "postfix"), "-m"), capture_output=True, text=True, check=True)
    if "lmdb" not in told.stdout.split():
        absent("Postfix has no lmdb: apt-get install --no-install-recommends postfix-lmdb")


def _started(server: Server) -> str:
    port = free_port()
    server.start([listen("127.0.0.1", port)])
    return f"socketmap:inet:127.0.0.1:{port}"


def _answer(shares: dict[str, float], answers: dict[str, str], **barred: tuple[str, ...]) -> Answer:
    active = ActiveSet(pool="main", shares=shares, ips=TRANSPORTS, barred=barred)
    (effect,) = postfix_socketmap.effects(active, SocketmapHook(answers=answers))
    return effect


def test_an_ip_withdrawn_for_one_provider_sends_to_all_others(server: Server) -> None:
    place = _started(server)
    maps = f"transport_maps = {place}:main-providers\nsender_dependent_default_transport_maps = {place}:main"
    with PostfixLab(TRANSPORTS, maps) as lab:
        sink = {name: f"{name}:[{SINK_HOST}]:{lab.sink_port}" for name in TRANSPORTS}
        server.answer("main", _answer(BOTH, sink, google=("out1",)))
        assert lab.send(30, recipient="bob{}@gmail.com") == 30
        google = lab.wait_for(30)
        assert google == {"127.0.1.2": 30}
        assert lab.send(30, recipient="bob{}@example.net") == 30
        others = lab.wait_for(60) - google
        assert set(others) == {"127.0.1.1", "127.0.1.2"}
        server.answer("main", _answer(BOTH, sink))
        assert lab.send(30, recipient="eve{}@gmail.com") == 30
        back = lab.wait_for(90) - google - others
        assert set(back) == {"127.0.1.1", "127.0.1.2"}
        assert "Temporary lookup failure" not in lab.log_text()


def test_a_withdrawn_instance_gets_no_mail_and_gives_what_waits_to_another(server: Server) -> None:
    place = _started(server)
    instances = {
        name: PostfixLab(
            {name: ip, "relay": ip},
            f"default_transport = {name}:\nsender_dependent_default_transport_maps = {place}:main-of-{name}",
        )
        for name, ip in TRANSPORTS.items()
    }
    ways = {name: f"relay:[127.0.0.1]:{lab.port}" for name, lab in instances.items()}
    taking = PostfixLab({"relay": "127.0.1.9"}, f"sender_dependent_default_transport_maps = {place}:main")
    server.answer("main", _answer(BOTH, ways))
    with taking, instances["out1"] as out1, instances["out2"] as out2:
        assert taking.send(30) == 30
        taking.wait_for_log(" status=sent ", 30)
        before = {lab: lab.wait_for(5)["127.0.1.1" if lab is out1 else "127.0.1.2"] for lab in (out1, out2)}
        taking.until(lambda: out1.counts().total() + out2.counts().total() == 30 or None, "all 30 mails at the sinks")
        assert min(before.values()) >= 5, "half each, of 30"

        out1.pause_sink()
        server.answer("main", _answer({"out1": 1.0}, ways))
        assert taking.send(5) == 5
        out1.wait_for_log("status=deferred", 5)
        there = out2.counts().total()
        server.answer("main", _answer({"out2": 1.0}, ways))
        assert out2.wait_for(there + 5)["127.0.1.2"] == there + 5, "what waited leaves by the other"
        assert taking.send(10) == 10
        assert out2.wait_for(there + 15)["127.0.1.2"] == there + 15
        out1.resume_sink()

        server.answer("main", _answer({"out1": 1.0}, ways))
        known = out1.counts().total()
        assert taking.send(10) == 10
        assert out1.wait_for(known + 10)["127.0.1.1"] == known + 10


def test_an_lmdb_table_takes_an_ip_out_without_a_reload() -> None:
    _require_lmdb()
    lab = PostfixLab(TRANSPORTS, "")
    table = lab.home / "relaywarden-pool"
    line = randmap_line(f"{table}").replace("texthash:", "lmdb:")
    with (lab.config / "main.cf").open("a") as main:
        main.write(line)
    settings = LmdbHook(path=table, postmap=("postmap", "-c", str(lab.config)))

    def bring(shares: dict[str, float]) -> None:
        for effect in postfix_lmdb.effects(ActiveSet(pool="main", shares=shares, ips=TRANSPORTS), settings):
            perform(effect, Tools(answer=lambda _: None))
            assert differs(effect) == ""

    bring(BOTH)
    with lab:
        assert lab.send(40) == 40
        before = lab.wait_for(40)
        assert min(before["127.0.1.1"], before["127.0.1.2"]) >= 6, "half each, of 40"
        for shares, ip in (({"out2": 1.0}, "127.0.1.2"), ({"out1": 0.5}, "127.0.1.1")):
            bring(shares)
            assert lab.send(40) == 40
            after = lab.wait_for(before.total() + 40)
            assert after - before == {ip: 40}
            before = after
        assert "reload" not in lab.log_text()


def test_a_table_that_was_not_built_is_seen() -> None:
    _require_lmdb()
    lab = PostfixLab(TRANSPORTS, "")
    try:
        settings = LmdbHook(path=lab.home / "pool", postmap=("postmap", "-c", str(lab.config)))
        text, build, look = postfix_lmdb.effects(ActiveSet(pool="main", shares=BOTH, ips=TRANSPORTS), settings)
        tools = Tools(answer=lambda _: None)
        perform(text, tools)
        with pytest.raises(EffectError, match=r"^postmap: ended with 1: "):
            differs(look)
        perform(build, tools)
        assert differs(look) == ""
        (lab.home / "pool").write_text("00 out9:\n")
        assert differs(text).endswith("/pool was changed by somebody else")
        perform(build, tools)
        assert differs(look) == "postmap: 101 lines are not as they should be"
        with pytest.raises(EffectError, match=r"^postmap: 101 lines are not as they should be$"):
            perform(look, tools)
    finally:
        lab.stop()
