"""Tell of which formats a file is: by what each makes of its beginning, or of all of it, never by its name.

Driven by the registries alone: a new format is recognised as soon as it is there. A log may be of several formats (a
mail.log with Postfix and Dovecot): the one that knows most lines of the sample comes first, then each that knows
lines which none before it does. A format that calls more of a sample unreadable than it knows is not the file's.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import fields

from collectors import documents
from collectors.reading import LogReader, log_formats
from schemas.events import Event

Open = Callable[[str], LogReader]


class Share(NamedTuple):
    """A log format and how many of a sample's lines it knows that none before it does; `alike` know the same."""

    name: str
    lines: int
    alike: tuple[str, ...] = ()


class Found(NamedTuple):
    """The log formats of a sample, the first knows most; `lines` are the sample's lines that are not empty."""

    formats: tuple[Share, ...]
    lines: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the formats' names."""
        return tuple(share.name for share in self.formats)

    def summary(self) -> str:
        """Return what was found, as a part of a sentence."""
        return " and ".join(map(self._share, self.formats))

    def _share(self, share: Share) -> str:
        alike = f", as {' and '.join(share.alike)} would" if share.alike else ""
        return f"{share.name} ({share.lines} of the first {self.lines} lines{alike})"


class _Reading(NamedTuple):
    name: str
    known: frozenset[int]
    unread: frozenset[int]


def of_log(sample: Sequence[bytes], begin: Open) -> Found:
    """Return the log formats of a file's first lines, none where it is no log; `begin` begins a reader of a format."""
    lines = [line for line in sample if line.strip()]
    if not lines:
        return Found((), 0)
    text = b"\n".join(lines).decode("utf-8", "replace").lower()
    tried = [_reading(name, lines, begin(name)) for name in log_formats()]
    left = [reading for reading in tried if reading.known and len(reading.known) >= len(reading.unread)]
    found: list[Share] = []
    known: frozenset[int] = frozenset()
    readable: frozenset[int] = frozenset()
    while left:
        best = max(left, key=lambda reading: _rank(reading, known, text))
        new = best.known - known
        if new and (not found or len(new) > len(best.unread & readable)):
            alike = tuple(each.name for each in left if each is not best and each.known == best.known)
            found.append(Share(best.name, len(new), alike))
            known |= new
            readable |= frozenset(range(len(lines))) - best.unread
        left.remove(best)
    return Found(tuple(found), len(lines))


def _rank(reading: _Reading, known: frozenset[int], text: str) -> tuple[int, int, int]:
    """Return how well a format fits; of two that know the same lines, the one whose program they name fits better."""
    return len(reading.known - known), -len(reading.unread), text.count(reading.name)


def _reading(name: str, lines: Iterable[bytes], reader: LogReader) -> _Reading:
    known, unread = set(), set()
    offset = 0
    for number, line in enumerate(lines):
        ignored, dead = reader.counts.ignored, reader.counts.dead_letters
        reader.read(line, offset)
        offset += len(line)
        if reader.counts.dead_letters > dead:
            unread.add(number)
        elif reader.counts.ignored == ignored:
            known.add(number)
    return _Reading(name, frozenset(known), frozenset(unread))


def of_document(content: bytes) -> str:
    """Return the format of a file that is read whole, "" where it is of none.

    Of several that read it, it is the one that tells most; a format that only knows it as its own comes behind all.
    """
    told: Counter[str] = Counter()
    unread = ""
    for kind in documents.KINDS:
        for name in kind.names():
            try:
                events = kind.parse(name, content)
            except ValueError:
                unread = unread or name
                continue
            if events:
                told[name] = 2 * sum(map(_told, events)) - (name == kind.gathers)
    return told.most_common(1)[0][0] if told else unread


def _told(event: Event) -> int:
    return sum(bool(getattr(event, field.name)) for field in fields(event))
