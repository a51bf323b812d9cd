"""X-ARF: version 0.2, a mail with fields in YAML, and versions 1 to 4, with a JSON file; of both, reports of spam.

Reports of other categories (attacks, web sites, copyright …) are no complaints about a mail.
Formats: https://github.com/abusix/xarf, https://github.com/xarf/xarf-spec
"""

import re
from base64 import b64decode
from email.message import Message

import msgspec

from collectors import headers, reports
from collectors.reports import Report
from collectors.ways import NO_WAYS, Ways
from schemas.events import ComplaintReceived

_FILE = "xarf.json"
_YAML = re.compile(r"^([A-Za-z][A-Za-z0-9-]{0,39}):[ \t]*([^\n]{0,999})$", re.MULTILINE)
_ADDRESS_TYPES = frozenset(("ip-address", "ipv4", "ipv6", ""))
_SPAM = frozenset(("spam", "bulk_messaging"))


class _Evidence(msgspec.Struct):
    """A sample of version 4, or (renamed) of those before."""

    content_type: str = ""
    payload: str = ""


class _Sample(msgspec.Struct, rename="pascal"):
    content_type: str = ""
    payload: str = ""
    data: str = ""
    base64_encoded: bool = True


class _Source(msgspec.Struct):
    ip: str = msgspec.field(name="IP", default="")


class _Details(msgspec.Struct, rename="pascal"):
    report_type: str = ""
    date: str = ""
    source_ip: str = ""
    source: _Source = msgspec.field(default_factory=_Source)
    smtp_mail_from_address: str = ""
    smtp_rcpt_to_address: str = ""
    samples: tuple[_Sample, ...] = ()
    attachment: tuple[_Sample, ...] = ()


class _File(msgspec.Struct):
    """Both sorts of file in one: those of version 4 in lower case, of the versions before in `Report`."""

    report: _Details | None = msgspec.field(name="Report", default=None)
    xarf_version: str = ""
    category: str = ""
    kind: str = msgspec.field(name="type", default="")
    former_category: str = msgspec.field(name="class", default="")
    protocol: str = "smtp"
    source_identifier: str = ""
    timestamp: str = ""
    smtp_from: str = ""
    smtp_to: str = ""
    message_id: str = ""
    evidence: tuple[_Evidence, ...] = ()


def parse(message: bytes, ways: Ways = NO_WAYS) -> ComplaintReceived | None:
    """Return the complaint of a report of spam, None for any other mail. ValueError where it is one, but unreadable."""
    if b"xarf" not in message.lower() and b"x-arf" not in message.lower():
        return None
    mail, parts = headers.read(message)
    file = next((part for part in parts if _is_file(part)), None)
    if file is not None:
        return _of_file(message, mail, file, ways)
    if headers.first(mail, "X-XARF") or headers.first(mail, "X-ARF"):
        return _of_yaml(message, mail, parts, ways)
    return None


def _is_file(part: Message) -> bool:
    names = (part.get_filename(), part.get_param("name"))
    return part.get_content_type() == "application/json" and _FILE in {headers.text(name).lower() for name in names}


def _of_file(message: bytes, mail: Message, part: Message, ways: Ways) -> ComplaintReceived | None:
    try:
        told = msgspec.json.decode(headers.content_of(part), type=_File)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"an X-ARF file that cannot be read: {error}") from error
    if told.report is not None:
        fields, original = _of_details(told.report)
        spam = told.report.report_type.lower() in _SPAM
    else:
        fields, original = _of_version_4(told)
        about_mail = (told.category or told.former_category) == "messaging" and told.protocol.lower() == "smtp"
        spam = about_mail and told.kind in _SPAM
    return reports.complaint(Report(message, mail, fields, original), ways) if spam else None


def _of_version_4(told: _File) -> tuple[Message, Message]:
    samples = (each.payload for each in told.evidence if each.content_type.lower().startswith("message/rfc822"))
    fields = _fields(told.source_identifier, told.timestamp, told.smtp_from, told.smtp_to)
    if told.message_id:
        fields["Original-Message-ID"] = " ".join(told.message_id.split())
    return fields, headers.header_of(_decoded(next(samples, "")))


def _of_details(told: _Details) -> tuple[Message, Message]:
    fields = _fields(
        told.source_ip or told.source.ip, told.date, told.smtp_mail_from_address, told.smtp_rcpt_to_address
    )
    for sample in (*told.samples, *told.attachment):
        if sample.content_type.lower().startswith("message/rfc822"):
            held = sample.payload or sample.data
            return fields, headers.header_of(_decoded(held) if sample.base64_encoded else held)
    return fields, headers.empty()


def _of_yaml(message: bytes, mail: Message, parts: list[Message], ways: Ways) -> ComplaintReceived | None:
    """Read version 0.2: the second text holds the fields, flat, which are read without a parser for all of YAML."""
    texts = [part for part in parts if part.get_content_type() == "text/plain"]
    named = [part for part in texts if headers.text(part.get_filename() or part.get_param("name")) == "report.txt"]
    chosen = named or texts[1:]
    if not chosen:
        raise ValueError("an X-ARF report without its fields")
    given = _YAML.findall(headers.content_of(chosen[0]).replace("\r\n", "\n"))
    told = {name.lower(): value.strip().strip("'\"") for name, value in reversed(given)}  # the first counts
    if told.get("category", "").lower() != "abuse" or told.get("report-type", "").lower() not in _SPAM:
        return None
    if told.get("source-type", "").lower() not in _ADDRESS_TYPES:
        return None
    fields = _fields(told.get("source", ""), told.get("date", ""))
    return reports.complaint(Report(message, mail, fields, headers.original_of(parts)), ways)


def _fields(ip: str, at: str, envelope_from: str = "", recipient: str = "") -> Message:
    """Return what was told by the names that RFC 5965 has for it."""
    fields = headers.empty()
    named = {
        "Source-IP": ip,
        "Arrival-Date": at,
        "Original-Mail-From": envelope_from,
        "Original-Rcpt-To": recipient,
    }
    for name, value in named.items():
        if value:
            fields[name] = " ".join(value.split())
    return fields


def _decoded(payload: str) -> str:
    """Return a sample as text: it is in base64, or (against the rules) plain."""
    try:
        return b64decode(payload, validate=True).decode("utf-8", "replace")
    except ValueError:
        return payload
