"""The messages in a stream of bytes (RFC 6587): counted by octets or ended by a line feed, recognised one by one.

A frame is a counted one where it begins with a number, a blank and the `<` of a priority, or the stamp of who leaves
out the priority (a template of log files, sent counted). All else ends with a line feed. Where frames end so, a line
feed in the text of a message begins a frame, and a stranger may have written what follows: behind such a frame, and
without a priority, a counted one is believed only if it is short and holds no line feed but its last byte. Else one
number in a text, or a year before its day, would take what others say for its own.
"""

import re

LONGEST = 64 * 1024
SAMPLE = 200
COUNT = rb"([1-9][0-9]{0,6}) (?=<|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]|[A-Z][a-z]{2} [ 0-9]?[0-9] )"
_COUNT = re.compile(COUNT)
_BEGUN_COUNT = re.compile(rb"[1-9][0-9]{0,6}(?: [^\n<]{0,10})?\Z")
_TO_LINE_FEED = -1
_DIGITS = range(ord("1"), ord("9") + 1)
_PRIORITY = ord("<")
_STAMP = len("Nov 29 02:35:34")  # a shorter frame would end within its stamp


class Frames:
    """The frames in a stream that comes in pieces; it keeps no more of it than one frame of the greatest length."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._looked = 0  # there is no line feed before this place
        self._by_line_feed = False
        self._skipping = 0

    @property
    def begun(self) -> bool:
        """Tell whether a frame has begun but not ended."""
        return bool(self._rest) or self._skipping != 0

    @property
    def sample(self) -> bytes:
        """Return how the frame begins that has not ended yet."""
        return bytes(self._rest[:SAMPLE])

    def feed(self, data: bytes | memoryview) -> tuple[list[bytes], list[bytes]]:
        """Return the messages that are complete now, and how those begin that are skipped for their length."""
        messages: list[bytes] = []
        refused: list[bytes] = []
        rest = self._rest
        rest += data
        at = self._skipped() if self._skipping else 0
        while at < len(rest):
            counted = _COUNT.match(rest, at) if rest[at] in _DIGITS else None
            if counted is not None and self._believed(counted):
                then = self._counted(at, counted, messages, refused)
            elif counted is None and rest[at] in _DIGITS and _BEGUN_COUNT.match(rest, at):
                break
            else:
                then = self._ended(at, messages, refused)
            if then < 0:
                break
            at = then
        del rest[:at]
        self._looked = max(0, self._looked - at)
        return messages, refused

    def _believed(self, counted: re.Match[bytes]) -> bool:
        size, begin = int(counted[1]), counted.end()
        prioritized = self._rest[begin] == _PRIORITY
        if prioritized and not self._by_line_feed:
            return True
        return (1 if prioritized else _STAMP) <= size <= LONGEST and self._rest.find(b"\n", begin, begin + size - 1) < 0

    def _counted(self, at: int, counted: re.Match[bytes], messages: list[bytes], refused: list[bytes]) -> int:
        """Take a counted frame; return where the next begins, -1 where this one is not complete."""
        size, begin = int(counted[1]), counted.end()
        end = begin + size
        if size > LONGEST:
            refused.append(bytes(self._rest[at : at + SAMPLE]))
            self._skipping = max(0, end - len(self._rest))
            return min(end, len(self._rest))
        if end > len(self._rest):
            return -1
        messages.append(bytes(self._rest[begin:end]))
        return end

    def _ended(self, at: int, messages: list[bytes], refused: list[bytes]) -> int:
        """Take a frame up to its line feed; return where the next begins, -1 where this one is not complete."""
        rest = self._rest
        end = rest.find(b"\n", max(at, self._looked))
        long = (end if end >= 0 else len(rest)) - at > LONGEST
        if long:
            refused.append(bytes(rest[at : at + SAMPLE]))
        elif end >= 0:
            messages.append(bytes(rest[at:end]))
        if end >= 0:
            self._by_line_feed = self._by_line_feed or end > at
            return end + 1
        self._looked = len(rest)
        if not long:
            return -1
        self._skipping = _TO_LINE_FEED
        return len(rest)

    def _skipped(self) -> int:
        """Return where what is skipped ends in the bytes that are there."""
        rest = self._rest
        if self._skipping != _TO_LINE_FEED:
            skipped = min(self._skipping, len(rest))
            self._skipping -= skipped
            return skipped
        end = rest.find(b"\n")
        if end < 0:
            return len(rest)
        self._skipping = 0
        return end + 1
