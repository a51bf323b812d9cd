"""Whether a mail comes from a mail system or from a person, by its header alone.

A person may attach a report, or copy one into the text: what such a mail holds is no news of ours. What a mail system
writes has the null sender, says that it is automatic, or names a daemon; what a person writes has a sender, answers
something, or names the program it was written with. A mail with neither sort of sign counts as a mail system's.
"""

import re
from email.message import Message

from collectors import headers
from collectors.bouncemail import subject

_DAEMON = re.compile(r"mail(?:er)?[._-]?daemon|mdaemon|", re.IGNORECASE)
_OFFICE = re.compile(r"post[._-]?master|(?:do[._-]?not|no)[._-]?reply|bounces?|mail[._-]?system", re.IGNORECASE)
_SENT_ON = re.compile(r"\s*(?:re|fwd?|aw|wg|tr|rif|i|rv|sv|vs|antw?|res|enc|odp|pd)(?:\[\d{1,3}\])?\s?:", re.IGNORECASE)
_BY_PERSONS = ("In-Reply-To", "References", "User-Agent", "X-Mailer")
_BY_SYSTEMS = ("X-Failed-Recipients", "X-MLServer")


def is_persons(mail: Message) -> bool:
    """Tell whether a person wrote a mail, and no mail system."""
    if _is_systems(mail):
        return False
    has_sender, sent_on = mail.get("Return-Path") is not None, _SENT_ON.match(subject(mail)) is not None
    if _OFFICE.fullmatch(_local_part(mail, "From")):  # a person may sit there, too
        return mail.get("User-Agent") is not None or (has_sender and sent_on)
    return has_sender or sent_on or any(mail.get(name) is not None for name in _BY_PERSONS)


def _is_systems(mail: Message) -> bool:
    """Tell whether a mail has what no person's mail has."""
    automatic = headers.first(mail, "Auto-Submitted").partition(";")[0].partition("(")[0].strip().lower()
    kind = headers.text(mail.get_param("report-type")).lower()
    return (
        (mail.get_content_type() == "multipart/report" and kind in {"", "delivery-status"})
        or automatic not in {"", "no"}
        or any(mail.get(name) is not None for name in _BY_SYSTEMS)
        or any(
            mail.get(name) is not None and _DAEMON.fullmatch(_local_part(mail, name))
            for name in ("Return-Path", "From")
        )
    )


def _local_part(mail: Message, name: str) -> str:
    """Return what stands before the @ of a field's address, "" where it has none (`<>`, and qmail's `#@[]`)."""
    return headers.mailbox(headers.first(mail, name)).rpartition("@")[0].removeprefix("#")
