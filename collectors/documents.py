"""Files that are read whole, one mail or report each: their kinds, each of which is a registry of formats.

A kind is one entry of `KINDS`: how an error calls it, its registry (`names()` and `load(name)`), and how a format of
it reads the bytes of a file: its events, none where the file is not of that format, ValueError where it is but cannot
be read. The format "any" tries one kind after the other.
"""

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from collectors import bounces, complaints, feedback
from collectors.ways import NO_WAYS, Ways
from schemas.events import Event

LARGEST = 10 * 1024 * 1024
"""Bytes of a mail: of a larger one it is only told that it came."""
ANY = "any"
Read = Callable[[bytes], tuple[Event, ...]]


class Kind(NamedTuple):
    """A kind of files.

    `read` knows the names of the registry, and "any" for all of them; its ways tell what names our sender in a mail.
    `takes_zip` tells that its formats unpack zip by themselves, `gathers` names the one that only tries the others.
    """

    what: str
    registry: ModuleType
    read: Callable[[str, bytes, Ways], tuple[Event, ...]]
    takes_zip: bool = False
    gathers: str = ""

    def names(self) -> tuple[str, ...]:
        """Return the names of its formats, sorted."""
        named: tuple[str, ...] = self.registry.names()
        return named

    def parse(self, name: str, content: bytes) -> tuple[Event, ...]:
        """Return the events of a file by one of its formats."""
        return self.read(name, content, NO_WAYS)


def _complaint(name: str, mail: bytes, ways: Ways) -> tuple[Event, ...]:
    event = complaints.load(name)(mail, ways)
    return () if event is None else (event,)


def _bounce(name: str, mail: bytes, ways: Ways) -> tuple[Event, ...]:
    return bounces.load(bounces.ANY if name == ANY else name)(mail, ways)


def _report(name: str, data: bytes, _: Ways) -> tuple[Event, ...]:
    return feedback.parse_any(data) if name == ANY else feedback.parse(name, data)


KINDS: tuple[Kind, ...] = (
    Kind("complaint", complaints, _complaint, gathers=ANY),
    Kind("bounce", bounces, _bounce, gathers=bounces.ANY),
    Kind("report", feedback, _report, takes_zip=True),
)


def names() -> tuple[str, ...]:
    """Return the names of all formats of files that are read whole, "any" first."""
    return (ANY, *(name for kind in KINDS for name in kind.names() if name != ANY))


def kind_of(format_name: str) -> Kind | None:
    """Return the kind that a format is of, None where no format of a whole file has that name."""
    return next((kind for kind in KINDS if format_name in kind.names()), None)


def parse(format_name: str, content: bytes) -> tuple[Event, ...]:
    """Return the events of a file, none where it is not of the format. ValueError: it is, but cannot be read."""
    return reader(format_name, NO_WAYS)(content)


def reader(name: str, ways: Ways) -> Read:
    """Return what reads a file, or a Maildir's mail, by a format: its events, none where it is of no such format.

    ValueError names an unknown format; the reader's, why a mail of the format cannot be read.
    """
    if name not in names():
        raise ValueError(f"no format of a mail or report {name!r}; there are {', '.join(names())}")
    kinds = [kind for kind in KINDS if name == ANY or name in kind.names()]
    return lambda content: next((events for kind in kinds if (events := kind.read(name, content, ways))), ())
