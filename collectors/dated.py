"""The files of a log whose names change with the date: which there are, and what one of them holds, piece by piece."""

import fnmatch
import heapq
import io
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from collectors import packed
from collectors.inputs._seen import Look

_PIECE = 256 * 1024
_WARM = 100
_FULL_SECONDS = 5.0
_WRITERS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class Found(NamedTuple):
    """A file of the folder."""

    name: str
    look: Look
    regular: bool


class Folder:
    """A folder's files that match a pattern.

    All are looked at when the folder has changed, else every few seconds; those written last each time.
    """

    def __init__(self, pattern: str) -> None:
        self.path = Path(pattern).parent
        wanted = Path(pattern).name
        self._match = re.compile(fnmatch.translate(wanted)).match
        self._hidden = wanted.startswith(".")
        self._warm: list[str] = []
        self._changed, self._due = 0, 0.0

    def look(self) -> tuple[list[Found], bool]:
        """Return what is there, in the order in which it was written, and whether that is all. OSError: the folder."""
        changed = self.path.stat().st_mtime_ns
        if changed == self._changed and time.monotonic() < self._due:
            return sorted(self._looked_at(self._warm), key=_age), False
        with os.scandir(self.path) as listed:
            found = list(self._looked_at(each.name for each in listed if self._wanted(each.name)))
        self._warm = [each.name for each in heapq.nlargest(_WARM, found, key=_age)]
        self._changed, self._due = changed, time.monotonic() + _FULL_SECONDS
        return sorted(found, key=_age), True

    def _wanted(self, name: str) -> bool:
        return self._match(name) is not None and (self._hidden or not name.startswith("."))

    def _looked_at(self, names: Iterable[str]) -> Iterator[Found]:
        folder = str(self.path)
        for name in names:
            try:
                found = os.stat(f"{folder}/{name}", follow_symlinks=False)  # noqa: PTH116 ten thousand of them
            except FileNotFoundError:
                continue
            done = not found.st_mode & _WRITERS
            look = Look(found.st_ino, found.st_size, found.st_mtime_ns, done)
            yield Found(name, look, stat.S_ISREG(found.st_mode))


def _age(found: Found) -> tuple[int, str]:
    return found.look.mtime_ns, found.name


class Opened:
    """An open file; `packed` tells whether it is unpacked when it is read."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        """Take an open file. ValueError where it is packed as is not unpacked here, EOFError where only its name is."""
        self._file, self._name = file, name
        self.packed = packed.content(file, name) is not file

    def pieces(self, offset: int = 0) -> Iterator[bytes]:
        """Give what it holds from an offset on. Where it is damaged or cut off, what is in `packed.DAMAGE`."""
        self._file.seek(0 if self.packed else offset)
        content: IO[bytes] = packed.content(self._file, self._name) if self.packed else self._file
        left_out = offset if self.packed else 0
        while piece := cast("io.BufferedReader", content).read1(_PIECE):
            left = max(0, left_out - len(piece))
            if left < left_out:
                piece = piece[left_out - left :]
            left_out = left
            if piece:
                yield piece

    def head(self, size: int) -> bytes:
        """Return how it begins, at most so many bytes."""
        found = b""
        for piece in self.pieces():
            found += piece
            if len(found) >= size:
                break
        return found[:size]


@contextmanager
def opened(folder: Path, found: Found) -> Iterator[Opened]:
    """Open a file that was found. OSError where it cannot be, or another file stands in its place by now."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(folder / found.name, flags), "rb") as file:  # noqa: PTH123 of a descriptor
        now = os.fstat(file.fileno())
        if not stat.S_ISREG(now.st_mode) or now.st_ino != found.look.inode:
            raise FileNotFoundError(f"{found.name}: replaced while it was looked at")
        yield Opened(file, found.name)
