"""The standard input of the collector."""

from typing import Literal

from schemas.inputs._base import LineInput


class StdinInput(LineInput):
    """The standard input of the collector."""

    kind: Literal["stdin"]
