"""Feedback reports as RFC 5965 has them; what most feedback loops send.

Format: https://www.rfc-editor.org/rfc/rfc5965
"""

from collectors import headers, reports
from collectors.reports import Report
from collectors.ways import NO_WAYS, Ways
from schemas.events import ComplaintReceived


def parse(message: bytes, ways: Ways = NO_WAYS) -> ComplaintReceived | None:
    """Return the complaint of a feedback report, None for any other mail. ValueError where a report is unreadable."""
    report = read(message)
    return None if report is None else reports.complaint(report, ways)


def read(message: bytes) -> Report | None:
    """Return what a feedback report tells, None where a mail is none. ValueError as `parse`."""
    mail, parts = headers.read(message)
    part = next((part for part in parts if part.get_content_type() == "message/feedback-report"), None)
    if part is None:
        if "feedback-report" in headers.text(mail.get_param("report-type")).lower():
            raise ValueError("a feedback report without its feedback part")
        return None
    fields = headers.fields_of(part, "Feedback-Type")
    kind = headers.first(fields, "Feedback-Type").lower()
    if not kind:
        raise ValueError("a feedback report without Feedback-Type")
    if kind == "xarf":  # the fields stand in a part of its own: collectors/complaints/xarf.py
        return None
    return Report(message, mail, fields, headers.original_of(parts), kind)
