"""Following a log file: every complete line once, in order and at its place, through rotations and restarts."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.follow import MAX_LINE, Batch, Begin, Follower
from collectors.rotation import generations

Place = tuple[str, int]


class Reader:
    """What a collector keeps of a follower: lines by place, what was not read, and the position to go on from."""

    def __init__(self, path: Path, *, settle_seconds: float = 0.0, begin: Begin = "first") -> None:
        self.path = path
        self.settle_seconds = settle_seconds
        self.follower = Follower(path, "mx1", begin=begin, settle_seconds=settle_seconds)
        self.lines: list[bytes] = []
        self.places: list[Place] = []
        self.unread: list[str] = []

    def keep(self, batch: Batch) -> None:
        offset = batch.begin.offset
        for line in batch.lines:
            self.places.append((batch.begin.source, offset))
            self.lines.append(line)
            offset += len(line) + 1
        assert batch.unread is not None or offset == batch.end.offset
        if batch.unread is not None:
            self.unread.append(batch.unread.reason)

    def drain(self) -> list[bytes]:
        """Read until two looks find nothing; return the lines of this call."""
        before = len(self.lines)
        quiet = 0
        while quiet < 2:
            batch = self.follower.read()
            quiet = 0 if batch else quiet + 1
            if batch:
                self.keep(batch)
        return self.lines[before:]

    def until(self, done: Callable[[], bool]) -> None:
        """Read until `done`, then what is left."""
        while not done():
            self.drain()
            time.sleep(0.001)
        self.drain()

    def restart(self) -> None:
        """Forget all but the position, as a new process does."""
        position = self.follower.position
        self.follower.close()
        self.follower = Follower(self.path, "mx1", position, settle_seconds=self.settle_seconds)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as log:
        log.write(data)


def rotate(path: Path) -> None:
    """Rename as logrotate does: .2 to .3, .1 to .2, the log to .1."""
    numbers = sorted((int(each.suffix[1:]) for each in path.parent.glob(f"{path.name}.*")), reverse=True)
    for number in numbers:
        Path(f"{path}.{number}").rename(f"{path}.{number + 1}")
    path.rename(f"{path}.1")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"


def test_a_line_counts_when_its_line_feed_is_written(log: Path) -> None:
    reader = Reader(log)
    append(log, b"one\ntw")
    assert reader.drain() == [b"one"]
    append(log, b"o\n\nthree\r\n")
    assert reader.drain() == [b"two", b"", b"three\r"]
    assert [offset for _, offset in reader.places] == [0, 4, 8, 9]
    assert len({source for source, _ in reader.places}) == 1


def test_bytes_that_are_no_text_pass_unchanged(log: Path) -> None:
    append(log, b"\x00\xff\xfe\x80\n\x1b[0m\x00\n")
    assert Reader(log).drain() == [b"\x00\xff\xfe\x80", b"\x1b[0m\x00"]


def test_a_log_that_is_missing_is_waited_for(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "later" / "mail.log")
    assert reader.follower.read() is None
    reader.path.parent.mkdir()
    assert reader.follower.read() is None
    append(reader.path, b"no line yet")
    assert reader.follower.read() is None
    assert reader.follower.position is None
    append(reader.path, b"\n")
    assert reader.drain() == [b"no line yet"]


def test_a_folder_in_the_place_of_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is no regular file"):
        Follower(tmp_path, "mx1").read()


def test_from_the_end_skips_what_is_there_but_not_a_log_that_comes_later(log: Path, tmp_path: Path) -> None:
    append(log, b"old\nolder\nhal")
    reader = Reader(log, begin="last")
    assert reader.drain() == []
    append(log, b"f\nnew\n")
    assert reader.drain() == [b"half", b"new"]
    later = Reader(tmp_path / "late.log", begin="last")
    assert later.drain() == []
    append(later.path, b"first\n")
    assert later.drain() == [b"first"]


@pytest.mark.parametrize("length", [MAX_LINE, 3 * MAX_LINE + 17, 5 * MAX_LINE])
def test_a_line_too_long_is_told_with_its_place_and_not_kept(log: Path, length: int) -> None:
    reader = Reader(log)
    append(log, b"before\n" + b"x" * (length - 5))
    assert reader.drain() == [b"before"]
    append(log, b"yyyyy\nafter\n")
    assert reader.drain() == [b"after"]
    assert reader.unread == [f"a line of {length} bytes is longer than {MAX_LINE}"]
    assert reader.places[-1][1] == 7 + length + 1


def test_the_longest_line_that_is_kept(log: Path) -> None:
    line = b"x" * (MAX_LINE - 1)
    append(log, b"before\n" + line + b"\n")
    assert Reader(log).drain() == [b"before", line]


def test_a_renamed_log_is_read_to_its_end_first(log: Path) -> None:
    reader = Reader(log, settle_seconds=0.2)
    append(log, b"a1\n")
    assert reader.drain() == [b"a1"]
    with log.open("ab", buffering=0) as old:
        rotate(log)
        append(log, b"b1\n")
        assert reader.drain() == []
        old.write(b"a2\n")  # the writer has not been told to reopen yet
        assert reader.drain() == [b"a2"]
    reader.until(lambda: len(reader.lines) == 3)
    assert reader.lines == [b"a1", b"a2", b"b1"]
    assert reader.places[0][0] == reader.places[1][0] != reader.places[2][0]
    assert reader.places[2][1] == 0


def test_the_log_keeps_its_source_whoever_reads_it(log: Path) -> None:
    append(log, b"a1\na2\n")
    first, second = Reader(log), Reader(log)
    assert first.drain() == second.drain()
    assert first.places == second.places


def test_rotations_while_nobody_looked(log: Path) -> None:
    reader = Reader(log)
    append(log, b"a1\n")
    reader.drain()
    append(log, b"a2\n")
    for name in (b"b", b"c", b"d"):
        rotate(log)
        append(log, name + b"1\n" + name + b"2\n")
    reader.restart()
    assert reader.drain() == [b"a2", b"b1", b"b2", b"c1", b"c2", b"d1", b"d2"]
    assert reader.unread == []


def test_dates_as_names_of_rotated_logs(log: Path) -> None:
    reader = Reader(log)
    append(log, b"a1\n")
    reader.drain()
    for day in (b"20260228", b"20260301", b"20260302"):
        log.rename(f"{log}-{day.decode()}")
        append(log, day + b"\n")
    reader.restart()
    assert reader.drain() == [b"20260228", b"20260301", b"20260302"]
    (log.parent / "mail.log.gz").touch()
    (log.parent / "mail.logging").touch()
    assert [found.path.name for found in generations(log)] == [
        "mail.log-20260228",
        "mail.log-20260301",
        "mail.log-20260302",
        "mail.log",
    ]


def test_what_was_removed_unread_is_stated(log: Path) -> None:
    reader = Reader(log)
    append(log, b"a1\n")
    reader.drain()
    rotate(log)
    append(log, b"b1\n")
    Path(f"{log}.1").unlink()
    reader.restart()
    assert reader.drain() == [b"b1"]
    assert reader.unread == [f"{log}: removed after byte 3; what was written behind it and not read is lost"]


def test_half_a_line_at_the_end_of_a_finished_file_is_told(log: Path) -> None:
    reader = Reader(log)
    append(log, b"a1\nhalf")
    reader.drain()
    rotate(log)
    append(log, b"b1\n")
    assert reader.drain() == [b"b1"]
    assert reader.unread == [f"{log}: the file ended within a line of 4 bytes"]


@pytest.mark.parametrize("restarted", [False, True])
def test_copytruncate_goes_on_in_the_copy(log: Path, restarted: bool) -> None:  # noqa: FBT001
    reader = Reader(log)
    append(log, b"a1\n")
    reader.drain()
    append(log, b"a2\n")
    shutil.copy(log, f"{log}.1")
    os.truncate(log, 0)
    append(log, b"b1, longer than all that was there\n")
    if restarted:
        reader.restart()
    assert reader.drain() == [b"a2", b"b1, longer than all that was there"]
    assert reader.places[0][0] == reader.places[1][0] != reader.places[2][0]


def test_truncation_without_a_copy_is_stated(log: Path) -> None:
    reader = Reader(log)
    append(log, b"a1\n")
    reader.drain()
    os.truncate(log, 0)
    assert reader.drain() == []
    append(log, b"b1\n")
    assert reader.drain() == [b"b1"]
    assert reader.unread == [f"{log}: truncated after byte 3; what was written behind it and not read is lost"]


def test_a_truncated_log_that_begins_with_the_same_line_is_another_source(log: Path) -> None:
    reader = Reader(log)
    append(log, b"type,time\n1\n")
    reader.drain()
    os.truncate(log, 0)
    reader.drain()
    append(log, b"type,time\n2\n")
    assert reader.drain() == [b"type,time", b"2"]
    assert len({source for source, _ in reader.places}) == 2


def test_an_unreadable_log_is_told_and_tried_again(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(log, b"a1\n")
    follower = Follower(log, "mx1")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied", str(log))

    with monkeypatch.context() as patched:  # root may read everything: so the kernel's answer is played
        patched.setattr(os, "open", refuse)
        with pytest.raises(PermissionError, match=r"mail\.log"):
            follower.read()
    follower.close()
    batch = follower.read()
    assert batch is not None
    assert batch.lines == [b"a1"]


class Writer(threading.Thread):
    """A mail system that writes numbered lines, and calls `turn` after every `each` of them."""

    def __init__(self, log: Path, count: int, each: int, turn: Callable[[], None]) -> None:
        super().__init__()
        self.log, self.count, self.each, self.turn = log, count, each, turn

    def run(self) -> None:
        number = 0
        while number < self.count:
            with self.log.open("ab", buffering=0) as log:
                for _ in range(self.each):
                    log.write(b"line %07d of a writer\n" % number)
                    number += 1
            self.turn()


def test_a_hundred_renames_under_a_writer_lose_nothing(log: Path) -> None:
    reader = Reader(log)
    append(log, b"first\n")
    reader.drain()
    writer = Writer(log, 20_000, 200, lambda: rotate(log))
    writer.start()
    reader.until(lambda: not writer.is_alive())
    append(log, b"last\n")
    reader.drain()
    assert reader.lines == [b"first", *(b"line %07d of a writer" % number for number in range(20_000)), b"last"]
    assert len({source for source, _ in reader.places}) == 101
    assert reader.unread == []


def test_copytruncate_under_a_writer_loses_only_what_is_stated(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Between copying and truncating, lines get lost by the method itself: their number is measured here."""
    between: list[int] = []

    def copytruncate() -> None:
        shutil.copy(log, f"{log}.1")
        lost = len(between) * 7 % 13
        append(log, b"lost between copying and truncating\n" * lost)
        between.append(lost)
        os.truncate(log, 0)
        begin = b"begin %d" % len(between)
        append(log, begin + b"\n")
        while begin not in reader.lines:
            time.sleep(0.001)  # rotations are a day apart: the reader has that long

    reader = Reader(log)
    append(log, b"first\n")
    reader.drain()
    writer = Writer(log, 5_000, 250, copytruncate)
    writer.start()
    reader.until(lambda: not writer.is_alive())
    append(log, b"last\n")
    reader.drain()
    kept = [line for line in reader.lines if line.startswith(b"line")]
    seen = reader.lines.count(b"lost between copying and truncating")
    assert kept == [b"line %07d of a writer" % number for number in range(5_000)]
    assert 0 <= seen <= sum(between) == 108
    stated = len(reader.unread) + sum("what was written between the two is lost" in text for text in caplog.messages)
    assert stated == len(between) == 20


@given(data=st.data(), text=st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_how_ever_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, text: list[bytes]
) -> None:
    log = tmp_path_factory.mktemp("cut") / "mail.log"
    written = b"".join(line + b"\n" for line in text)
    reader = Reader(log)
    at = 0
    while at < len(written):
        size = data.draw(st.integers(1, 60))
        append(log, written[at : at + size])
        at += size
        if data.draw(st.booleans()):
            reader.drain()
        if data.draw(st.booleans()):
            reader.restart()
        if data.draw(st.integers(0, 9)) == 0 and written[:at].endswith(b"\n") and reader.follower.position is not None:
            rotate(log)
    reader.drain()
    assert reader.lines == text
    assert len(set(reader.places)) == len(text)


def test_two_truncations_while_nobody_looked_go_on_in_the_copies(log: Path) -> None:
    reader = Reader(log)
    append(log, b"a1\n")
    reader.drain()
    for name in (b"a2", b"b1", b"c1"):
        append(log, name + b"\n")
        if name != b"c1":
            time.sleep(0.01)
            if Path(f"{log}.1").exists():
                Path(f"{log}.1").rename(f"{log}.2")
            shutil.copy(log, f"{log}.1")
            os.truncate(log, 0)
    reader.restart()
    assert reader.drain() == [b"a2", b"b1", b"c1"]
    assert reader.unread == []


def test_an_overwritten_copy_is_stated_and_the_later_one_read(log: Path) -> None:
    reader = Reader(log)
    append(log, b"a1\n")
    reader.drain()
    for name in (b"a2", b"b1"):
        append(log, name + b"\n")
        time.sleep(0.01)
        shutil.copy(log, f"{log}.1")
        os.truncate(log, 0)
    append(log, b"c1\n")
    reader.restart()
    assert reader.drain() == [b"b1", b"c1"]
    assert reader.unread == [f"{log}: truncated after byte 3; what was written behind it and not read is lost"]
