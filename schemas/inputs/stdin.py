"""The standard input of the collector."""

from typing import Literal

from schemas.inputs._base import LineInput


class StdinInput(LineInput):
    """The standard input of the collector: a pipe; rsyslog's omprog may wait for each line's confirmation."""

    kind: Literal["stdin"]
    confirm: Literal["", "omprog"] = ""
