"""A folder of an IMAP server."""

from typing import Literal

from schemas.inputs._base import MailInput


class ImapInput(MailInput):
    """A folder of an IMAP server."""

    kind: Literal["imap"]
    host: str
