"""`relaywarden check` makes each input ready as `collect` would, tells what is in the way, and keeps nothing open."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import tomli_w

from collectors import collect
from embedded import checking
from embedded.broker import free_port
from embedded.checking_inputs import unready
from schemas.settings import Settings
from tests.certificates import expired, make
from tests.command.shell import refusal, run
from tests.waits import until

TOKEN = "0123456789abcdef"
NOBODY = 65534


def _settings(folder: Path, **inputs: dict[str, Any]) -> Settings:
    """Return a configuration whose logs and complaints take these inputs."""
    mails = {name for name, each in inputs.items() if each["kind"] in {"imap", "mbox", "smtp"}}
    table = {
        "data": str(folder / "state"),
        "kafka": {"bootstrap": [f"127.0.0.1:{free_port()}"]},
        "dashboard": {"port": free_port()},
        "input": inputs,
        "mta": {name: {"format": "postfix", "input": name} for name in inputs.keys() - mails},
        "complaints": {name: {"input": name} for name in mails},
    }
    return Settings.model_validate(table)


def _found(folder: Path, **inputs: dict[str, Any]) -> list[str]:
    return checking.findings(_settings(folder, **inputs))


def test_inputs_that_could_begin_are_sound_and_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RW_TOKEN", TOKEN)
    certificate, key = make(tmp_path)
    secured = {"certificate": str(certificate), "key": str(key)}
    (tmp_path / "acct-1.csv").write_text("")
    (tmp_path / "fbl").write_text("")
    web, relays = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    inputs: dict[str, dict[str, Any]] = {
        "web": {"kind": "http", "listen": web, "token_env": "RW_TOKEN", **secured},
        "relays": {"kind": "syslog", "udp": relays, "tcp": relays, "tls": f"127.0.0.1:{free_port()}", **secured},
        "lmtp": {"kind": "smtp", "listen": str(tmp_path / "lmtp"), "recipients": ["fbl@example.net"], **secured},
        "acct": {"kind": "files", "pattern": str(tmp_path / "acct-*.csv")},
        "box": {"kind": "mbox", "path": str(tmp_path / "fbl")},
        "imap": {"kind": "imap", "host": "192.0.2.1", "user": "u", "password_env": "RW_TOKEN"},
        "topic": {"kind": "kafka", "topic": "maillog"},
        "pipe": {"kind": "stdin"},
    }
    assert _found(tmp_path, **inputs) == []
    assert _found(tmp_path, **inputs) == [], "nothing is kept"
    assert {path.name for path in tmp_path.iterdir()} == {"acct-1.csv", "fbl", certificate.name, key.name}


def test_what_is_missing_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = str(tmp_path / "absent")
    assert _found(
        tmp_path,
        web={"kind": "http", "token_env": "RW_NONE"},
        imap={"kind": "imap", "host": "192.0.2.1", "user": "u", "password_file": absent},
        acct={"kind": "files", "pattern": f"{absent}/acct-*"},
        box={"kind": "mbox", "path": str(tmp_path)},
        fbl={"kind": "mbox", "path": absent},
        journal={"kind": "journald"},
        topic={"kind": "kafka", "topic": "maillog", "protocol": "SSL", "ca": absent},
    ) == [
        "input.web.token_env: the environment has no RW_NONE",
        f"input.imap.password_file: {absent}: No such file or directory",
        f"input.acct.pattern: {absent}/acct-*: {absent}: No such file or directory",
        f"input.box.path: {tmp_path} is no file",
        f"input.fbl.path: {absent}: No such file or directory",
        "input.journal.kind: 'journald', but there is no journalctl in PATH",
        f"input.topic.ca: {absent}: No such file or directory",
    ]


def test_certificates_that_clients_would_refuse_are_named(tmp_path: Path) -> None:
    old, old_key = expired(tmp_path)
    certificate, key = make(tmp_path)
    given = {"kind": "syslog", "tls": f"127.0.0.1:{free_port()}", "certificate": str(old), "key": str(old_key)}
    (told,) = _found(tmp_path, relays=given)
    assert told.startswith(f"input.relays.certificate: {old}: expired 20")
    assert told.endswith(" UTC: who looks at it refuses it")
    (told,) = _found(tmp_path, relays=given | {"certificate": str(certificate)})
    assert told == f"input.relays.certificate: {certificate} with the key {old_key}: KEY_VALUES_MISMATCH"
    key.chmod(0o644)
    (told,) = _found(tmp_path, relays=given | {"certificate": str(certificate), "key": str(key)})
    assert told == f"input.relays.key: {key} is open to others (mode 0644); chmod 600 it"


def test_an_address_that_is_taken_or_wanted_twice_is_named(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        smtp = {"kind": "smtp", "recipients": ["fbl@example.net"]}
        assert _found(tmp_path, lmtp=smtp | {"listen": place}) == [
            f"input.lmtp.listen: {place}: Address already in use"
        ]
    assert _found(tmp_path, one={"kind": "syslog", "tcp": place}, two=smtp | {"listen": place}) == [
        f"input.two.listen: {place}: Address already in use"
    ]


@contextmanager
def _without_rights() -> Iterator[None]:
    """Be nobody while the block runs."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_port_below_1024_needs_a_right(tmp_path: Path) -> None:
    settings = _settings(tmp_path, relays={"kind": "syslog", "tcp": "127.0.0.1:1"})
    assert checking.findings(settings) == [] or os.geteuid()
    with _without_rights():
        told = [*unready(settings)]
    assert told == ["input.relays.tcp: '127.0.0.1:1': Permission denied"]


def test_what_a_running_collector_has_is_a_note(tmp_path: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    settings = _settings(tmp_path, relays={"kind": "syslog", "tcp": place})
    taken = f"input.relays.tcp: '{place}': Address already in use"
    stop = Event()
    collecting = Thread(target=collect.run, args=(settings, stop))
    collecting.start()
    try:
        until(lambda: bool(checking.notes(settings)), "the collector's socket")
        assert checking.notes(settings) == [f"{taken}, by the collector that works in {settings.data}, it seems"]
        assert checking.findings(settings) == []
    finally:
        stop.set()
        collecting.join(30)
    assert not collecting.is_alive()
    assert checking.notes(settings) == []


def test_the_command_ends_with_status_2(tmp_path: Path) -> None:
    path = tmp_path / "relaywarden.toml"
    table = {
        "data": str(tmp_path / "state"),
        "dashboard": {"port": free_port()},
        "input": {"fbl": {"kind": "mbox", "path": str(tmp_path / "absent")}},
        "complaints": {"fbl": {"input": "fbl"}},
    }
    path.write_text(tomli_w.dumps(table))
    done = run("check", "--config", path)
    assert refusal(done) == f"{path}: 1 error"
    assert "input.fbl.path" in done.stdout
    assert "No such file or directory" in done.stdout


def test_a_pipe_is_refused_by_up_and_noted_where_up_is_meant(tmp_path: Path) -> None:
    told = "input.pipe.kind: 'stdin', but the collector of relaywarden up has no standard input"
    settings = _settings(tmp_path, pipe={"kind": "stdin"})
    table = settings.model_dump(mode="json", exclude_unset=True)
    assert told not in checking.notes(settings)
    assert told in checking.notes(Settings.model_validate(table | {"embedded": {"data": str(tmp_path / "up")}}))
    config = tmp_path / "relaywarden.toml"
    config.write_text(tomli_w.dumps(table))
    assert refusal(run("up", "--config", config)) == told
