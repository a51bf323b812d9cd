"""An mbox file, such as a local mailbox."""

from pathlib import Path
from typing import Literal

from schemas.inputs._base import MailInput


class MboxInput(MailInput):
    """An mbox file, such as a local mailbox: what it holds, then what is appended to it."""

    kind: Literal["mbox"]
    path: Path
