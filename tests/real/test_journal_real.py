"""The input `journald` against the real journalctl, with journals that systemd-journal-remote writes."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.inputs.journald import JournaldInput
from tests.inputs_lab import kept, lost, outlet_in, running
from tests.parts import absent, require
from tests.waits import until

pytestmark = pytest.mark.real

REMOTE = Path("/lib/systemd/systemd-journal-remote")
FIRST = 1_795_269_724_000_000


class Journal:
    """A folder with journals."""

    def __init__(self, folder: Path) -> None:
        require("journalctl", "systemd")
        if not REMOTE.exists():
            absent(f"{REMOTE} is not installed: apt-get install --no-install-recommends systemd-journal-remote")
        self.folder = folder
        folder.mkdir()

    def write(self, numbers: range, file: str = "system", boot: str = "1" * 32, **fields: str) -> None:
        """Append an entry for each number, as export format."""
        entries = []
        for number in numbers:
            named = {"_HOSTNAME": "mx1", "SYSLOG_IDENTIFIER": "postfix/smtp", "MESSAGE": f"line {number}"} | fields
            entries.append(
                f"__REALTIME_TIMESTAMP={FIRST + number}\n__MONOTONIC_TIMESTAMP={number + 1}\n_BOOT_ID={boot}\n"
                + "".join(f"{name}={value}\n" for name, value in named.items())
            )
        export = self.folder.parent / "export"
        export.write_text("\n".join(entries) + "\n")
        command = [str(REMOTE), f"--output={self.folder / file}.journal", str(export)]
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def settings_of(journal: Journal, **more: object) -> JournaldInput:
    return JournaldInput.model_validate({"kind": "journald", "directory": str(journal.folder)} | more)


def numbers(folder: Path) -> list[int]:
    return [int(line.rpartition(b" ")[2]) for line in kept(folder)]


def test_each_entry_is_kept_once_over_restarts_boots_and_matches(tmp_path: Path, journal: Journal) -> None:
    journal.write(range(5))
    journal.write(range(5, 7), SYSLOG_IDENTIFIER="sshd")
    settings = settings_of(journal, matches=["SYSLOG_IDENTIFIER=postfix/smtp", "SYSLOG_IDENTIFIER=dovecot"])
    outlet = outlet_in(tmp_path, "journald")
    with running(settings, outlet):
        until(lambda: numbers(tmp_path) == [*range(5)], "what was there")
        journal.write(range(7, 10))
        until(lambda: len(kept(tmp_path)) == 8, "what came while it followed")
    journal.write(range(10, 12), boot="2" * 32)
    settings = settings_of(journal, matches=["SYSLOG_IDENTIFIER=dovecot", "+", "_HOSTNAME=mx1"])
    with running(settings, outlet_in(tmp_path, "journald")):
        until(lambda: len(kept(tmp_path)) == 10, "what came while it was down")
    assert numbers(tmp_path) == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]
    assert kept(tmp_path)[-1] == b"2026-11-21T14:02:04.000011+00:00 mx1 postfix/smtp: line 11"
    assert lost(outlet) == []


def test_entries_that_were_deleted_unread_are_told_as_lost(tmp_path: Path, journal: Journal) -> None:
    outlet = outlet_in(tmp_path, "journald")
    journal.write(range(3), "old")
    with running(settings_of(journal), outlet):
        until(lambda: len(kept(tmp_path)) == 3, "the first file")
    position = outlet.lines.position.decode() if outlet.lines else ""
    journal.write(range(3, 6), "old")
    journal.write(range(6, 9), "new")
    (journal.folder / "old.journal").unlink()
    with running(settings_of(journal), outlet):
        until(lambda: len(kept(tmp_path)) == 6, "the second file")
    assert numbers(tmp_path) == [0, 1, 2, 6, 7, 8]
    (reason,) = lost(outlet)
    assert reason.startswith(
        f"journal: the entries behind {position} were deleted before they were read; it goes on at s="
    )


def test_other_matches_than_before_are_no_loss_and_the_end_is_where_it_was_first_seen(
    tmp_path: Path, journal: Journal
) -> None:
    journal.write(range(3))
    outlet = outlet_in(tmp_path, "journald")
    with running(settings_of(journal, start="end"), outlet):
        until(lambda: bool(outlet.lines and outlet.lines.position), "its end")
    journal.write(range(3, 5))
    journal.write(range(5, 7), SYSLOG_IDENTIFIER="exim")
    with running(settings_of(journal, start="end", matches=["SYSLOG_IDENTIFIER=exim"]), outlet):
        until(lambda: len(kept(tmp_path)) == 2, "the entries of the new match")
    assert numbers(tmp_path) == [5, 6]
    assert lost(outlet) == []


def test_a_journal_that_cannot_be_read_is_tried_again(
    tmp_path: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    (journal.folder / "system.journal").write_bytes(b"no journal")
    outlet = outlet_in(tmp_path, "journald")
    with running(settings_of(journal), outlet):
        journal.write(range(2), "sound")
        until(lambda: len(kept(tmp_path)) == 2, "the sound file")
    assert numbers(tmp_path) == [0, 1]
    assert "Traceback" not in caplog.text


COLLECT = """
import sys, threading
from pathlib import Path
from collectors.inputs import journald
from schemas.inputs.journald import JournaldInput
from tests.inputs_lab import outlet_in
folder = Path(sys.argv[1])
outlet = outlet_in(folder, "journald")
print("up", flush=True)
settings = JournaldInput(kind="journald", directory=str(folder / "journal"))
journald.run(settings, outlet, threading.Event())
"""


def test_killed_again_and_again_each_entry_is_kept_once(tmp_path: Path, journal: Journal) -> None:
    journal.write(range(20_000))
    for wait in (0.1, 0.25, 0.4):
        command = [sys.executable, "-c", COLLECT, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as collector:
            assert collector.stdout is not None
            collector.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                collector.wait(wait)
            collector.send_signal(signal.SIGKILL)
    with running(settings_of(journal), outlet_in(tmp_path, "journald")):
        until(lambda: len(kept(tmp_path)) >= 20_000, "all entries", 60)
    assert numbers(tmp_path) == [*range(20_000)]
