"""SpamCop's reports about mail: as ARF, and the older plain text with the reported mail below.

Above the reported mail stand `Email from IP / time` and the link to the report, where the abuse desk marks it as
resolved. Recipients are munged. Reports about web sites, summaries and alerts are no complaints about a mail.
Manual: https://www.spamcop.net/fom-serve/cache/338.html
"""

import re
from email.message import Message

from collectors import headers, reports
from collectors.complaints import arf
from collectors.reports import Report
from collectors.ways import NO_WAYS, Ways
from schemas.events import ComplaintReceived
from schemas.names import domain_of

_REPORTERS = "reports.spamcop.net"
_OFFENDING = re.compile(r"^(?:\[ )?Offending message(?: \]|:)[ \t]*$", re.MULTILINE)
_EMAIL = re.compile(r"^Email from ([0-9A-Fa-f:.]{3,45}) / +(\S[^\n]{0,99})$", re.MULTILINE)
_LINK = re.compile(r"^https?://(?:[a-z]{1,20}\.)?spamcop\.net/(w3m\?i=[0-9A-Za-z]{10,120})[ \t]*$", re.MULTILINE)


def parse(message: bytes, ways: Ways = NO_WAYS) -> ComplaintReceived | None:
    """Return the complaint of a report about a mail, None for any other mail. ValueError where it is unreadable."""
    if _REPORTERS.encode() not in message.lower():
        return None
    mail, parts = headers.read(message)
    if domain_of(headers.mailbox(headers.first(mail, "From"))) != _REPORTERS:
        return None
    brief, below = _read(parts)
    told = _EMAIL.search(brief)
    if told is None:
        return None
    fields, original = headers.empty(), headers.header_of(below)
    feedback = arf.read(message)
    if feedback is not None:
        fields, original = feedback.fields, feedback.original
    elif not below:
        raise ValueError("a SpamCop report without the mail that it is about")
    link = _LINK.search(brief)
    url = f"https://www.spamcop.net/{link[1]}" if link else ""
    return reports.complaint(Report(message, mail, _with(fields, told), original, url=url), ways)


def _read(parts: list[Message]) -> tuple[str, str]:
    """Return what SpamCop says, and below that the mail that it is about, where both stand in one text."""
    part = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    text = headers.content_of(part).replace("\r\n", "\n") if part is not None else ""
    found = _OFFENDING.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def _with(fields: Message, told: re.Match[str]) -> Message:
    """Return the fields with those that SpamCop sometimes leaves out, and without a recipient that is munged."""
    made = headers.empty()
    for name, value in fields.items():
        if name.lower() != "original-rcpt-to" or "@" in headers.text(value):
            made[name] = value
    for name, value in (("Source-IP", told[1]), ("Received-Date", told[2])):
        if not headers.first(made, name):
            made[name] = value
    return made
