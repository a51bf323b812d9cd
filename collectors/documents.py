"""Files that are read whole, one mail or report each: their kinds, each of which is a registry of formats.

A kind is one entry of `KINDS`: how an error calls it, its registry (`names()` and `load(name)`), and how a format of
it reads the bytes of a file: its events, none where the file is not of that format, ValueError where it is but cannot
be read.
"""

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from collectors import bounces, complaints, feedback
from schemas.events import Event


class Kind(NamedTuple):
    """A kind of files.

    `takes_zip` tells that its formats unpack zip by themselves, `gathers` names the one that only tries the others.
    """

    what: str
    registry: ModuleType
    parse: Callable[[str, bytes], tuple[Event, ...]]
    takes_zip: bool = False
    gathers: str = ""

    def names(self) -> tuple[str, ...]:
        """Return the names of its formats, sorted."""
        named: tuple[str, ...] = self.registry.names()
        return named


def _complaint(name: str, mail: bytes) -> tuple[Event, ...]:
    event = complaints.load(name)(mail)
    return () if event is None else (event,)


def _bounce(name: str, mail: bytes) -> tuple[Event, ...]:
    return bounces.load(name)(mail)


KINDS: tuple[Kind, ...] = (
    Kind("complaint", complaints, _complaint, gathers="any"),
    Kind("bounce", bounces, _bounce, gathers=bounces.ANY),
    Kind("report", feedback, feedback.parse, takes_zip=True),
)


def kind_of(format_name: str) -> Kind | None:
    """Return the kind that a format is of, None where no format of a whole file has that name."""
    return next((kind for kind in KINDS if format_name in kind.names()), None)


def parse(format_name: str, content: bytes) -> tuple[Event, ...]:
    """Return the events of a file, none where it is not of the format. ValueError: it is, but cannot be read."""
    kind = kind_of(format_name)
    if kind is None:
        raise ValueError(f"no format {format_name!r} of a mail or report")
    return kind.parse(format_name, content)
