"""Mails of an mbox file: those that it holds, then what is appended; the file is locked while read, and never changed.

Where it was read to is known by its inode, an offset, and the bytes before that. When a mail reader wrote the file anew
it is read from its beginning: what was delivered before is known by its bytes.
"""

import hashlib
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from collectors import mbox
from collectors.away import Away
from collectors.inputs import Outlet
from collectors.lockedbox import BusyError, locked
from collectors.remembered import recalled, remember
from schemas.inputs.mbox import MboxInput
from schemas.maildrop import Maildrop, seconds_of

LOG = logging.getLogger("relaywarden.collect")
_PAUSE_SECONDS = 0.5
_AT_ONCE_BYTES = 16 * 1024 * 1024  # nobody else can write meanwhile
_AT_ONCE_MAILS = 200
_MARK = 4096


class _Place(msgspec.Struct, frozen=True):
    """How far a file was read; `mark` is a hash of the bytes before that."""

    path: str = ""
    inode: int = 0
    offset: int = 0
    mark: str = ""


def run(settings: MboxInput, outlet: Outlet, stop: threading.Event) -> None:
    """Deliver the mails of the file until `stop`. ValueError where the state file is damaged."""
    if outlet.mails is None:
        stop.wait()
        return
    reader = _Reader(settings.path, outlet, outlet.mails, stop)
    away = Away(f"input.{outlet.name}: {settings.path}", longest=30.0)
    while not stop.is_set():
        try:
            more = reader.step()
        except (OSError, BusyError) as error:
            stop.wait(away.failed(getattr(error, "strerror", None) or str(error)))
            continue
        away.well()
        if not more:
            stop.wait(_PAUSE_SECONDS)


@contextmanager
def ready(settings: MboxInput, place: str, warn: Callable[[str], None]) -> Iterator[None]:
    """Look at the file: one that cannot be read, or is not there, is tried again."""
    try:
        if not stat.S_ISREG(settings.path.stat().st_mode):
            warn(f"{place}.path: {settings.path} is no file")
        elif not os.access(settings.path, os.R_OK):
            warn(f"{place}.path: {settings.path} cannot be read by this user")
    except OSError as error:
        warn(f"{place}.path: {settings.path}: {error.strerror}")
    yield


class _Reader:
    """Reads one file on, some mails at a time."""

    def __init__(self, path: Path, outlet: Outlet, mails: Maildrop, stop: threading.Event) -> None:
        self._path, self._outlet, self._mails, self._stop = path, outlet, mails, stop
        self._at = recalled(outlet.state, _Place) or _Place()
        self._looked: tuple[int, int, int] | None = None

    def step(self) -> bool:
        """Deliver what comes next; tell whether there may be more. OSError or BusyError where that is not possible."""
        found = _look(self._path.stat())
        if found == self._looked:
            return False
        with locked(self._path, self._stop) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise OSError(f"{self._path} is no file")
            offset = self._begin(file, about)
            mails = list(_some(file, offset))
            end = mails[-1].end if mails else about.st_size
            place = _Place(str(self._path), about.st_ino, end, _mark(file, end))
            ended = end >= os.fstat(file.fileno()).st_size
        for each in mails:
            self._mails.deliver(each.mail, came=seconds_of(each.came))
        if place != self._at:
            remember(self._outlet.state, place)
            self._at = place
        self._looked = _look(about) if ended else None
        return not ended

    def _begin(self, file: BinaryIO, about: os.stat_result) -> int:
        """Return where to read on, 0 where the file is another one, or was written anew."""
        at = self._at
        same = (at.path, at.inode) == (str(self._path), about.st_ino) and at.offset <= about.st_size
        if same and at.mark == _mark(file, at.offset) and (at.offset == about.st_size or _begins_at(file, at.offset)):
            return at.offset
        if at.offset:
            LOG.info("input.%s: %s was written anew and is read from its beginning", self._outlet.name, self._path)
        if about.st_size and not _begins_at(file, 0):
            file.seek(0)
            self._outlet.losses.note(f"{self._path} does not begin as an mbox", sample=file.read(_MARK))
        return 0


def _look(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_ino, about.st_size, about.st_mtime_ns


def _begins_at(file: BinaryIO, offset: int) -> bool:
    """Tell whether a mail begins at an offset, be it behind empty lines."""
    file.seek(offset)
    return mbox.begins(file.read(_MARK).lstrip(b"\r\n"))


def _some(file: BinaryIO, offset: int) -> Iterator[mbox.Boxed]:
    """Yield some of the mails from an offset on: as many as may be held in memory, and under the lock."""
    file.seek(offset)
    size = 0
    pieces = iter(partial(file.readline, mbox.LONGEST_PIECE), b"")
    for number, each in enumerate(mbox.mails(pieces, offset), 1):
        yield each
        size += len(each.mail)
        if size >= _AT_ONCE_BYTES or number >= _AT_ONCE_MAILS:
            return


def _mark(file: BinaryIO, offset: int) -> str:
    begin = max(0, offset - _MARK)
    file.seek(begin)
    return hashlib.blake2b(file.read(offset - begin), digest_size=16).hexdigest()
