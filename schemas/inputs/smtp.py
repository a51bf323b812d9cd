"""Mails that an MTA delivers by LMTP or SMTP."""

from typing import Literal

from schemas.inputs._base import MailInput


class SmtpInput(MailInput):
    """Mails that an MTA delivers by LMTP or SMTP."""

    kind: Literal["smtp"]
    listen: str = "127.0.0.1:8024"
