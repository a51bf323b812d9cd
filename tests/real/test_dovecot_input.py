"""A folder of a real Dovecot as an input: IDLE, TLS, kill -9, UIDs numbered anew, wrong passwords and certificates."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.imapfolder import opened
from collectors.inputs import imap
from embedded.broker import free_port
from schemas import tls
from schemas.events import ComplaintReceived, DeadLetter
from schemas.inputs.imap import ImapInput
from tests import certificates
from tests.mail_inputs import REPORT, Box, running
from tests.parts import require, require_root
from tests.real.dovecot_lab import PASSWORD, DovecotLab
from tests.waits import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
_TLS = """
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
service imap-login {{
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""
_OLD = 'imap_capability = "IMAP4rev1 UIDPLUS"\n'


class Lab(DovecotLab):
    """A Dovecot with TLS, or one that knows neither IDLE nor MOVE."""

    def __init__(self, folder: Path, *, old: bool = False) -> None:
        self.tls_port = free_port()
        self.certificate, key = certificates.make(folder)
        tls = _TLS.format(certificate=self.certificate, key=key, port=self.tls_port)
        super().__init__(_OLD if old else tls)
        with self.config.open("a") as config:  # behind `ssl = no`
            config.write("" if old else tls)

    def settings(self, user: str, **more: object) -> ImapInput:
        """Return the settings of a mailbox's INBOX."""
        given = {"kind": "imap", "host": "127.0.0.1", "port": self.tls_port, "ca": self.certificate, "user": user}
        return ImapInput.model_validate(given | more)

    def put(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder."""
        with closing(_Session(self, user)) as session:
            for mail in mails:
                assert session.imap.append(folder, "", "", mail)[0] == "OK"

    def counted(self, user: str, folder: str = "INBOX") -> tuple[int, int]:
        """Return how many mails a folder has, and how many of them are not seen."""
        with closing(_Session(self, user)) as session:
            status = session.imap.status(folder, "(MESSAGES UNSEEN)")[1][0].decode()
        words = status.rpartition("(")[2].rstrip(")").split()
        return int(words[1]), int(words[3])


class _Session:
    def __init__(self, lab: DovecotLab, user: str) -> None:
        self.imap = lab.session(user)

    def close(self) -> None:
        self.imap.logout()


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_IMAP_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    require("dovecot", "dovecot-core dovecot-imapd")
    require_root("Dovecot's master")
    with Lab(tmp_path_factory.mktemp("tls")) as running_lab:
        yield running_lab


def _report(number: int) -> bytes:
    return REPORT.format(number=number).replace("\n", "\r\n").encode()


def _ids(box: Box) -> list[str]:
    return sorted(event.message_id for event in box.events() if isinstance(event, ComplaintReceived))


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_mail_that_arrives_in_idle_is_seen_at_once_and_nothing_is_changed(lab: Lab, tmp_path: Path, tls: str) -> None:
    user, box = f"idle-{tls}", Box(tmp_path, "imap")
    lab.put(user, _report(1), b"Subject: big\r\n\r\n" + b"x" * 76 * 150_000)
    port = lab.tls_port if tls == "implicit" else lab.port
    with running(imap.run, lab.settings(user, tls=tls, port=port), box.outlet):
        until(lambda: len(box.mails()) == 2, "what is there")
        lab.put(user, _report(2))
        until(lambda: len(box.mails()) == 3, "what comes")  # asked for each minute it would be too late
        subprocess.run(["doveadm", "-c", str(lab.config), "kick", user], check=False, capture_output=True)
        lab.put(user, _report(3))
        until(lambda: len(box.mails()) == 4, "what comes after the connection ended")
    assert lab.counted(user) == (4, 4)
    events = box.events()
    assert sorted(event.message_id for event in events if isinstance(event, ComplaintReceived)) == [
        f"{number}@example.net" for number in (1, 2, 3)
    ]
    (letter,) = (event for event in events if isinstance(event, DeadLetter))
    assert letter.reason == "a mail of more than 10485760 bytes"


VICTIM = """
import json, sys, threading
from pathlib import Path
from collectors.inputs import imap
from schemas.inputs.imap import ImapInput
from tests.mail_inputs import Box
imap.run(ImapInput.model_validate_json(sys.argv[2]), Box(Path(sys.argv[1]), "imap").outlet, threading.Event())
"""


def test_killed_between_delivery_and_its_note_nothing_is_lost_or_doubled(lab: Lab, tmp_path: Path) -> None:
    user, box = "killed", Box(tmp_path, "imap")
    lab.put(user, *(_report(number) for number in range(100)))
    given = lab.settings(user).model_dump_json()
    for at_least in (20, 100):
        with subprocess.Popen([sys.executable, "-c", VICTIM, str(tmp_path), given]) as victim:
            until(lambda least=at_least: len(box.mails()) >= least, "mails")  # type: ignore[misc]
            victim.send_signal(signal.SIGKILL)
        box.events()
    assert len(box.mails()) == len(list(box.cur.iterdir())) == 100


def test_uids_that_are_numbered_anew_bring_no_mail_twice(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    user, box = "anew", Box(tmp_path, "imap")
    lab.put(user, _report(1), _report(2))
    with running(imap.run, lab.settings(user), box.outlet):
        until(lambda: len(_ids(box)) == 2 or len(box.mails()) == 2, "what is there")
    box.events()
    update = ["doveadm", "-c", str(lab.config), "mailbox", "update", "-u", user, "--uid-validity", "4711", "INBOX"]
    subprocess.run(update, check=True, capture_output=True)
    lab.put(user, _report(3))
    with caplog.at_level(logging.WARNING), running(imap.run, lab.settings(user), box.outlet):
        until(lambda: len(box.mails()) == 3, "the new one")
    assert _ids(box) == ["3@example.net"]
    (record,) = caplog.records
    assert record.message.startswith(f"input.box: {user}@127.0.0.1/INBOX numbers its mails anew (UIDVALIDITY); all are")


def test_a_wrong_password_is_told_once_and_not_hammered_with(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RELAYWARDEN_IMAP_PASSWORD", "wrong")
    box = Box(tmp_path, "imap")
    with caplog.at_level(logging.WARNING), running(imap.run, lab.settings("locked"), box.outlet) as alive:
        until(lambda: bool(caplog.records), "the warning")
        until(lambda: "auth failed" in lab.log_text(), "Dovecot's own word, which it may write after its answer")
        assert alive()
    (record,) = caplog.records
    assert record.message.startswith("input.box: locked at 127.0.0.1: the login is refused: [AUTHENTICATIONFAILED]")
    assert lab.log_text().count("auth failed, 1 attempts") == 1


def test_a_certificate_that_is_not_trusted_gets_no_password(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box = Box(tmp_path, "imap")
    before = lab.log_text().count("Login: user=")
    for more in ({"ca": None}, {"host": "localhost"}):  # signed by nobody we know; for another host
        caplog.clear()
        with caplog.at_level(logging.WARNING), running(imap.run, lab.settings("fbl", **more), box.outlet):
            until(lambda: bool(caplog.records), "the warning")
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.records[0].message
    assert lab.log_text().count("Login: user=") == before


@pytest.mark.parametrize("old", [False, True])
def test_what_is_done_is_moved(lab: Lab, tmp_path: Path, old: bool) -> None:  # noqa: FBT001
    """MOVE, or where the server lacks it, COPY and UID EXPUNGE, which leaves alone what others have marked."""
    user, box = "mover", Box(tmp_path, "imap")
    if not old:
        _moved(lab, lab.settings(user, done="Done"), box)
        return
    with Lab(tmp_path, old=True) as lab_of_old:
        settings = lab_of_old.settings(user, done="Done", tls="none", port=lab_of_old.port)
        _moved(lab_of_old, settings, box)
        with opened(settings, PASSWORD, tls.client("", settings.ca, pytest.fail)) as folder:
            lab_of_old.put(user, _report(9))
            ended = threading.Event()
            ended.set()
            folder.wait(ended)  # it has no IDLE: asked, not told
            assert [len(uids) for uids in folder.after(0)] == [1]


def _moved(lab: Lab, settings: ImapInput, box: Box) -> None:
    lab.put(settings.user, _report(1), _report(2))
    with running(imap.run, settings, box.outlet):
        until(lambda: lab.counted(settings.user)[0] == 0, "an empty INBOX")
    assert lab.counted(settings.user, "Done") == (2, 2)
    assert _ids(box) == ["1@example.net", "2@example.net"]
