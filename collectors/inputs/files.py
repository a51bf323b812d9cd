"""Lines from log files whose names change with the date, and that nobody renames: PowerMTA, Exchange, KumoMTA, Halon.

They are read in the order of their last change, plain ones as they grow, packed ones when they are complete. What is
remembered of each is kept with the lines: so each line is taken once, also through kill -9.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from collectors.dated import Folder, Found, Opened, opened
from collectors.inputs import Outlet
from collectors.inputs._seen import UNKNOWN, Look, Memory, Seen, Survey, Taking
from collectors.packed import DAMAGE
from collectors.reading import LONGEST_LINE
from collectors.rotation import HEAD_BYTES, fingerprint_in
from collectors.spool import Spool
from schemas.inputs.files import FilesInput
from schemas.ondisk import replace

LOG = logging.getLogger("relaywarden.collect")

_IDLE_SECONDS = 0.5
_RETRY_SECONDS = 5.0
_GATHER_BYTES = 1024 * 1024
_SETTLE_SECONDS = 10.0
_UNFINISHED_SECONDS = 3600.0
_GONE_SECONDS = 24 * 3600.0
_TAIL_BYTES = 1024 * 1024


def run(settings: FilesInput, outlet: Outlet, stop: threading.Event) -> None:
    """Take lines until `stop`. ValueError where what is remembered of the files cannot be used."""
    if outlet.lines is None:
        return
    rounds, away = Rounds(settings, outlet, outlet.lines, stop), ""
    while not stop.is_set():
        try:
            rounds.once()
        except EndedError:
            return
        except OSError as error:
            if away != str(error):
                LOG.warning("input.%s: tried again until it works: %s", outlet.name, error)
            away = str(error)
            stop.wait(_RETRY_SECONDS)
        else:
            if away:
                LOG.info("input.%s: it works again", outlet.name)
            away = ""
            stop.wait(_IDLE_SECONDS)


@contextmanager
def ready(settings: FilesInput, place: str, warn: Callable[[str], None]) -> Iterator[None]:
    """Look at the folder, and at each file: what cannot be read is tried again."""
    folder = Folder(settings.pattern)
    try:
        found, _ = folder.look()
    except OSError as error:
        warn(f"{place}.pattern: {settings.pattern}: {folder.path}: {error.strerror}")
        found = []
    for each in found:
        if each.regular and not os.access(folder.path / each.name, os.R_OK):
            warn(f"{place}.pattern: {folder.path / each.name} cannot be read by this user")
    yield


class EndedError(Exception):
    """`stop` was set while there was no room for more."""


class Rounds:
    """Takes what has come into the files since the round before."""

    def __init__(self, settings: FilesInput, outlet: Outlet, spool: Spool, stop: threading.Event) -> None:
        self._settings, self._spool, self._stop = settings, spool, stop
        self._name, self._losses, self._base = f"input.{outlet.name}", outlet.losses, outlet.state
        base = self._base.read_bytes() if self._base.exists() else b""
        try:
            self._memory = Memory(spool.position, base)
        except (msgspec.DecodeError, ValueError) as error:
            raise ValueError(f"{self._base}: {error}; without it and the spool all files are read anew") from error
        self._leave_out = settings.start == "end" and not spool.position
        self._folder = Folder(settings.pattern)
        self._gathered: list[bytes] = []
        self._size = 0
        self._warned: dict[str, str] = {}
        self._waiting: dict[str, Look] = {}
        self._gone: dict[str, float] = {}

    def once(self) -> None:
        """Take a round. OSError where the folder cannot be read; EndedError: as it says."""
        found, is_all = self._folder.look()
        if is_all:
            self._miss({each.name for each in found})
        for each in found:
            known = self._memory.files.get(each.name)
            if (known is None or known.look != each.look or known.gone) and not self._stop.is_set():
                try:
                    self._take(each)
                except FileNotFoundError:
                    continue  # the next round tells by what it was replaced
                except (*DAMAGE, ValueError) as error:
                    self._warn(each.name, str(error))
        if is_all and self._leave_out:
            self._leave_out, self._memory.dirty = False, True  # kept, though there may be no file yet
        self._flush()

    def _take(self, found: Found) -> None:
        """Take what is new in one file. OSError, ValueError where it cannot be read."""
        if not found.regular:
            raise ValueError("it is no regular file (links are not followed)")
        known = self._memory.files.get(found.name)
        try:
            with opened(self._folder.path, found) as file:
                if self._leave_out:
                    self._pass_over(found, file)
                elif not file.packed or self._is_complete(found):
                    fingerprint = fingerprint_in(file.head(HEAD_BYTES))
                    begin = self._begin(found, file, known, fingerprint) if fingerprint else None
                    if begin is not None:
                        self._read(found, file, Seen(found.look, fingerprint, *begin, file.packed))
        except EOFError:
            if found.look.done:
                raise
            return  # an archive that is only begun
        self._warned.pop(found.name, None)

    def _begin(self, found: Found, file: Opened, known: Seen | None, mark: str) -> tuple[int, int] | None:
        """Return from where on a file is read, and the CRC-32 up to there; None where it is not complete yet."""
        same = known is not None and known.look.inode == found.look.inode
        if known is not None and same and known.fingerprint == mark and not file.packed:
            if found.look.size >= known.offset:
                return known.offset, known.check
            marks: set[tuple[int, int]] = set()
        else:
            marks = self._memory.copied_by(found.name, found.look, mark, packed=file.packed)
        survey = Survey(marks)
        if not self._surveyed(found, file, survey):
            return None
        if not survey.found[0] and survey.open and not _is_settled(found.look):
            return None  # it may become a copy of what was read: of one that is longer than it is by now
        if known is not None and known.offset and not survey.found[0]:
            self._lose(
                f"{found.name}: replaced or truncated; what came behind byte {known.offset} and was not read is lost"
            )
        return survey.found

    def _surveyed(self, found: Found, file: Opened, survey: Survey) -> bool:
        """Look through a file as far as needed. False: it is an archive that somebody may still write to."""
        unfinished = file.packed and not found.look.done
        try:
            for piece in file.pieces():
                survey.feed(piece)
                if self._stop.is_set():
                    return False
                if not (survey.open or unfinished):
                    return True
            survey.ended()
        except EOFError:
            if unfinished and not _is_settled(found.look, _UNFINISHED_SECONDS):
                self._waiting[found.name] = found.look
                return False
        except DAMAGE as error:
            _raise_other(error)
        return True

    def _read(self, found: Found, file: Opened, seen: Seen) -> None:
        """Take the lines of a file from where it was read to its end, or to where it is damaged."""
        taking, before = Taking(seen.offset, seen.check), self._repeated(found, file, seen.offset)
        mark, packed = seen.fingerprint, seen.packed
        unfinished = msgspec.structs.replace(found.look, size=-1)
        try:
            for piece in file.pieces(seen.offset):
                lines = taking.feed(piece)
                if lines:
                    self._gathered += [*before, *lines]
                    before, self._memory.last = [], found.name
                self._size += len(piece)
                for each in taking.too_long():
                    self._losses.note(f"{found.name}: a line longer than {LONGEST_LINE} bytes", 1, each.sample)
                self._memory.put(found.name, Seen(unfinished, mark, taking.offset, taking.check, packed))
                self._flush(_GATHER_BYTES)
                if self._stop.is_set():
                    return
            if packed and taking.pending:
                self._lose(f"{found.name}: the file ended within a line of {taking.pending} bytes")
        except DAMAGE as error:
            _raise_other(error)
            self._lose(f"{found.name}: a damaged archive, behind byte {taking.offset} of what it holds: {error}")
        self._memory.put(found.name, Seen(found.look, mark, taking.offset, taking.check, packed))

    def _repeated(self, found: Found, file: Opened, offset: int) -> list[bytes]:
        """Return the header of a table that is read on, where lines of another file came between."""
        wanted = self._settings.header_lines
        if not (wanted and offset) or self._memory.last == found.name:
            return []
        head = file.head(min(offset, LONGEST_LINE)).removeprefix(b"\xef\xbb\xbf")
        return head.split(b"\n")[:-1][:wanted]

    def _pass_over(self, found: Found, file: Opened) -> None:
        """Leave out what a file holds that was there before us: all but a line that is not at its end."""
        if file.packed:
            self._memory.put(found.name, Seen(found.look, packed=True))
            return
        mark, begin = fingerprint_in(file.head(HEAD_BYTES)), max(0, found.look.size - _TAIL_BYTES)
        end = b"".join(file.pieces(begin)).rfind(b"\n") + 1
        if mark and end:
            self._memory.put(found.name, Seen(found.look, mark, begin + end, UNKNOWN))

    def _is_complete(self, found: Found) -> bool:
        """Tell whether an archive may be: nobody may write to it any more, or nobody has for a while."""
        was_cut_off = self._waiting.get(found.name) == found.look
        return found.look.done or _is_settled(found.look, _UNFINISHED_SECONDS if was_cut_off else _SETTLE_SECONDS)

    def _miss(self, there: set[str]) -> None:
        """Note which files are gone. For a day a copy of one is known; then it is forgotten."""
        now = time.monotonic()
        for name, seen in [each for each in self._memory.files.items() if each[0] not in there]:
            since = self._gone.setdefault(name, now)
            if now - since > _GONE_SECONDS:
                self._memory.forget(name)
                del self._gone[name]
            elif not seen.gone:
                self._memory.put(name, msgspec.structs.replace(seen, gone=True))
                rest = 0 if seen.packed else seen.look.size - seen.offset
                if rest > 0 and not any(other.startswith(f"{name}.") for other in there):
                    self._lose(f"{name}: removed; its last line of {rest} bytes had no end and is lost")
        for name in self._gone.keys() & there:
            del self._gone[name]
        self._waiting = {name: look for name, look in self._waiting.items() if name in there}
        self._warned = {name: said for name, said in self._warned.items() if name in there}

    def _warn(self, name: str, why: str) -> None:
        if self._warned.get(name) != why:
            LOG.warning("%s: %s is left out: %s", self._name, name, why)
        self._warned[name] = why

    def _lose(self, reason: str) -> None:
        LOG.warning("%s: %s", self._name, reason)
        self._losses.note(reason)

    def _flush(self, least: int = 0) -> None:
        """Keep what is gathered, with what is remembered now, where it is so much. EndedError: as it says."""
        if self._size < least or not (self._gathered or self._memory.dirty):
            return
        position = self._memory.position()
        if not self._spool.append_when_there_is_room(self._gathered, position, self._stop):
            raise EndedError
        self._gathered, self._size = [], 0
        base = self._memory.base_due(position)
        if base is not None:
            replace(self._base, base)
            self._memory.rebased(base)


def _is_settled(look: Look, seconds: float = _SETTLE_SECONDS) -> bool:
    """Tell whether nobody has written to a file for so long; one from the future is of another clock."""
    return abs(time.time() - look.mtime_ns / 1e9) >= seconds  # noqa: TID251 files carry this clock's times


def _raise_other(error: Exception) -> None:
    """Raise what is no damage of an archive, but an error of the disk."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
