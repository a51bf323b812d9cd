"""Feedback reports: whatever the bytes, a complaint, none, or ValueError; the same report is the same complaint."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.complaints import arf
from schemas.codec import decode, encode

MAILS = [mail.read_bytes() for mail in sorted((Path(__file__).parent / "golden" / "complaints" / "arf").glob("*.eml"))]


def answer(mail: bytes) -> object:
    """Return what is made of a mail: the complaint, None, or the reason why it cannot be read."""
    try:
        complaint = arf.parse(mail)
    except ValueError as error:
        return str(error)
    if complaint is not None:
        assert decode(encode(complaint)) == complaint
        assert complaint.at > 0
    return complaint


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MAILS), st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 40), st.binary(max_size=12))))
def test_no_damage_makes_it_raise_anything_else(mail: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, instead in cuts:
        mail = mail[:at] + instead + mail[at + length :]
    assert answer(mail) == answer(mail)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_bytes_that_are_no_mail_are_no_complaint(mail: bytes) -> None:
    assert answer(mail) is None


@pytest.mark.parametrize("separator", [b"\n", b"\r\n"])
def test_line_ends_do_not_matter_but_each_report_has_its_own_id(separator: bytes) -> None:
    complaints = [arf.parse(mail.replace(b"\n", separator)) for mail in MAILS[:7]]
    assert [complaint.feedback_type for complaint in complaints if complaint] == [
        "abuse",
        "abuse",
        "not-spam",
        "abuse",
        "abuse",
        "opt-out",
        "abuse",
    ]
    assert len({complaint.id for complaint in complaints if complaint}) == 7


def test_too_many_nested_parts_and_too_many_bytes_are_unreadable() -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000))
    assert answer(nested) == "a mail of too many nested parts"
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(150))
    assert answer(deep) is None
    assert answer(b"a" * (32 * 1024 * 1024 + 1)) == "a mail of 33554433 bytes, more than 33554432"


def test_bytes_outside_ascii_become_signs_of_it() -> None:
    complaint = arf.parse(MAILS[0].replace(b"<bob@example.com>", b"<b\xf6b@example.com>"))
    assert complaint is not None
    assert complaint.recipient == "b\ufffdb@example.com"


_FORGED = (
    b"Received: from x (mx1.example.net [192.0.2.1]) by mx.provider.example with ESMTPS id Z1\n",
    b"Received: from x (unknown [192.0.2.66]) (Authenticated sender: victim@example.net) by mx1 id FORGED12\n",
    b"X-Authenticated-Id: victim@example.net\n",
    b"X-Authenticated-Sender: victim@example.net\n",
    b"X-Originating-IP: [192.0.2.66]\n",
    b"Received: from localhost (localhost [127.0.0.1]) by mx1.example.net (Postfix) with ESMTP id FORGED34\n",
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MAILS), st.lists(st.sampled_from(_FORGED), max_size=8))
def test_nothing_that_a_sender_puts_below_our_line_attributes_a_complaint(mail: bytes, forged: list[bytes]) -> None:
    below = b"From: <info@example.net>\nTo: <bob@example.com>\n"
    attacked = answer(mail.replace(below, b"".join(forged) + below))
    assert getattr(attacked, "sender", "") in {"", "alice@example.net"}
    assert getattr(attacked, "queue_id", "") in {"", "4F1qXz3abc", "4F1qXz3abd", "E976A984522"}
    assert getattr(attacked, "outbound_ip", "") == getattr(answer(mail), "outbound_ip", "")


def test_a_line_of_ours_that_tells_two_logins_attributes_nothing() -> None:
    told = b"(Authenticated sender: Alice@Example.net)"
    complaint = arf.parse(MAILS[0].replace(told, told + b" (Authenticated sender: victim@example.net)"))
    assert complaint is not None
    assert (complaint.sender, complaint.attribution) == ("", "")
    assert complaint.outbound_ip == "192.0.2.1"
