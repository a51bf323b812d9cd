"""The input `files`: files of a log whose names change with the date, each line once, whatever becomes of the files."""

import bz2
import gzip
import lzma
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from collectors.inputs.files import Rounds
from schemas.events import DeadLetter, DeliveryAttempted
from schemas.inputs.files import FilesInput
from schemas.settings import SettingsError, parse
from tests.inputs_lab import events_of, kept, lost, outlet_in, running
from tests.waits import until

OLD = 1_795_000_000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


class Log:
    """A folder of logs, and the input that reads it; `again` is a new collector with what is on disk."""

    def __init__(self, folder: Path, pattern: str = "acct-*", **settings: object) -> None:
        self.folder, self.work = folder / "log", folder / "work"
        self.folder.mkdir(exist_ok=True)
        given = {"kind": "files", "pattern": str(self.folder / pattern)} | settings
        self.settings = FilesInput.model_validate(given)
        self.again()

    def again(self) -> None:
        self.outlet = outlet_in(self.work, "files")
        assert self.outlet.lines is not None
        self.rounds = Rounds(self.settings, self.outlet, self.outlet.lines, threading.Event())

    def write(self, name: str, content: bytes | str, at: int = OLD, *, done: bool = False) -> Path:
        """Append to a file, as of a time; after `done` nobody may write to it."""
        path = self.folder / name
        with path.open("ab") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        self.date(path, at)
        path.chmod(0o444 if done else 0o644)
        return path

    @staticmethod
    def date(path: Path, at: int) -> None:
        os.utime(path, (at, at))

    def taken(self) -> str:
        """Take a round, looking at all files; return all lines that were taken until now, blank between them."""
        os.utime(self.folder, (time.time() + 1, time.time() + 1 + len(kept(self.work)) % 7))
        self.rounds.once()
        return " ".join(line.decode() for line in kept(self.work))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_files_are_taken_in_the_order_of_their_last_change_and_followed_as_they_grow(log: Log) -> None:
    log.write("acct-b", "b1\n", OLD)
    log.write("acct-a", "a1\na2\nhal", OLD + 1)
    log.write("acct-c", "c1\n", OLD + 1)
    log.write("other", "no\n")
    log.write(".acct-hidden", "no\n")
    assert log.taken() == "b1 a1 a2 c1"
    log.write("acct-a", "f\na4\n", OLD + 3)
    log.write("acct-d", "d1\n", OLD + 4)
    assert log.taken() == "b1 a1 a2 c1 half a4 d1"
    log.again()
    assert log.taken() == "b1 a1 a2 c1 half a4 d1"
    assert lost(log.outlet) == []


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_file_is_taken_when_it_is_complete(log: Log, suffix: str) -> None:
    whole = PACKERS[suffix](b"1\n2\n3\n")
    now = int(time.time())
    log.write(f"acct-1.{suffix}", whole[:-3], now - 60)
    assert log.taken() == ""
    log.write(f"acct-1.{suffix}", whole[-3:], now)
    assert log.taken() == ""
    log.date(log.folder / f"acct-1.{suffix}", now - 60)
    assert log.taken() == "1 2 3"
    log.again()
    assert log.taken() == "1 2 3"


def test_a_segment_of_kumomta_is_complete_when_nobody_may_write_to_it(log: Log) -> None:
    """KumoMTA takes the write permission away; at its start also of what a crash left cut off."""
    line = b'{"n":%d,"filler":"' + os.urandom(200).hex().encode() + b'"}\n'
    whole = zstandard.ZstdCompressor().compress(b"".join(line % number for number in range(2000)))
    now = int(time.time())
    log.write("acct-1", whole, now, done=True)
    assert len(log.taken().split()) == 2000
    log.write(
        "acct-2",
        zstandard.ZstdCompressor().compress(os.urandom(300_000).hex().encode() + b"\nx\n" * 9)[:-20],
        now + 1,
        done=True,
    )
    log.taken()
    told = lost(log.outlet)
    assert any("acct-2: a damaged archive, behind byte" in reason for reason in told)
    assert len(kept(log.work)) < 2012


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_copy_of_what_was_read_is_not_read_again_but_on_from_there(log: Log, suffix: str) -> None:
    log.write("acct-1", "type\n1\n2\n")
    log.write("acct-2", "type\n3\n", OLD + 1)
    assert log.taken() == "type 1 2 type 3"
    log.write(f"acct-1.{suffix}", PACKERS[suffix](b"type\n1\n2\n"))
    (log.folder / "acct-1").unlink()
    (log.folder / "acct-2").unlink()
    log.again()
    assert log.taken() == "type 1 2 type 3"
    log.write(f"acct-2.old.{suffix}", PACKERS[suffix](b"type\n3\n4\n"), OLD + 1)
    log.write(f"acct-3.{suffix}", PACKERS[suffix](b"type\n5\n"), OLD + 2)
    assert log.taken() == "type 1 2 type 3 4 type 5"
    log.write("acct-3", "type\n5\n", OLD + 2)  # unpacked again
    (log.folder / f"acct-3.{suffix}").unlink()
    assert log.taken() == "type 1 2 type 3 4 type 5"
    assert lost(log.outlet) == []


def test_a_file_that_is_renamed_or_copied_to_its_name_is_read_on(log: Log) -> None:
    path = log.write("acct-1", "1\n2\n")
    assert log.taken() == "1 2"
    path.rename(log.folder / "acct-2")
    log.write("acct-2", "3\n", OLD + 1)
    assert log.taken() == "1 2 3"
    log.write("copy", "1\n2\n3\n4\n", OLD + 2).rename(log.folder / "acct-2")  # as rsync does it
    assert log.taken() == "1 2 3 4"
    assert lost(log.outlet) == []


def test_a_file_that_shrinks_or_is_replaced_is_begun_anew_and_that_is_told(log: Log) -> None:
    log.write("acct-1", "1\n2\n3\n")
    log.write("acct-2", "x\ny\n")
    log.taken()
    (log.folder / "acct-1").write_bytes(b"1\n")
    log.write("new", "z\n", OLD).rename(log.folder / "acct-2")
    assert sorted(log.taken().split()) == ["1", "1", "2", "3", "x", "y", "z"]
    assert sorted(lost(log.outlet)) == [
        "acct-1: replaced or truncated; what came behind byte 6 and was not read is lost",
        "acct-2: replaced or truncated; what came behind byte 4 and was not read is lost",
    ]


def test_what_is_no_log_is_warned_of_once_and_hinders_no_other(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(log.folder / "acct-fifo")
    (log.folder / "acct-link").symlink_to("/etc/passwd")
    (log.folder / "acct-folder").mkdir()
    log.write("acct-1.zip", b"PK\x03\x04 and so on\n")
    log.write("acct-2.gz", b"\x1f\x8b\x08\x00" + b"\xff" * 200)
    log.write("acct-3", b"x" * 70_000 + b"\nsound\n")
    log.write("acct-4.gz", b"")
    assert log.taken() == "sound"
    assert log.taken() == "sound"
    warned = [record.message for record in caplog.records]
    for name in ("acct-fifo", "acct-link", "acct-folder", "acct-1.zip", "acct-2.gz"):
        assert sum(f"{name} is left out: " in said or f"{name}: a damaged" in said for said in warned) == 1, name
    assert "acct-3: a line longer than 65536 bytes" in lost(log.outlet)


def test_the_end_is_where_it_was_first_seen(tmp_path: Path) -> None:
    log = Log(tmp_path, start="end")
    log.write("acct-1", "1\n2\nhal")
    log.write("acct-0.gz", gzip.compress(b"0\n"))
    assert log.taken() == ""
    log.again()
    log.write("acct-1", "f\n", OLD + 1)
    log.write("acct-2", "new\n", OLD + 1)
    assert log.taken() == "half new"
    log.write("acct-1.gz", gzip.compress(b"1\n2\nhalf\n"), OLD + 1)
    (log.folder / "acct-1").unlink()
    assert log.taken() == "half new"


def test_many_files_are_remembered_in_a_file_of_their_own(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for number in range(450):
        log.write(f"acct-{number:04}", f"{number}\n", OLD + number)
    assert len(log.taken().split()) == 450
    assert log.outlet.lines is not None
    log.write("acct-0007", "more\n", OLD + 900)
    log.taken()
    assert len(log.outlet.lines.position) < 1000
    log.again()
    assert log.taken().split() == [*map(str, range(450)), "more"]
    log.outlet.state.unlink()
    with pytest.raises(ValueError, match=r"input-in1\.json: it does not belong to what waits in the spool"):
        log.again()


PMTA = ("type,timeLogged,orig,rcpt,dsnStatus", "d,2026-11-28T10:00:0{n}+00:00,a@example.net,b{n}@example.net,2.0.0")
PMTA_OTHER = (
    "type,rcpt,dsnStatus,timeLogged,orig",
    "b,c{n}@example.net,5.1.1,2026-11-29T10:00:0{n}+00:00,a@example.net",
)


def test_each_file_of_powermta_has_its_own_columns(tmp_path: Path) -> None:
    log = Log(tmp_path, "acct-*.csv", header_lines=1)
    for name, (header, row), at in (("acct-2026-11-28.csv", PMTA, OLD), ("acct-2026-11-29.csv", PMTA_OTHER, OLD + 9)):
        log.write(name, "\n".join([header, row.format(n=1), row.format(n=2), ""]), at)
    log.taken()
    log.write("acct-2026-11-28.csv", PMTA[1].format(n=3) + "\n", OLD + 10)
    log.taken()
    events = events_of(kept(log.work), "powermta")
    assert not [event for event in events if isinstance(event, DeadLetter)]
    told = [(event.recipient, event.outcome) for event in events if isinstance(event, DeliveryAttempted)]
    assert told == [
        ("b1@example.net", "sent"),
        ("b2@example.net", "sent"),
        ("c1@example.net", "bounced"),
        ("c2@example.net", "bounced"),
        ("b3@example.net", "sent"),
    ]


def test_each_file_of_exchange_has_its_own_columns(tmp_path: Path) -> None:
    log = Log(tmp_path, "MSGTRK*.LOG", header_lines=5)
    head = "#Software: Microsoft Exchange Server\r\n#Version: 15.02\r\n#Log-type: Message Tracking Log\r\n#Date: x\r\n"
    first = "date-time,event-id,recipient-address,return-path"
    second = "date-time,return-path,recipient-address,event-id"
    log.write(
        "MSGTRK20261128-1.LOG",
        f"\ufeff{head}#Fields: {first}\r\n2026-11-28T10:00:00.000Z,SEND,a@example.net,s@example.net\r\n",
    )
    log.write(
        "MSGTRK20261129-1.LOG",
        f"\ufeff{head}#Fields: {second}\r\n2026-11-29T10:00:00.000Z,s@example.net,b@example.net,FAIL\r\n",
        OLD + 9,
    )
    log.taken()
    log.write("MSGTRK20261128-1.LOG", "2026-11-28T23:59:59.000Z,SEND,c@example.net,s@example.net\r\n", OLD + 10)
    log.taken()
    events = events_of(kept(log.work), "exchange_tracking")
    assert not [event for event in events if isinstance(event, DeadLetter)]
    told = [(event.recipient, event.outcome) for event in events if isinstance(event, DeliveryAttempted)]
    assert told == [("a@example.net", "sent"), ("b@example.net", "bounced"), ("c@example.net", "sent")]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("/var/*/acct-*.csv", "has a wildcard in its folder"),
        ("/var/log/mail.log", 'followed by log = "/var/log/mail.log"'),
    ],
)
def test_wrong_patterns_are_named(pattern: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse(f'[input.f]\nkind = "files"\npattern = "{pattern}"\n', "relaywarden.toml")


COLLECT = """
import sys, threading
from pathlib import Path
from collectors.inputs import files
from schemas.inputs.files import FilesInput
from tests.inputs_lab import outlet_in
folder = Path(sys.argv[1])
outlet = outlet_in(folder / "work", "files")
print("up", flush=True)
files.run(FilesInput(kind="files", pattern=str(folder / "log" / "acct-*")), outlet, threading.Event())
"""


def test_killed_again_and_again_each_line_is_taken_once(tmp_path: Path) -> None:
    log = Log(tmp_path)
    expected: list[str] = []
    for turn in range(3):
        lines = [f"{turn}-{number}" for number in range(60_000)]
        expected += lines
        if turn == 1:
            log.write("acct-1.gz", gzip.compress("".join(f"{line}\n" for line in lines).encode(), 1), OLD + turn)
        else:
            log.write(f"acct-{turn}", "".join(f"{line}\n" for line in lines), OLD + turn)
        with subprocess.Popen([sys.executable, "-c", COLLECT, str(tmp_path)], stdout=subprocess.PIPE) as collector:
            assert collector.stdout is not None
            collector.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                collector.wait(0.02 * (turn + 1))
            collector.send_signal(signal.SIGKILL)
    log.again()
    assert log.taken().split() == expected
    assert lost(log.outlet) == []


def test_a_folder_that_is_missing_is_warned_of_once_and_told_when_it_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "relaywarden.collect")
    folder = tmp_path / "later"
    settings = FilesInput.model_validate({"kind": "files", "pattern": f"{folder}/acct-*"})

    def said(words: str, times: int) -> None:
        until(lambda: [each.message for each in caplog.records].count(f"input.in1: {words}") == times, words)

    missing = f"tried again until it works: [Errno 2] No such file or directory: '{folder}'"
    outlet = outlet_in(tmp_path / "work", "files")
    with running(settings, outlet):
        for times in (1, 2):
            said(missing, times)
            folder.mkdir()
            said("it works again", times)
            said(missing, times)
            folder.rmdir()
        said(missing, 3)
