"""Kafka or ClickHouse is not there: commands say so within seconds, processes wait with one warning and end cleanly."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import tomli_w

from embedded.broker import free_port
from schemas.settings import load
from tests.command.shell import ROOT, Done, refusal, run, run_process
from tests.whole.lab import until

LINE = "2026-03-01T10:00:05+00:00 mx1 postfix/qmgr[12]: 4F1qXz3: from=<a@example.net>, size=1, nrcpt=1 (queue active)\n"
PARTS = {
    "collect": {"collectors.publish:", "relaywarden.collect:"},  # it writes facts, and reads which dead letters to try
    "stream": {"relaywarden.stream:"},
    "sink": {"relaywarden.sink:"},
    "hooks": {"streams.following:", "streams.reporting:"},  # they read decisions, and report
}
NAMES_UNKNOWN = "relaywarden.ownside:"  # where no name server answers within five seconds


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration whose servers are not there."""
    log = tmp_path / "mail.log"
    log.write_text(LINE)
    hook = {"port": free_port(), "state": str(tmp_path / "socketmap.json")}
    table = {
        "data": str(tmp_path / "state"),
        "kafka": {"bootstrap": [f"127.0.0.1:{free_port()}"]},
        "clickhouse": {"port": free_port()},
        "mta": {"mx1": {"format": "postfix", "log": str(log)}},
        "pool": {"main": {"transports": {"out1": "192.0.2.1"}, "hooks": {"postfix_socketmap": hook}}},
        "dashboard": {"port": free_port()},
    }
    path = tmp_path / "relaywarden.toml"
    path.write_text(tomli_w.dumps(table))
    return path


def _places(config: Path) -> tuple[str, str]:
    settings = load(config)
    return settings.kafka.bootstrap[0], f"127.0.0.1:{settings.clickhouse.port}"


def test_commands_say_within_seconds_that_kafka_is_away(config: Path) -> None:
    kafka, _ = _places(config)
    began = time.monotonic()
    said = refusal(run_process("topics", "--config", config))
    assert said.startswith(f"kafka.bootstrap: no Kafka broker answers at {kafka}")
    assert time.monotonic() - began < 60, "ten seconds of patience, and the start of a process"
    for words, begin in (
        (("pool", "withdraw", "192.0.2.1", "--reason", "x"), f"kafka.bootstrap: Kafka at {kafka} did not confirm"),
        (("pool", "restore", "192.0.2.1", "--reason", "x", "--json"), f"kafka.bootstrap: Kafka at {kafka} did not"),
        (("mailbox", "suspend", "a@example.net", "--reason", "x"), f"kafka.bootstrap: Kafka at {kafka} did not"),
        (("mailbox", "password-changed", "a@example.net"), f"kafka.bootstrap: Kafka at {kafka} did not confirm"),
    ):
        began = time.monotonic()
        done = run(*words, "--config", config)
        assert refusal(done).startswith(begin)
        assert "Errno" not in done.stderr
        assert time.monotonic() - began < 30
        assert done.stdout == ""


def test_commands_say_within_seconds_that_clickhouse_is_away(config: Path) -> None:
    _, clickhouse = _places(config)
    of_mailboxes = (("mailbox", "list"), ("mailbox", "show", "a@example.net"), ("mailbox", "history", "--json"))
    of_pools = (("pool", "list"), ("pool", "history"), ("replay", "--json"))
    for words in (("migrate",), ("migrate", "--dry-run"), *of_pools, *of_mailboxes):
        began = time.monotonic()
        done = run(*words, "--config", config)
        assert refusal(done) == f"clickhouse: no answer from ClickHouse at {clickhouse}: Connection refused"
        assert time.monotonic() - began < 30
    refusal(run_process("migrate", "--config", config))


def test_check_asks_the_servers_only_when_told(config: Path) -> None:
    kafka, clickhouse = _places(config)
    servers = ("kafka.bootstrap", "clickhouse")
    offline = _problems(run("check", "--config", config, "--json"))
    assert not set(servers) & set(offline)
    online = _problems(run("check", "--config", config, "--json", "--online"))
    assert online["kafka.bootstrap"] == f"no Kafka broker answers at {kafka}"
    assert online["clickhouse"] == f"no answer from ClickHouse at {clickhouse}: Connection refused"


def _problems(done: Done) -> dict[str, str]:
    refusal(done)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["place"]: row["problem"] for row in rows}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_processes_wait_with_one_warning_and_end_with_0(config: Path, tmp_path: Path) -> None:
    logs = {name: tmp_path / f"{name}.out" for name in PARTS}
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, log in logs.items():
            with log.open("wb") as file:
                line = [sys.executable, "-m", "relaywarden", name, "--config", str(config)]
                running[name] = subprocess.Popen(line, cwd=ROOT, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        for name, log in logs.items():
            until(partial(_warned, log), 90, f"the warning of {name}")
        time.sleep(5)
        for name, process in running.items():
            assert process.poll() is None, logs[name].read_text()
            process.send_signal(signal.SIGTERM)
        for name, process in running.items():
            assert process.wait(30) == 0, logs[name].read_text()
        for name, log in logs.items():
            assert max(Counter(_warnings(log)).values()) == 1, f"{name}: {log.read_text()}"
            assert set(_warnings(log)) - {NAMES_UNKNOWN} == PARTS[name], log.read_text()
            assert "Traceback" not in log.read_text()
            assert "Errno" not in log.read_text(), "the system's word, not its number"
        (told,) = logs["stream"].read_text().splitlines()
        assert told.endswith(f"no broker at {_places(config)[0]}: waiting until one answers, nothing is lost")
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    assert (tmp_path / "mail.log").read_text() == LINE
    (checkpoint,) = (tmp_path / "state" / "checkpoints").glob("*.json")
    assert json.loads(checkpoint.read_text())["position"]["offset"] == 0, "nothing counts as read"


def _warned(log: Path) -> bool:
    return bool(_warnings(log))


def _warnings(log: Path) -> list[str]:
    """Return which part of a process warned, once for each warning."""
    lines = log.read_text().splitlines()
    return [line.split()[3] for line in lines if " WARNING " in line or " ERROR " in line]
