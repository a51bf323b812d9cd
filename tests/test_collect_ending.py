"""The collector ends when it is told to, while no Kafka broker is there and however many signals come."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFIG = """
data = "{folder}/data"
[kafka]
bootstrap = ["127.0.0.1:{port}"]
[input.x]
kind = "files"
pattern = "{folder}/gone/x*"
[mta.waiting]
format = "postfix"
input = "x"
[mta.mx1]
format = "postfix"
log = "{folder}/mail.log"
"""
LINE = "2026-03-01T10:00:00.000000+01:00 mx1 postfix/qmgr[13]: 4F0000001z: from=<a@example.net>, size=1, nrcpt=1\n"


def start(folder: Path) -> "subprocess.Popen[str]":
    """Start a collector with something to publish and nobody to take it; return it when its threads run."""
    (folder / "mail.log").write_text(LINE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "relaywarden.toml"
    config.write_text(CONFIG.format(folder=folder, port=port))
    command = [sys.executable, "-m", "relaywarden", "collect", "--config", str(config)]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    assert started.stderr is not None
    assert any("collecting own side" in line for line in started.stderr)
    return started


@pytest.fixture
def collector(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    started = start(tmp_path)
    yield started
    started.kill()
    started.communicate()


@pytest.mark.parametrize("seconds", [0.5, 3, 8])
def test_it_ends_while_kafka_is_away(collector: "subprocess.Popen[str]", seconds: float) -> None:
    time.sleep(seconds)
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(15) == 0


def test_it_ends_where_signals_come_amid_the_handling_of_others(collector: "subprocess.Popen[str]") -> None:
    """Handlers that set the event themselves were stuck in one of four such runs."""
    time.sleep(0.5)
    for number in range(400):
        collector.send_signal((signal.SIGTERM, signal.SIGINT)[number % 2])
    assert collector.wait(15) == 0


_HANGS = """
import logging, socket, sys, time
from pathlib import Path
from collectors import collect
from schemas.settings import load
socket.create_connection = lambda *_, **__: time.sleep(100)
collect._ENDS_SECONDS = 1
logging.basicConfig(level=logging.INFO)
collect.run(load(Path(sys.argv[1])))
"""


def test_one_that_hangs_says_where_and_ends(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_text(LINE)
    config = tmp_path / "relaywarden.toml"
    config.write_text(CONFIG.format(folder=tmp_path, port=9))
    command = [sys.executable, "-c", _HANGS, str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as hanging:
        assert hanging.stderr is not None
        assert any("collecting own side" in line for line in hanging.stderr)
        time.sleep(1)
        hanging.send_signal(signal.SIGTERM)
        said = hanging.stderr.read()
    assert hanging.returncode == 1
    assert "in reachable" in said
