"""The splitter of mbox files: what begins a mail, what a body may hold, and how much of it is kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from io import BytesIO

import pytest

from collectors.mbox import mails

BEGIN = b"From a@example.net Sun Mar  1 10:00:00 2026\n"


def _mails(box: bytes) -> list[bytes]:
    return [each.mail for each in mails(box.splitlines(keepends=True))]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (b"", []),
        (BEGIN, [b""]),
        (BEGIN + b"A: b\n\nhi\n\n" + BEGIN + b"C: d\n\nho\n", [b"A: b\n\nhi\n", b"C: d\n\nho\n"]),
        (BEGIN + b"A: b\n\nhi\n" + BEGIN + b"ho\n\n", [b"A: b\n\nhi\n" + BEGIN + b"ho\n"]),  # no empty line before it
        (BEGIN + b"A: b\n\n\nFrom here on it is text\n", [b"A: b\n\n\nFrom here on it is text\n"]),
        (BEGIN + b"A: b\n\n>From me\n>>From you\n> From\n>From\n", [b"A: b\n\nFrom me\n>From you\n> From\n>From\n"]),
        (BEGIN + b">From uucp Sun Mar 1\nA: b\n\n", [b">From uucp Sun Mar 1\nA: b\n"]),  # a header stays as it is
        (BEGIN + b"Content-Length: 99999\nA: b\n\nhi\n\n" + BEGIN + b"C: d\n", [b"A: b\n\nhi\n", b"C: d\n"]),
        (BEGIN + b"A: b\nStatus: RO\n folded\nX-UID: 7\nC: d\n\nStatus: 1\n", [b"A: b\nC: d\n\nStatus: 1\n"]),
        (BEGIN[:-1] + b"\r\nA: b\r\n\r\nhi\r\n\r\n" + BEGIN, [b"A: b\r\n\r\nhi\r\n", b""]),
        (b"no mbox\n\n" + BEGIN + b"A: b\n", [b"A: b\n"]),
        (b"From MAILER-DAEMON  Sun, 1 Mar 2026 10:00 +0100\nA: b\n", [b"A: b\n"]),
    ],
)
def test_what_begins_a_mail_and_what_a_body_may_hold(box: bytes, expected: list[bytes]) -> None:
    assert _mails(box) == expected


def test_places_join_without_a_gap_and_times_are_told() -> None:
    first, second = BEGIN + b"A: b\n\nhi\n\n", b"From x@y Sun Mar  1 10:00:00 2026 +0200\n\nho\n"
    told = list(mails((first + second).splitlines(keepends=True), 1000))
    assert [(each.offset, each.end) for each in told] == [
        (1000, 1000 + len(first)),
        (1000 + len(first), 1000 + len(first + second)),
    ]
    assert told[0].came == datetime(2026, 3, 1, 10)  # noqa: DTZ001 local time, as most have it
    assert told[1].came == datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    (odd,) = mails([b"From x 99:99 99 Mar 99999\n"])
    assert odd.came is None
    assert told[1].came.astimezone(UTC).hour == 8


def test_a_mail_of_gigabytes_is_kept_up_to_the_bound() -> None:
    def long() -> Iterator[bytes]:
        yield BEGIN
        yield b"A: b\n\n"
        yield from (b"x" * 65536 for _ in range(1000))
        yield b"\n"
        yield b"\n"
        yield BEGIN

    first, second = mails(long(), most=1000)
    assert (len(first.mail), first.end - first.offset) == (1001, len(BEGIN) + 6 + 65_536_002)
    assert second.mail == b""


def test_a_piece_within_a_line_begins_no_mail() -> None:
    box = BEGIN + b"A: b\n\n" + b"x" * 60 + BEGIN + b"y\n"
    pieces = iter(partial(BytesIO(box).readline, 60), b"")
    assert [each.mail for each in mails(pieces)] == [box[len(BEGIN) :]]
