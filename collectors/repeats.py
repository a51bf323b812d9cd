"""Lines that stand for others: what a syslog daemon writes instead of a line that comes again and again. Pure.

rsyslog (`$RepeatedMsgReduction`) tells the text, up to 800 bytes of it: `message repeated 9 times: [ … ]`. syslogd, old
rsyslog (`last message repeated 9 times`) and syslog-ng (`suppress()`: the program, and 20 bytes of the text) do not:
what came again is the last line of that host, and where one is named, of that program.
"""

import re
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from collectors.mta.records import LoginTried, Record, Said, Several
from collectors.syslog import Clock, Line, split
from collectors.wrapped import unwrapped

MARK = " repeated "
"""Stands in each such line."""

_MOST = 1000
_MOST_DIGITS = 9
_KEPT = 16
_TOLD = re.compile(r"message repeated (\d+) times: \[ ?")
_LAST = re.compile(r"last message repeated (\d+) times?")
_SUPPRESSED = re.compile(r"Last message '(.{0,20})' repeated (\d+) times, suppressed by syslog-ng on [^ ]*", re.DOTALL)
_CUT = "\ufffd"


class Again(NamedTuple):
    """A line that came again `times` times, the last time at `at`."""

    text: str
    times: int
    at: int

    def dated(self, said: Record | Said) -> Record | Said:
        """Return what the line says, of the time when it came again."""
        if isinstance(said, Several):
            return replace(said, at=self.at, records=tuple(replace(record, at=self.at) for record in said.records))
        return replace(said, at=self.at)

    def each(self, records: tuple[Record, ...] | None) -> tuple[Record, ...] | None:
        """Return what the line says as often as it came; logins are one with their number. ValueError for too many."""
        if records is None:
            return None
        if len(records) * self.times > _MOST and not all(isinstance(record, LoginTried) for record in records):
            raise ValueError(f"a line that was repeated {self.times} times: more than {_MOST} are taken for an error")
        return tuple(several for record in records for several in self._several(record))

    def _several(self, record: Record) -> tuple[Record, ...]:
        if isinstance(record, LoginTried):
            return (replace(record, attempts=self.times * max(1, record.attempts)),)
        return (record,) * self.times


class Before:
    """The last lines of a log, as they stand, for one that only says that they came again."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._lines = deque(lines, _KEPT)
        self.note = self._lines.append

    def snapshot(self) -> list[str]:
        """Return the lines, for the next of the same log."""
        return list(self._lines)

    def again(self, text: str, clock: Clock) -> Again | None:
        """Return the line that a line stands for, None where it stands for itself. ValueError where it is not known."""
        for form in (unwrapped(text), text):
            try:
                line = split(form, clock)
            except ValueError:
                continue
            told = _TOLD.match(line.payload)
            if told is not None:
                head, said = form[: len(form) - len(line.payload)], line.payload[told.end() :]
                return Again(head + said.removesuffix("]"), _times(told[1]), line.at)
            last = _LAST.fullmatch(line.payload)
            if last is not None:
                times, program = _times(last[1]), "" if line.program == "syslogd" else line.program
                return Again(self._last(line.host, program, "", clock), times, line.at)
            suppressed = _SUPPRESSED.fullmatch(line.payload)
            if suppressed is not None:
                times, said = _times(suppressed[2]), suppressed[1].rstrip(_CUT)
                return Again(self._last(line.host, line.program, said, clock), times, line.at)
        return None

    def _last(self, host: str, program: str, said: str, clock: Clock) -> str:
        """Return the last line of a host, and where it is known of a program and with the beginning of its text."""
        for text in reversed(self._lines):
            line = _split(text, clock)
            if line is not None and line.host == host and program in {"", line.program}:
                if line.payload.startswith(said):
                    return text
                break
        raise ValueError(f"another line came again, but none of the last {_KEPT} is that one")


def _times(digits: str) -> int:
    """Return how often a line came. ValueError for more than any daemon counts."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a line that was repeated {digits[:_KEPT]} times: more than {_MOST} are taken for an error")
    return int(digits)


def _split(text: str, clock: Clock) -> Line | None:
    for form in (unwrapped(text), text):
        try:
            return split(form, clock)
        except ValueError:
            continue
    return None
