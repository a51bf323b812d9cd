"""The input `stdin`: each line once, on disk before rsyslog is told so; no stranger's line fills memory."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.inputs._lines import Lines
from schemas.events import DeliveryAttempted
from schemas.settings import SettingsError, parse
from tests.inputs_lab import events_of, kept
from tests.waits import until

SENT = (
    b"2026-11-21T14:02:04.723742+00:00 mx1 postfix/out2/smtp[915]: E2AE29B5D11: to=<buyer@example.net>, "
    b"relay=mx.example.net[192.0.2.209]:25, delay=0.22, delays=0.03/0.01/0.09/0.11, dsn=2.0.0, status=sent (250 OK)"
)
COLLECT = """
import sys, threading, signal
from pathlib import Path
from collectors.inputs import stdin
from schemas.inputs.stdin import StdinInput
from tests.inputs_lab import outlet_in, lost
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
outlet = outlet_in(Path(sys.argv[1]), "stdin", int(sys.argv[3]))
try:
    stdin.run(StdinInput(kind="stdin", confirm=sys.argv[2]), outlet, stop)
except ValueError as error:
    print(error, file=sys.stderr)
print("lost", lost(outlet), stop.is_set(), file=sys.stderr)
"""


def collector(
    folder: Path, confirm: str = "", given: IO[bytes] | int = subprocess.PIPE, most_bytes: int = 64 << 20
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", COLLECT, str(folder), confirm, str(most_bytes)]
    return subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@given(st.lists(st.binary(max_size=9)), st.integers(1, 6))
def test_pieces_of_any_size_make_the_same_lines(pieces: list[bytes], longest: int) -> None:
    lines, found = Lines(longest), []
    for piece in pieces:
        found += lines.feed(piece)
    *whole, last = b"".join(pieces).split(b"\n")
    assert lines.pending == len(last)
    found += lines.rest()
    every = [*whole, last] if last else whole
    assert found == [line for line in every if len(line) <= longest]
    assert [each.length for each in lines.too_long()] == [len(line) for line in every if len(line) > longest]


def test_lines_of_a_pipe_become_events_and_the_last_needs_no_line_feed(tmp_path: Path) -> None:
    with collector(tmp_path) as running:
        assert running.stdin is not None
        running.stdin.write(SENT[:50])
        running.stdin.flush()
        running.stdin.write(SENT[50:] + b"\n" + b"x" * 200_000 + b"\nlast")
        _, said = running.communicate()
    assert kept(tmp_path) == [SENT, b"last"]
    assert b"['standard input: a line longer than 65536 bytes'] False" in said
    (event,) = events_of(kept(tmp_path)[:1], "postfix")
    assert isinstance(event, DeliveryAttempted)
    assert (event.recipient, event.outcome) == ("buyer@example.net", "sent")


def test_what_has_come_when_it_is_told_to_end_is_kept(tmp_path: Path) -> None:
    with collector(tmp_path) as running:
        assert running.stdin is not None
        running.stdin.write(b"one\n")
        running.stdin.flush()
        until(lambda: kept(tmp_path) == [b"one"], "the first line")
        running.stdin.write(b"two\nthr")
        running.stdin.flush()
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
    assert kept(tmp_path) == [b"one", b"two", b"thr"]


def test_what_can_bring_nothing_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_bytes(SENT + b"\n")
    with (tmp_path / "mail.log").open("rb") as file, collector(tmp_path, given=file) as running:
        said = running.communicate()[1]
    assert b'a regular file, which is followed with log = "FILE" instead of input = "in1"' in said
    with collector(tmp_path, given=subprocess.DEVNULL) as running:
        assert b"input.in1.kind: 'stdin', but the standard input is /dev/null" in running.communicate()[1]
    assert kept(tmp_path) == []


def test_two_cannot_read_the_same_standard_input() -> None:
    text = '[input.a]\nkind = "stdin"\n[input.b]\nkind = "stdin"\n'
    with pytest.raises(SettingsError, match="only one can read the standard input, not a and b"):
        parse(text, "relaywarden.toml")


def test_omprog_is_told_when_a_line_is_on_disk_and_what_it_sends_again_is_kept_once(tmp_path: Path) -> None:
    with collector(tmp_path, "omprog") as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == b"OK\n"
        for line in (b"one\n", b"x" * 70_000 + b"\n", b"two\n"):
            first.stdin.write(line)
            first.stdin.flush()
            assert first.stdout.readline() == b"OK\n"
        assert kept(tmp_path) == [b"one", b"two"]
        first.send_signal(signal.SIGKILL)
    with collector(tmp_path, "omprog") as second:
        assert second.stdin is not None
        said, told = second.communicate(b"two\ntwo\nthr")
    assert said == b"OK\nOK\nOK\n"
    assert kept(tmp_path) == [b"one", b"two", b"two"]
    assert b"lost [] True" in told


def test_while_there_is_no_room_omprog_is_told_to_wait_and_confirms_nothing(tmp_path: Path) -> None:
    with collector(tmp_path, "omprog", most_bytes=100) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b"x" * 80 + b"\n")
        running.stdin.flush()
        assert running.stdout.read(6) == b"OK\nOK\n"
        running.stdin.write(b"y" * 80 + b"\n")
        running.stdin.flush()
        assert running.stdout.read(2) == b".."
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=60)
    assert said.strip(b".") == b""
    assert kept(tmp_path) == [b"x" * 80]
