"""`relaywarden up`: the broker replaced under load, kill -9 of itself and of each child, its ends and its refusals."""

import json
import os
import socket
import stat
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import tomli_w
from kafka import KafkaConsumer, TopicPartition

from collectors.admin import ensure_topics, partitions_there
from embedded import eventlog
from embedded.clickhouse import ClickHouseServer
from embedded.demo import DASHBOARD_PORT, configuration
from embedded.hoster.past import Plan, write
from embedded.ports import lasting_port, refusal
from schemas import codec, events, topics
from schemas.settings import ClickHouse, Settings, load
from streams import mailboxes
from streams.migrate import migrate
from tests.scraped import said, samples
from tests.whole.lab import ROOT, TRANSPORTS, until
from tests.whole.test_exactly_once import START, appended, expected_events
from tests.whole.upping import COMMAND, LISTED, LISTED_TRANSPORT, Ballast, Mta, Up

LINES = 50_000
MAIL = "FROM mail_events WHERE type != 'source_opened'"
SERVERS = ("embedded.clickhouse", "--cluster-id")
PROCESSES = (*SERVERS, "hooks", "sink", "stream", "collect", "dashboards")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Write more than 50 000 lines of the simulated hoster's mail log."""
    folder = tmp_path_factory.mktemp("history") / "past"
    write(folder, Plan(5, START, 0.25, TRANSPORTS, mailboxes=300, takeovers=4))
    return (folder / "mail.log").read_bytes()


def wait_for_all(up: Up, expected: list[events.Event]) -> None:
    """Wait until ClickHouse has every event, and every decision about a mailbox that an undisturbed fold gives."""
    until(lambda: up.value(f"SELECT uniqExact(id) {MAIL}") >= len(expected), 90, "all events are stored")
    wanted = len(decided(up, expected))
    until(lambda: up.value("SELECT count() FROM mailbox_events FINAL") >= wanted, 60, f"{wanted} decisions")


def decided(up: Up, expected: list[events.Event]) -> list[tuple[str, str, int, float]]:
    """Return the decisions about mailboxes of an undisturbed fold."""
    source = str(up.value("SELECT any(substring(id, 1, 16)) FROM mail_events"))
    states: dict[str, mailboxes.MailboxState] = {}
    found: list[tuple[str, str, int, float]] = []
    for event in expected:
        subject = mailboxes.subject_of(event)
        if subject:
            placed = codec.decode(codec.encode(event).replace(b'"id":"', b'"id":"' + source.encode(), 1))
            states[subject], ours = mailboxes.step(states.get(subject), placed, up.settings.mailboxes)
            found += [(str(one.__struct_config__.tag), one.mailbox, one.at, one.score) for one in ours]
    return sorted(found)


def the_end_is_clean(up: Up) -> None:
    """Press Ctrl-C twice: all ends within 30 s with 0, nothing is left, and no log holds a traceback."""
    children = up.children()
    assert len(children) >= len(PROCESSES)
    began = time.monotonic()
    assert up.end() == 0
    assert time.monotonic() - began < 30
    assert psutil.wait_procs(children, timeout=1)[1] == []
    assert up.tracebacks() == []


def what_is_stored_is_exact(up: Up, expected: list[events.Event]) -> None:
    """Compare what the ended `up` left with what a reader gives that nobody disturbs."""
    wanted = sorted((event.id, str(event.__struct_config__.tag)) for event in expected)
    with up.stored():
        rows = up.rows(f"SELECT substring(id, 17), type {MAIL} ORDER BY id")
        assert len(rows) == len(wanted)
        assert rows == wanted
        decisions = decided(up, expected)
        assert decisions
        assert sorted(up.rows("SELECT type, mailbox, at, score FROM mailbox_events FINAL")) == decisions
        changes = up.rows("SELECT type, ip FROM pool_events FINAL WHERE type IN ('ip_withdrawn', 'ip_restored')")
        assert changes == [("ip_withdrawn", LISTED)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_broker_is_replaced_under_load_and_nobody_notices(tmp_path: Path, history: bytes) -> None:
    assert history.count(b"\n") >= LINES
    with Up(tmp_path) as up:
        expected = expected_events(history, up)
        seconds = up.begin()
        mta = Mta(up.socketmap)
        mta.start()
        up.withdraw(mta)
        half = len(history) // 2
        for number, part in ((1, history[:half]), (2, history[half:])):
            _grown_until_replaced(up, number, part)
        wait_for_all(up, expected)
        _told_to_prometheus(up)
        answers = mta.stop()
        assert len(answers) > 100
        assert set(answers) <= set(TRANSPORTS) - {LISTED_TRANSPORT}
        assert partitions_there(up.effective.kafka).items() >= {"mail.events": 3, "pool.events": 1}.items()
        the_end_is_clean(up)
        what_is_stored_is_exact(up, expected)
        print(f"{seconds:.1f} s to the URL", *up.messages().splitlines(), sep="\n")  # noqa: T201 measured for people


def _told_to_prometheus(up: Up) -> None:
    """Look at what each process tells: it works, it is ready, it counts since the last broker; the pool stands so."""
    for process, port in up.metrics.items():
        until(lambda port=port: said(port, "/ready") == (200, {"ready": True, "waits_for": {}}), 15, process)  # type: ignore[misc]
        assert said(port, "/healthz") == (200, {"works": True, "problems": []}), process
    collect, sink = (samples(up.metrics[name]) for name in ("collect", "sink"))
    assert 0 < collect['relaywarden_lines_read_total{log="mx1"}'] < LINES * 2
    assert sink['relaywarden_stored_rows_total{table="mail_events"}'] > 0
    assert sink["relaywarden_insert_seconds_count"] > 0
    _comes_to(up, "collect", 'relaywarden_log_behind_bytes{log="mx1"}', 0)
    _comes_to(up, "collect", 'relaywarden_list_healthy{list="trapnet"}', 1)
    _comes_to(up, "sink", 'relaywarden_lag_records{topic="mail.events"}', 0)
    _comes_to(up, "stream", 'relaywarden_pool_ips{pool="main",state="withdrawn"}', 1)
    _comes_to(up, "stream", 'relaywarden_pool_active_ratio{pool="main"}', 0.75)
    _comes_to(up, "hooks", 'relaywarden_hook_failing{hook="pool main: postfix_socketmap"}', 0)


def _comes_to(up: Up, process: str, gauge: str, wanted: float) -> None:
    """Wait for what a gauge shall tell: it is set now and then, and what happened since then it does not tell yet."""
    told: list[float | None] = []

    def there() -> bool:
        told.append(samples(up.metrics[process]).get(gauge))
        return told[-1] == wanted

    try:
        until(there, 60, gauge)
    except TimeoutError:
        assert told[-1] == wanted, f"{process}: {gauge}"


def _grown_until_replaced(up: Up, number: int, part: bytes) -> None:
    """Make the broker grow until it is replaced for the n-th time, while a part of the log is being written."""
    ballast = Ballast(up, lambda: up.messages().count("drained and replaced") >= number)
    ballast.start()
    until(lambda: up.broker_mb() > 40, 60, "half of the growth")
    writer = appended(part, up.mail_log, seconds=20)
    until(lambda: up.messages().count("drained in") >= number, 60, "a drain")
    assert writer.is_alive()
    until(lambda: up.messages().count("the new broker is in its place") >= number, 60, "a new broker")
    ballast.join()
    assert 57 < ballast.peak_mb < 75
    writer.join()
    until(lambda: up.value("SELECT uniqExact(kafka_cluster) FROM pool_observations") > number, 60, "it is read")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kill_9_of_up_and_of_each_child(tmp_path: Path, history: bytes) -> None:
    with Up(tmp_path) as up:
        expected = expected_events(history, up)
        up.begin()
        mta = Mta(up.socketmap)
        mta.start()
        up.withdraw(mta)
        secret = up.data / "clickhouse.password"
        before = (secret.read_text(), up.effective.clickhouse.port)
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        writer = appended(history, up.mail_log, seconds=12)
        until(lambda: up.value(f"SELECT count() {MAIL}") > len(expected) // 5, 60, "a part is stored")
        worker = up.child("stream")
        assert worker is not None
        worker.suspend()  # so that what comes now is stored, and the checkpoint there, but nothing folded
        until(lambda: up.value(f"SELECT count() {MAIL}") > len(expected) // 2, 60, "half of it is stored")
        time.sleep(3)
        children = up.children()
        assert up.process is not None
        up.process.kill()
        up.process.wait()
        up.begin()
        assert psutil.wait_procs(children, timeout=0)[1] == []
        assert "goes back to where the mailboxes' states are" in up.messages()
        assert (secret.read_text(), up.effective.clickhouse.port) == before
        writer.join()
        wait_for_all(up, expected)
        copy = up.data / "folded" / "mta-mx1.json"
        until(
            lambda: (json.loads(copy.read_bytes())["position"] or {}).get("offset") == len(history), 30, "it moves on"
        )

        for word in PROCESSES:
            _killed(up, word)
        assert up.value(f"SELECT uniqExact(id) {MAIL}") == len(expected)
        _operators_and_a_second_up(up)
        until(lambda: up.child("collect") is not None, 10, "all run")
        answers = mta.stop()
        assert LISTED_TRANSPORT not in answers
        assert mta_asks_again(up)
        the_end_is_clean(up)
        what_is_stored_is_exact(up, expected)


def _killed(up: Up, word: str) -> None:
    """Kill a child: another has its place within seconds, and answers where it did."""
    child = up.child(word)
    assert child is not None, word
    place = up.effective.clickhouse.port, up.effective.kafka.bootstrap
    child.kill()
    until(lambda: (again := up.child(word)) is not None and again.pid != child.pid, 15, f"another {word}")
    assert (up.effective.clickhouse.port, up.effective.kafka.bootstrap) == place
    if word == "--cluster-id":
        until(lambda: "ended by itself" in up.messages(), 10, "a note")
        until(lambda: up.child("collect") is not None, 60, "the collectors are back")
    elif word == "embedded.clickhouse":
        until(lambda: not refusal_of_clickhouse(up), 30, "ClickHouse answers")


def refusal_of_clickhouse(up: Up) -> str:
    """Return why ClickHouse does not answer, "" when it does."""
    server = ClickHouseServer(up.data / "clickhouse", up.effective.clickhouse.port)
    return "" if server.answers() else "no answer"


def mta_asks_again(up: Up) -> bool:
    """Ask the socketmap a hundred times, as a new MTA would: the withdrawn transport is not named."""
    mta = Mta(up.socketmap)
    mta.start()
    until(lambda: len(mta.answers) >= 100, 30, "a hundred answers")
    answers = mta.stop()
    return set(answers[20:]) <= set(TRANSPORTS) - {LISTED_TRANSPORT}


def _operators_and_a_second_up(up: Up) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "RELAYWARDEN_CLICKHOUSE_PASSWORD"}
    config = str(up.data / "effective.toml")
    listed = subprocess.run(
        [*COMMAND, "pool", "list", "--json", "--config", config],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    states = {row["ip"]: row["state"] for row in map(json.loads, listed.stdout.splitlines())}
    assert states == {ip: "withdrawn" if ip == LISTED else "active" for ip in TRANSPORTS.values()}
    second = refused(up.config)
    assert second == f"relaywarden: {up.data}: another relaywarden up works there"


def refused(config: Path) -> str:
    """Run `up` where it cannot; return its one line of error. Nothing is left running."""
    done = subprocess.run(
        [*COMMAND, "up", "--config", str(config)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


def configured(folder: Path, port: int) -> Path:
    """Write a small configuration."""
    path = folder / "relaywarden.toml"
    table = {
        "data": str(folder / "state"),
        "dashboard": {"port": port},
        "pool": {"main": {"transports": TRANSPORTS}},
        "embedded": {"data": str(folder / "var")},
    }
    path.write_text(tomli_w.dumps(table))
    return path


@pytest.mark.slow
def test_a_start_that_fails_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "clickhouse").write_text("no folder")
    config = configured(tmp_path, lasting_port())
    log = tmp_path / "var" / "log" / "clickhouse.log"
    said = refused(config)
    assert said.startswith("relaywarden: clickhouse ended with status 2 (")
    assert "File exists" in said
    assert said.endswith(f"see {log}")
    left = [process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info["cmdline"])]
    assert left == []

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(configured(tmp_path, port))
    assert said == f"relaywarden: dashboard.port: 127.0.0.1:{port}: Address already in use"


def test_the_demo_takes_another_port_when_the_usual_one_is_taken(tmp_path: Path) -> None:
    if refusal("127.0.0.1", DASHBOARD_PORT):
        assert configuration(tmp_path)["dashboard"]["port"] != DASHBOARD_PORT
        return
    assert configuration(tmp_path)["dashboard"]["port"] == DASHBOARD_PORT
    with socket.create_server(("127.0.0.1", DASHBOARD_PORT)):
        assert configuration(tmp_path)["dashboard"]["port"] != DASHBOARD_PORT


def test_a_lasting_port_is_kept_and_is_none_of_the_kernels() -> None:
    port = lasting_port()
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not first <= port <= last
    assert lasting_port(port) == port
    with socket.create_server(("127.0.0.1", port)):
        assert lasting_port(port) != port


def test_a_password_file_is_read_unless_it_is_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    settings = ClickHouse(password_file=file)
    monkeypatch.delenv(settings.password_env, raising=False)
    with pytest.raises(ValueError, match=rf"^clickhouse.password_file: {file}: No such file or directory$"):
        _ = settings.password
    file.write_text("secret one\nand a comment\n")
    file.chmod(0o604)
    with pytest.raises(ValueError, match=rf"{file} is open to others \(mode 0604\); chmod 600 it$"):
        _ = settings.password
    file.chmod(0o640)
    assert settings.password == "secret one"
    monkeypatch.setenv(settings.password_env, "of the environment")
    assert settings.password == "of the environment"
    assert ClickHouse().password == "of the environment"


def test_a_broker_whose_topics_a_client_made_is_thrown_away(
    tmp_path: Path, clickhouse: ClickHouseServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path, clickhouse, database, monkeypatch)
    seen: list[dict[str, int]] = []

    def ensure(given: Settings, wanted: tuple[topics.Topic, ...]) -> list[str]:
        if not seen:  # a client that outlived the last broker is quicker
            with_names = KafkaConsumer(bootstrap_servers=list(given.kafka.bootstrap))
            with_names.end_offsets([TopicPartition("pool.events", 0)])
            with_names.close()
        seen.append(partitions_there(given.kafka))
        return ensure_topics(given, wanted)

    monkeypatch.setattr("embedded.eventlog.ensure_topics", ensure)
    log = eventlog.EventLog(settings, tmp_path / "broker.log")
    try:
        log.fill()
        assert seen == [{"pool.events": 4}, {}]
        assert partitions_there(settings.kafka)["pool.events"] == 1
        assert log.alive()
    finally:
        log.kill()


def _settings(folder: Path, server: ClickHouseServer, database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    table = {
        "kafka": {"bootstrap": [f"127.0.0.1:{lasting_port()}"], "partitions": 2},
        "clickhouse": {"port": server.port, "database": database},
    }
    path = folder / "relaywarden.toml"
    path.write_text(tomli_w.dumps(table))
    settings = load(path)
    monkeypatch.setenv(settings.clickhouse.password_env, server.password)
    with server.connect() as client:
        migrate(client, database)
    return settings
