"""Lines from the journal of systemd, through journalctl(1): from the entry that was kept last, also after kill -9.

Manual: https://www.freedesktop.org/software/systemd/man/latest/journalctl.html
"""

import logging
import os
import selectors
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self, cast

from collectors.inputs import Outlet
from collectors.inputs._entries import FIELDS, Entry, cursor_of, entry
from collectors.inputs._lines import Lines
from collectors.spool import Spool, SpoolFullError
from schemas.inputs.journald import JournaldInput

LOG = logging.getLogger("relaywarden.collect")

_PIECE = 64 * 1024
_LONGEST_ENTRY = 1024 * 1024  # bytes that are no text come as numbers, four times as long
_GATHER_SECONDS = 0.2
_GATHER_BYTES = 1024 * 1024
_WELL_SECONDS = 5.0
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0
_ASK_SECONDS = 60.0
_END_SECONDS = 5.0


def run(settings: JournaldInput, outlet: Outlet, stop: threading.Event) -> None:
    """Take entries until `stop`. ValueError where journalctl or the directory is not there."""
    with ready(settings, f"input.{outlet.name}", LOG.warning) as program:
        pass
    if outlet.lines is not None:
        _Reader(program, settings, outlet, outlet.lines, stop).run()


@contextmanager
def ready(settings: JournaldInput, place: str, _warn: Callable[[str], None]) -> Iterator[str]:
    """Give the program that reads the journal, which it looks for in PATH."""
    program = shutil.which("journalctl")
    if program is None:
        raise ValueError(f"{place}.kind: 'journald', but there is no journalctl in PATH")
    directory = settings.directory
    if directory and not (Path(directory).is_dir() and os.access(directory, os.R_OK | os.X_OK)):
        raise ValueError(f"{place}.directory: {directory!r} is no directory that can be read")
    yield program


class _Reader:
    """Follows the journal through one journalctl after the other."""

    def __init__(
        self, program: str, settings: JournaldInput, outlet: Outlet, spool: Spool, stop: threading.Event
    ) -> None:
        self._settings, self._spool, self._stop = settings, spool, stop
        self._name, self._losses = f"input.{outlet.name}", outlet.losses
        self._command = [program, "--output=json", "--all", "--no-pager", f"--output-fields={FIELDS}"]
        # journalctl --follow shows only the current boot, unless it is told otherwise
        self._command += [f"--directory={settings.directory}", "--merge"] if settings.directory else ["--boot=all"]
        self._command += [f"--namespace={settings.namespace}"] if settings.namespace else []
        self._gathered: list[bytes] = []
        self._cursor = ""
        self._compare = ""
        self._away = ""
        self._pause = _PAUSE_SECONDS

    def run(self) -> None:
        """Begin journalctl again whenever it ends, with growing pauses."""
        while not self._stop.is_set():
            try:
                ended = self._follow()
            except OSError as error:
                ended = str(error)
            if ended is None or self._stop.is_set():
                continue
            if self._away != ended:
                LOG.warning("%s: the journal cannot be read, tried again until it can: %s", self._name, ended)
            self._away = ended
            self._stop.wait(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _follow(self) -> str | None:
        """Take what one journalctl gives, until it ends: return why; None where we ended it."""
        self._gathered, self._cursor = [], ""
        self._compare = position = self._spool.position.decode()
        if not position and self._settings.start == "end":
            position = self._compare = self._newest()
            self._spool.append_when_there_is_room([], position.encode(), self._stop)
        where = [f"--cursor={position}"] if position else []
        command = [*self._command, "--follow", "--no-tail", *where, "--", *self._settings.matches]
        with _Journalctl(command, self._name) as child:
            return self._take(child)

    def _take(self, child: "_Journalctl") -> str | None:
        lines, size, due, well_at = Lines(_LONGEST_ENTRY), 0, 0.0, time.monotonic() + _WELL_SECONDS
        while not self._stop.is_set():
            piece = child.read(_GATHER_SECONDS)
            due = due if self._cursor else time.monotonic() + _GATHER_SECONDS
            size += len(piece or b"")
            self._read(lines, piece or b"")
            if time.monotonic() > well_at:
                self._well()
            if piece is None or size >= _GATHER_BYTES or time.monotonic() >= due:
                size = 0
                if not self._keep(child):
                    return None
            if piece is None:
                return child.said
        self._keep(child)
        return None

    def _read(self, lines: Lines, piece: bytes) -> None:
        for text in lines.feed(piece):
            if not text.startswith(b"{"):
                continue  # journalctl's own remarks, as "-- Journal begins at … --"
            try:
                self._come(entry(text))
            except ValueError as error:
                self._losses.note(f"journal: {error}", 1, text)
        for each in lines.too_long():
            self._losses.note(f"journal: an entry longer than {_LONGEST_ENTRY} bytes as JSON", 1, each.sample)

    def _come(self, come: Entry) -> None:
        """Take an entry. The first is the one kept last: where it is not, see whether that is still there."""
        before, self._compare = self._compare, ""
        self._well()
        if before == come.cursor:
            return
        if before and not self._is_there(before):
            reason = (
                f"journal: the entries behind {before} were deleted before they were read; it goes on at {come.cursor}"
            )
            LOG.warning("%s: %s", self._name, reason)
            self._losses.note(reason)
        self._cursor = come.cursor
        if come.line is not None:
            self._gathered.append(come.line)

    def _keep(self, child: "_Journalctl") -> bool:
        """Keep what is gathered, with its cursor. False: we ended journalctl, which is to go on from there.

        While there is no room, entries may be deleted that it had not read: so its successor compares again.
        """
        if not self._cursor:
            return True
        lines, position = self._gathered, self._cursor.encode()
        self._gathered, self._cursor = [], ""
        try:
            self._spool.append(lines, position)
        except SpoolFullError:
            child.end()
            self._spool.append_when_there_is_room(lines, position, self._stop)
            return False
        return True

    def _well(self) -> None:
        self._pause = _PAUSE_SECONDS
        if self._away:
            LOG.info("%s: the journal can be read again", self._name)
        self._away = ""

    def _newest(self) -> str:
        """Return the cursor of the newest entry, "" where there is none."""
        found = self._asked("--lines=1")
        return cursor_of(found) if found else ""

    def _is_there(self, cursor: str) -> bool:
        """Tell whether the entry of a cursor is still in the journal; only `matches` may leave it out then."""
        found = self._asked("--lines=1", f"--cursor={cursor}")
        return bool(found) and cursor_of(found) == cursor

    def _asked(self, *arguments: str) -> bytes:
        """Return the first entry that a journalctl writes and ends. OSError where it cannot."""
        try:
            done = subprocess.run(
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_ASK_SECONDS,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError(f"journalctl: {error}") from error
        return next((line for line in done.stdout.splitlines() if line.startswith(b"{")), b"")


class _Journalctl:
    """A running journalctl: what it writes, and what it says of itself."""

    def __init__(self, command: Sequence[str], name: str) -> None:
        self.said = "journalctl ended"
        self._name = name
        self._lines = Lines(_PIECE)
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        self._ready = selectors.DefaultSelector()
        self._output = cast("IO[bytes]", self._child.stdout)
        for pipe in (self._output, cast("IO[bytes]", self._child.stderr)):
            self._ready.register(pipe, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ready.close()
        self.end()
        try:
            self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
        with self._child:
            pass  # its pipes are closed, and it is waited for

    def end(self) -> None:
        """Tell it to end."""
        self._child.terminate()

    def read(self, seconds: float) -> bytes | None:
        """Return what it writes within so long, None where it has ended."""
        found = b""
        for key, _ in self._ready.select(seconds):
            piece = os.read(key.fd, _PIECE)
            if not piece:
                self._ready.unregister(key.fileobj)
            elif key.fileobj is self._output:
                found = piece
            else:
                for line in self._lines.feed(piece):
                    self._hear(line.decode("utf-8", "replace").strip())
        return found if self._ready.get_map() else None

    def _hear(self, said: str) -> None:
        """Remember what it said last; pass on a hint that it may not see all."""
        self.said = said
        if said.startswith("Hint:"):
            LOG.warning("%s: journalctl says: %s", self._name, said)
