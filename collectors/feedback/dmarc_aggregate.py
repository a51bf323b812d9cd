"""DMARC aggregate reports: XML as RFC 7489 (appendix C) and RFC 9990 have it, and the draft before them.

As .xml, .gz or .zip, or attached to a mail. Each record makes one event; one that cannot be read makes a dead
letter, and the others count.
Manual: https://www.rfc-editor.org/rfc/rfc9990
Ignored by decision: the comments of overrides, the results of SPF and DKIM apart from alignment.
"""

import re
from collections.abc import Iterator
from typing import TypedDict

from msgspec.structs import astuple, replace

from collectors.addresses import ip_or_empty
from collectors.feedback import _carried, _told, _xml
from collectors.feedback._xml import Node
from schemas.events import DeadLetter, Event
from schemas.names import derived_id, domain_of
from schemas.report_events import DmarcReported

_FORMAT = "dmarc_aggregate"
_MOST_RECORDS = 100_000
_MOST_NAMES = 20
_LONGEST = 320
_SECOND = 1_000_000
_LATEST = 253_402_300_799  # the end of the year 9999
_MOST_UNREAD = 100  # of more records the report is no such report
_NUMBER = re.compile(r"\d{1,18}")
_MOMENT = re.compile(r"(\d{1,18})(?:\.\d{0,9})?")
_RESULT = re.compile(r"[a-z_]{1,40}")


def parse(data: bytes) -> tuple[Event, ...]:
    """Return a report's records, none where the data holds no report. ValueError where it holds one, but unreadable.

    A record that cannot be read beside others is a dead letter, without the name of who reads it.
    """
    left = _xml.Left()
    return _told.once(event for document in _carried.documents(data) for event in _events(document, left))


def _events(document: bytes, left: _xml.Left) -> list[DmarcReported | DeadLetter]:
    rows: list[DmarcReported] = []
    unread: list[DeadLetter] = []

    def keep(record: Node) -> None:
        number = len(rows) + len(unread) + 1
        if number > _MOST_RECORDS:
            raise ValueError(f"a report of more than {_MOST_RECORDS} records")
        try:
            rows.append(_row(record))
        except ValueError as error:
            unread.append(_unread(record, number, str(error)))
            if len(unread) > _MOST_UNREAD:
                first = unread[0].reason
                raise ValueError(f"a report of more than {_MOST_UNREAD} unreadable records, {first}") from error

    report = _xml.read(document, "feedback", "record", keep, left)
    if report is None:
        return []
    if not rows:
        raise ValueError(unread[0].reason if unread else "a DMARC report without a record")
    about = _about(report)
    events = (replace(row, **about) for row in rows)
    of_report = (about["reporter"], about["report_id"], about["domain"], about["begin_at"])
    return [
        *(replace(event, id=derived_id("dmarc", n, *astuple(event))) for n, event in enumerate(events)),
        *(replace(each, id=derived_id("dmarc", *of_report, each.place, each.text)) for each in unread),
    ]


class _About(TypedDict):
    """What holds for each record of a report."""

    at: int
    reporter: str
    report_id: str
    domain: str
    begin_at: int
    end_at: int
    policy: str
    contact: str


def _about(report: Node) -> _About:
    """Return what a report says of itself. ValueError names what it lacks."""
    contact = report.first("report_metadata", "email")[:_LONGEST].lower()
    contact = contact if "@" in contact else ""
    told = {
        "org_name or email": report.first("report_metadata", "org_name")[:_LONGEST] or domain_of(contact),
        "report_id": report.first("report_metadata", "report_id")[:_LONGEST],
        "domain": report.first("policy_published", "domain")[:_LONGEST].lower().rstrip("."),
    }
    missing = [name for name, value in told.items() if not value]
    if missing:
        raise ValueError(f"a DMARC report without {', '.join(missing)}")
    begin_at, end_at = (_moment(report, name) for name in ("begin", "end"))
    if begin_at > end_at:
        raise ValueError("a DMARC report that ends before it begins")
    reporter, report_id, domain = told.values()
    policy = _word(report, "policy_published", "p")
    return _About(
        at=end_at,
        reporter=reporter,
        report_id=report_id,
        domain=domain,
        begin_at=begin_at,
        end_at=end_at,
        policy=policy,
        contact=contact,
    )


def _unread(record: Node, number: int, reason: str) -> DeadLetter:
    place, told = f"record {number}", " ".join(_told.words(text) for text in _texts(record))
    return DeadLetter(id="", at=0, name="", format=_FORMAT, reason=f"{place}: {reason}", text=told[:2000], place=place)


def _texts(node: Node) -> Iterator[str]:
    """Yield each text of an element behind its name."""
    if text := node.text.strip():
        yield f"{node.name}={text}"
    for each in node.nodes:
        yield from _texts(each)


def _row(record: Node) -> DmarcReported:
    """Return what a record says; what holds for the whole report may stand behind it, and is added then."""
    source, count = record.first("row", "source_ip"), record.first("row", "count")
    ip = ip_or_empty(source)
    if not ip:
        raise ValueError(f"no IP in source_ip: {source[:80]!r}")
    if not _NUMBER.fullmatch(count):
        raise ValueError(f"no number in count: {count[:80]!r}")
    evaluated, signatures = ("row", "policy_evaluated"), record.all("auth_results", "dkim")[:_MOST_NAMES]
    return DmarcReported(
        id="",
        at=0,
        reporter="",
        report_id="",
        domain="",
        begin_at=0,
        end_at=0,
        ip=ip,
        messages=int(count),
        disposition=_word(record, *evaluated, "disposition"),
        dkim=_word(record, *evaluated, "dkim"),
        spf=_word(record, *evaluated, "spf"),
        header_from=record.first("identifiers", "header_from")[:_LONGEST].lower(),
        envelope_from=record.first("identifiers", "envelope_from")[:_LONGEST].lower(),
        envelope_to=record.first("identifiers", "envelope_to")[:_LONGEST].lower(),
        dkim_domains=tuple(each.first("domain")[:_LONGEST].lower() for each in signatures),
        selectors=tuple(each.first("selector")[:_LONGEST].lower() for each in signatures),
        spf_domains=_names(record.all("auth_results", "spf"), "domain"),
        overrides=_names(record.all(*evaluated, "reason"), "type"),
    )


def _names(nodes: list[Node], name: str) -> tuple[str, ...]:
    told = (node.first(name)[:_LONGEST].lower() for node in nodes[:_MOST_NAMES])
    return tuple(text for text in told if text)


def _word(node: Node, *path: str) -> str:
    """Return a word such as "pass" in lower case, as some write `Pass`; "" where that is no word: unknown."""
    word = node.first(*path).lower()
    return word if _RESULT.fullmatch(word) else ""


def _moment(report: Node, name: str) -> int:
    text = report.first("report_metadata", "date_range", name)
    found = _MOMENT.fullmatch(text)
    if not found or not 0 < int(found[1]) <= _LATEST:
        raise ValueError(f"a DMARC report without a time in {name}: {text[:80]!r}")
    return int(found[1]) * _SECOND
