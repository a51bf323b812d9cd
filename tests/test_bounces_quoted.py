"""A bounce is a mail system's mail: one that a person sends on, or asks about, is none, whatever is in it."""

import pytest

from collectors import bounces, documents
from schemas.bounce_events import BounceReceived

read = bounces.load("bounce")
STATUS = b"""\
--b
Content-Type: text/plain

Please look at this bounce. What does it mean?
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; bob@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--b--
"""
QMAIL = b"""\
Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.

<bob@example.com>:
192.0.2.25 does not like recipient.
Remote host said: 550 5.1.1 no such user
"""
FIELDS = b"""\
Final-Recipient: rfc822; bob@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
"""
EXIM = b"""\
This message was created automatically by mail delivery software.
The following address(es) failed:

  bob@example.com
    550 5.1.1 no such user
"""
DATE = b"Date: Sun, 1 Mar 2026 10:05:00 +0000\nMessage-ID: <x1@example.net>\nMIME-Version: 1.0\n"
MIXED = b'Content-Type: multipart/mixed; boundary="b"\n'
PLAIN = b"Content-Type: text/plain; charset=utf-8\n"
CONTENTS = pytest.mark.parametrize(
    "content",
    [MIXED + b"\n" + STATUS, PLAIN + b"\n" + QMAIL, PLAIN + b"\n" + FIELDS, PLAIN + b"\n" + EXIM],
    ids=["a status part", "qmail's text", "fields in the text", "Exim's text"],
)


@CONTENTS
@pytest.mark.parametrize(
    "header",
    [
        b"Return-Path: <alice@example.net>\nFrom: Alice <alice@example.net>\nSubject: Please look at this bounce\n",
        b"From: Alice <alice@example.net>\nIn-Reply-To: <m1@example.net>\nSubject: bounce\n",
        b"From: Alice <alice@example.net>\nReferences: <m1@example.net>\nSubject: bounce\n",
        b"From: Alice <alice@example.net>\nUser-Agent: Mozilla Thunderbird\nSubject: bounce\n",
        b"From: Alice <alice@example.net>\nSubject: =?utf-8?q?WG=3A_Undelivered_Mail?=\n",
        # Degenerate cases: a postmaster answers himself, a machine says that it is none.
        b"Return-Path: <postmaster@example.net>\nFrom: postmaster@example.net\nSubject: Re: Undelivered Mail\n",
        b"From: Alice <alice@example.net>\nAuto-Submitted: no\nX-Mailer: Outlook\nSubject: bounce\n",
    ],
    ids=["return path", "in-reply-to", "references", "user agent", "forwarded", "postmaster answers", "not automatic"],
)
def test_what_a_person_sends_on_is_no_bounce(header: bytes, content: bytes) -> None:
    assert read(header + DATE + content) == ()


@CONTENTS
@pytest.mark.parametrize(
    "header",
    [
        b"Return-Path: <>\nFrom: alice@example.net\nIn-Reply-To: <m1@example.net>\n",
        b"From: Mail Delivery System <MAILER-DAEMON@example.com>\nX-Mailer: Zoho Mail\n",
        b"Return-Path: <postmaster@example.com>\nFrom: Postmaster <postmaster@example.com>\nX-Mailer: <SMTP32 v8>\n",
        b"From: help@example.com\nAuto-Submitted: auto-replied (failure)\nReferences: <m1@example.net>\n",
        b"From: help@example.com\nX-Failed-Recipients: bob@example.com\nIn-Reply-To: <m1@example.net>\n",
        b"From: help@example.com\nSubject: failure notice\n",
    ],
    ids=["null sender", "daemon", "postmaster", "automatic", "failed recipients", "nothing tells"],
)
def test_what_a_mail_system_writes_is_one(header: bytes, content: bytes) -> None:
    (bounce,) = read(header + DATE + content)
    assert (bounce.recipient, bounce.reason, bounce.permanent) == ("bob@example.com", "user_unknown", True)


def test_a_report_by_its_type_is_one_though_a_list_program_sends_it_from_its_own_address() -> None:
    report = MIXED.replace(b"mixed;", b'report; report-type="delivery-status";') + b"\n" + STATUS
    header = b"Return-Path: <apps@example.com>\nFrom: apps@example.com\nX-Mailer: MIME-tools\n"
    assert [bounce.recipient for bounce in read(header + DATE + report)] == ["bob@example.com"]


def test_a_list_program_is_a_mail_system() -> None:
    alert = b"Duplicated Message-ID in <list@example.com>.\n\nOriginal mail as follows:\n\nTo: bob@example.com\n"
    header = b"Return-Path: <list-admin@example.com>\nFrom: list-admin@example.com\nReferences: <m1@example.net>\n"
    assert read(header + DATE + PLAIN + b"\n" + alert) == ()
    (bounce,) = read(header + b"X-MLServer: fml [fml 4.0.3]\n" + DATE + PLAIN + b"\n" + alert)
    assert (bounce.recipient, bounce.format) == ("list@example.com", "gateway_text")


@pytest.mark.parametrize("name", documents.names())
def test_a_charset_told_in_parts_beside_bytes_beyond_ascii_ends_nothing(name: str) -> None:
    plain = PLAIN.replace(b"charset=utf-8", b"charset*=utf-8")
    for content in (b"Gr\xfc\xdfe\n", b"Gr\xfc\xdfe\n" + EXIM, MIXED + b"\n" + STATUS + b"\xfc"):
        try:
            told = documents.parse(name, b"Return-Path: <>\nFrom: a@example.net\n" + DATE + plain + b"\n" + content)
        except ValueError:
            continue
        assert {event.recipient for event in told if isinstance(event, BounceReceived)} <= {"bob@example.com"}
