"""A log whose formats were told by its beginning: where many lines are of none of them, it is looked at again.

Pure. A log may begin with one program and go on with another: what none of its formats knew since the last look is
kept, within bounds, and read again as soon as a format is found that knows it. So the usual log costs nothing more,
and nothing is lost where the new program's lines begin.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from collectors import recognise
from collectors.mixed import MixedReader
from collectors.reading import Counts, LogReader
from schemas.events import Event

_LONG_RUN = 500
"""Lines that follow each other, for a first look; twice as many after each that found nothing."""

_MOST_PATIENT = 8_000
_APART = 8
"""Lines apart from each other must be so many times as many."""

_SAMPLE = 500
_FEWEST = 10
_MOST_KEPT = 8 * 1024 * 1024
Begin = Callable[[str], LogReader]


class _Unknown(NamedTuple):
    """A line that no format knows; `events` is its dead letter, if it is to be one and is not yet told."""

    line: bytes
    offset: int
    events: list[Event]


class SearchingReader:
    """Reads a log by the formats of its first `known` lines, and by those that are found later.

    `begin` begins a reader of a format, `sampling` one that only tries it; `later` tells what was found, and where.
    """

    def __init__(self, names: Sequence[str], known: int, begin: Begin, sampling: Begin) -> None:
        self._names = list(names)
        self._known = known
        self._begin, self._sampling = begin, sampling
        self._reader = MixedReader([begin(name) for name in names])
        self._kept: deque[_Unknown] = deque()
        self._size = self._run = self._since = 0
        self._long = _LONG_RUN
        self.later = ""

    @property
    def counts(self) -> Counts:
        """Return what became of the lines so far."""
        return self._reader.counts

    def read(self, line: bytes, offset: int) -> list[Event]:
        """Return the events of the line at byte `offset`, behind those of lines before that were not told yet."""
        counts = self._reader.counts
        before = counts.ignored + counts.dead_letters
        events = self._reader.read(line, offset)
        if counts.ignored + counts.dead_letters == before:
            return [*self._untold(), *events] if self._run else events
        if counts.lines <= self._known:
            return events
        return self._noted(_Unknown(line, offset, events))

    def finish(self) -> list[Event]:
        """Return what is left to be told at the end of the log."""
        return self._looked() if self._kept else []

    def _noted(self, unknown: _Unknown) -> list[Event]:
        self._kept.append(unknown)
        self._size += len(unknown.line)
        self._run += 1
        self._since += 1
        told: list[Event] = []
        while self._size > _MOST_KEPT:
            oldest = self._kept.popleft()
            self._size -= len(oldest.line)
            told += oldest.events
        if self._run == self._long or self._since >= _APART * self._long:
            told += self._looked()
        return told

    def _untold(self) -> list[Event]:
        """Return the dead letters of a run of unknown lines that was too short for a look: they are not read again."""
        run = [self._kept.pop() for _ in range(min(self._run, len(self._kept)))][::-1]
        self._kept.extend(one for one in run if not one.events)
        self._size -= sum(len(one.line) for one in run if one.events)
        self._run = 0
        return [event for one in run for event in one.events]

    def _looked(self) -> list[Event]:
        """Look at the lines that nobody knows; return what they say to the formats that are found, if any."""
        unknown, self._kept = self._kept, deque()
        self._size = self._since = 0
        sample = [one.line for one in islice(unknown, max(0, len(unknown) - _SAMPLE), None)]
        found = recognise.of_log(sample, self._sampling).formats
        new = [share.name for share in found if share.lines >= _FEWEST and share.name not in self._names]
        if not new:
            self._long = min(2 * self._long, _MOST_PATIENT)
            return [event for one in unknown for event in one.events]
        self._names += new
        self._run, self._long = 0, _LONG_RUN
        self.later += f"; behind byte {unknown[0].offset} for {' and '.join(new)}, too"
        return self._reader.join([self._begin(name) for name in new], unknown)
