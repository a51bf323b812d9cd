"""Mails of an IMAP folder at a server that answers oddly; a real one is in tests/real/test_dovecot_input.py."""

import logging
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.inputs import imap
from schemas.events import ComplaintReceived
from schemas.inputs.imap import ImapInput
from tests.imap_server import ImapServer
from tests.mail_inputs import REPORT, Box, running
from tests.waits import until

PLAIN = {"kind": "imap", "host": "127.0.0.1", "tls": "none", "user": "fbl"}


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_IMAP_PASSWORD", "correct-horse")


def _report(number: int) -> bytes:
    return REPORT.format(number=number).replace("\n", "\r\n").encode()


def _at(server: ImapServer, **more: object) -> ImapInput:
    return ImapInput.model_validate(PLAIN | {"port": server.port} | more)


def test_mails_become_complaints_and_what_comes_with_the_reply_to_idle_is_seen(tmp_path: Path) -> None:
    box = Box(tmp_path, "imap")
    with ImapServer() as server:
        server.mails = {1: _report(1), 90_000: _report(2)}
        server.told_with_idle = (90_001, _report(3))
        with running(imap.run, _at(server), box.outlet):
            until(lambda: len(box.mails()) == 3, "the mail told together with the reply to IDLE")
        assert [said for said in server.said if said.startswith(("SELECT", "UID STORE"))] == []
        assert sum(said.startswith("UID FETCH") and "BODY.PEEK[]<0.10485761>" in said for said in server.said) == 3
    assert box.mails()[0] == REPORT.format(number=1).encode()
    events = box.events()
    assert {event.at for event in events} == {1772359200_000000}, "an old mail is as old as the server says"
    assert sorted(event.message_id for event in events if isinstance(event, ComplaintReceived)) == [
        f"{number}@example.net" for number in (1, 2, 3)
    ]
    assert (tmp_path / "input-box.json").read_text() == '{"folder":"fbl@127.0.0.1/INBOX","validity":7,"uid":90001}'


def test_from_the_end_on_only_what_comes_is_taken(tmp_path: Path) -> None:
    box = Box(tmp_path, "imap")
    with ImapServer() as server:
        server.mails = {1: _report(1), 2: _report(2)}
        server.told_with_idle = (3, _report(3))
        with running(imap.run, _at(server, start="end"), box.outlet):
            until(lambda: len(box.mails()) == 1, "what comes")
    assert box.mails() == [REPORT.format(number=3).encode()]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("UID SEARCH", b"* SEARCH one two\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 ((((((\r\n"),
        ("EXAMINE", b"* OK [UIDVALIDITY x]\r\n"),
        ("LOGIN", b"x" * 2_000_000 + b"\r\n"),
        ("CAPABILITY", b"* BYE go away\r\n"),
    ],
)
def test_a_server_that_talks_nonsense_is_told_of_and_tried_again(
    tmp_path: Path, command: str, answer: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "_OWED_SECONDS", (0.2, 0.4))
    box = Box(tmp_path, "imap")
    with ImapServer() as server, caplog.at_level(logging.WARNING):
        server.mails = {1: _report(1)}
        tag = b"" if b"BYE" in answer else b"* OK\r\n"
        server.odd = {command: tag + answer + b"XXXX1 OK\r\n"}
        with running(imap.run, _at(server), box.outlet) as alive:
            until(lambda: any("127.0.0.1" in record.message for record in caplog.records), "the warning")
            assert alive()
            server.odd = {}
            until(lambda: len(box.mails()) == 1, "the mail")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"host": "imap.example.net"}, "tls is 'none', and imap.example.net is not this machine"),
        ({"done": "INBOX"}, "done is the folder 'INBOX' itself"),
        ({"folder": "INBOX\r\nx"}, "folder"),
        ({"user": ""}, "user"),
        ({"port": 0}, "port"),
        ({"password_env": "not a name"}, "password_env"),
    ],
)
def test_settings_that_cannot_work_are_told(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ImapInput.model_validate(PLAIN | given)


def test_what_cannot_be_begun_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box, stop = Box(tmp_path, "imap"), threading.Event()
    with pytest.raises(ValueError, match=r"input.box.ca: .*none.pem: "):
        imap.run(ImapInput.model_validate(PLAIN | {"ca": tmp_path / "none.pem"}), box.outlet, stop)
    monkeypatch.delenv("RELAYWARDEN_IMAP_PASSWORD")
    with pytest.raises(ValueError, match=r"input.box.password_env: the environment has no RELAYWARDEN_IMAP_PASSWORD"):
        imap.run(ImapInput.model_validate(PLAIN), box.outlet, stop)
    secret = tmp_path / "secret"
    secret.write_text("x\n")
    secret.chmod(0o644)
    with pytest.raises(ValueError, match=r"input.box.password_file: .*secret is open to others"):
        imap.run(ImapInput.model_validate(PLAIN | {"password_file": secret}), box.outlet, stop)
