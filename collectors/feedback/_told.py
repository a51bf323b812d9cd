"""JSON reports of strangers, decoded into what is expected of them, and words of theirs that may be stored."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from schemas.facts import Fact

_Report = TypeVar("_Report")
_Event = TypeVar("_Event", bound=Fact)
_MOST_EVENTS = 100_000
_LONGEST = 1_000
_LARGEST_NUMBER = 2**63 - 1


def once(events: Iterable[_Event]) -> tuple[_Event, ...]:
    """Return events, one that is told twice once. ValueError where too many are told."""
    found: dict[str, _Event] = {}
    for number, event in enumerate(events):
        found.setdefault(event.id, event)
        if number == _MOST_EVENTS:
            raise ValueError(f"a report of more than {_MOST_EVENTS} rows")
    return tuple(found.values())


def keys_of(document: bytes) -> frozenset[str]:
    """Return the keys of a JSON object, none where a document is anything else."""
    if not document.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return frozenset()
    try:
        return frozenset(msgspec.json.decode(_bare(document), type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, RecursionError):
        return frozenset()


def decoded(document: bytes, kind: type[_Report], what: str) -> _Report:
    """Return a JSON document as its type. ValueError where it is none; `what` is its name in that."""
    try:
        return msgspec.json.decode(_bare(document), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"{what} that cannot be read: {error}") from error


def words(text: str, longest: int = 320) -> str:
    """Return a text on one line, cut to a length."""
    return " ".join(text[: 4 * _LONGEST].split())[:longest].encode("utf-8", "replace").decode()


def count(number: int, what: str) -> int:
    """Return a number of sessions or mails. ValueError where it is none that could be."""
    if not 0 <= number <= _LARGEST_NUMBER:
        raise ValueError(f"{what}: {number} is no number of anything")
    return number


def _bare(document: bytes) -> bytes:
    return document.removeprefix(b"\xef\xbb\xbf")
