"""`parse` of an mbox: each mail by itself, however many there are, packed or not."""

import gzip
import io
import os
from pathlib import Path

import pytest

from collectors.parsing import parse_file
from schemas import codec
from schemas.bounce_events import BounceReceived
from schemas.events import ComplaintReceived, DeadLetter, Event
from tests.mail_inputs import BOUNCE, REPORT

BEGIN = "From x@provider.example.net Sun Mar  1 10:00:05 2026\n"
LAME = "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\nno parts\n"
OTHER = "From: bob@example.net\nSubject: On vacation\n\n>From Monday on I am back.\n"


def _box(*mails: str) -> bytes:
    return "".join(f"{BEGIN}{mail}\n" for mail in mails).encode()


def _parsed(format_name: str, file: Path) -> tuple[list[Event], str]:
    output = io.BytesIO()
    counts = parse_file(format_name, str(file), output)
    events = [codec.decode(line) for line in output.getvalue().splitlines()]
    return [event for event in events if isinstance(event, ComplaintReceived | BounceReceived | DeadLetter)], (
        counts.summary()
    )


MIXED = _box(REPORT.format(number=1), OTHER, BOUNCE, LAME, REPORT.format(number=2))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("format_name", "expected"),
    [
        ("arf", [ComplaintReceived, DeadLetter, ComplaintReceived]),
        ("bounce", [BounceReceived]),
        ("any", [ComplaintReceived, BounceReceived, DeadLetter, ComplaintReceived]),
        ("auto", [ComplaintReceived, BounceReceived, DeadLetter, ComplaintReceived]),
    ],
)
def test_each_mail_of_an_mbox_is_read_by_itself(
    tmp_path: Path,
    format_name: str,
    expected: list[type[Event]],
    packed: bool,  # noqa: FBT001
) -> None:
    file = tmp_path / "past"
    file.write_bytes(gzip.compress(MIXED) if packed else MIXED)
    events, _ = _parsed(format_name, file)
    assert [type(event) for event in events] == expected
    letters = [event for event in events if isinstance(event, DeadLetter)]
    assert [letter.place for letter in letters] == [f"{file}/{MIXED.index(LAME.encode()) - len(BEGIN)}"] * len(letters)


def without_time(mail: str) -> str:
    """Return a mail without any field that tells a time."""
    return "".join(line for line in mail.splitlines(keepends=True) if "Mar 2026" not in line)


def test_a_mail_that_tells_no_time_came_when_its_mbox_says_else_when_the_file_changed(tmp_path: Path) -> None:
    file, came, changed = tmp_path / "past", 1_772_359_205_000_000, 1_700_000_000
    for mail in (without_time(BOUNCE), without_time(REPORT.format(number=1))):
        assert "2026" not in mail
        file.write_bytes(_box(mail).replace(b" 2026\n", b" 2026 +0000\n"))
        os.utime(file, (changed, changed))
        assert [event.at for event in _parsed("any", file)[0]] == [came]
        for alone in (mail.encode(), _box(mail).replace(b" 2026\n", b" 1926\n")):
            file.write_bytes(alone)
            os.utime(file, (changed, changed))
            assert [event.at for event in _parsed("any", file)[0]] == [changed * 1_000_000]


def test_what_was_counted_is_told_in_mails(tmp_path: Path) -> None:
    file = tmp_path / "past"
    file.write_bytes(MIXED)
    assert _parsed("auto", file)[1] == (
        "taken for any (an mbox of mails): 5 lines = 3 events (1 bounce_received, 2 complaint_received)"
        " + 0 absorbed by the join + 1 ignored + 1 dead letters"
    )
    file.write_bytes(_box(OTHER, OTHER))
    assert _parsed("arf", file)[1].endswith("nothing was read: an mbox of 2 mails, none of them of the format arf")


def test_a_mail_is_the_same_by_itself_and_in_an_mbox(tmp_path: Path) -> None:
    alone, box = tmp_path / "alone", tmp_path / "box"
    alone.write_text(REPORT.format(number=1))
    box.write_bytes(_box(REPORT.format(number=1)))
    assert _parsed("arf", alone)[0] == _parsed("arf", box)[0]


def test_progress_is_told_and_an_oversized_mail_is_a_dead_letter(tmp_path: Path) -> None:
    file, told, output = tmp_path / "past", list[int](), io.BytesIO()
    file.write_bytes(_box(REPORT.format(number=1) + "x" * 11_000_000 + "\n", REPORT.format(number=2)))
    counts = parse_file("arf", str(file), output, progress=told.append)
    assert (counts.dead_letters, counts.events) == (1, {"complaint_received": 1})
    assert sum(told) == file.stat().st_size
