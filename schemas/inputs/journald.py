"""The journal of systemd."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator

from schemas.inputs._base import LineInput

_MATCH = re.compile(r"\+|_{0,2}[A-Z][A-Z0-9_]{0,62}=[^\n\0]{1,1000}")
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,200}")


def _match(text: str) -> str:
    if _MATCH.fullmatch(text) is None:
        raise ValueError(
            f'{text!r} is no match of the journal: FIELD=VALUE as in "_SYSTEMD_UNIT=dovecot.service", or "+"'
        )
    return text


class JournaldInput(LineInput):
    """The journal: this machine's, a namespace's, or the one in a `directory`; of it, what `matches` let through."""

    kind: Literal["journald"]
    directory: str = ""
    namespace: str = ""
    matches: tuple[Annotated[str, AfterValidator(_match)], ...] = ()
    start: Literal["beginning", "end"] = "beginning"

    @field_validator("namespace")
    @classmethod
    def _one_journal(cls, namespace: str, info: ValidationInfo) -> str:
        if namespace and _NAMESPACE.fullmatch(namespace) is None:
            raise ValueError(f"{namespace!r} is no namespace of journald")
        if namespace and info.data.get("directory"):
            raise ValueError("a directory is one journal already, so it goes with no namespace")
        return namespace
