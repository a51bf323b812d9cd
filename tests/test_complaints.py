"""Reports of every format: whatever the bytes, a complaint, none, or ValueError; the same report is the same complaint.

Beside the golden files: what a stranger writes names nobody, and our own field and envelope name whom they should.
"""

import hmac
import re
from base64 import encodebytes
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.complaints import any as any_format
from collectors.complaints import arf, spamcop
from collectors.ways import Verp, Ways
from schemas.codec import decode, encode
from schemas.events import ComplaintReceived

GOLDEN = Path(__file__).parent / "golden" / "complaints"
MAILS = [mail.read_bytes() for mail in sorted((GOLDEN / "arf").glob("*.eml"))]
OTHERS = [mail.read_bytes() for name in ("jmrp", "spamcop", "xarf") for mail in sorted((GOLDEN / name).glob("*.eml"))]


def answer(mail: bytes) -> object:
    """Return what is made of a mail: the complaint, None, or the reason why it cannot be read."""
    try:
        complaint = any_format.parse(mail)
    except ValueError as error:
        return str(error)
    if complaint is not None:
        assert decode(encode(complaint)) == complaint
        assert complaint.at >= 0
    return complaint


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MAILS + OTHERS),
    st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 40), st.binary(max_size=12))),
)
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
    assert (
        answer(b"Content-Type: text/plain" + b";" * 1000 + b"\n\n")
        == "a mail with a content field of too many parameters"
    )
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


def test_what_is_told_beside_the_id_is_no_more_than_a_stranger_may_say() -> None:
    """A complaint that no line of ours names a sender for has no confidence either."""
    told = [complaint for mail in MAILS + OTHERS if isinstance(complaint := answer(mail), ComplaintReceived)]
    assert {(bool(each.sender), each.confidence) for each in told} == {(True, 0.8), (False, 0.0)}
    assert {each.attribution for each in told} == {"", "authenticated_sender", "x_authenticated_id"}


OURS = b"Received: from pc.local"
CUSTOMER = b"X-Customer: Kunde-4711\n"


def _complaint(mail: bytes, ways: Ways) -> ComplaintReceived:
    complaint = arf.parse(mail, ways)
    assert complaint is not None
    return complaint


def test_a_header_of_our_own_names_the_sender_where_our_relay_put_it() -> None:
    ways = Ways(header="X-Customer")
    ours = _complaint(MAILS[0].replace(OURS, CUSTOMER + OURS), ways)
    assert (ours.sender, ours.attribution, ours.confidence) == ("kunde-4711", "own_header", 0.8)
    assert _complaint(MAILS[0].replace(OURS, CUSTOMER + OURS), Ways()).attribution == "authenticated_sender"
    below = _complaint(MAILS[0].replace(b"From: <info", CUSTOMER + b"From: <info"), ways)
    assert (below.sender, below.attribution) == ("alice@example.net", "authenticated_sender")
    hop = b"Received: from mx1.example.net"
    above = _complaint(MAILS[0].replace(hop, CUSTOMER + hop), ways)
    assert above.attribution == "authenticated_sender"


SIGNED = re.compile(r"(?:bounce\+)(?P<mailbox>[^@]+)-(?P<signature>[0-9a-f]+)@example\.net")
PLAIN = re.compile(r"bounce\+(?P<mailbox>[^@]+)@example\.net")
NO_LOGIN = MAILS[3]
KEY = b"a key"


def _signed(local: str, length: int = 12) -> bytes:
    return f"<{local}{hmac.new(KEY, local.encode(), sha256).hexdigest()[:length]}@example.net>".encode()


def _sent_by(envelope: bytes, verp: Verp) -> tuple[str, str, float]:
    found = _complaint(
        NO_LOGIN.replace(b"<info@example.net>\nOriginal-Rcpt", envelope + b"\nOriginal-Rcpt"), Ways(verp=verp)
    )
    return found.sender, found.attribution, found.confidence


def test_a_signed_envelope_sender_names_its_mailbox_and_no_other() -> None:
    verp = Verp(SIGNED, KEY)
    good = _signed("bounce+alice=example.net-")
    assert _sent_by(good, verp) == ("alice@example.net", "verp", 0.9)
    assert _sent_by(good.upper(), verp) == ("alice@example.net", "verp", 0.9)
    assert _sent_by(good.replace(b"alice", b"victim"), verp) == ("", "", 0.0)
    assert _sent_by(_signed("bounce+alice=example.net-", 9), verp) == ("", "", 0.0)
    assert _sent_by(b"<bounce+alice=example.net-@example.net>", verp) == ("", "", 0.0)
    assert _sent_by(good, Verp(SIGNED, b"another key")) == ("", "", 0.0)
    assert _sent_by(good[:-1] + b".evil.example>", verp) == ("", "", 0.0)


def test_an_envelope_sender_without_a_signature_counts_less_and_only_as_the_provider_tells_it() -> None:
    verp = Verp(PLAIN)
    assert _sent_by(b"<bounce+alice@example.net>", verp) == ("alice", "verp", 0.5)
    assert _sent_by(b"<bounce+Alice=Example.NET@example.net>", verp) == ("alice@example.net", "verp", 0.5)
    untold = NO_LOGIN.replace(b"Original-Mail-From: <info@example.net>\n", b"")
    path = b"Return-Path: <bounce+victim=example.net@example.net>\n"
    forged = _complaint(untold.replace(b"From: <info", path + b"From: <info"), Ways(verp=verp))
    assert (forged.sender, forged.envelope_from) == ("", "bounce+victim=example.net@example.net")
    hop = b"Received: from mx1.example.net"
    told = _complaint(untold.replace(hop, path.replace(b"victim", b"alice") + hop), Ways(verp=verp))
    assert (told.sender, told.attribution) == ("alice@example.net", "verp")


def test_our_header_comes_before_the_envelope() -> None:
    mail = MAILS[0].replace(b"Original-Mail-From: <info@", b"Original-Mail-From: <bounce+bob@")
    assert _complaint(mail, Ways(verp=Verp(PLAIN))).sender == "alice@example.net"


def test_any_format_reads_each_report_as_its_own_format_does() -> None:
    mail = (GOLDEN / "spamcop" / "01-arf.eml").read_bytes()
    assert any_format.parse(mail) == spamcop.parse(mail)
    plain = arf.parse(mail)
    assert plain is not None
    assert plain.report_url == ""


def test_a_report_that_is_all_a_mail_holds_is_read_as_a_forwarded_one() -> None:
    report = (GOLDEN / "arf" / "04-unattributed_queue_id_behind_source_ip.eml").read_bytes()
    header = b"From: postmaster@isp.example\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n"
    direct = arf.parse(report)
    assert direct is not None
    for mail in (
        header + b"\r\n" + report,
        header + b"Content-Transfer-Encoding: base64\r\n\r\n" + encodebytes(report),
    ):
        found = any_format.parse(mail)
        assert isinstance(found, ComplaintReceived)
        assert (found.id, found.queue_id, found.arrived_at) == (direct.id, direct.queue_id, direct.arrived_at)
        assert (found.reporter, direct.reporter) == ("postmaster@isp.example", "fbl@provider.example")


def test_any_format_believes_the_report_and_not_the_mail_that_is_attached_to_it() -> None:
    attack = (GOLDEN / "arf" / "39-attack_a_mail_reported_by_jmrp_looks_like_a_report.eml").read_bytes()
    found = any_format.parse(attack)
    assert isinstance(found, ComplaintReceived)
    assert (found.recipient, found.outbound_ip, found.queue_id) == ("eve@example.org", "", "")
    forwarded = (GOLDEN / "arf" / "37-forwarded_as_an_attachment.eml").read_bytes()
    direct = arf.parse((GOLDEN / "arf" / "04-unattributed_queue_id_behind_source_ip.eml").read_bytes())
    found = any_format.parse(forwarded)
    assert isinstance(found, ComplaintReceived)
    assert isinstance(direct, ComplaintReceived)
    assert (found.id, found.queue_id, found.arrived_at) == (direct.id, direct.queue_id, direct.arrived_at)
    assert (found.reporter, direct.reporter) == ("postmaster@isp.example", "fbl@provider.example")
