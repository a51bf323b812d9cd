"""Bounces by mail: the corpus' expected results, and what a stranger's mail cannot do.

The forms of each family stand in the golden files; here is what holds for all of them.
"""

import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors import bouncemail, bounces, complaints, headers
from collectors.attribution import attribute, candidates
from collectors.bounced import attributed, probe
from collectors.intake import Intake
from collectors.sentindex import SentIndex
from schemas.bounce_events import BounceReceived
from schemas.codec import decode, encode
from schemas.events import DeadLetter, Event
from schemas.reasons import NAMES
from schemas.settings import Maildir
from tests.sent_town import ALICE, HOUR, NOW
from tests.sent_town import mail as sent

GOLDEN = Path(__file__).parent / "golden" / "bounces"
FILES = sorted(GOLDEN.glob("*/*.eml"))
MAILS = [path.read_bytes() for path in FILES]
read = bounces.load("bounce")

SISIMAI = {
    "user_unknown": {"userunknown", "filtered"},  # "filtered": said of a message that was taken; never permanent here
    "host_unknown": {"hostunknown"},
    "moved": {"hasmoved"},
    "no_mail": {"notaccept"},
    "mailbox_full": {"mailboxfull"},
    "mailbox_disabled": {"suspend", "onhold"},
    "recipient_refused": {"filtered", "rejected"},
    "blocked_ip": {"blocked"},
    "poor_reputation": {"badreputation"},
    "blocked_sender": {"rejected"},
    "auth_failed": {"authfailure"},
    "reverse_dns": {"requireptr"},
    "spam_content": {"spamdetected"},
    "virus": {"virusdetected"},
    "policy": {"policyviolation", "securityerror"},
    "not_authorized": {"securityerror"},
    "tls": {"failedstarttls"},
    "relay_denied": {"norelaying"},
    "rate": {"toomanyconn", "speeding", "exceedlimit"},
    "too_large": {"mesgtoobig", "exceedlimit"},
    "bad_format": {"notcompliantrfc", "contenterror"},
    "protocol": {"syntaxerror"},
    "network": {"networkerror"},
    "system": {"systemerror", "systemfull"},
    "local_delivery": {"mailererror"},
    "expired": {"expired"},
    "unknown": {"undefined", "onhold"},
}
NO_BOUNCE = {"feedback", "vacation", "delivered"}
FEWER = {
    "rhost-cox-01.eml": "both results are of one recipient: the second report stands in the returned mail",
    "rfc3464-01.eml": "both results are of one recipient",
}
"""Mails of the corpus that make fewer events than they have expected results: the last one is held against the rest."""


@pytest.fixture(scope="module")
def expected(corpus: Path) -> dict[str, list[dict[str, str | bool]]]:
    """Return the expected results of each mail of the corpus, in their order."""
    found: dict[str, list[dict[str, str | bool]]] = defaultdict(list)
    for line in (corpus / "bounces" / "sisimai" / "oracle.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["file"]].append(row)
    return found


def test_the_corpus_reasons_and_hard_or_soft(corpus: Path, expected: dict[str, list[dict[str, str | bool]]]) -> None:
    counts: Counter[str] = Counter()
    misses: list[str] = []
    for name, rows in expected.items():
        if NO_BOUNCE & {row["reason"] for row in rows}:
            continue
        found = list(read((corpus / "bounces" / "sisimai" / name).read_bytes()))
        assert len(found) == (1 if name in FEWER else len(rows)), name
        for row, event in zip(rows, found + found[-1:] * (len(rows) - len(found)), strict=True):
            classed, hard = row["reason"] in SISIMAI[event.reason], row["hardbounce"] == event.permanent
            counts.update(all=1, classed=classed, hard=hard)
            told = f"{event.reason}, {event.permanent}: {event.reply[:70]}"
            misses += [] if classed and hard else [f"{name} ({row['reason']}, {row['hardbounce']}): {told}"]
    shares = f"{counts['all']} bounces: {counts['classed']} of the same class, {counts['hard']} hard or soft alike"
    sys.stdout.write("\n".join([shares, *misses]) + "\n")
    assert counts["all"] == 317
    assert counts["classed"] >= 0.95 * counts["all"]
    assert counts["hard"] >= 0.98 * counts["all"]


def test_the_corpus_recipients_are_those_of_the_returned_mail(corpus: Path) -> None:
    """Where that is there: the others are aliases, list members and blind copies, which its header does not name."""
    named: Counter[str] = Counter()
    for path in (corpus / "bounces" / "sisimai").glob("*.eml"):
        returned = bouncemail.read(path.read_bytes()).returned
        wanted = " ".join([*headers.values(returned, "To"), *headers.values(returned, "Cc")]).lower()
        for event in read(path.read_bytes()):
            name, _, domain = event.recipient.partition("@")
            assert name, path.name
            assert domain, path.name
            named.update(all="@" in wanted, alike=event.recipient.lower() in wanted)
    assert (named["all"], named["alike"]) == (293, 254)


def test_another_corpus_of_bounces_is_read_to_the_last_one(corpus: Path) -> None:
    folder = corpus / "complaints" / "php-bounce-handler"
    mails = [path for path in folder.glob("*.eml") if path.stem[0].isdigit() or path.stem.startswith("exchange")]
    told = [event for path in mails for event in read(path.read_bytes())]
    assert (len(mails), len(told)) == (66, 66)
    reasons = Counter(event.reason for event in told)
    assert reasons["user_unknown"] + reasons["mailbox_full"] > 33
    assert reasons["unknown"] <= 4
    assert {event.format for event in told} == {"exim_text", "qmail_text", "rfc3464"}


def test_autoreplies_and_complaints_are_no_bounces(corpus: Path) -> None:
    folder = corpus / "bounces" / "sisimai"
    for path in [*folder.glob("rfc3834-*.eml"), *folder.glob("arf-*.eml"), folder / "lhost-amazonses-13.eml"]:
        assert read(path.read_bytes()) == ()
    for path in folder.glob("lhost-*.eml"):
        assert complaints.load("any")(path.read_bytes()) is None, path.name


def answer(mail: bytes) -> tuple[BounceReceived, ...] | str:
    """Return what is made of a mail: its events, or the reason why it cannot be read."""
    try:
        events = read(mail)
    except ValueError as error:
        return str(error)
    for event in events:
        assert decode(encode(event)) == event
        assert event.reason in {"", *NAMES}
        assert not (event.permanent and (event.enhanced_status.startswith("4") or 400 <= event.code < 500))
        assert not (event.permanent and event.action != "failed")
    return events


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MAILS), st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 40), st.binary(max_size=12))))
def test_no_damage_makes_it_raise_anything_else(mail: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, instead in cuts:
        mail = mail[:at] + instead + mail[at + length :]
    assert answer(mail) == answer(mail)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_in_a_returned_mail_is_believed_and_line_ends_do_not_matter(path: Path) -> None:
    mail = path.read_bytes()
    found = answer(mail)
    assert "victim" not in {event.recipient.partition("@")[0] for event in found if isinstance(event, BounceReceived)}
    crlf = answer(mail.replace(b"\n", b"\r\n"))
    assert isinstance(crlf, str) == isinstance(found, str)
    assert [event.reason for event in crlf if isinstance(event, BounceReceived)] == [
        event.reason for event in found if isinstance(event, BounceReceived)
    ]


def test_any_family_reads_as_its_own_does() -> None:
    for path, mail in zip(FILES, MAILS, strict=True):
        own = path.with_suffix(".expected").read_text(encoding="utf-8")
        if own.startswith('{"type"'):
            assert "".join(encode(event).decode() + "\n" for event in read(mail)) == own, path


POSTFIX = GOLDEN / "rfc3464" / "01-postfix_of_ours_two_recipients.eml"


def test_the_same_mail_is_the_same_bounces() -> None:
    mail = POSTFIX.read_bytes()
    assert [event.id for event in read(mail)] == [event.id for event in read(mail)]
    assert len({event.id for event in read(mail)} | {event.id for event in read(mail + b"\n")}) == 4


def test_mails_that_are_bombs() -> None:
    mail = POSTFIX.read_bytes()
    assert len(read(mail + b"x" * (10 * 1024 * 1024))) == 2
    many = b"".join(b"Final-Recipient: rfc822; c%d@example.com\nAction: failed\n\n" % n for n in range(1000))
    assert answer(mail.replace(b"Final-Recipient: rfc822; carol@", many + b"Final-Recipient: rfc822; carol@")) == (
        "a bounce of 1002 recipients, more than 1000"
    )
    parts = b"--b\nContent-Type: text/plain\n\nx\n" * 1000
    assert len(read(mail.replace(b"--b\n", parts + b"--b\n", 1))) == 2
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000))
    assert answer(nested) == "a mail of too many nested parts"


def _in_the_log(log: SentIndex, bounce: BounceReceived) -> BounceReceived:
    asked = probe(bounce)
    return attributed(bounce, attribute(asked, candidates(asked, log, 14)).complaint)


def test_the_log_names_the_sender_and_doubts_a_bounce_of_a_mail_never_sent() -> None:
    mail = (GOLDEN / "rfc3464" / "02-remote_that_had_taken_it.eml").read_bytes()
    (bounce,) = read(mail)
    (forged,) = read(mail.replace(b"<m1@example.net>", b"<never@example.net>"))
    real, fake = (replace(each, at=NOW, arrived_at=NOW - HOUR) for each in (bounce, forged))
    log = SentIndex([probe(real), probe(fake)])
    for event in sent(NOW - HOUR, "4F1qXz3abc", ALICE, "bob@example.com", "m1@example.net", provider="example.com"):
        log.note(event)
    found, doubted = _in_the_log(log, real), _in_the_log(log, fake)
    assert (found.sender, found.attribution, found.confidence, found.doubt) == (ALICE, "message_id", 0.7, "")
    assert (doubted.sender, doubted.confidence) == ("", 0.0)
    assert doubted.doubt == "the log knows no mail with this Message-ID"
    assert (doubted.recipient, doubted.reason) == ("bob@example.com", "mailbox_full")


def test_a_maildir_of_any_format_takes_bounces_and_dates_them(tmp_path: Path) -> None:
    for part in ("new", "cur", "tmp"):
        (tmp_path / part).mkdir()
    (tmp_path / "new" / "1").write_bytes(POSTFIX.read_bytes())
    (tmp_path / "new" / "2").write_bytes((GOLDEN / "rfc3464" / "08-no_recipient.eml").read_bytes())
    os.utime(tmp_path / "new" / "1", (1_772_359_800, 1_772_359_800))
    events: list[Event] = []
    assert Intake(Maildir(maildir=tmp_path), "returned").take(events.extend) == 2
    first, second, dead = events
    assert isinstance(first, BounceReceived)
    assert isinstance(second, BounceReceived)
    assert (first.at, first.recipient, second.recipient) == (
        1_772_359_499_000_000,
        "bob@example.com",
        "carol@example.com",
    )
    assert isinstance(dead, DeadLetter)
    assert dead.reason == "a delivery report that names no recipient"
    assert sorted(path.name for path in (tmp_path / "cur").iterdir()) == ["1:2,S", "2:2,S"]


def test_families_and_golden_files_match() -> None:
    assert sorted(bounces.families()) == sorted(path.name for path in GOLDEN.iterdir())
    assert bounces.families()[0] == "rfc3464"
    assert {"amazon_sns", "exim_text", "gateway_text", "qmail_text", "sendmail_text"} < set(bounces.families())
    for name in bounces.families():
        told = [path.read_text(encoding="utf-8") for path in sorted((GOLDEN / name).glob("*.expected"))]
        assert "" in told
        assert any(text.startswith('{"error": ') for text in told)
        assert any(text.startswith('{"type":') for text in told)
    with pytest.raises(ValueError, match=r"no bounce format 'join'; there are amazon_sns, bounce, exchange_text"):
        bounces.load("join")
