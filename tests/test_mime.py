"""A mail's parts are those that the library's parser finds, in a time that does not hang on what a stranger repeats."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from random import Random
from types import FrameType

import pytest

from collectors import documents, headers, mime
from collectors.documents import ANY, KINDS
from schemas.bounce_events import BounceReceived
from tests.fuzzing import mutated, targets
from tests.swollen import REPORT, SHAPES

_MB = 1024 * 1024
_MAILS = [name for kind in KINDS for name in kind.names() if targets()[name].samples and name not in {"snds", ANY}]
_STATUS = ("message/delivery-status", "message/global-delivery-status")
_ENCODED = ("base64", "quoted-printable")
_HEADER = b"From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n"


def _library(mail: bytes) -> Message:
    return message_from_bytes(mail, policy=compat32)


def _tree(part: Message, *, within: bool = False) -> Iterator[object]:
    """Yield all that is read of a mail, but for the line feeds that its texts end in."""
    content = headers.payload(part)
    yield list(part.raw_items()), part.get_content_type()
    if isinstance(content, str):
        yield content.rstrip("\r\n") if part.get_content_type() not in _STATUS else _STATUS
    elif part.get_content_type() in _STATUS:
        yield _STATUS
    elif part.get_content_maintype() == "message" and part.get("Content-Transfer-Encoding", "").strip() in _ENCODED:
        yield _ENCODED  # which the library leaves on
    elif isinstance(content, list) and not within:
        for each in content:
            assert isinstance(each, Message)
            yield from _tree(each, within=part.get_content_maintype() == "message")


def _comparable(mail: bytes) -> bool:
    return b"\r" not in mail.replace(b"\r\n", b"\n") and b"\nFrom " not in mail


@pytest.mark.parametrize("name", _MAILS)
def test_the_parts_are_those_of_the_library(name: str) -> None:
    target, chance = targets()[name], Random(7)
    mails = [b"".join(sample) for sample in target.samples] + [mutated(chance, target) for _ in range(150)]
    compared = 0
    for mail in filter(_comparable, mails):
        try:
            ours, _ = headers.read(mail)
        except ValueError:
            continue
        assert list(_tree(ours)) == list(_tree(_library(mail))), mail
        compared += 1
    assert compared > len(target.samples) // 2


def test_line_ends_and_a_missing_end_do_not_matter() -> None:
    mail = _HEADER + b"\nabove\n--b\nContent-Type: text/plain\n\none\n\n--b \n\ntwo\n--b--\nbelow\n"
    for read in (mail, mail.replace(b"\n", b"\r\n"), mail[: mail.index(b"\n--b--")]):
        _, (mixed, one, two) = headers.read(read)
        assert mixed.is_multipart()
        assert [headers.content_of(part).strip() for part in (one, two)] == ["one", "two"]
    assert [headers.content_of(part) for part in headers.read(mail)[1]] == ["", "one\n", "two"]


def test_between_delimiters_that_follow_each_other_there_is_no_part() -> None:
    assert len(headers.read(_HEADER + b"\n--b\n--b\n--b\n\none\n--b--\n")[1]) == 2
    assert len(headers.read(_HEADER + b"\n--b\n\n--b\n--b--\n")[1]) == 3


def test_a_mail_within_a_mail_is_its_header_and_no_parts() -> None:
    inner = b"Subject: inner\nContent-Type: multipart/mixed; boundary=c\n\n--c\nSubject: innermost\n\n--c--\n"
    _, parts = headers.read(_HEADER + b"\n--b\nContent-Type: message/rfc822\n\n" + inner + b"--b--\n")
    assert len(parts) == 2
    assert headers.first(headers.original_of(parts), "Subject") == "inner"
    assert headers.original_of(parts).get_payload() == []


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("base64", b"TWVzc2FnZS1JRDogPHg9eUBleGFtcGxlLm5ldD4KCkhp\n"),
        ("Base64", b"TWVzc2FnZS1JRDogPHg9\r\neUBleGFtcGxlLm5ldD4KCkhp\r\n"),
        ("base64", b"Message-ID: <x=y@example.net>\n\nHi\n"),  # named, but not so written
        ("quoted-printable", b"Message-ID: <x=3Dy@exam=\nple.net>\n\nHi=3D\n"),
        ("quoted-printable", b"Message-ID: <x=y@example.net>\nX: =3D\n\nHi\n"),
        ("8bit", b"Message-ID: <x=y@example.net>\n\nHi\n"),
    ],
)
@pytest.mark.parametrize("kind", [b"message/rfc822", b"text/rfc822-headers"])
def test_a_transfer_encoding_is_taken_off_a_mail_within_a_mail(kind: bytes, encoding: str, text: bytes) -> None:
    fields = b"\n--b\nContent-Type: " + kind + b"\nContent-Transfer-Encoding: " + encoding.encode() + b"\n\n"
    _, parts = headers.read(_HEADER + fields + text + b"--b--\n")
    assert headers.first(headers.original_of(parts), "Message-ID") == "<x=y@example.net>"


def test_a_delivery_report_is_one_text_however_many_blank_lines_it_has() -> None:
    _, parts = headers.read(REPORT.to(_MB))
    assert [part.get_content_type() for part in parts] == ["multipart/report", "text/plain", _STATUS[0]]
    (event,) = documents.parse("rfc3464", REPORT.to(_MB))
    assert isinstance(event, BounceReceived)
    assert (event.recipient, event.enhanced_status) == ("bob@example.com", "5.1.1")


@pytest.mark.parametrize(
    ("mail", "told"),
    [
        (_HEADER + b"\n" + b"--b\n\nx\n" * 2_000, "a mail of more than 2000 parts"),
        (b"a:\n" * 10_001 + b"\n", "a mail of more than 10000 header fields"),
        (_HEADER + b"\n" + (b"--b\n" + b"a:\n" * 6_000 + b"\n") * 2, "a mail of more than 10000 header fields"),
        (b"Content-Type: text/plain" + b";" * 500 + b"\n\n", "a mail with a content field of too many parameters"),
        (
            b"Content-Disposition: " + b"a" * 20_000 + b"\n\n",
            "a mail with 20000 characters of Content-Disposition, more than 16384",
        ),
        (SHAPES["nested parts"].to(_MB), "a mail of too many parts in parts, or lines like their delimiters"),
        (SHAPES["delimiters"].to(_MB), "a mail of too many parts in parts, or lines like their delimiters"),
    ],
)
def test_what_would_take_too_long_is_unreadable(mail: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        headers.read(mail)


def test_just_below_the_bounds_a_mail_is_read() -> None:
    assert len(headers.read(_HEADER + b"\n" + b"--b\n\nx\n" * 1_999)[1]) == 2_000
    assert len(headers.read(b"a:\n" * 10_000 + b"\n")[0]) == 10_000


def _calls(work: Callable[[], object]) -> int:
    """Return how many functions are called, Python's and the library's in C: what does not hang on the machine."""
    called = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal called
        called += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return called


@pytest.mark.parametrize("name", ["blank lines", "short lines", "continuations", "a report's blank lines", "base64"])
def test_lines_cost_no_call_each(name: str) -> None:
    few, many = (SHAPES[name].to(size).decode() for size in (16 * 1024, _MB))
    assert _calls(lambda: mime.parts(many)) == _calls(lambda: mime.parts(few)) < 500


def _cpu_seconds(name: str, content: bytes) -> float:
    begun = time.thread_time()  # of this thread: other tests left servers
    with suppress(ValueError):
        documents.parse(name, content)
    return time.thread_time() - begun


_NOTHING = 0.1  # seconds of the CPU: too little to tell how it grows


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mb_of_each_shape_costs_in_proportion_to_a_quarter_of_it(shape: str) -> None:
    for number, name in enumerate(
        ("bounce", "dmarc_aggregate", "tls_rpt", "postmaster", "snds", "xarf", "spamcop", ANY)
    ):
        # Each another content: the last mails are kept. Again where a crowded processor said otherwise.
        sizes = (_MB + 64 * number + 1024 * again for again in range(5))
        assert any(_in_proportion(name, shape, size) for size in sizes), name


def _in_proportion(name: str, shape: str, size: int) -> bool:
    """Tell whether four times as much takes less than eight times as long: in square proportion it took sixteen."""
    much = _cpu_seconds(name, SHAPES[shape].to(size))
    return much < _NOTHING or much < 8 * _cpu_seconds(name, SHAPES[shape].to(size // 4))
