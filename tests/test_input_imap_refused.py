"""Mails that an IMAP server refuses to give: the others go on, they are asked for again, each is taken once."""

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.inputs import imap
from schemas.inputs.imap import ImapInput
from tests.imap_server import ImapServer
from tests.mail_inputs import REPORT, Box, running
from tests.waits import until

PLAIN = {"kind": "imap", "host": "127.0.0.1", "tls": "none", "user": "fbl"}
RUN = """
import sys, threading
from pathlib import Path
from collectors.inputs import imap
from schemas.inputs.imap import ImapInput
from tests.mail_inputs import Box
imap.run(ImapInput.model_validate_json(sys.argv[1]), Box(Path(sys.argv[2]), "imap").outlet, threading.Event())
"""


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_IMAP_PASSWORD", "correct-horse")


def _report(number: int) -> bytes:
    return REPORT.format(number=number).replace("\n", "\r\n").encode()


def _refusing(answer: str, *uids: int) -> Callable[[str], str]:
    """Return what refuses each FETCH in which one of these is asked for."""

    def refuses(command: str) -> str:
        asked = command.split()[2].split(",") if command.startswith("UID FETCH") else []
        return answer if any(str(uid) in asked for uid in uids) else ""

    return refuses


def _numbers(box: Box) -> list[int]:
    """Return which reports were delivered; one that came twice is there twice."""
    return sorted(int(mail.split(b"Subject: complaint ")[1].split()[0]) for mail in box.mails())


def _state(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "input-box.json").read_text())
    return found


@pytest.mark.parametrize("answer", ["NO [SERVERBUG] it cannot be read", "BYE"])
def test_a_refused_mail_holds_up_nobody_is_told_once_and_comes_later(
    tmp_path: Path, answer: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "_OWED_SECONDS", (2.0, 2.0))
    box = Box(tmp_path, "imap")
    with ImapServer() as server, caplog.at_level(logging.INFO):
        server.mails = {uid: _report(uid) for uid in range(1, 8)}
        server.refuses = _refusing(answer, 3, 5)
        server.told_with_idle = (8, _report(8))
        given = ImapInput.model_validate(PLAIN | {"port": server.port})
        with running(imap.run, given, box.outlet):
            until(lambda: _numbers(box) == [1, 2, 4, 6, 7, 8], "the others, one that came later among them")
            assert sorted(_state(tmp_path)["owed"]) == [3, 5]  # type: ignore[call-overload]  # a list
            server.refuses = _refusing(answer, 5)
            until(lambda: 3 in _numbers(box), "the first that is given at last")
            server.refuses = lambda _: ""
            until(lambda: "owed" not in _state(tmp_path), "the second")
    assert _numbers(box) == list(range(1, 9)), "each once"
    told = [record.message for record in caplog.records if "does not give" in record.message]
    assert len(told) == 1, told
    assert told[0].startswith("input.box: fbl@127.0.0.1/INBOX: a mail that the server does not give, asked for again")
    assert told[0].endswith(" (UID 3)")
    assert sum("given at last" in record.message for record in caplog.records) == 2
    assert [*box.lost().values()] == ["UID 3"], "one dead letter, which counts both"


def test_one_that_others_deleted_meanwhile_is_owed_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_OWED_SECONDS", (0.1, 0.1))
    box = Box(tmp_path, "imap")
    with ImapServer() as server:
        server.mails = {1: _report(1), 2: _report(2)}
        server.refuses = _refusing("NO gone", 1)
        with running(imap.run, ImapInput.model_validate(PLAIN | {"port": server.port}), box.outlet):
            until(lambda: _numbers(box) == [2], "the other")
            del server.mails[1]
            server.refuses = lambda _: ""
            until(lambda: _numbers(box) == [2] and "owed" not in _state(tmp_path), "its end")


def test_a_server_that_refuses_all_is_waited_for_with_little_noise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "_OWED_SECONDS", (0.2, 0.4))
    box = Box(tmp_path, "imap")
    with ImapServer() as server, caplog.at_level(logging.WARNING):
        server.mails = {uid: _report(uid) for uid in range(1, 151)}
        server.refuses = lambda command: "NO [UNAVAILABLE] storage" if command.startswith("UID FETCH") else ""
        with running(imap.run, ImapInput.model_validate(PLAIN | {"port": server.port}), box.outlet):
            until(lambda: len(caplog.records) == 2, "both warnings")
            assert len(_state(tmp_path)["owed"]) == 100  # type: ignore[arg-type]  # a list
            server.refuses = lambda _: ""
            until(lambda: len(box.mails()) == 150, "all of them")
            until(lambda: "owed" not in _state(tmp_path), "what was owed")
    assert _numbers(box) == list(range(1, 151))
    assert len(caplog.records) == 2, [record.message for record in caplog.records]


def test_through_kill_9_what_is_owed_is_neither_lost_nor_doubled(tmp_path: Path) -> None:
    box = Box(tmp_path, "imap")
    with ImapServer() as server:
        server.mails = {uid: _report(uid) for uid in range(1, 61)}
        given = ImapInput.model_validate(PLAIN | {"port": server.port}).model_dump_json()
        command = [sys.executable, "-c", RUN, given, str(tmp_path)]
        for refused in ((7, 20), (20, 41), (41,)):
            server.refuses = _refusing("NO not now", *refused)
            delivered = len(box.mails())
            with subprocess.Popen(command) as process:
                until(lambda before=delivered: len(box.mails()) > before, "some mails")  # type: ignore[misc]
                process.send_signal(signal.SIGKILL)
        server.refuses = lambda _: ""
        with subprocess.Popen(command) as process:
            until(lambda: len(box.mails()) >= 60 and "owed" not in _state(tmp_path), "all of them")
            process.send_signal(signal.SIGKILL)
    assert _numbers(box) == list(range(1, 61))
