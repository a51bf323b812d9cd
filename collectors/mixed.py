"""One log that several programs write to, each line read by the format that knows it."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from collectors.reading import Counts, LogReader
from schemas.events import DeadLetter, Event


class MixedReader:
    """Reads a log with the readers of several formats, which are tried in their order; counts each line once.

    A line that none knows is a dead letter if a format says that it is its own and unreadable. A format that says so of
    lines which others know does not tell its own from theirs: it is heard only where no format could ignore the line.
    """

    def __init__(self, readers: Sequence[LogReader]) -> None:
        self._readers = tuple(readers)
        self._confused: set[int] = set()
        self.counts = self._readers[0].counts if len(readers) == 1 else Counts()

    def read(self, line: bytes, offset: int) -> list[Event]:
        """Return the events of the line at byte `offset`. Never raises, whatever the bytes."""
        if len(self._readers) == 1:
            return self._readers[0].read(line, offset)
        self.counts.lines += 1
        dead: dict[int, list[Event]] = {}
        for number, reader in enumerate(self._readers):
            before = reader.counts.ignored, reader.counts.further
            events = reader.read(line, offset)
            if events and isinstance(events[0], DeadLetter):
                dead[number] = events
            elif reader.counts.ignored == before[0]:
                self._confused.update(dead)
                self.counts.further += reader.counts.further - before[1]
                return self._counted(events)
        trusted = [number for number in dead if number not in self._confused]
        if dead and (trusted or len(dead) == len(self._readers)):
            self.counts.dead_letters += 1
            return dead[(trusted or list(dead))[0]]
        self.counts.ignored += 1
        return []

    def join(self, readers: Sequence[LogReader], unknown: Iterable[tuple[bytes, int, list[Event]]]) -> list[Event]:
        """Take further readers, and return what they make of lines that nobody knew: else what was made of these."""
        further = MixedReader(readers)
        self.counts = replace(self.counts, events=dict(self.counts.events))  # one reader alone counts by itself
        told: list[Event] = []
        for line, offset, before in unknown:
            ignored, dead, absorbed = further.counts.ignored, further.counts.dead_letters, further.counts.absorbed
            beyond = further.counts.further
            events = further.read(line, offset)
            if further.counts.ignored > ignored or further.counts.dead_letters > dead:
                told += before
                continue
            self.counts.dead_letters -= bool(before)
            self.counts.ignored -= not before
            self.counts.absorbed += further.counts.absorbed - absorbed
            self.counts.further += further.counts.further - beyond
            for event in events:
                self.counts.note(event)
            told += events
        self._readers += tuple(readers)
        return told

    def _counted(self, events: list[Event]) -> list[Event]:
        self.counts.absorbed += not events
        for event in events:
            self.counts.note(event)
        return events
