"""What all inputs have in common."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.part import Part


class Input(Part):
    """An input: `gives` says what it can bring, "lines" of logs, "mails", or either."""

    gives: ClassVar[frozenset[str]] = frozenset()


class LineInput(Input):
    """An input of lines, which wait in a spool until a log's reader took them: `spool_max_mb` (MiB) of them at most."""

    gives: ClassVar[frozenset[str]] = frozenset({"lines"})

    spool_max_mb: Annotated[int, Field(ge=16)] = 4096


class MailInput(Input):
    """An input of mails, which are delivered into the Maildir of the table that takes it."""

    gives: ClassVar[frozenset[str]] = frozenset({"mails"})
