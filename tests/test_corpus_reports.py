"""Reports and complaints of others: each file of the corpus is read, or refused for the reason that it deserves."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from collectors import complaints, feedback
from collectors.attribution import attribute, candidates
from collectors.sentindex import SentIndex
from schemas.events import DeliveryAttempted, MessageSubmitted
from schemas.names import provider_of
from schemas.report_events import DmarcReported

# Where these end to be XML.
INVALID = {
    "invalid_utf_8.xml": "no XML: not well-formed (invalid token): line 31, column 24",
    "invalid_xml.xml": "no XML: not well-formed (invalid token): line 5, column 17",
}
RECORDS = {
    "!large-example.com!1711897200!1711983600.xml": 2286,
    "rfc9990-example.net!example.com!1700000000!1700086399.xml": 2,
    "usssa.com!example.com!1538784000!1538870399.xml": 2,
    "rua-schema.xsd": 0,  # no report
}


def test_each_valid_dmarc_report_is_read_and_each_invalid_one_named(corpus: Path) -> None:
    files = sorted((corpus / "dmarc").glob("*/*"))
    named = {}
    for file in files:
        try:
            events = feedback.parse("dmarc_aggregate", file.read_bytes())
        except ValueError as error:
            named[file.name] = str(error)
            continue
        assert len(events) == RECORDS.get(file.name, 1), file.name
        for event in events:
            assert isinstance(event, DmarcReported)
            assert event.reporter
            assert event.dkim in {"pass", "fail"}
            assert event.spf in {"pass", "fail"}
    assert named == INVALID
    assert len(files) == 22


def test_each_row_of_a_dmarc_report_is_what_a_naive_reading_finds(corpus: Path) -> None:
    """The oracle: small expressions, each for one field, on the text of a record."""
    compared = 0
    for file in sorted((corpus / "dmarc").glob("*/*.xml")):
        text = file.read_text(encoding="utf-8", errors="replace")
        records = re.findall(r"<record>(.*?)</record>", text, re.DOTALL)
        if file.name in INVALID:
            continue
        for record, event in zip(records, feedback.parse("dmarc_aggregate", file.read_bytes()), strict=True):
            assert isinstance(event, DmarcReported)
            wanted = {
                name: found[1].strip().lower()
                for name in ("source_ip", "count", "disposition", "header_from", "envelope_from", "selector")
                if (found := re.search(rf"<{name}>([^<]*)</{name}>", record))
            }
            given = {
                "source_ip": event.ip,
                "count": str(event.messages),
                "disposition": event.disposition,
                "header_from": event.header_from,
                "envelope_from": event.envelope_from,
                "selector": next(iter(event.selectors), ""),
            }
            assert {name: given[name] for name in wanted} == wanted
            compared += 1
    assert compared == 2301


# Which format reads which file of corpus/complaints, and what each is; all others are bounces, vacations and notices.
READ = {
    "aol.eml": ("arf", "abuse"),
    "yahoo.eml": ("arf", "abuse"),
    "arf1.txt": ("arf", "abuse"),
    "arf2.txt": ("arf", "opt-out"),
    "arf3.txt": ("arf", "abuse"),
    "arf4.txt": ("arf", "abuse"),
    "arf5.txt": ("arf", "abuse"),
    "arf6.txt": ("jmrp", "abuse"),
    "fbl-aol.txt": ("arf", "abuse"),
    "fbl-comcast.txt": ("arf", "abuse"),
    "fbl-hotmail.txt": ("jmrp", "abuse"),
    "fbl-yahoo.txt": ("arf", "abuse"),
    "hotmailbounce.txt": ("jmrp", "abuse"),
    "spamcop-01.eml": ("spamcop", "abuse"),
    "spamcop-02.eml": ("spamcop", "abuse"),
}
ASKABLE = 14  # of these: what names an IP and a Message-ID, by which the log finds the sender


def test_each_complaint_is_read_by_its_format_and_nothing_else_is_one(corpus: Path) -> None:
    files = sorted((corpus / "complaints").glob("*/*"))
    read, askable = {}, 0
    for file in files:
        mail = file.read_bytes()
        by = {name: event for name in complaints.names() if (event := complaints.load(name)(mail))}
        both = by.pop("any", None)
        assert (both is None) == (not by), file.name
        if both is not None:
            (name,) = by
            read[file.name] = (name, both.feedback_type)
            askable += bool(both.message_id and (both.outbound_ip or both.recipient))
    assert read == READ
    assert askable == ASKABLE
    assert len(files) == 93


def test_feedback_types_are_those_that_sisimai_finds(corpus: Path) -> None:
    folder = corpus / "bounces" / "sisimai"
    oracle = [json.loads(line) for line in (folder / "oracle.jsonl").read_text(encoding="utf-8").splitlines()]
    wanted = {row["file"]: row["feedbacktype"] for row in oracle if row["feedbacktype"]}
    found = {
        file.name: event.feedback_type
        for file in sorted(folder.glob("*.eml"))
        if (event := complaints.load("any")(file.read_bytes()))
    }
    assert {name: kind for name, kind in found.items() if wanted.get(name) != kind} == {
        "arf-23.eml": "abuse"  # a JMRP report, which has no feedback part: sisimai does not know it
    }
    assert Counter(wanted.values()) == {"abuse": 7, "auth-failure": 1}
    assert wanted.keys() - found.keys() == {"lhost-amazonses-11.eml"}  # Amazon's own notice, of mail that Amazon sent


@pytest.mark.parametrize("folder", ["complaints", "bounces", "dmarc"])
def test_nothing_is_taken_for_a_report_of_another_kind(corpus: Path, folder: str) -> None:
    counts: Counter[str] = Counter()
    for file in (corpus / folder).glob("*/*"):
        for name in {*feedback.names()} - {"dmarc_aggregate"}:
            counts[name] += bool(feedback.parse(name, file.read_bytes()))
    assert +counts == ({"dmarc_failure": 1} if folder == "bounces" else {})


def test_with_the_log_of_these_mails_each_complaint_has_its_sender(corpus: Path) -> None:
    """As if each had left from a mailbox of its own; SpamCop's two have their Message-IDs made unreadable."""
    given = {
        file.name: event
        for file in sorted((corpus / "complaints").glob("*/*"))
        if (event := complaints.load("any")(file.read_bytes()))
    }
    mailboxes = {each.message_id: f"mailbox{number}@example.net" for number, each in enumerate(given.values())}
    log = SentIndex(given.values())
    for number, each in enumerate(given.values()):
        at, sender = each.arrived_at or each.at, mailboxes[each.message_id]
        common = {"host": "mx1", "queue_id": f"4Q{number}", "sender": sender, "sender_kind": "sasl"}
        message_id = each.message_id if "____" not in each.message_id else f"real{number}@example.net"
        log.note(MessageSubmitted(id=f"s{number}", at=at, message_id=message_id, **common))  # type: ignore[arg-type]  # fields by name
        to = each.recipient if "@" in each.recipient else "bob@receiver.example"
        ip = each.outbound_ip or "192.0.2.11"
        delivered = {"recipient": to, "provider": provider_of("", to), "outcome": "sent", "outbound_ip": ip}
        log.note(DeliveryAttempted(id=f"d{number}", at=at, **common, **delivered))  # type: ignore[arg-type]  # likewise
    found = {name: attribute(each, candidates(each, log, 14)).complaint for name, each in given.items()}
    unknown = {name: each.reason for name, each in found.items() if not each.sender}
    assert unknown == dict.fromkeys(["spamcop-01.eml", "spamcop-02.eml"], "the log knows no mail with this Message-ID")
    assert {name: each.sender for name, each in found.items() if each.sender} == {
        name: mailboxes[each.message_id] for name, each in given.items() if name not in unknown
    }
    assert Counter(each.confidence for each in found.values()) == {0.9: 7, 0.7: 5, 0.6: 1, 0.0: 2}
