"""The spool of an input: lines and its place are kept together, read as a log, and given free when they were read."""

import resource
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest

from collectors import checkpoint
from collectors.checkpoint import Checkpoint
from collectors.follow import Follower
from collectors.spool import Spool, SpoolFullError

MOST = 64 << 20
SMALL = 8 * 1000  # eight files of a thousand bytes
LINE = b"x" * 99


def lines_of(follower: Follower) -> list[bytes]:
    found: list[bytes] = []
    while (batch := follower.read()) is not None:
        found.extend(batch.lines)
        assert batch.unread is None
    return found


def test_what_is_appended_is_read_in_order_through_all_files_of_the_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", SMALL)
    follower = Follower(spool.file, "mx1", begin="oldest", settle_seconds=0)
    found: list[bytes] = []
    for number in range(70):
        spool.append([b"%03d " % number + LINE[4:]], b"at %d" % number)
        if number % 7 == 0:
            found += lines_of(follower)
    found += lines_of(follower)
    assert [int(line[:3]) for line in found] == list(range(70))
    assert len(list(spool.file.parent.glob("lines-*"))) == 6
    assert Spool(tmp_path / "s", SMALL).position == b"at 69"


def test_a_full_spool_takes_no_more_until_its_readers_have_read(tmp_path: Path) -> None:
    reader = tmp_path / "mta-mx1.json"
    spool = Spool(tmp_path / "s", SMALL, [reader])
    for number in range(80):
        spool.append([LINE], b"%d" % number)
    with pytest.raises(SpoolFullError, match="lines wait there"):
        spool.append([LINE], b"80")
    assert spool.position == b"79"
    stop = threading.Event()
    stop.set()
    assert spool.append_when_there_is_room([LINE], b"80", stop) is False
    follower = Follower(spool.file, "mx1", begin="oldest", settle_seconds=0)
    assert len(lines_of(follower)) == 80
    checkpoint.save(reader, Checkpoint(str(spool.file), follower.position))
    assert spool.append_when_there_is_room([LINE], b"80", stop) is True
    assert spool.position == b"80"
    assert lines_of(follower) == [LINE]


@pytest.mark.parametrize("damage", ["", "{", '{"path":"x"}'])
def test_nothing_is_removed_while_a_readers_place_is_not_known(tmp_path: Path, damage: str) -> None:
    known, unknown = tmp_path / "mta-mx1.json", tmp_path / "logins-imap1.json"
    if damage:
        unknown.write_text(damage)
    spool = Spool(tmp_path / "s", SMALL, [known, unknown])
    for number in range(40):
        spool.append([LINE], b"%d" % number)
    follower = Follower(spool.file, "mx1", begin="oldest", settle_seconds=0)
    lines_of(follower)
    checkpoint.save(known, Checkpoint(str(spool.file), follower.position))
    for number in range(30):
        spool.append([LINE], b"%d" % number)
    assert len(list(spool.file.parent.glob("lines-*"))) == 6


@pytest.mark.parametrize("written", [0, 1, 7, 8, 9, 16])
def test_a_crash_while_appending_leaves_lines_and_place_together(tmp_path: Path, written: int) -> None:
    """The redo record stands; of the lines themselves the crash let so many bytes be written."""
    spool = Spool(tmp_path / "s", MOST)
    spool.append([b"first"], b"one")
    before = spool.file.read_bytes()
    spool.append([b"second.", b"third.."], b"two")
    spool.file.write_bytes(before + b"second.\nthird..\n"[:written])
    again = Spool(tmp_path / "s", MOST)
    assert again.position == b"two"
    assert again.file.read_bytes() == b"first\nsecond.\nthird..\n"


def test_a_torn_line_without_a_place_is_ended_and_hides_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", MOST)
    spool.append([b"whole"])
    with spool.file.open("ab") as out:
        out.write(b"to")
    again = Spool(tmp_path / "s", MOST)
    again.append([b"next"])
    assert again.file.read_bytes() == b"whole\nto\nnext\n"


@pytest.mark.parametrize("position", [b"", b"two"])
def test_a_disk_that_refuses_tears_no_line_and_loses_no_place(tmp_path: Path, position: bytes) -> None:
    spool = Spool(tmp_path / "s", MOST)
    first = b"x" * 50_000
    spool.append([first], b"one")
    limit, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    lines = [b"second" + b"." * 100_000, b"third"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, hard))
    try:
        with nullcontext() if position else pytest.raises(OSError, match="large"):
            spool.append(lines, position)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    spool.append([b"fourth"])
    kept = spool.file.read_bytes().split(b"\n")
    assert kept[0] == first
    assert kept[-2:] == [b"fourth", b""]
    assert (kept[1:-2] == lines) is bool(position)
    assert spool.position == (position or b"one")


def test_a_damaged_redo_record_is_named(tmp_path: Path) -> None:
    Spool(tmp_path / "s", MOST)
    (tmp_path / "s" / "redo").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="redo: damaged"):
        Spool(tmp_path / "s", MOST)


_COUNTER = """
import sys
from pathlib import Path
from collectors.spool import Spool
spool = Spool(Path(sys.argv[1]), 64 << 20)
number = int(spool.position or b"0")
print("up", flush=True)
while True:
    spool.append([b"%d" % each for each in range(number, number + 50)], b"%d" % (number + 50))
    number += 50
"""


def test_killed_again_and_again_each_line_is_there_once(tmp_path: Path) -> None:
    for wait in (0.05, 0.11, 0.17, 0.23):
        with subprocess.Popen([sys.executable, "-c", _COUNTER, str(tmp_path / "s")], stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            running.stdout.readline()
            threading.Event().wait(wait)
            running.send_signal(signal.SIGKILL)
    spool = Spool(tmp_path / "s", MOST)
    numbers = [int(line) for line in spool.file.read_bytes().split()]
    assert numbers == list(range(int(spool.position)))
    assert len(numbers) >= 200
    redo = msgspec.msgpack.decode((tmp_path / "s" / "redo").read_bytes())
    assert redo[0] == spool.file.stat().st_ino
