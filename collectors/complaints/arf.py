"""Feedback reports as RFC 5965 has them; what most feedback loops send.

One that somebody forwards, as an attachment or as all that his mail holds, is read, too: the reporter is who forwarded
it. A mail of somebody's that is attached to a report of another format, and looks like a feedback report, is none.
Format: https://www.rfc-editor.org/rfc/rfc5965
"""

from dataclasses import replace
from email.message import Message

from collectors import headers, reports
from collectors.reports import Report
from collectors.ways import NO_WAYS, Ways
from schemas.events import ComplaintReceived

_KIND = "message/feedback-report"
_AROUND = ("multipart/mixed", "message/rfc822")
_OTHER_FORMATS = ("X-ARF", "X-XARF", "X-HmXmrOriginalRecipient")  # xarf.py, jmrp.py: what they report is attached


def parse(message: bytes, ways: Ways = NO_WAYS) -> ComplaintReceived | None:
    """Return the complaint of a feedback report, None for any other mail. ValueError where a report is unreadable."""
    report = read(message)
    return None if report is None else reports.complaint(report, ways)


def read(message: bytes) -> Report | None:
    """Return what a feedback report tells, None where a mail is none. ValueError as `parse`."""
    mail, parts = headers.read(message)
    if _is_forwarded(mail, parts):
        forwarded = next((each for each in headers.attached(message) if _is_report(headers.read(each)[0])), b"")
        report = _read(forwarded, *headers.read(forwarded))
        return None if report is None else replace(report, mail=mail)
    return _read(message, mail, parts)


def _is_report(mail: Message) -> bool:
    return "feedback-report" in headers.text(mail.get_param("report-type")).lower()


def _is_forwarded(mail: Message, parts: list[Message]) -> bool:
    """Tell whether a mail holds no report itself, but one is attached to it."""
    if mail.get_content_type() not in _AROUND or any(part.get_content_type() == _KIND for part in parts):
        return False
    held = [part.get_payload(0) for part in parts if part.get_content_type() == "message/rfc822"]
    mails = [each for each in held if isinstance(each, Message)]
    others = any(each.get(name) for each in (mail, *mails) for name in _OTHER_FORMATS)
    return not others and any(map(_is_report, mails))


def _read(message: bytes, mail: Message, parts: list[Message]) -> Report | None:
    part = next((part for part in parts if part.get_content_type() == _KIND), None)
    if part is None:
        if _is_report(mail):
            raise ValueError("a feedback report without its feedback part")
        return None
    fields = headers.fields_of(part, "Feedback-Type")
    kind = headers.first(fields, "Feedback-Type").lower()
    if not kind:
        raise ValueError("a feedback report without Feedback-Type")
    if kind == "xarf":  # the fields stand in a part of its own: collectors/complaints/xarf.py
        return None
    return Report(message, mail, fields, headers.original_of(parts), kind)
