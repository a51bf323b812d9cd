"""Log files whose names change with the date."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from schemas.inputs._base import LineInput

_WILD = re.compile(r"[*?\[]")


class FilesInput(LineInput):
    """Log files whose names match a pattern, plain ones and packed ones."""

    kind: Literal["files"]
    pattern: str
    start: Literal["beginning", "end"] = "beginning"
    header_lines: Annotated[int, Field(ge=0, le=20)] = 0

    @field_validator("pattern")
    @classmethod
    def _of_one_folder(cls, pattern: str) -> str:
        path = Path(pattern)
        if _WILD.search(str(path.parent)):
            raise ValueError(f"{pattern!r} has a wildcard in its folder; make it an input for each folder")
        if not _WILD.search(path.name):
            raise ValueError(f'{pattern!r} has no wildcard; one file is followed by log = "{pattern}"')
        return pattern
