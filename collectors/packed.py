"""Logs and mails as they lie about: plain, gz, xz, zst or bz2, told by their first bytes and not by their names."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

import zstandard

from collectors.charset import EncodingError, refuse_foreign
from collectors.reading import LONGEST_LINE

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD = 2 * 1024 * 1024
_BUFFER = 128 * 1024
_PIECE = 256  # bytes of zstd: at the worst they unpack to 8 MB
_ZIP = b"PK\x03\x04"
_FOREIGN = {
    _ZIP: "zip",
    b"\x1f\x9d": "compress",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a": "rar",
    b"LZIP\x01": "lzip",
    b"\x5d\x00\x00": "lzma",
}
DAMAGE = (lzma.LZMAError, zlib.error, zstandard.ZstdError, EOFError, OSError)
"""What is raised where an archive cannot be unpacked: an OSError, if it has no number, by gzip and bz2."""

_SUFFIXES = frozenset({".gz", ".xz", ".zst", ".bz2", ".zip", ".z", ".lz4", ".7z", ".rar", ".lz", ".lzma"})


class _Zstd(io.RawIOBase):
    """Unpacks zstd frame by frame. EOFError where the last is cut off; the library's own reader would be silent."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._packed = b""
        self._plain = memoryview(b"")
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer as far as something is there; 0 means the end."""
        view = memoryview(buffer).cast("B")
        while not self._plain:
            piece = self._packed or self._source.read(_PIECE)
            if not piece:
                if self._frame is not None:
                    raise EOFError("it ends within a frame")
                return 0
            frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._plain = memoryview(frame.decompress(piece))
            self._packed = frame.unused_data if frame.eof else b""
            self._frame = None if frame.eof else frame
        size = min(len(view), len(self._plain))
        view[:size], self._plain = self._plain[:size], self._plain[size:]
        return size


class _Watched(io.RawIOBase):
    """Reads a file, and tells how many bytes of it were read, packed as they are."""

    def __init__(self, source: IO[bytes], progress: Callable[[int], None]) -> None:
        self._source = cast("io.RawIOBase", source)
        self._progress = progress

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        """Fill the buffer as far as something is there; 0 means the end."""
        size = self._source.readinto(buffer)
        self._progress(size or 0)
        return size


def _watched(source: IO[bytes], progress: Callable[[int], None]) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", _Watched(source, progress)), _BUFFER)


def _unseen(_size: int) -> None:
    """Tell nobody of the progress."""


class _Again(io.RawIOBase):
    """Gives what was read of a file already, then the rest of it, or the damage that was met there."""

    def __init__(self, head: bytes, rest: IO[bytes], damage: Exception | None) -> None:
        self._head = memoryview(head)
        self._rest = rest
        self._damage = damage

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer as far as something is there; 0 means the end."""
        view = memoryview(buffer).cast("B")
        if self._damage is not None and not self._head:
            raise self._damage
        piece = self._head[: len(view)] if self._head else memoryview(self._rest.read(len(view)))
        view[: len(piece)] = piece
        self._head = self._head[len(piece) :]
        return len(piece)


class Begun(NamedTuple):
    """The first 2 MB of a file, or all where it has less; the file as if nothing had been read; the damage in there."""

    head: bytes
    file: IO[bytes]
    damage: Exception | None


def begun(source: IO[bytes]) -> Begun:
    """Return the beginning of a file; of a damaged archive what it holds before the damage."""
    head, damage = bytearray(), None
    read = cast("io.BufferedIOBase", source).read1  # all that one read gives, so that nothing is lost by the next
    try:
        while len(head) < HEAD and (piece := read(min(LONGEST_LINE, HEAD - len(head)))):
            head += piece
    except DAMAGE as error:
        damage = error
    rest = io.BufferedReader(_Again(bytes(head), source, damage), LONGEST_LINE)
    return Begun(bytes(head), rest, damage)


@contextmanager
def opened(
    file: str, *, zipped: bool = False, progress: Callable[[int], None] = _unseen
) -> Iterator[tuple[IO[bytes], datetime]]:
    """Open a file (`-` is standard input) and tell when it changed. ValueError names a damaged or unknown archive.

    So it does where the lines of the file (`lines_of`) are in an encoding of no log.

    `zipped` lets a zip pass as it is, for a format that unpacks it by itself. `progress` is told of each read how many
    bytes of the file it took: when all is read, as many as the file has, packed or not.
    """
    try:
        if file == "-":
            given = sys.stdin.buffer
            raw = given.raw if isinstance(given, io.BufferedReader) else given
            source = _watched(cast("IO[bytes]", raw), progress)
            yield _plain(source, file, zipped=zipped), datetime.now(UTC)  # noqa: TID251 it comes in now; only the year is taken from it
            return
        path = Path(file)
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        with path.open("rb", buffering=0) as raw:
            source = _watched(cast("IO[bytes]", raw), progress)
            yield _plain(source, file, zipped=zipped), changed
    except EncodingError as error:
        raise ValueError(f"{file}: {error}") from error
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{file}: a damaged archive: {error}") from error


def _plain(source: io.BufferedReader, file: str, *, zipped: bool) -> IO[bytes]:
    """Return what a file holds, unpacked. EOFError where only its name is an archive's."""
    beginning = source.peek(16)
    unpacked = _unpacked(source, beginning)
    if unpacked is not None:
        return unpacked
    if zipped and beginning.startswith(_ZIP):
        return source
    for magic, name in _FOREIGN.items():
        if beginning.startswith(magic):
            raise ValueError(f"{file}: packed with {name}, which is not unpacked here; gz, xz, zst and bz2 are")
    suffix = Path(file).suffix.lower()
    if suffix in _SUFFIXES:
        raise EOFError(f"named {suffix}, but it {'does not begin as one' if beginning else 'is empty'}")
    return source


def content(source: io.BufferedReader, name: str) -> IO[bytes]:
    """Return what a file holds: itself, or unpacked. ValueError where it is packed as is not unpacked here.

    EOFError where only its name is an archive's; reading may raise what is in `DAMAGE`.
    """
    return _plain(source, name, zipped=False)


def _unpacked(source: io.BufferedReader, beginning: bytes) -> IO[bytes] | None:
    if beginning.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(source))
    if beginning.startswith(b"\xfd7zXZ\x00"):
        return lzma.open(source)
    if beginning.startswith(b"\x28\xb5\x2f\xfd"):
        return io.BufferedReader(_Zstd(source), LONGEST_LINE)
    if beginning.startswith(b"BZh"):
        return bz2.open(source)
    return None


def lines_of(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Give each line with its byte offset; of one beyond the limit only the beginning: memory is bounded.

    EOFError tells behind which byte an archive is damaged, EncodingError that the text is UTF-16 or UTF-32.
    """
    offset = 0
    try:
        while piece := source.readline(2 * LONGEST_LINE):
            if not offset:
                refuse_foreign(piece)
            yield offset, piece
            offset += len(piece)
            while not piece.endswith(b"\n") and (piece := source.readline(2 * LONGEST_LINE)):
                offset += len(piece)
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise EOFError(f"behind byte {offset} of what it holds: {error}") from error
