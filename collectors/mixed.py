"""One log that several programs write to, each line read by the format that knows it."""

from collections.abc import Sequence

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
        self.counts = Counts()

    def read(self, line: bytes, offset: int) -> list[Event]:
        """Return the events of the line at byte `offset`. Never raises, whatever the bytes."""
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

    def _counted(self, events: list[Event]) -> list[Event]:
        self.counts.absorbed += not events
        for event in events:
            self.counts.note(event)
        return events
