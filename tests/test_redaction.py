"""Passwords never reach a dead letter, whatever signs they hold and whichever part keeps the text."""

import io
from pathlib import Path

import pytest

from collectors.parsing import parse_file
from schemas import topics
from schemas.codec import decode
from schemas.events import DeadLetter
from schemas.redaction import redacted
from streams.records import Place, read

SECRET = 'my (secret) phrase, with; "all" <signs>'


@pytest.mark.parametrize(
    "told",
    [
        "auth: sql(eve@example.net,203.0.113.1): unknown user (given password: ",
        "auth: sql(eve@example.net): Password mismatch (SHA1 of given password: ",
        '{"mailbox":"eve@example.net","password":',
        '{"mailbox":"eve@example.net","password" : ',
        "'password': ",
        "password=",
        "Passwd: ",
        "lookup: pass=",
        "client in: AUTH\t1\tPLAIN\tservice=imap\tresp=",
        "AUTH PLAIN ",
        "auth login ",
    ],
)
def test_from_a_password_to_the_end_nothing_is_kept(told: str) -> None:
    assert redacted(told + SECRET + ") 2 attempts") == told + "[redacted]"


@pytest.mark.parametrize("text", ["", "host said: 550 no such user", "two passwords were tried", "authenticated"])
def test_a_text_without_a_password_is_kept_whole(text: str) -> None:
    assert redacted(text) == text


def test_a_record_that_cannot_be_read_keeps_no_password() -> None:
    place = Place("cluster", topics.MAIL_EVENTS, 0, 7)
    value = b'{"type":"no_event","reason":"(given password: my secret phrase) again"}'
    _, (dead,) = read(value, place, 1)
    assert dead.text == '{"type":"no_event","reason":"(given password: [redacted]'


def test_a_complaint_that_cannot_be_read_keeps_no_password(tmp_path: Path) -> None:
    mail = tmp_path / "report.eml"
    mail.write_bytes(
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        b"Your new password: hunter2 or hunter3\n"
    )
    output = io.BytesIO()
    parse_file("arf", str(mail), output)
    dead = decode(output.getvalue().rstrip(b"\n"))
    assert isinstance(dead, DeadLetter)
    assert dead.text.endswith("Your new password: [redacted]")
