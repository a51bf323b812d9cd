"""An mbox as an input: what it holds, then what is appended, each mail once, whatever others do to the file."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from collectors.inputs import mbox
from collectors.lockedbox import BusyError, locked
from schemas.events import ComplaintReceived, DeadLetter
from schemas.inputs.mbox import MboxInput
from tests.mail_inputs import REPORT, Box, running
from tests.waits import until

BEGIN = b"From feedback@provider.example.net Sun Mar  1 10:00:05 2026\n"


def _boxed(*numbers: int) -> bytes:
    return b"".join(BEGIN + REPORT.format(number=number).encode() + b"\n" for number in numbers)


def _append(file: Path, *numbers: int) -> None:
    """Append as Postfix does: under fcntl's lock."""
    with file.open("ab") as out:
        fcntl.lockf(out, fcntl.LOCK_EX)
        out.write(_boxed(*numbers))


def _ids(box: Box) -> list[str]:
    return sorted(event.message_id for event in box.events() if isinstance(event, ComplaintReceived))


def test_what_it_holds_and_what_is_appended_becomes_complaints_of_their_time(tmp_path: Path) -> None:
    file, box = tmp_path / "fbl", Box(tmp_path, "mbox")
    file.write_bytes(_boxed(1, 2))
    before = file.stat()
    with running(mbox.run, MboxInput(kind="mbox", path=file), box.outlet):
        until(lambda: len(box.mails()) == 2, "what it holds")
        assert file.read_bytes() == _boxed(1, 2)
        assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
        _append(file, 3)
        until(lambda: len(box.mails()) == 3, "what is appended")
    assert box.mails()[0] == REPORT.format(number=1).encode()
    events = box.events()
    assert {event.at for event in events} == {1772359200_000000}, "an old mail is as old as its From line says"
    assert sorted(event.message_id for event in events if isinstance(event, ComplaintReceived)) == [
        f"{number}@example.net" for number in (1, 2, 3)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fbl", "input-box.json", "mails"]


@pytest.mark.parametrize("kept_inode", [True, False])
def test_a_file_that_a_mail_reader_wrote_anew_gives_only_what_is_new(tmp_path: Path, kept_inode: bool) -> None:  # noqa: FBT001
    file, box = tmp_path / "fbl", Box(tmp_path, "mbox")
    file.write_bytes(_boxed(1, 2, 3))
    with running(mbox.run, MboxInput(kind="mbox", path=file), box.outlet):
        until(lambda: len(box.mails()) == 3, "what it holds")
        assert len(_ids(box)) == 3
        anew = _boxed(2, 3, 4).replace(b"Subject:", b"Status: RO\nX-UID: 17\nSubject:")
        if kept_inode:
            file.write_bytes(anew)
        else:
            (tmp_path / "other").write_bytes(anew)
            (tmp_path / "other").replace(file)
        until(lambda: len(box.mails()) == 4, "the new one")
        _append(file, 5)
        until(lambda: len(box.mails()) == 5, "the next one")
    assert _ids(box) == ["4@example.net", "5@example.net"]


VICTIM = """
import sys, threading
from pathlib import Path
from collectors.inputs import mbox
from schemas.inputs.mbox import MboxInput
from tests.mail_inputs import Box
box = Box(Path(sys.argv[1]), "mbox")
mbox.run(MboxInput(kind="mbox", path=Path(sys.argv[1]) / "fbl"), box.outlet, threading.Event())
"""


def test_killed_between_delivery_and_its_note_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    file, box = tmp_path / "fbl", Box(tmp_path, "mbox")
    file.write_bytes(_boxed(*range(600)))
    for at_least in (50, 300, 600):
        with subprocess.Popen([sys.executable, "-c", VICTIM, str(tmp_path)]) as victim:
            until(lambda least=at_least: len(box.mails()) >= least, "mails")  # type: ignore[misc]
            victim.send_signal(signal.SIGKILL)
        box.events()
        (tmp_path / "fbl.lock").unlink(missing_ok=True)
    assert len(box.mails()) == 600
    assert len(list(box.cur.iterdir())) == 600


HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "rb+")
try:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("refused", flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""


def _stopped() -> threading.Event:
    stop = threading.Event()
    stop.set()
    return stop


def test_others_locks_hold_it_off_and_its_hold_others_off(tmp_path: Path) -> None:
    file, dotlock = tmp_path / "fbl", tmp_path / "fbl.lock"
    file.write_bytes(_boxed(1))
    other = partial(subprocess.Popen, [sys.executable, "-c", HOLDER, str(file)], stdin=-1, stdout=-1, text=True)
    with locked(file, _stopped()) as opened:
        assert dotlock.exists()
        with other() as refused:
            assert refused.communicate()[0] == "refused\n"
        assert opened.read() == _boxed(1)
    assert not dotlock.exists()
    with other() as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="fbl is locked by another program"), locked(file, _stopped()):
            pass
        holder.communicate("")
    assert not dotlock.exists(), "what was tried in vain leaves nothing behind"
    dotlock.touch()
    for age, stays in ((0, True), (600, False)):
        os.utime(dotlock, (time.time() - age,) * 2)
        with pytest.raises(BusyError), locked(file, _stopped()):
            pass
        assert dotlock.exists() is stays


def test_what_is_no_mbox_is_told_and_waited_for(tmp_path: Path) -> None:
    file, box = tmp_path / "fbl", Box(tmp_path, "mbox")
    file.write_bytes(b"Subject: no From line\n\nx\n")
    with running(mbox.run, MboxInput(kind="mbox", path=file), box.outlet):
        until((tmp_path / "input-box.json").exists, "its end")
        file.write_bytes(_boxed(1))
        until(lambda: len(box.mails()) == 1, "the mail")
    assert box.lost() == {f"{file} does not begin as an mbox": "Subject: no From line\n\nx\n"}


def test_a_damaged_state_is_told_with_its_place(tmp_path: Path) -> None:
    box = Box(tmp_path, "mbox")
    (tmp_path / "input-box.json").write_text("{")
    with pytest.raises(ValueError, match=r"input-box.json: damaged: .*; without it the input begins anew"):
        mbox.run(MboxInput(kind="mbox", path=tmp_path / "fbl"), box.outlet, _stopped())


def test_an_oversized_mail_costs_no_other_and_is_told(tmp_path: Path) -> None:
    file, box = tmp_path / "fbl", Box(tmp_path, "mbox")
    file.write_bytes(_boxed(1)[:-1] + b"x" * (12 << 20) + b"\n\n" + _boxed(2))
    with running(mbox.run, MboxInput(kind="mbox", path=file), box.outlet):
        until(lambda: len(box.mails()) == 2, "both")
    first, second = sorted(box.events(), key=lambda event: type(event).__name__)
    assert isinstance(first, ComplaintReceived)
    assert isinstance(second, DeadLetter)
    assert second.reason == "a mail of more than 10485760 bytes"
