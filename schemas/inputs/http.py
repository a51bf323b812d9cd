"""Lines and mails that others POST."""

from typing import ClassVar, Literal

from schemas.inputs._base import LineInput


class HttpInput(LineInput):
    """Lines and mails that others POST."""

    gives: ClassVar[frozenset[str]] = frozenset({"lines", "mails"})

    kind: Literal["http"]
    listen: str = "127.0.0.1:8514"
