"""The envelope: whose mail is taken, what an address may hold, and what stands in front of a mail."""

import pytest

from collectors import headers
from collectors.envelope import Recipients, is_plain, name_of, stamped, unstuffed

TAKEN = Recipients(["abuse@example.net", "bounce+*@example.net", "@fbl.example.net", "a.*.b@example.net"])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("abuse@example.net", True),
        ("Abuse@EXAMPLE.net", True),
        ("abuse+x@example.net", False),
        ("bounce+alice=example.org-5f3c1a@example.net", True),
        ("bounce@example.net", False),
        ("anybody@fbl.example.net", True),
        ("anybody@x.fbl.example.net", False),
        ("abuse@example.net.example.org", False),
        ("abuse@example.org", False),
        ("abuse%example.org@example.net", False),  # a route through us
        ("a.x.b@example.net", True),
        ("aXxXb@example.net", False),
        ("abuse", False),
        ("", False),
        ("abuse@[192.0.2.1]", False),
        ("abuse@\udcff", False),
    ],
)
def test_only_the_recipients_that_are_named_are_taken(address: str, expected: bool) -> None:  # noqa: FBT001
    assert (address in TAKEN) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bounce+alice=example.org@example.net", True),
        ("bücher@example.net", True),
        ("a\rX-Login: eve@example.net", False),
        ("a\nb@example.net", False),
        ('"a b"@example.net', False),
        ("a<b>@example.net", False),
        ("a@b@example.net", False),
        ("a\u2028b@example.net", False),
        ("a\udcffb@example.net", False),
        ("@example.net", False),
        ("x" * 330 + "@example.net", False),
    ],
)
def test_an_address_that_could_be_more_than_one_is_refused(address: str, expected: bool) -> None:  # noqa: FBT001
    assert is_plain(address) is expected


def test_the_envelope_stands_above_what_the_mail_brought_with_it() -> None:
    forged = b"Return-Path: <victim@example.net>\nX-Original-To: bounce+eve@example.net\nDelivered-To: x@y\n\nhi\n"
    mail, _ = headers.read(stamped(forged, "", "bounce+alice@example.net", "by mx with LMTP; now"))
    told = {name: headers.first(mail, name) for name in ("Return-Path", "X-Original-To", "Delivered-To", "Envelope-To")}
    assert told == {
        "Return-Path": "<>",
        "X-Original-To": "bounce+alice@example.net",
        "Delivered-To": "bounce+alice@example.net",
        "Envelope-To": "bounce+alice@example.net",
    }
    assert [name for name, _ in mail.items()][4] == "Received"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\r\n.\r\n", b""),
        (b"\r\nA: b\r\n\r\nhi\r\n.\r\n", b"A: b\n\nhi\n"),
        (b"\r\n..\r\n...\r\n.x\r\n.\r\n", b".\n..\nx\n"),
        (b"\r\nhi\n.\nQUIT\r\n.\r\n", b"hi\n.\nQUIT\n"),  # bare line feeds end nothing
        (b"\r\n\r\n\r\n.\r\n", b"\n\n"),
    ],
)
def test_dots_are_unstuffed_and_lines_end_as_a_maildir_has_them(data: bytes, expected: bytes) -> None:
    assert unstuffed(bytearray(data)) == expected


def test_a_mail_is_known_by_its_bytes_and_recipient() -> None:
    assert name_of(b"x", "A@b") == name_of(b"x", "a@b")
    assert len({name_of(b"x", "a@b"), name_of(b"x", "c@b"), name_of(b"y", "a@b")}) == 3
