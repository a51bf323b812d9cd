"""The journal of systemd."""

from typing import Literal

from schemas.inputs._base import LineInput


class JournaldInput(LineInput):
    """The journal of systemd."""

    kind: Literal["journald"]
    directory: str = ""
