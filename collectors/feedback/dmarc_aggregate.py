"""DMARC aggregate reports: XML as RFC 7489 (appendix C) and RFC 9990 have it, and the draft before them.

As .xml, .gz or .zip, or attached to a mail. Each record makes one event.
Manual: https://www.rfc-editor.org/rfc/rfc9990
Ignored by decision: the comments of overrides, the results of SPF and DKIM apart from alignment.
"""

import re

from msgspec.structs import astuple, replace

from collectors.addresses import ip_or_empty
from collectors.feedback import _carried, _xml
from collectors.feedback._xml import Node
from schemas.events import Event
from schemas.names import derived_id, domain_of
from schemas.report_events import DmarcReported

_MOST_RECORDS = 100_000
_MOST_NAMES = 20
_LONGEST = 320
_SECOND = 1_000_000
_LATEST = 253_402_300_799  # the end of the year 9999
_NUMBER = re.compile(r"\d{1,18}")
_RESULT = re.compile(r"[a-z_]{1,40}")


def parse(data: bytes) -> tuple[Event, ...]:
    """Return a report's records, none where the data holds no report. ValueError where it holds one, but unreadable."""
    return tuple(event for document in _carried.documents(data) for event in _events(document))


def _events(document: bytes) -> list[DmarcReported]:
    records: list[Node] = []

    def keep(record: Node) -> None:
        if len(records) == _MOST_RECORDS:
            raise ValueError(f"a report of more than {_MOST_RECORDS} records")
        records.append(record)

    report = _xml.read(document, "feedback", "record", keep)
    if report is None:
        return []
    if not records:
        raise ValueError("a DMARC report without a record")
    about = _About(report)
    return [about.event(number, record) for number, record in enumerate(records)]


class _About:
    """What holds for each record of a report. ValueError names what it lacks."""

    def __init__(self, report: Node) -> None:
        contact = report.first("report_metadata", "email")[:_LONGEST].lower()
        self.contact = contact if "@" in contact else ""
        self.reporter = report.first("report_metadata", "org_name")[:_LONGEST] or domain_of(self.contact)
        self.report_id = report.first("report_metadata", "report_id")[:_LONGEST]
        self.domain = report.first("policy_published", "domain")[:_LONGEST].lower().rstrip(".")
        self.policy = _word(report, "policy_published", "p")
        self.begin_at, self.end_at = (_moment(report, name) for name in ("begin", "end"))
        told = {"org_name or email": self.reporter, "report_id": self.report_id, "domain": self.domain}
        missing = [name for name, value in told.items() if not value]
        if missing:
            raise ValueError(f"a DMARC report without {', '.join(missing)}")
        if self.begin_at > self.end_at:
            raise ValueError("a DMARC report that ends before it begins")

    def event(self, number: int, record: Node) -> DmarcReported:
        """Return the event of the `number`th record."""
        source = record.first("row", "source_ip")
        ip = ip_or_empty(source)
        if not ip:
            raise ValueError(f"record {number + 1}: no IP in source_ip: {source[:80]!r}")
        count = record.first("row", "count")
        if not _NUMBER.fullmatch(count):
            raise ValueError(f"record {number + 1}: no number in count: {count[:80]!r}")
        signatures = record.all("auth_results", "dkim")[:_MOST_NAMES]
        evaluated = ("row", "policy_evaluated")
        named = {
            name: record.first("identifiers", name)[:_LONGEST].lower()
            for name in ("header_from", "envelope_from", "envelope_to")
        }
        event = DmarcReported(
            id="",
            at=self.end_at,
            reporter=self.reporter,
            report_id=self.report_id,
            domain=self.domain,
            begin_at=self.begin_at,
            end_at=self.end_at,
            ip=ip,
            messages=int(count),
            disposition=_word(record, *evaluated, "disposition"),
            dkim=_word(record, *evaluated, "dkim"),
            spf=_word(record, *evaluated, "spf"),
            **named,
            policy=self.policy,
            dkim_domains=tuple(each.first("domain")[:_LONGEST].lower() for each in signatures),
            selectors=tuple(each.first("selector")[:_LONGEST].lower() for each in signatures),
            spf_domains=_names(record.all("auth_results", "spf"), "domain"),
            overrides=_names(record.all(*evaluated, "reason"), "type"),
            contact=self.contact,
        )
        return replace(event, id=derived_id("dmarc", number, *astuple(event)))


def _names(nodes: list[Node], name: str) -> tuple[str, ...]:
    told = (node.first(name)[:_LONGEST].lower() for node in nodes[:_MOST_NAMES])
    return tuple(text for text in told if text)


def _word(node: Node, *path: str) -> str:
    """Return a word such as "pass" in lower case, as some write `Pass`; "" where that is no word: unknown."""
    word = node.first(*path).lower()
    return word if _RESULT.fullmatch(word) else ""


def _moment(report: Node, name: str) -> int:
    text = report.first("report_metadata", "date_range", name)
    if not _NUMBER.fullmatch(text) or not 0 < int(text) <= _LATEST:
        raise ValueError(f"a DMARC report without a time in {name}: {text[:80]!r}")
    return int(text) * _SECOND
