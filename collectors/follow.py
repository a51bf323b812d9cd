"""Follow a log file through its rotations: complete lines, each at the place it keeps for ever.

Renamed: the old file is read to its end before the new one is begun, whatever happened while nobody looked. Copied and
truncated: what the copy still holds is read there; what is gone is stated. Nothing here knows what a line means.
"""

import logging
import os
import time
from pathlib import Path
from typing import Literal

import msgspec

from collectors.rotation import Generation, fingerprint, fingerprint_of, generations
from schemas.names import source_id

LOG = logging.getLogger(__name__)
MAX_LINE = 1 << 20
_SAMPLE = 1000
_MAX_SKIP = 64 * MAX_LINE
Begin = Literal["first", "last", "oldest"]


class Position(msgspec.Struct, frozen=True):
    """A place in a source, and what finds its file again; `generation` counts the truncations of the log."""

    source: str
    inode: int
    fingerprint: str
    offset: int
    generation: int = 0
    mtime_ns: int = 0


class Unread(msgspec.Struct, frozen=True):
    """What could not be read at the beginning of a batch: why, and how it begins."""

    reason: str
    sample: bytes = b""


class Batch(msgspec.Struct, frozen=True):
    """Complete lines without their line feeds, one after the other from `begin`; or one thing that is no line."""

    begin: Position
    end: Position
    lines: list[bytes] = []
    unread: Unread | None = None


class Follower:
    """The reader of one log from a position on; None begins a log nobody has read yet.

    It begins with the first line of the file of the log's own name, or behind its last one, or with the oldest file
    that a rotation left.
    """

    def __init__(
        self,
        path: Path,
        host: str,
        position: Position | None = None,
        *,
        begin: Begin = "first",
        settle_seconds: float = 1.0,
    ) -> None:
        self.path = path
        self.position = position
        self._host = host
        self._begin_at = begin
        self._settle_seconds = settle_seconds
        self._file = -1
        self._generation = position.generation if position else 0
        self._skipped_to = 0
        self._truncated = False
        self._rotated: tuple[float, int] | None = None

    def close(self) -> None:
        """Let go of the file; the next `read` finds it again by its position."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
        self._generation = self.position.generation if self.position else 0
        self._skipped_to = 0
        self._rotated = None

    def read(self) -> Batch | None:
        """Return what comes next, or None while there is nothing. OSError where the file refuses: `close`, try again.

        `position` has moved behind the batch.
        """
        if self.position is None:
            self._begin()
        elif self._file < 0:
            lost = self._resume(self.position)
            if lost is not None:
                return lost
        if self._file < 0 or self.position is None:
            return None
        return self._lines(self.position) or self._turn(self.position)

    def _begin(self) -> None:
        """Open a log that nobody has read, once its first line is complete."""
        files = generations(self.path)
        log = files[:1] if self._begin_at == "oldest" else [found for found in files if found.path == self.path]
        if log and self._switch(log[0]) and self.position is not None:
            if self._begin_at == "last":
                self.position = msgspec.structs.replace(self.position, offset=_last_line_end(self._file))
        elif self._file < 0:
            _refuse_other_than_files(self.path)
        self._begin_at = "first"

    def _resume(self, position: Position) -> Batch | None:
        """Open the file of the position under whatever name; else a copy of it; else state the loss and go on."""
        files = generations(self.path)
        cut = position.inode if self._truncated else -1
        long_enough = [found for found in files if found.size >= position.offset and found.inode != cut]
        long_enough.sort(key=lambda found: found.inode != position.inode)
        own = next((found for found in long_enough if fingerprint_of(found.path) == position.fingerprint), None)
        if own is None:
            return self._lose(position, files)
        self._file = _open(own)
        if self._file >= 0 and own.inode != position.inode:
            self._generation = position.generation + 1
            LOG.warning(
                "%s was copied and truncated: reading on in %s; what was written between the two is lost",
                self.path,
                own.path,
            )
        return None

    def _lose(self, position: Position, files: list[Generation]) -> Batch | None:
        """State that the rest of the source is gone, once there is a later file to go on with."""
        truncated = any(found.inode == position.inode and found.path == self.path for found in files)
        newest = position.mtime_ns + truncated  # a copy as old as our place may be one of what we have read
        self._generation = position.generation + truncated
        for found in files:
            if (found.mtime_ns >= newest or found.path == self.path) and self._switch(found):
                how = "truncated" if truncated else "removed"
                reason = (
                    f"{self.path}: {how} after byte {position.offset}; what was written behind it and not read is lost"
                )
                return Batch(position, position, unread=Unread(reason))
        return None

    def _lines(self, position: Position) -> Batch | None:
        """Return the complete lines of the next block; None at the file's end and where it is not ours any more."""
        block = os.pread(self._file, MAX_LINE, position.offset)
        if not self._intact(position):  # looked at after the block was read: so the block is of our file
            return None
        end = block.rfind(b"\n") + 1
        if end:
            return self._advance(position, position.offset + end, block[: end - 1].split(b"\n"))
        return self._skip(position, block[:_SAMPLE]) if len(block) == MAX_LINE else None

    def _skip(self, position: Position, sample: bytes) -> Batch | None:
        """Pass over a line that is too long to be kept; None while its end is not written."""
        at = max(self._skipped_to, position.offset + MAX_LINE)
        limit = at + _MAX_SKIP
        while at < limit:
            block = os.pread(self._file, MAX_LINE, at)
            end = block.find(b"\n")
            if end >= 0:
                length = at + end - position.offset
                reason = f"a line of {length} bytes is longer than {MAX_LINE}"
                return self._advance(position, at + end + 1, [], Unread(reason, sample))
            at += len(block)
            if len(block) < MAX_LINE:
                break
        self._skipped_to = at
        return None

    def _advance(self, begin: Position, offset: int, lines: list[bytes], unread: Unread | None = None) -> Batch:
        mtime_ns = os.fstat(self._file).st_mtime_ns
        self.position = msgspec.structs.replace(begin, offset=offset, mtime_ns=mtime_ns)
        self._skipped_to = 0
        return Batch(begin, self.position, lines, unread)

    def _turn(self, position: Position) -> Batch | None:
        """At the file's end: go on with what a rotation or truncation put in its place, or wait."""
        if not self._intact(position):
            self.close()
            self._truncated = True  # it may grow beyond our place again, with the same first line
            return self._resume(position) or self._opened()
        successor = self._successor()
        if successor is None or not self._settled(successor):
            return None
        # The successor was seen first: so whoever wrote to the old file has left it when its end is reached now.
        rest = self._lines(position) or self._rest(position)
        if rest is None and self._switch(successor):
            return self._opened()
        return rest

    def _opened(self) -> Batch | None:
        """Return the first lines of a file just opened, if there are any."""
        return self._lines(self.position) if self._file >= 0 and self.position else None

    def _successor(self) -> Generation | None:
        """Return the file that was begun after ours and has a complete line; None while ours is the log."""
        own = os.fstat(self._file)
        try:
            if self.path.stat().st_ino == own.st_ino:
                return None
        except FileNotFoundError:
            pass
        files = generations(self.path)
        place = next((number for number, found in enumerate(files) if found.inode == own.st_ino), None)
        if place is None:
            later = [found for found in files if found.mtime_ns >= own.st_mtime_ns or found.path == self.path]
        else:
            later = files[place + 1 :]
        return next((found for found in later if fingerprint_of(found.path)), None)

    def _settled(self, successor: Generation) -> bool:
        """Tell whether nobody writes to our renamed file any more, as far as waiting for it can tell."""
        if successor.path != self.path:
            return True
        size = os.fstat(self._file).st_size
        if self._rotated is None or self._rotated[1] != size:
            self._rotated = (time.monotonic(), size)
        return time.monotonic() - self._rotated[0] >= self._settle_seconds

    def _rest(self, position: Position) -> Batch | None:
        """Return what stands after the last line feed of a file that is finished."""
        size = os.fstat(self._file).st_size
        if size <= position.offset:
            return None
        sample = os.pread(self._file, _SAMPLE, position.offset)
        reason = f"{self.path}: the file ended within a line of {size - position.offset} bytes"
        return self._advance(position, size, [], Unread(reason, sample))

    def _switch(self, found: Generation) -> bool:
        """Begin a file in the place of ours. False, with ours kept, where it is gone or has no complete line."""
        descriptor = _open(found)
        if descriptor < 0:
            return False
        mark = fingerprint(descriptor)
        if not mark:
            os.close(descriptor)
            return False
        generation = self._generation
        self.close()
        self._file = descriptor
        self._generation = generation
        self._truncated = False
        parts = (self._host, self.path, found.inode, mark, *((generation,) if generation else ()))
        self.position = Position(source_id(*parts), found.inode, mark, 0, generation, found.mtime_ns)
        return True

    def _intact(self, position: Position) -> bool:
        size = os.fstat(self._file).st_size
        return size >= position.offset and fingerprint(self._file) == position.fingerprint


def _open(found: Generation) -> int:
    """Return a descriptor of the file, or -1 where its name means another file by now."""
    try:
        descriptor = os.open(found.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1
    if os.fstat(descriptor).st_ino != found.inode:
        os.close(descriptor)
        return -1
    return descriptor


def _refuse_other_than_files(path: Path) -> None:
    """Raise OSError where something that is no file stands in the log's place."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no regular file")


def _last_line_end(descriptor: int) -> int:
    """Return the place behind the last line feed, or the file's end where the last line is longer than any we read."""
    size = os.fstat(descriptor).st_size
    begin = max(0, size - MAX_LINE)
    end = os.pread(descriptor, MAX_LINE, begin).rfind(b"\n")
    return begin + end + 1 if end >= 0 else size
