"""Long work shows its progress on a terminal, and only there: what a script reads stays as it is."""

import gzip
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from embedded.clickhouse import ClickHouseServer
from embedded.terminal import growing, stepwise
from schemas import codec
from schemas.observations import OperatorActed
from tests.command.shell import ROOT, run


def on_terminal(*words: object, env: dict[str, str]) -> tuple[str, str]:
    """Run a command with a terminal as its standard error; return its output and what the terminal got."""
    ours, theirs = pty.openpty()
    said: list[bytes] = []

    def listen() -> None:
        try:
            while data := os.read(ours, 4096):
                said.append(data)
        except OSError:  # the other side closed it
            return

    listener = Thread(target=listen)
    listener.start()
    line = [sys.executable, "-m", "relaywarden", *map(str, words)]
    done = subprocess.run(
        line,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=120,
        check=True,
    )
    os.close(theirs)
    listener.join()
    os.close(ours)
    return done.stdout.decode(), b"".join(said).decode(errors="replace")


def test_the_history_is_written_under_a_bar(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    town = ("--days", "0.05", "--mailboxes", "20", "--takeovers", "0")
    output, terminal = on_terminal("demo", "--write", folder, *town, "--json", env={})
    assert "writing" in terminal
    assert json.loads(output)["folder"] == str(folder)
    assert run("demo", "--write", tmp_path / "other", *town, "--json").stderr == "", "no terminal, no bar"


LINE = b"2026-03-01T10:00:05.000000+00:00 mx1 postfix/qmgr[1]: 4F1qXz3ab1: removed\n"


@pytest.mark.parametrize("packed", [False, True])
def test_how_much_of_a_file_is_read_is_shown_in_percent(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001
    log, leak, out = tmp_path / "mail.log", tmp_path / "leak.txt", tmp_path / "out"
    log.write_bytes(gzip.compress(LINE * 1000) if packed else LINE * 1000)
    leak.write_bytes(b"anna@example.net\n" * 1000)
    for words in (
        ("parse", "postfix", log),
        ("parse", "auto", log),
        ("backtest", "--log", f"postfix={log}", "--leaks", leak, "--out", out, _config(tmp_path)),
    ):
        terminal = on_terminal(*words, env={"COLUMNS": "200"})[1]
        assert "100%" in terminal, words
        assert packed or "74.0/74.0 kB" in terminal, words


def test_of_a_pipe_it_is_shown_how_much_was_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(LINE * 1000,), daemon=True)
    writer.start()
    terminal = on_terminal("parse", "postfix", pipe, env={"COLUMNS": "200"})[1]
    writer.join(60)
    assert "%" not in terminal
    assert " kB" in terminal


def _config(folder: Path) -> Path:
    config = folder / "relaywarden.toml"
    config.write_text(f"data = '{folder}'\n")
    return config


def test_tables_and_observations_are_counted(tmp_path: Path, clickhouse: ClickHouseServer, database: str) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(
        f"data = '{tmp_path}'\n[clickhouse]\nport = {clickhouse.port}\ndatabase = '{database}'\n"
        f"[pool.main.transports]\nout1 = '192.0.2.1'\n[embedded]\ndata = '{tmp_path}/var'\n"
    )
    env = {"RELAYWARDEN_CLICKHOUSE_PASSWORD": clickhouse.password}
    output, terminal = on_terminal("migrate", "--config", config, "--json", env=env)
    done = [json.loads(line)["migration"] for line in output.splitlines()]
    assert f"migrating {database}" in terminal
    assert f"{len(done)}/?" in terminal
    at = time.time_ns() // 1000
    order = OperatorActed(id="o", at=at, operator="ada", action="pin", subject="192.0.2.1", reason="drill")
    clickhouse.connect(database).raw_insert("pool_observations", insert_block=codec.encode(order), fmt="JSONEachRow")
    output, terminal = on_terminal("replay", "--config", config, "--json", env=env)
    assert output == ""
    assert "replaying" in terminal
    assert "1/1" in terminal


def test_steps_and_growth_are_told(tmp_path: Path) -> None:
    told: list[int] = []
    with growing(tmp_path, told.append):
        (tmp_path / "mail.log").write_text("x" * 1000)
    assert sum(told) == 1000
    rows = [{"n": 1}, {"n": 2}]
    assert list(stepwise("x", 2, lambda _advance: rows)) == rows
