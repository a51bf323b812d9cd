"""What a Maildir's format reads in a mail: a complaint, a bounce or a report; "any" tries one kind after the other."""

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from collectors import bounces, complaints, feedback
from collectors.ways import Ways
from schemas.events import Event

ANY = "any"
Read = Callable[[bytes], tuple[Event, ...]]


class _Kind(NamedTuple):
    """A kind of mails: its registry, and how a mail is read by a format of it; `ways` name the sender of ours."""

    registry: ModuleType
    read: Callable[[str, bytes, Ways], tuple[Event, ...]]


def _complaint(name: str, mail: bytes, ways: Ways) -> tuple[Event, ...]:
    complaint = complaints.load(name)(mail, ways)
    return () if complaint is None else (complaint,)


def _bounce(name: str, mail: bytes, ways: Ways) -> tuple[Event, ...]:
    return bounces.load(bounces.ANY if name == ANY else name)(mail, ways)


def _report(name: str, mail: bytes, _: Ways) -> tuple[Event, ...]:
    return feedback.parse_any(mail) if name == ANY else feedback.parse(name, mail)


_KINDS = (_Kind(complaints, _complaint), _Kind(bounces, _bounce), _Kind(feedback, _report))


def names() -> tuple[str, ...]:
    """Return the names of the formats that a Maildir can have, "any" first."""
    return (ANY, *(name for kind in _KINDS for name in kind.registry.names() if name != ANY))


def reader(name: str, ways: Ways) -> Read:
    """Return what reads a mail by a format: its events, none where it is of no such format.

    ValueError names an unknown format; the reader's, why a mail of the format cannot be read.
    """
    if name not in names():
        raise ValueError(f"no format of a Maildir {name!r}; there are {', '.join(names())}")
    kinds = [kind for kind in _KINDS if name == ANY or name in kind.registry.names()]
    return lambda mail: next((events for kind in kinds if (events := kind.read(name, mail, ways))), ())
