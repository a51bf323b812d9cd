"""From words to a mail with the headers of all mails to customers (RFC 5322, RFC 3834), the same bytes each time."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec

from schemas.moments import moment_of
from schemas.names import derived_id
from streams.notices import Language
from streams.notices.paragraphs import Words

_POLICY = SMTP.clone(cte_type="7bit", raise_on_defect=True)
_KEPT_STILL = "DR, RN, NRN, OOF, AutoReply"  # [MS-OXCMAIL]; not All, which is NDR, too: a bounce must come back


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """From whom a mail is, as the configuration has it, to whom, and under which Message-ID; `more` are headers."""

    sender: str
    sender_name: str
    reply_to: str = ""
    recipient: str
    language: Language
    message_id: str
    more: Mapping[str, str] = {}


def composed(words: Words, envelope: Envelope, at: int) -> EmailMessage:
    """Return the mail, dated `at` (µs). ValueError where something cannot stand in a header.

    `Auto-Submitted` keeps autoresponders quiet, `X-Auto-Response-Suppress` Exchange's.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["Date"] = format_datetime(moment_of(at))
    local, _, domain = envelope.sender.rpartition("@")
    mail["From"] = Address(display_name=envelope.sender_name, username=local, domain=domain)
    mail["To"] = envelope.recipient
    if envelope.reply_to:
        mail["Reply-To"] = envelope.reply_to
    mail["Subject"] = words.subject
    mail["Message-ID"] = envelope.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = _KEPT_STILL
    for name, value in envelope.more.items():
        mail[name] = value
    mail.set_content(words.text, cte="quoted-printable")
    if words.html:
        mail.add_alternative(words.html, subtype="html", cte="quoted-printable")
        mail.set_boundary(derived_id("boundary", envelope.message_id))
    mail["Content-Language"] = envelope.language  # last: what begins so would move into the text part
    return mail
