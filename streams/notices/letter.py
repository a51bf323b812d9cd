"""From the words of a notice to its mail."""

from email.message import EmailMessage

from schemas.mailbox_hooks import CustomerMailHook
from schemas.names import derived_id, domain_of
from streams.notices import Notice
from streams.notices.composing import Envelope, composed
from streams.notices.paragraphs import Words


def message_id(mailbox: str, step: str, decision: str, sender: str) -> str:
    """Return the Message-ID of the one mail about this step of this decision, whoever sends it, however often."""
    return f"<{derived_id('notice', mailbox, step, decision)}@{domain_of(sender)}>"


def letter(notice: Notice, words: Words, settings: CustomerMailHook, at: int) -> EmailMessage:
    """Return the mail, dated `at` (µs). ValueError where something in it cannot stand in a header.

    There is no `Precedence: bulk`: it is a single mail that somebody should read, and filters put bulk mail aside.
    """
    envelope = Envelope(
        sender=settings.sender,
        sender_name=settings.sender_name or settings.company,
        reply_to=settings.reply_to,
        recipient=notice.recipient,
        language=notice.language,
        message_id=notice.message_id,
    )
    return composed(words, envelope, at)
