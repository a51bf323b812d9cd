"""Lines that an input brought, kept on disk until a log's reader took them: append, and know where the input stood.

The file `lines` and those renamed before it are a rotated log: `collectors/follow.py` reads them, with all it promises.
Where an input can be asked again from a place on (a cursor, offsets), that place is kept together with the lines: what
is to be written is first written elsewhere as a whole (`redo`), so that kill -9 leaves both or neither.
"""

import logging
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from collectors import checkpoint
from collectors.follow import MAX_LINE
from collectors.rotation import generations
from schemas import ondisk

LOG = logging.getLogger("relaywarden.collect")
_SEGMENT = 64 * 1024 * 1024
_SEGMENTS = 8  # at least so many make up a full spool, so that what was read can be given free in time
_RETRY_SECONDS = 1.0
_RESERVE = 1024 * 1024


class SpoolFullError(Exception):
    """There is no room for these lines; nothing of them was kept."""


class _Redo(msgspec.Struct, array_like=True):
    """What is being appended: to the file of this inode, at this offset; and where the input stands after it."""

    inode: int
    offset: int
    data: bytes
    position: bytes


class Spool:
    """The lines of one input, of at most `most_bytes` on disk; `readers` are the checkpoints of the logs that read it.

    OSError where the folder cannot be used.
    """

    def __init__(self, folder: Path, most_bytes: int, readers: Iterable[Path] = ()) -> None:
        self.file = folder / "lines"
        self._redo = folder / "redo"
        self._most = most_bytes
        self._segment = max(1, min(_SEGMENT, most_bytes // _SEGMENTS))
        self._readers = tuple(readers)
        self._lock = threading.Lock()
        self._full = self._unfinished = False
        folder.mkdir(parents=True, exist_ok=True)
        self._older = sum(found.size for found in generations(self.file) if found.path != self.file)
        self._descriptor = self._opened()
        self.position = self._recovered()

    def append(self, lines: Sequence[bytes], position: bytes = b"") -> None:
        """Keep lines, and with them a new `position`; return when both are on disk. They hold no line feed.

        SpoolFullError where there is no room; OSError where the disk refuses them. Without a `position`, some of them
        may be kept then.
        """
        data = b"".join(line[: MAX_LINE - 1] + b"\n" for line in lines)
        with self._lock:
            if self._unfinished:
                self._recovered()
                self._unfinished = False
            size = self._room_for(len(data))
            if position:
                ondisk.replace(self._redo, msgspec.msgpack.encode(_Redo(self._inode(), size, data, position)))
                self.position = position
            self._unfinished = True
            try:
                self._write(data)
            except OSError as error:
                if not position:
                    raise
                LOG.warning("%s: %s; what is to be written there is kept, and written first", self.file, error.strerror)
            else:
                self._unfinished = False

    def append_when_there_is_room(self, lines: Sequence[bytes], position: bytes, stop: threading.Event) -> bool:
        """Keep lines as `append` does, however long there is no room. False: `stop` was set first, none was kept."""
        while True:
            try:
                self.append(lines, position)
            except SpoolFullError as error:
                if not self._full:
                    LOG.warning("%s: %s; it takes more when these are read", self.file.parent, error)
                self._full = True
                if stop.wait(_RETRY_SECONDS):
                    return False
            else:
                if self._full:
                    LOG.info("%s: there is room again", self.file.parent)
                self._full = False
                return True

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            os.close(self._descriptor)

    def _room_for(self, length: int) -> int:
        """Return the file's size, after making room for so many bytes: in another file, by removing what was read."""
        size = os.fstat(self._descriptor).st_size
        if size and size + length > self._segment:
            self._turn()
            size = 0
        if self._older + size + length > self._most:
            self._tidy()
        if self._older + size + length > self._most:
            raise SpoolFullError(f"{(self._older + size) >> 20} MiB of lines wait there, and no more are taken")
        disk = os.statvfs(self.file.parent)
        if disk.f_bavail * disk.f_frsize < 2 * length + _RESERVE:
            raise SpoolFullError("the disk is full")
        return size

    def _turn(self) -> None:
        """Begin another file; the one that is full gets the next number."""
        numbers = [
            int(found.path.name.rpartition("-")[2]) for found in generations(self.file) if found.path != self.file
        ]
        self._older += os.fstat(self._descriptor).st_size
        self.file.rename(self.file.with_name(f"lines-{max(numbers, default=0) + 1:012}"))
        os.close(self._descriptor)
        self._descriptor = self._opened()
        self._tidy()

    def _tidy(self) -> None:
        """Remove the files that all readers have behind them, by their checkpoints; but the newest of them.

        While it is there, its inode is not another file's: a place in a log is known by that, too.
        """
        files = [found for found in generations(self.file) if found.path != self.file]
        inodes = [found.inode for found in files]
        read = len(files) if self._readers else 0
        for reader in self._readers:
            try:
                found = checkpoint.load(reader)
            except ValueError:
                found = None
            inode = found.position.inode if found and found.position else -1
            read = min(read, inodes.index(inode) if inode in inodes else len(files) * (inode == self._inode()))
        for each in files[: max(0, read - 1)]:
            each.path.unlink(missing_ok=True)
            self._older -= each.size

    def _opened(self) -> int:
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        ondisk.sync_folder(self.file.parent)
        return descriptor

    def _inode(self) -> int:
        return os.fstat(self._descriptor).st_ino

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)

    def _recovered(self) -> bytes:
        """Write what a crash kept from being written, and end the line that one tore; return the position."""
        try:
            redo = msgspec.msgpack.decode(self._redo.read_bytes(), type=_Redo)
        except FileNotFoundError:
            redo = _Redo(-1, 0, b"", b"")
        except msgspec.DecodeError as error:
            raise ValueError(f"{self._redo}: damaged: {error}; without it the input begins anew") from error
        size = os.fstat(self._descriptor).st_size
        if redo.inode == self._inode() and redo.offset <= size:
            self._write(redo.data[size - redo.offset :])
            size = max(size, redo.offset + len(redo.data))
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            self._write(b"\n")
        return redo.position
