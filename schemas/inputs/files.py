"""Log files whose names change with the date."""

from typing import Literal

from schemas.inputs._base import LineInput


class FilesInput(LineInput):
    """Log files whose names change with the date."""

    kind: Literal["files"]
    pattern: str
