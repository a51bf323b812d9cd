"""Lines from the collector's standard input: a pipe from ssh, journalctl, or rsyslog's omprog.

Manual of omprog's confirmations: https://www.rsyslog.com/doc/configuration/modules/omprog.html and
https://github.com/rsyslog/rsyslog/blob/main/plugins/external/INTERFACE.md
"""

import logging
import os
import select
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from collectors.inputs import Outlet
from collectors.inputs._lines import Lines
from collectors.losses import Losses
from collectors.reading import LONGEST_LINE
from collectors.rotation import generations
from collectors.spool import Spool, SpoolFullError
from schemas.inputs.stdin import StdinInput

LOG = logging.getLogger("relaywarden.collect")

_INPUT, _OUTPUT = 0, 1
_PIECE = 64 * 1024
_GATHER_SECONDS = 0.2
_GATHER_BYTES = 1024 * 1024
_DOT_SECONDS = 1.0


def run(settings: StdinInput, outlet: Outlet, stop: threading.Event) -> None:
    """Take lines until the standard input or `stop` ends it. ValueError where nothing can come from there."""
    with ready(settings, f"input.{outlet.name}", LOG.warning):
        pass
    if outlet.lines is None:
        return
    source = _Source(outlet.losses)
    if settings.confirm:
        _confirming(source, outlet.lines, stop)
        stop.set()  # rsyslog starts another collector, and no two work in one data folder
    else:
        _gathering(source, outlet.lines, stop)
    if source.ended:
        LOG.info("input.%s: the standard input has ended", outlet.name)


@contextmanager
def ready(_settings: StdinInput, place: str, _warn: Callable[[str], None]) -> Iterator[None]:
    """Look at the standard input of this process: for another's nothing can be told."""
    name, place = place.removeprefix("input."), f"{place}.kind: 'stdin', but the standard input is"
    try:
        found = os.fstat(_INPUT)
    except OSError as error:
        raise ValueError(f"{place} closed") from error
    if stat.S_ISREG(found.st_mode):
        raise ValueError(f'{place} a regular file, which is followed with log = "FILE" instead of input = "{name}"')
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == Path(os.devnull).stat().st_rdev:
        raise ValueError(f"{place} {os.devnull}: nobody writes to it")
    yield


class _Source:
    """The standard input, in lines; what is too long is noted and left out."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._lines = Lines(LONGEST_LINE)
        self.ended = False
        self.passed = 0  # lines left out by the last `read`

    def read(self, wait_seconds: float) -> list[bytes] | None:
        """Return the lines that end in what comes within so long, None where nothing comes. `ended`: it is the end."""
        self.passed = 0
        if not select.select([_INPUT], [], [], wait_seconds)[0]:
            return None
        piece = os.read(_INPUT, _PIECE)
        self.ended = not piece
        found = self._lines.feed(piece)
        self._note()
        return found

    def rest(self) -> list[bytes]:
        """Return a last line that had no line feed."""
        found = self._lines.rest()
        self._note()
        return found

    def lost(self, lines: list[bytes]) -> None:
        """Note lines that could not be kept any more."""
        self._losses.note("standard input: the collector ended while the spool was full", len(lines), lines[0])

    def _note(self) -> None:
        for line in self._lines.too_long():
            self.passed += 1
            self._losses.note(f"standard input: a line longer than {LONGEST_LINE} bytes", 1, line.sample)


def _gathering(source: _Source, spool: Spool, stop: threading.Event) -> None:
    """Keep what comes within a moment together; at the end and at `stop` also what has come by then."""
    gathered: list[bytes] = []
    size, due = 0, 0.0
    while not (source.ended or stop.is_set()):
        lines = source.read(_GATHER_SECONDS) or []
        due = due if gathered else time.monotonic() + _GATHER_SECONDS
        gathered += lines
        size += sum(map(len, lines))
        if gathered and (size >= _GATHER_BYTES or time.monotonic() >= due):
            if not spool.append_when_there_is_room(gathered, b"", stop):
                break
            gathered, size = [], 0
    for _ in range(_GATHER_BYTES // _PIECE):
        if source.ended or (rest := source.read(0)) is None:
            break
        gathered += rest
    gathered += source.rest()
    if gathered and not spool.append_when_there_is_room(gathered, b"", stop):
        source.lost(gathered)


def _confirming(source: _Source, spool: Spool, stop: threading.Event) -> None:
    """Tell rsyslog of each line when it is on disk: it sends again what was not confirmed.

    A line that was kept, but not confirmed because we were killed between the two, comes first to the next collector:
    it is then the spool's last, and kept once.
    """
    last = _last_line(spool)
    _say(b"OK\n")
    while not (source.ended or stop.is_set()):
        for line in source.read(_GATHER_SECONDS) or []:
            again, last = line == last, None
            if not (again or _kept(line, spool, stop)):
                return
            _say(b"OK\n")
        _say(b"OK\n" * source.passed)


def _last_line(spool: Spool) -> bytes | None:
    """Return the line that was kept last, None where there is none."""
    for found in reversed(generations(spool.file)):
        with found.path.open("rb") as file:
            file.seek(max(0, found.size - LONGEST_LINE - 2))
            lines = file.read().split(b"\n")
        if lines != [b""]:
            return lines[-2]
    return None


def _kept(line: bytes, spool: Spool, stop: threading.Event) -> bool:
    """Keep a line; while there is no room, let rsyslog wait. False: `stop` was set before there was."""
    while True:
        try:
            spool.append([line])
        except SpoolFullError:
            _say(b".")
            if stop.wait(_DOT_SECONDS):
                return False
        else:
            return True


def _say(what: bytes) -> None:
    """Write to rsyslog; where it is gone, the end of our input tells so."""
    with suppress(BrokenPipeError):
        os.write(_OUTPUT, what)
