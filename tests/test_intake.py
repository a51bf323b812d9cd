"""The intake of complaints: what a Maildir holds is published once acknowledged, and never deleted."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from collectors.intake import Intake
from schemas import codec
from schemas.bounce_events import BounceReceived
from schemas.events import ComplaintReceived, DeadLetter, Event
from schemas.settings import Maildir
from tests import mail_inputs

AUTHENTICATED = """\
Received: from pc (unknown [198.51.100.9]) (Authenticated sender: eve@example.net)
\tby mx1.example.net (Postfix) with ESMTPSA id 4F1qXz3aaa; Sun, 1 Mar 2026 09:00:00 +0000
"""
REPORT = mail_inputs.REPORT.replace("From: eve@example.net", f"{AUTHENTICATED}From: eve@example.net")


def _maildir(tmp_path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (tmp_path / "fbl" / part).mkdir(parents=True, exist_ok=True)
    return tmp_path / "fbl"


def _report(number: int) -> bytes:
    return REPORT.format(number=number).encode()


def _intake(maildir: Path) -> Intake:
    return Intake(Maildir(maildir=maildir), "fbl")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_is_published_and_then_moved(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    (maildir / "new" / "1.M1.mx1").write_bytes(_report(1))
    seen_at_publish: list[list[str]] = []
    events: list[Event] = []

    def publish(found: Sequence[Event]) -> None:
        seen_at_publish.append(_names(maildir / "new"))
        events.extend(found)

    assert _intake(maildir).take(publish) == 1
    assert seen_at_publish == [["1.M1.mx1"]]
    assert (_names(maildir / "new"), _names(maildir / "cur")) == ([], ["1.M1.mx1:2,S"])
    assert (maildir / "cur" / "1.M1.mx1:2,S").read_bytes() == _report(1)
    (complaint,) = events
    assert isinstance(complaint, ComplaintReceived)
    assert (complaint.sender, complaint.outbound_ip) == ("eve@example.net", "192.0.2.11")
    assert _intake(maildir).take(publish) == 0


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, 1), (0, 0), (-13, 13), (-15, 14), (-20_000, 14), (1, 0), (20_000, 0)],
)
def test_a_date_is_believed_within_the_two_weeks_before_the_mail_came(tmp_path: Path, days: int, expected: int) -> None:
    maildir, came = _maildir(tmp_path), datetime(2026, 3, 1, 10, tzinfo=UTC)
    date = format_datetime(came + timedelta(days=days)).encode()
    (maildir / "new" / "1").write_bytes(_report(1).replace(b"Sun, 1 Mar 2026 10:00:00 +0000", date))
    os.utime(maildir / "new" / "1", (came.timestamp(), came.timestamp()))
    events: list[Event] = []
    assert _intake(maildir).take(events.extend) == 1
    assert events[0].at == int((came - timedelta(days=expected)).timestamp()) * 1_000_000


def test_without_acknowledgement_the_mail_stays_and_comes_again_under_its_id(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    (maildir / "new" / "1").write_bytes(_report(1))
    tried: list[Event] = []

    def broken(found: Sequence[Event]) -> None:
        tried.extend(found)
        raise TimeoutError("no broker")

    with pytest.raises(TimeoutError):
        _intake(maildir).take(broken)
    assert _names(maildir / "new") == ["1"]
    events: list[Event] = []
    assert _intake(maildir).take(events.extend) == 1
    assert events == tried


def test_what_is_unseen_in_cur_is_taken_and_keeps_its_flags(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    for number, name in enumerate(["a:2,", "b:2,FR", "c:2,RS", "d"]):
        (maildir / "cur" / name).write_bytes(_report(number))
    events: list[Event] = []
    assert _intake(maildir).take(events.extend) == 3
    assert [event.message_id for event in events if isinstance(event, ComplaintReceived)] == [
        "0@example.net",
        "1@example.net",
        "3@example.net",
    ]
    assert _names(maildir / "cur") == ["a:2,S", "b:2,FRS", "c:2,RS", "d:2,S"]


def test_a_name_taken_in_cur_costs_no_mail(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    (maildir / "cur" / "1:2,S").write_bytes(b"the older")
    (maildir / "new" / "1").write_bytes(_report(1))
    assert _intake(maildir).take(lambda _: None) == 1
    assert _names(maildir / "cur") == ["1:2,S", "1_:2,S"]
    assert (maildir / "cur" / "1:2,S").read_bytes() == b"the older"


def test_what_cannot_be_read_is_a_dead_letter_and_kept(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    lame = b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\nno parts, password: hunter2\n"
    (maildir / "new" / "1.lame").write_bytes(lame)
    (maildir / "new" / "2.big").write_bytes(_report(2) + b"x" * (10 * 1024 * 1024))
    (maildir / "new" / "3.good").write_bytes(_report(3))
    os.utime(maildir / "new" / "1.lame", (1_000, 1_000))
    events: list[Event] = []
    assert _intake(maildir).take(events.extend) == 3
    first, second, third = events
    assert isinstance(first, DeadLetter)
    assert (first.name, first.format, first.place, first.at) == ("fbl", "any", "1.lame", 1_000_000_000)
    assert first.reason == "a feedback report without its feedback part"
    assert "hunter2" not in first.text
    assert isinstance(second, DeadLetter)
    assert (second.place, second.reason) == ("2.big", "a mail of more than 10485760 bytes")
    assert len(second.text) == 2400 or second.text.startswith("From: feedback@")
    assert isinstance(third, ComplaintReceived)
    assert _names(maildir / "cur") == ["1.lame:2,S", "2.big:2,S", "3.good:2,S"]


def test_a_mail_that_is_no_complaint_is_set_aside_unpublished(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    (maildir / "new" / "1").write_bytes(b"From: bob@example.net\nSubject: On vacation\n\nBack on Monday.\n")
    calls: list[Sequence[Event]] = []
    assert _intake(maildir).take(calls.append) == 1
    assert (calls, _names(maildir / "cur")) == ([], ["1:2,S"])


def test_odd_things_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    (maildir / "new" / ".hidden").write_bytes(_report(1))
    (maildir / "new" / "folder").mkdir()
    os.mkfifo(maildir / "new" / "pipe")
    (maildir / "new" / "dangling").symlink_to("nowhere")
    assert _intake(maildir).take(lambda _: None) == 0
    assert _names(maildir / "new") == [".hidden", "dangling", "folder", "pipe"]


def test_a_name_that_is_no_utf8_can_be_a_dead_letter(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    path = os.fsdecode(os.fsencode(maildir / "new") + b"/1.\xff\xfe")
    Path(path).write_bytes(b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\n")
    events: list[Event] = []
    assert _intake(maildir).take(events.extend) == 1
    assert isinstance(events[0], DeadLetter)
    assert codec.decode(codec.encode(events[0])) == events[0]


def test_settings_that_cannot_work_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match="no format of a mail or report 'arff'; there are any, arf, jmrp, spamcop, xarf, amazon_sns, bounce, ",
    ):
        Intake(Maildir(format="arff", maildir=tmp_path), "fbl")
    with pytest.raises(FileNotFoundError, match="nowhere/fbl"):
        Intake(Maildir(maildir=tmp_path / "nowhere" / "fbl"), "fbl")
    Intake(Maildir(maildir=tmp_path / "made"), "fbl")
    assert _names(tmp_path / "made") == ["cur", "new", "tmp"]


def test_few_are_published_before_they_are_moved(tmp_path: Path) -> None:
    """What is published twice after a crash must fit into what the worker knows again: 512 complaints of a mailbox."""
    maildir = _maildir(tmp_path)
    for number in range(150):
        (maildir / "new" / f"{number:03}").write_bytes(_report(number))
    moved: list[int] = []
    intake = _intake(maildir)

    def publish(events: Sequence[Event]) -> None:
        moved.append(len(_names(maildir / "cur")))
        assert len(events) <= 64

    assert [intake.take(publish) for _ in range(4)] == [64, 64, 22, 0]
    assert moved == [0, 64, 128]


def test_it_runs_until_it_is_stopped(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    for number in range(250):
        (maildir / "new" / f"{number:03}").write_bytes(_report(number))
    events: list[Event] = []
    stop = threading.Event()
    thread = threading.Thread(target=_intake(maildir).run, args=(events.extend, stop))
    thread.start()
    deadline = time.monotonic() + 20
    while len(_names(maildir / "cur")) < 250 and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert len({event.id for event in events}) == len(events) == 250
    assert _names(maildir / "new") == []


VICTIM = """
import sys, threading
from pathlib import Path
from collectors.intake import Intake
from schemas.settings import Maildir
with open(sys.argv[2], "a", buffering=1) as out:
    Intake(Maildir(maildir=Path(sys.argv[1])), "fbl").run(
        lambda events: out.writelines(event.id + "\\n" for event in events), threading.Event())
"""


def test_killed_at_any_moment_nothing_is_lost_and_ids_repeat(tmp_path: Path) -> None:
    maildir = _maildir(tmp_path)
    out = tmp_path / "out"
    for number in range(240):
        (maildir / "new" / f"{number:03}").write_bytes(_report(number))
    for _ in range(30):
        with subprocess.Popen([sys.executable, "-c", VICTIM, str(maildir), str(out)]) as victim:
            before = len(_names(maildir / "cur"))
            deadline = time.monotonic() + 10
            while len(_names(maildir / "cur")) < min(before + 60, 240) and time.monotonic() < deadline:
                time.sleep(0.002)
            victim.send_signal(signal.SIGKILL)
        if not _names(maildir / "new"):
            break
    assert _names(maildir / "cur") == [f"{number:03}:2,S" for number in range(240)]
    ids = out.read_text().split()
    assert len(set(ids)) == 240


def test_a_mail_that_tells_no_time_has_that_of_its_file(tmp_path: Path) -> None:
    came = 1_700_000_000
    for number, mail in enumerate((mail_inputs.BOUNCE, REPORT.format(number=1))):
        file = _maildir(tmp_path) / "new" / f"{number}.M1.mx1"
        file.write_text("".join(line for line in mail.splitlines(keepends=True) if "Mar 2026" not in line))
        os.utime(file, (came, came))
    events: list[Event] = []
    assert Intake(Maildir(maildir=tmp_path / "fbl", format="any"), "fbl").take(events.extend) == 2
    assert [(type(event), event.at) for event in events] == [
        (BounceReceived, came * 1_000_000),
        (ComplaintReceived, came * 1_000_000),
    ]
