"""The suspension hooks of `relaywarden hooks` against a broker: at once from disk, nobody released by a lost log."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.eventlog import broker_with_topics
from schemas import codec
from schemas.mailbox_events import (
    MailboxFlagged,
    MailboxSuspended,
    SuspensionApplied,
)
from schemas.pool_events import IpWithdrawn
from schemas.settings import Settings, SettingsError, parse
from schemas.topics import MAILBOX_SIGNALS, place_of
from streams.barred import Kept
from streams.bars import Bar
from streams.hooking import serve
from streams.serving import listen
from tests.barring_lab import AT, hooks_running, publish, release, suspension, throttle, until

# kafka-python leaves the sockets of a broker that went away to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
ALICE, BOB, CAROL = "alice@example.net", "bob@example.net", "carol@example.net"
NAMES = (ALICE, BOB, CAROL)
KNOWN = Kept(barred={ALICE: Bar(step="suspend", since=AT + 9, decision="d9")}, newest=("d9",))


@pytest.fixture(autouse=True)
def _sockets_of_brokers_gone() -> Iterator[None]:
    """Collect them here, where the mark above is in force."""
    yield
    gc.collect()


def _configuration(folder: Path, bootstrap: str, port: int, *, dry_run: bool = False, more: str = "") -> Settings:
    return parse(
        f"""
        data = "{folder}"
        [kafka]
        bootstrap = ["{bootstrap}"]
        partitions = 4
        [mailboxes.hooks]
        dry_run = {str(dry_run).lower()}
        [mailboxes.hooks.postfix_policy]
        port = {port}
        [mailboxes.hooks.postfix_access]
        path = "{folder}/suspended"
        build = []
        [mailboxes.hooks.command]
        suspend = ["sh", "-c", "echo suspend $0 >> {folder}/done", "{{mailbox}}"]
        release = ["sh", "-c", "echo release $0 >> {folder}/done", "{{mailbox}}"]
        {more}
        """,
        "test",
    )


def _answers(port: int) -> dict[str, str]:
    """Return the policy server's answer about each of those who are not just let pass; "?" while nobody answers."""
    request = "".join(
        f"request=smtpd_access_policy\nprotocol_state=RCPT\nsasl_username={name}\n\n" for name in NAMES
    ).encode()
    data = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(request)
        while data.count(b"\n\n") < len(NAMES):
            data += client.recv(65536)
    words = [answer.removeprefix("action=").split(" ")[0] for answer in data.decode().split("\n\n")[:-1]]
    return {name: word for name, word in zip(NAMES, words, strict=True) if word != "DUNNO"} if words else {"?": "?"}


def _table(folder: Path) -> list[str]:
    path = folder / "suspended"
    return [line.split()[0] for line in path.read_text().splitlines()[1:]] if path.exists() else []


def _done(folder: Path) -> list[str]:
    path = folder / "done"
    return path.read_text().splitlines() if path.exists() else []


def _signals(bootstrap: str) -> dict[tuple[str, str, str], int]:
    """Return the partition of each applied step, by mailbox, step and hook."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    where = [TopicPartition(MAILBOX_SIGNALS.name, number) for number in range(4)]
    consumer.assign(where)
    ends, found = consumer.end_offsets(where), dict[tuple[str, str, str], int]()
    while any(consumer.position(one) < end for one, end in ends.items()):
        for place, records in consumer.poll(200).items():
            for event in (codec.decode(record.value) for record in records):
                if isinstance(event, SuspensionApplied):
                    found[event.mailbox, event.step, event.hook] = place.partition
    consumer.close()
    return found


def test_decisions_reach_every_hook_and_what_was_done_is_told(tmp_path: Path, fresh_broker: Broker) -> None:
    port, bootstrap = free_port(), fresh_broker.bootstrap
    configuration = _configuration(tmp_path, bootstrap, port)
    ensure_topics(configuration)
    throttled = throttle(2, BOB, 0)
    proposed = MailboxSuspended(id="d3", at=AT + 3, mailbox=CAROL, score=140, mode="propose")
    with hooks_running(configuration):
        until(lambda: _answers(port) == {}, "the first answer")
        publish(configuration, suspension(1, ALICE), throttled, proposed)
        until(lambda: _answers(port) == {ALICE: "REJECT", BOB: "DEFER_IF_PERMIT"}, "the answers")
        until(lambda: _table(tmp_path) == [ALICE] and _done(tmp_path) == [f"suspend {ALICE}"], "the other hooks")
        publish(configuration, MailboxFlagged(id="d4", at=AT + 4, mailbox=ALICE, score=90, step="flag"))
        publish(configuration, suspension(5, BOB), release(6, ALICE))
        until(lambda: _answers(port) == {BOB: "REJECT"}, "the release")
        until(lambda: _table(tmp_path) == [BOB] and len(_done(tmp_path)) == 3, "the other hooks' release")
        until(lambda: len(_signals(bootstrap)) == 10, "what was done")
    assert sorted(_done(tmp_path)) == [f"release {ALICE}", f"suspend {ALICE}", f"suspend {BOB}"]
    told = _signals(bootstrap)
    every = ("command", "postfix_access", "postfix_policy")
    steps = {
        (mailbox, step, hook) for hook in every for mailbox, step in ((ALICE, "suspend"), (ALICE, ""), (BOB, "suspend"))
    }
    assert set(told) == steps | {(BOB, "throttle", "postfix_policy")}
    for (mailbox, step, hook), partition in told.items():
        event = SuspensionApplied(id="", at=0, mailbox=mailbox, step="suspend" if step else "", hook=hook, host="")
        assert partition == place_of(event, 4)[1]


def test_it_answers_from_disk_without_a_broker(tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "barred.json").write_bytes(msgspec.json.encode(KNOWN))
    port = free_port()
    with hooks_running(_configuration(tmp_path, f"127.0.0.1:{free_port()}", port)):
        until(lambda: _answers(port) == {ALICE: "REJECT"}, "the last good answer")
        until(lambda: _table(tmp_path) == [ALICE], "the table")
        until(lambda: _done(tmp_path) == [f"suspend {ALICE}"], "what was never carried out")


def test_a_replaced_broker_releases_nobody_and_bars_nobody_meanwhile(tmp_path: Path) -> None:
    port, at = free_port(), free_port()
    configuration = _configuration(tmp_path, f"127.0.0.1:{at}", port)
    history = (suspension(1, CAROL), release(2, CAROL), suspension(3, ALICE))
    seen: list[dict[str, str]] = []
    with Broker(tmp_path / "one.log", at, cluster_id="one"):
        ensure_topics(configuration)
        publish(configuration, *history)
        running = hooks_running(configuration)
        running.__enter__()
        until(lambda: _answers(port) == {ALICE: "REJECT"}, "the backlog")
    watching = threading.Event()
    watcher = threading.Thread(target=_watch, args=(port, seen, watching))
    watcher.start()
    with broker_with_topics(configuration, tmp_path / "two.log"):
        time.sleep(6)  # an empty log is no news, however long it is empty
        publish(configuration, history[0])
        time.sleep(2)  # half of the refill bars nobody
        publish(configuration, *history[1:])
        time.sleep(1)
        watching.set()
        watcher.join()
        publish(configuration, release(4, ALICE), suspension(5, BOB))
        until(lambda: _answers(port) == {BOB: "REJECT"}, "what is decided after the refill")
        running.__exit__(None, None, None)
    assert seen.count({ALICE: "REJECT"}) == len(seen) > 50


def _watch(port: int, seen: list[dict[str, str]], stop: threading.Event) -> None:
    while not stop.is_set():
        seen.append(_answers(port))
        time.sleep(0.05)


def test_pools_and_mailboxes_are_served_by_one_process(tmp_path: Path, fresh_broker: Broker) -> None:
    port, bootstrap = free_port(), fresh_broker.bootstrap
    pool = f"""
        [pool.main]
        transports = {{ out1 = "192.0.2.1", out2 = "192.0.2.2" }}
        [pool.main.hooks.postfix_randmap]
        path = "{tmp_path}/pool.cf"
        reload = ["true"]
    """
    configuration = _configuration(tmp_path, bootstrap, port, more=pool)
    ensure_topics(configuration)
    with hooks_running(configuration):
        until((tmp_path / "pool.cf").exists, "the pool's table")
        publish(configuration, suspension(1, ALICE))
        publish(configuration, IpWithdrawn(id="w1", at=AT, pool="main", ip="192.0.2.1", until=AT + 3_600_000_000))
        until(lambda: _answers(port) == {ALICE: "REJECT"}, "the suspension")
        until(lambda: "out1" not in (tmp_path / "pool.cf").read_text(), "the withdrawal")


def test_a_dry_run_bars_nobody_and_says_whom_it_would(
    tmp_path: Path, fresh_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    port, bootstrap = free_port(), fresh_broker.bootstrap
    configuration = _configuration(tmp_path, bootstrap, port, dry_run=True)
    ensure_topics(configuration)
    publish(configuration, suspension(1, ALICE))
    with caplog.at_level("INFO"), hooks_running(configuration):
        sentence = "dry run: 'alice@example.net': suspend by postfix_policy, postfix_access, command: "
        until(lambda: sentence in caplog.text, "the sentence")
        assert _answers(port) == {}
    assert (_table(tmp_path), _done(tmp_path), _signals(bootstrap)) == ([], [], {})
    assert list((tmp_path / "bars").iterdir()) == []


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_process_comes_back_with_what_it_knew(tmp_path: Path, end: signal.Signals) -> None:
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "barred.json").write_bytes(msgspec.json.encode(KNOWN))
    port = free_port()
    told = _configuration(tmp_path, f"127.0.0.1:{free_port()}", port).model_dump_json()
    program = f"from streams import hooking as h; h.run(h.Settings.model_validate_json({told!r}))"
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stderr=subprocess.PIPE,
        )
        until(lambda: _answers(port) == {ALICE: "REJECT"}, "the answer")
        until(lambda: _done(tmp_path) == [f"suspend {ALICE}"], "the command, once")
        time.sleep(0.5)
        process.send_signal(end)
        _, said = process.communicate(timeout=60)
        assert process.returncode == (-9 if end is signal.SIGKILL else 0)
        assert b"Traceback" not in said
    assert _done(tmp_path) == [f"suspend {ALICE}"]


def test_questions_wait_in_systemds_socket_while_the_process_restarts(tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "barred.json").write_bytes(msgspec.json.encode(KNOWN))
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        told = _configuration(tmp_path, f"127.0.0.1:{free_port()}", port).model_dump_json()
        program = (
            "import os; os.environ['LISTEN_PID'] = str(os.getpid())\n"
            f"from streams import hooking as h; h.run(h.Settings.model_validate_json({told!r}))"
        )
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as early:
                early.sendall(f"request=smtpd_access_policy\nsasl_username={ALICE}\n\n".encode())
                process = subprocess.Popen(
                    [sys.executable, "-c", program],
                    env={**os.environ, "LISTEN_FDS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
                    preexec_fn=lambda: os.dup2(listening.fileno(), 3),  # noqa: PLW1509 no threads run in this test
                    close_fds=False,
                    stderr=subprocess.DEVNULL,
                )
                assert early.recv(100).startswith(b"action=REJECT 5.7.1 ")
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0


def test_a_hook_that_is_not_configured_any_more_is_told_with_whom_it_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bars").mkdir()
    held = f'{{"{ALICE}": {{"bar": {{"step": "suspend", "since": 1, "decision": "d1"}}, "state": "done"}}}}'
    (tmp_path / "bars" / "hook-ldap.json").write_text(held)
    with hooks_running(_configuration(tmp_path, f"127.0.0.1:{free_port()}", free_port())):
        until(lambda: "ldap is not configured any more, but still bars 'alice@example.net'" in caplog.text, "a warning")


def test_wrong_settings_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no pool has a hook, and mailboxes have none: add"):
        serve(parse("", "test"), threading.Event())
    port = free_port()
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "barred.json").write_text("{")
    with pytest.raises(ValueError, match=r"barred.json: no state of what is barred: Input data was truncated"):
        serve(_configuration(tmp_path, "127.0.0.1:1", port), threading.Event())
    (tmp_path / "bars" / "barred.json").unlink()
    taken = rf"^mailboxes.hooks.postfix_policy.port: 127.0.0.1:{port}: Address already in use$"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match=taken):
        serve(_configuration(tmp_path, "127.0.0.1:1", port), threading.Event())
    pool = f"""
        [pool.main]
        transports = {{ out1 = "192.0.2.1" }}
        [pool.main.hooks.postfix_socketmap]
        port = {port}
        state = "{tmp_path}/socketmap.json"
    """
    with pytest.raises(SettingsError, match=rf"port: {port} is the port of pool.main.hooks.postfix_socketmap too"):
        serve(_configuration(tmp_path, "127.0.0.1:1", port, more=pool), threading.Event())
