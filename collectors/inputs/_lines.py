"""A stream of bytes, cut into lines: memory is bounded, whatever comes and in whatever pieces."""

from typing import NamedTuple

_SAMPLE = 1000


class TooLong(NamedTuple):
    """A line that was passed over: its length, and how it begins."""

    length: int
    sample: bytes


class Lines:
    """Cuts pieces into lines, without their line feeds; one of more than `longest` bytes is passed over and told."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._too_long: list[TooLong] = []
        self.pending = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the lines that end in the next piece. `pending` bytes of one more have come."""
        first, *others = piece.split(b"\n")
        self._grow(first)
        if not others:
            return []
        found = self._end()
        last = others.pop()
        for line in others:
            if len(line) <= self._longest:
                found.append(line)
            else:
                self._too_long.append(TooLong(len(line), line[:_SAMPLE]))
        self._grow(last)
        return found

    def rest(self) -> list[bytes]:
        """Return what stands behind the last line feed as a line, now that nothing more comes; empty where nothing."""
        return self._end() if self.pending else []

    def too_long(self) -> list[TooLong]:
        """Return the lines that were passed over since this was last asked."""
        found, self._too_long = self._too_long, []
        return found

    def _grow(self, piece: bytes) -> None:
        self.pending += len(piece)
        self._begun += piece[: max(0, self._longest - len(self._begun))]

    def _end(self) -> list[bytes]:
        length, line = self.pending, bytes(self._begun)
        self.pending = 0
        self._begun.clear()
        if length <= self._longest:
            return [line]
        self._too_long.append(TooLong(length, line[:_SAMPLE]))
        return []
