"""Hotmail's and Outlook.com's Junk Mail Reporting Program: the mail itself, without a feedback part.

The reported mail is attached, or (older) sent again as it was; X-HmXmrOriginalRecipient tells that it is such a report.
Manual: https://sendersupport.olc.protection.outlook.com/snds/JMRP.aspx
"""

import re

from collectors import headers, reports
from collectors.reports import Report
from collectors.ways import NO_WAYS, Ways
from schemas.events import ComplaintReceived

_MARK = "X-HmXmrOriginalRecipient"
_SUBJECT = re.compile(r"complaint about message from ([0-9A-Fa-f:.]{3,45})")


def parse(message: bytes, ways: Ways = NO_WAYS) -> ComplaintReceived | None:
    """Return the complaint that such a mail makes, None for any other. ValueError where it has no time."""
    if _MARK.lower().encode() not in message.lower():
        return None
    mail, parts = headers.read(message)
    if any(part.get_content_type() == "message/feedback-report" for part in parts):
        return None
    original = mail if mail.get(_MARK) else headers.original_of(parts)
    recipient = headers.first(original, _MARK)
    if not recipient:
        return None
    fields = headers.empty()
    fields["Original-Rcpt-To"] = recipient
    told = _SUBJECT.fullmatch(headers.first(mail, "Subject"))
    if told and original is not mail:  # else the subject is the sender's own
        fields["Source-IP"] = told[1]
    return reports.complaint(Report(message, mail, fields, original), ways)
