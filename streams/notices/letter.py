"""From the words to a mail with its headers (RFC 5322, RFC 3834), the same bytes each time."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from schemas.mailbox_hooks import CustomerMailHook
from schemas.moments import moment_of
from schemas.names import derived_id, domain_of
from streams.notices import Notice
from streams.notices.paragraphs import Words

_POLICY = SMTP.clone(cte_type="7bit", raise_on_defect=True)


def message_id(mailbox: str, step: str, decision: str, sender: str) -> str:
    """Return the Message-ID of the one mail about this step of this decision, whoever sends it, however often."""
    return f"<{derived_id('notice', mailbox, step, decision)}@{domain_of(sender)}>"


def letter(notice: Notice, words: Words, settings: CustomerMailHook, at: int) -> EmailMessage:
    """Return the mail, dated `at` (µs). ValueError where something in it cannot stand in a header.

    `Auto-Submitted` keeps autoresponders quiet. There is no `Precedence: bulk`: it is a single mail that somebody
    should read, and filters put bulk mail aside.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["Date"] = format_datetime(moment_of(at))
    mail["From"] = _mailbox(settings.sender_name or settings.company, settings.sender)
    mail["To"] = notice.recipient
    if settings.reply_to:
        mail["Reply-To"] = settings.reply_to
    mail["Subject"] = words.subject
    mail["Message-ID"] = notice.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(words.text, cte="quoted-printable")
    mail.add_alternative(words.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = notice.language  # last: what begins so would move into the text part
    mail.set_boundary(derived_id("boundary", notice.message_id))
    return mail


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)
