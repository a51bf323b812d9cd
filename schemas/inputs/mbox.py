"""An mbox file, such as a local mailbox."""

from typing import Literal

from schemas.inputs._base import MailInput


class MboxInput(MailInput):
    """An mbox file, such as a local mailbox."""

    kind: Literal["mbox"]
    path: str
