"""The process `relaywarden hooks` against a broker: at once from disk, whole sets only, whenever the log is away."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from msgspec.structs import replace

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.eventlog import broker_with_topics
from schemas import codec, pool_settings, settings
from schemas.kafka_clients import opened
from schemas.observations import HookApplied, HookFailed
from schemas.pool_events import (
    IpProbationStarted,
    IpRestored,
    IpWithdrawn,
    PoolEvent,
    WithdrawalDrifted,
    WithdrawalRefused,
)
from schemas.settings import Settings, SettingsError, parse
from schemas.topics import POOL_EVENTS, POOL_OBSERVATIONS
from streams.applying import Outcome, Wanted
from streams.hookfacts import fact_of
from streams.hooking import has_work, serve
from streams.hooks import ActiveSet
from streams.keeping import Fold
from streams.lastgood import Kept, LastGood, active_set, restored
from streams.socketmap import netstring
from tests.barring_lab import hooks_running, until

# kafka-python leaves the sockets of a broker that went away to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
AT = 1_793_000_000_000_000
IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2", "out3": "192.0.2.3"}
POOL = pool_settings.Pool(transports=IPS)
HOUR = 3_600_000_000


def _withdrawn(number: int, ip: str) -> IpWithdrawn:
    return IpWithdrawn(id=f"d{number}", at=AT + number, pool="main", ip=ip, until=AT + HOUR)


def _restored(number: int, ip: str) -> IpRestored:
    return IpRestored(id=f"d{number}", at=AT + number, pool="main", ip=ip)


def _configuration(
    folder: Path, bootstrap: str, port: int, *, dry_run: bool = False, host: str = "127.0.0.1"
) -> Settings:
    return parse(
        f"""
        data = "{folder}"
        [kafka]
        bootstrap = ["{bootstrap}"]
        [pool.main]
        transports = {{ out1 = "192.0.2.1", out2 = "192.0.2.2", out3 = "192.0.2.3" }}
        dry_run = {str(dry_run).lower()}
        [pool.main.hooks.postfix_socketmap]
        host = "{host}"
        port = {port}
        state = "{folder}/socketmap.json"
        [pool.main.hooks.postfix_randmap]
        path = "{folder}/pool.cf"
        reload = ["sh", "-c", "echo reload >> {folder}/reloads"]
        """,
        "test",
    )


def _answers(port: int, questions: int = 60) -> set[str]:
    """Return the different answers of the socketmap at `port`, or none while nobody serves there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(netstring(b"main alice@example.net") * questions)
            data = b""
            while data.count(b",") < questions:
                data += client.recv(65536)
    except (ConnectionRefusedError, ConnectionResetError):
        return set()
    return {answer.partition(b":OK ")[2].decode().rstrip(":") for answer in data.split(b",") if answer}


def _publish(bootstrap: str, *events: PoolEvent) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    for event in events:
        producer.send(POOL_EVENTS.name, codec.encode(event), partition=0).get(timeout=60)
    producer.close()


def _observations(bootstrap: str) -> list[HookApplied | HookFailed]:
    where = TopicPartition(POOL_OBSERVATIONS.name, 0)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    consumer.assign([where])
    end, found = consumer.end_offsets([where])[where], list[HookApplied | HookFailed]()
    while len(found) < end:
        for record in consumer.poll(200).get(where, []):
            event = codec.decode(record.value)
            assert isinstance(event, HookApplied | HookFailed)
            found.append(event)
    consumer.close()
    return found


def _table(folder: Path) -> set[str]:
    path = folder / "pool.cf"
    return {line.split()[1].rstrip(":") for line in path.read_text().splitlines()[1:]} if path.exists() else set()


def test_changes_reach_every_hook_and_are_reported(tmp_path: Path, fresh_broker: Broker) -> None:
    port = free_port()
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, port)
    ensure_topics(configuration)
    with hooks_running(configuration):
        until(lambda: _answers(port) == {"out1", "out2", "out3"}, "the first answer, all of the configuration")
        until(lambda: _table(tmp_path) == {"out1", "out2", "out3"}, "the first table")
        _publish(fresh_broker.bootstrap, _withdrawn(1, "192.0.2.1"))
        until(lambda: _answers(port) == {"out2", "out3"} == _table(tmp_path), "the withdrawal")
        refused = WithdrawalRefused(id="d2", at=AT + 2, pool="main", ip="192.0.2.2", reason="min_active")
        other = IpWithdrawn(id="x1", at=AT + 3, pool="other", ip="192.0.2.2", until=AT + HOUR)
        probation = IpProbationStarted(id="d3", at=AT + 4, pool="main", ip="192.0.2.1", share=0.5, until=AT + HOUR)
        _publish(fresh_broker.bootstrap, refused, other, probation)
        until(lambda: _answers(port) == {"out1", "out2", "out3"} == _table(tmp_path), "the probation")
        drifted = WithdrawalDrifted(id="d4", at=AT + 5, pool="main", ip="192.0.2.1")
        until(lambda: len(_observations(fresh_broker.bootstrap)) == 6, "the outcomes of both hooks")
        _publish(fresh_broker.bootstrap, drifted)
        until(lambda: len(_observations(fresh_broker.bootstrap)) == 8, "the repair")
    told = {(event.hook, event.decision): event for event in _observations(fresh_broker.bootstrap)}
    assert set(told) == {(hook, d) for hook in ("postfix_randmap", "postfix_socketmap") for d in ("", "d1", "d3", "d4")}
    assert all(isinstance(event, HookApplied) for event in told.values())
    assert (tmp_path / "reloads").read_text() == "reload\n" * 4
    assert told["postfix_socketmap", "d1"].active == {"192.0.2.2": 1.0, "192.0.2.3": 1.0}
    assert told["postfix_randmap", "d3"].active == {"192.0.2.1": 0.5, "192.0.2.2": 1.0, "192.0.2.3": 1.0}
    assert {event.host for event in told.values()} == {socket.gethostname()}


def test_it_answers_from_disk_without_a_broker(tmp_path: Path) -> None:
    kept = Kept(ips=tuple(IPS.values()), active={"192.0.2.3": 0.5}, decision="d9")
    state = LastGood(tmp_path / "socketmap.json")
    state.keep("main", kept)
    port = free_port()
    with hooks_running(_configuration(tmp_path, f"127.0.0.1:{free_port()}", port)):
        until(lambda: _answers(port) == {"out3"}, "the last good set")
        until(lambda: _table(tmp_path) == {"out3"}, "the table")


def test_a_replaced_broker_never_makes_the_set_larger_or_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.keeping.QUIET_SECONDS", 600.0)  # a refill that is slow is not taken for its end
    port, at = free_port(), free_port()
    known = (_withdrawn(1, "192.0.2.1"), _withdrawn(2, "192.0.2.2"))
    configuration = _configuration(tmp_path, f"127.0.0.1:{at}", port)
    with Broker(tmp_path / "one.log", at, cluster_id="one") as broker:
        ensure_topics(configuration)
        _publish(broker.bootstrap, *known)
        running = hooks_running(configuration)
        running.__enter__()
        until(lambda: _answers(port) == {"out3"}, "the backlog")
    seen: list[set[str]] = []
    watching = threading.Event()
    watcher = threading.Thread(target=_watch, args=(port, seen, watching))
    watcher.start()
    with broker_with_topics(configuration, tmp_path / "two.log") as broker:
        time.sleep(3)  # an empty log is no news
        _publish(broker.bootstrap, known[0])
        time.sleep(2)  # half of the refill is no news either
        _publish(broker.bootstrap, known[1])
        time.sleep(1)
        watching.set()
        watcher.join()
        _publish(broker.bootstrap, _restored(3, "192.0.2.1"))
        until(lambda: _answers(port) == {"out1", "out3"}, "the decision after the refill")
        running.__exit__(None, None, None)
    assert {frozenset(answers) for answers in seen} == {frozenset({"out3"})}
    assert len(seen) > 50


def _watch(port: int, seen: list[set[str]], stop: threading.Event) -> None:
    while not stop.is_set():
        seen.append(_answers(port))
        time.sleep(0.02)


def test_a_refill_that_lost_the_last_decision_is_believed_when_it_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.keeping.QUIET_SECONDS", 2.0)
    state = LastGood(tmp_path / "socketmap.json")
    state.keep("main", Kept(ips=tuple(IPS.values()), active={"192.0.2.3": 1.0}, decision="lost"))
    port = free_port()
    with Broker(tmp_path / "broker.log") as broker:
        configuration = _configuration(tmp_path, broker.bootstrap, port)
        ensure_topics(configuration)
        _publish(broker.bootstrap, _withdrawn(1, "192.0.2.1"))
        with hooks_running(configuration):
            until(lambda: _answers(port) == {"out3"}, "the last good set")
            began = time.monotonic()
            until(lambda: _answers(port) == {"out2", "out3"}, "the log's set")
            assert time.monotonic() - began > 1


def test_a_dry_run_tells_nobody_anything(
    tmp_path: Path, fresh_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, port, dry_run=True)
    ensure_topics(configuration)
    _publish(fresh_broker.bootstrap, _withdrawn(1, "192.0.2.1"))
    sentence = "pool main: dry run: would be brought to 192.0.2.2 1, 192.0.2.3 1"
    with caplog.at_level("INFO"), hooks_running(configuration):
        until(lambda: sentence in caplog.text, "the set that would be given")
        assert _answers(port) == {"out1", "out2", "out3"}
    assert list(tmp_path.glob("pool.cf")) == []
    assert _observations(fresh_broker.bootstrap) == []


def test_a_failing_reload_is_reported_and_tried_again(tmp_path: Path, fresh_broker: Broker) -> None:
    port = free_port()
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, port)
    ensure_topics(configuration)
    (tmp_path / "reloads").mkdir()
    with hooks_running(configuration):
        until(lambda: len(_observations(fresh_broker.bootstrap)) >= 3, "two outcomes and a second try")
        (tmp_path / "reloads").rmdir()
        until((tmp_path / "reloads").is_file, "the try that worked")
        until(lambda: len(_applied(fresh_broker.bootstrap)) == 2, "both hooks in force")
    failed = [event for event in _observations(fresh_broker.bootstrap) if isinstance(event, HookFailed)]
    assert {event.hook for event in failed} == {"postfix_randmap"}
    assert [event.attempt for event in failed] == [2**power for power in range(len(failed))]
    assert "ended with" in failed[0].reason
    assert "reloads: Is a directory" in failed[0].reason


def _applied(bootstrap: str) -> list[HookApplied]:
    return [event for event in _observations(bootstrap) if isinstance(event, HookApplied)]


def test_the_process_ends_at_once_and_comes_back_with_its_set(tmp_path: Path) -> None:
    port, said = free_port(), tmp_path / "said"
    configuration = _configuration(tmp_path, f"127.0.0.1:{free_port()}", port)
    LastGood(tmp_path / "socketmap.json").keep("main", Kept(ips=tuple(IPS.values()), active={"192.0.2.2": 1.0}))
    told = configuration.model_dump_json()
    program = f"from streams import hooking as h; h.run(h.Settings.model_validate_json({told!r}))"
    for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        with said.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stderr=errors,
            )
        try:
            until(lambda: _answers(port) == {"out2"}, "the answer", seconds=60)
            until(lambda: "log is away" in said.read_text(), "it is told that the log is away", seconds=60)
            process.send_signal(end)
            process.wait(timeout=12)
        finally:
            process.kill()
        assert process.returncode == (-9 if end is signal.SIGKILL else 0)
        assert "Traceback" not in said.read_text()
        assert said.read_text().count("log is away") == 1


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("", False),
        ('[pool.main.transports]\nout1 = "192.0.2.1"\n', False),
        ('[pool.main.transports]\nout1 = "192.0.2.1"\n[pool.main.hooks.pull]\n', True),
        ("[mailboxes.hooks.postfix_policy]\n", True),
        ('[sunset.pop]\nkind = "smtp_after_pop"\nbegins = 2027-02-01\nends = 2027-03-01\n', False),
    ],
)
def test_there_is_work_where_something_is_hooked(text: str, works: bool) -> None:  # noqa: FBT001
    assert has_work(parse(text, "x.toml")) is works


def test_wrong_settings_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no pool has a hook, and mailboxes have none"):
        serve(parse('[pool.main]\ntransports = {out1 = "192.0.2.1"}', "test"), threading.Event())
    port = free_port()
    configuration = _configuration(tmp_path, "127.0.0.1:1", port)
    (tmp_path / "socketmap.json").write_text("{")
    with pytest.raises(ValueError, match=r"socketmap.json: no state of the hooks: Input data was truncated"):
        serve(configuration, threading.Event())
    (tmp_path / "socketmap.json").unlink()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(OSError) as taken,  # noqa: PT011 its whole text is looked at
    ):
        serve(configuration, threading.Event())
    place = "pool.main.hooks.postfix_socketmap"
    assert str(taken.value) == f"{place}.port: 127.0.0.1:{port}: Address already in use"
    with pytest.raises(OSError, match=rf"^{place}.host: 192.0.2.77:{port}: Cannot assign requested address$"):
        serve(_configuration(tmp_path, "127.0.0.1:1", port, host="192.0.2.77"), threading.Event())


@pytest.mark.parametrize(
    ("kept", "active"),
    [
        (None, {"192.0.2.1": 1.0, "192.0.2.2": 1.0, "192.0.2.3": 1.0}),
        (Kept(ips=("192.0.2.1", "192.0.2.2", "192.0.2.3"), active={"192.0.2.2": 0.5}), {"192.0.2.2": 0.5}),
        # 192.0.2.3 is new in the configuration, 192.0.2.9 is there no more.
        (
            Kept(ips=("192.0.2.1", "192.0.2.2", "192.0.2.9"), active={"192.0.2.2": 1.0, "192.0.2.9": 1.0}),
            {"192.0.2.2": 1.0, "192.0.2.3": 1.0},
        ),
        # All that was active is configured no more: better the withdrawn ones than none.
        (
            Kept(ips=("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9"), active={"192.0.2.9": 1.0}),
            {"192.0.2.1": 1.0, "192.0.2.2": 1.0, "192.0.2.3": 1.0},
        ),
    ],
)
def test_the_set_to_start_with(kept: Kept | None, active: dict[str, float]) -> None:
    assert restored(kept, POOL).active == active


@pytest.mark.parametrize(
    ("barred", "expected"),
    [
        ({"google": ("192.0.2.1",)}, {"google": ("out1",)}),
        # 192.0.2.3 is withdrawn for all: what is left for this provider are the two others.
        ({"google": ("192.0.2.3",)}, {}),
        # Nothing would be left for this provider: it is as if nothing were withdrawn for it.
        ({"google": ("192.0.2.1", "192.0.2.2")}, {}),
        # An IP that is configured no more.
        ({"google": ("192.0.2.2", "192.0.2.9"), "yahoo": ("192.0.2.9",)}, {"google": ("out2",)}),
    ],
)
def test_what_is_barred_for_a_provider_leaves_it_at_least_one(
    barred: dict[str, tuple[str, ...]], expected: dict[str, tuple[str, ...]]
) -> None:
    kept = Kept(ips=POOL.ips, active={"192.0.2.1": 1.0, "192.0.2.2": 0.5}, barred=barred, decision="d1", at=AT)
    active = active_set("main", kept, POOL)
    assert active == ActiveSet(
        pool="main", shares={"out1": 1.0, "out2": 0.5}, ips=IPS, barred=expected, decision="d1", at=AT
    )
    assert active.by_ip() == kept.active


DECISIONS = st.lists(
    st.tuples(st.booleans(), st.sampled_from(sorted(IPS.values()))).map(lambda pair: pair), min_size=1, max_size=20
)


@given(DECISIONS, st.integers(0, 19))
def test_a_log_told_twice_or_in_pieces_gives_the_same_set(decisions: list[tuple[bool, str]], cut: int) -> None:
    events = tuple(
        _withdrawn(number, ip) if out else _restored(number, ip) for number, (out, ip) in enumerate(decisions)
    )
    once, pieces = Fold("main", POOL, ""), Fold("main", POOL, events[-1].id)
    once.take(events)
    pieces.take(events[:cut])
    assert pieces.tells(0.0) == (cut >= len(events))
    pieces.take(events)
    pieces.take(events[cut:])
    assert pieces.tells(0.0)
    assert pieces.active() == once.active()


def test_the_same_outcome_has_the_same_id_and_another_decision_another() -> None:
    active = ActiveSet(pool="main", shares={"out1": 1.0}, ips=IPS, decision="d1")
    wanted = Wanted(active, ())
    first = fact_of(Outcome(wanted, 1, 0.25), "main", "postfix_randmap", "relay1", AT)
    again = fact_of(Outcome(wanted, 1, 0.5), "main", "postfix_randmap", "relay1", AT + 1)
    other = fact_of(
        Outcome(Wanted(replace(active, decision="d2"), ()), 1, 0.5), "main", "postfix_randmap", "relay1", AT
    )
    assert isinstance(first, HookApplied)
    assert first.took_ms == 250
    assert first.id == again.id != other.id
    failed = fact_of(Outcome(wanted, 2, 0.5, "no"), "main", "postfix_randmap", "relay1", AT)
    assert isinstance(failed, HookFailed)
    assert (failed.attempt, failed.reason, failed.decision) == (2, "no", "d1")
    assert codec.decode(codec.encode(failed)) == failed
    assert json.loads(codec.encode(first))["active"] == {"192.0.2.1": 1.0}


@pytest.mark.parametrize("kind", [KafkaAdminClient, KafkaConsumer, KafkaProducer])
def test_a_broker_that_never_speaks_leaves_no_thread_behind(
    kind: type[KafkaConsumer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemas.kafka_clients.PATIENCE_MS", 300)
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as mute:
        kafka = settings.Kafka(bootstrap=(f"127.0.0.1:{mute.getsockname()[1]}",))
        for _ in range(3):
            with pytest.raises(KafkaError):
                opened(kind, kafka.bootstrap)
    assert set(threading.enumerate()) == before
    kafka = settings.Kafka(bootstrap=(f"127.0.0.1:{free_port()}",))
    with pytest.raises(OSError, match=f"no broker at {kafka.bootstrap[0]}: Connection refused"):
        opened(kind, kafka.bootstrap)
