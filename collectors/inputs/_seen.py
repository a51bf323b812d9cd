"""What is known of the files of a dated log: which they are, how far each was read, and what is said of it on disk.

A file is known by its name and inode. A copy of it (packed, or copied back) is known by its first line and by the
CRC-32 of as many bytes as were read: it is read on behind them.
"""

from collections import deque
from collections.abc import Collection
from hashlib import blake2b
from zlib import crc32

import msgspec

from collectors.inputs._lines import Lines, TooLong
from collectors.reading import LONGEST_LINE

UNKNOWN = -1
_MOST_CHANGES = 200
_BOM = b"\xef\xbb\xbf"
_SUFFIXES = (".gz", ".xz", ".zst", ".bz2")


class Look(msgspec.Struct, array_like=True, frozen=True):
    """What a file looked like before it was read to its end; `done` means that nobody may write to it any more."""

    inode: int
    size: int
    mtime_ns: int
    done: bool


class Seen(msgspec.Struct, array_like=True, frozen=True):
    """What was read of a file: `offset` bytes of what it holds, and their CRC-32; `UNKNOWN`: they were left out."""

    look: Look
    fingerprint: str = ""
    offset: int = 0
    check: int = 0
    packed: bool = False
    gone: bool = False


class _Position(msgspec.Struct, array_like=True):
    base: str
    last: str
    changes: dict[str, Seen | None]


class _Base(msgspec.Struct, array_like=True):
    follows: str
    files: dict[str, Seen]


class Memory:
    """The files that are known, by name; `last` is the one that the last lines came from.

    What changed since the base was written is kept with the lines (`position`); when that is much, a new base is due:
    whoever finds a base that is newer than the position finds in it what it was made from.
    """

    def __init__(self, position: bytes = b"", base: bytes = b"") -> None:
        """Go on from what is on disk. ValueError where the two do not belong together."""
        self.files: dict[str, Seen] = {}
        self.last, self._base, self._changes = "", "", {}  # type: str, str, dict[str, Seen | None]
        self._stems: dict[str, set[str]] = {}
        self._gone: set[str] = set()
        self.dirty = False
        if position:
            self._restore(position, base)

    def _restore(self, position: bytes, base: bytes) -> None:
        kept = msgspec.msgpack.decode(position, type=_Position)
        self.last = kept.last
        newer = msgspec.msgpack.decode(base, type=_Base) if base else _Base("", {})
        is_newer = bool(base) and newer.follows == _mark(position)
        if not is_newer and kept.base and kept.base != _mark(base):
            raise ValueError("it does not belong to what waits in the spool")
        self._base = _mark(base) if is_newer else kept.base
        self.files = newer.files if self._base else {}
        for name in self.files:
            self._index(name)
        for name, seen in ({} if is_newer else kept.changes).items():
            self._set(name, seen)

    def put(self, name: str, seen: Seen) -> None:
        """Remember what is known of a file."""
        if self.files.get(name) != seen:
            self._set(name, seen)

    def forget(self, name: str) -> None:
        """Remember a file no more."""
        self._set(name, None)

    def position(self) -> bytes:
        """Return what is to be kept with the lines that were taken."""
        self.dirty = False
        return msgspec.msgpack.encode(_Position(self._base, self.last, self._changes))

    def base_due(self, position: bytes) -> bytes | None:
        """Return the base that is to be written now that a position is kept; None where it is not yet time."""
        if len(self._changes) < _MOST_CHANGES:
            return None
        return msgspec.msgpack.encode(_Base(_mark(position), self.files))

    def rebased(self, base: bytes) -> None:
        """Go on from a base that is written."""
        self._base, self._changes = _mark(base), {}

    def _set(self, name: str, seen: Seen | None) -> None:
        self.dirty = True
        self._changes[name] = seen
        if seen is None:
            self.files.pop(name, None)
        else:
            self.files[name] = seen
        self._index(name)

    def _index(self, name: str) -> None:
        """Keep in mind by which names a file is found, of ten thousand others."""
        seen, alike = self.files.get(name), self._stems.setdefault(_stem(name), set())
        alike.discard(name)
        self._gone.discard(name)
        if seen is not None:
            alike.add(name)
            if seen.gone:
                self._gone.add(name)
        elif not alike:
            del self._stems[_stem(name)]

    def copied_by(self, name: str, look: Look, fingerprint: str, *, packed: bool) -> set[tuple[int, int]]:
        """Return of which files this may be the copy: how far each was read, and the CRC-32 of that."""
        alike = self._stems.get(_stem(name), set())
        known = [(other, self.files[other]) for other in alike | self._gone]
        return {
            (seen.offset, seen.check)
            for other, seen in known
            if seen.fingerprint == fingerprint
            and seen.offset
            and (packed or other in alike or seen.look.inode == look.inode)
        }


class Taking:
    """Lines out of the pieces of one file, from an offset on: how far they go, and their CRC-32."""

    def __init__(self, offset: int, check: int) -> None:
        self.offset, self.check = offset, check
        self.pending = 0  # bytes of a line that is not at its end
        self._lines = Lines(LONGEST_LINE)
        self._check = check

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the lines that end in the next piece; the mark with which some files begin is no part of the first."""
        begins = self.offset == self.pending == 0
        end = piece.rfind(b"\n") + 1
        if end:
            self.offset += self.pending + end
            self.check = self._checked(piece[:end])
            self.pending = 0
            self._check = self.check
        self._check = self._checked(piece[end:])
        self.pending += len(piece) - end
        return self._lines.feed(piece.removeprefix(_BOM) if begins else piece)

    def _checked(self, piece: bytes) -> int:
        return UNKNOWN if self._check == UNKNOWN else crc32(piece, self._check)

    def too_long(self) -> list[TooLong]:
        """Return the lines that were passed over since this was last asked."""
        return self._lines.too_long()


class Survey:
    """Looks for the last of `marks` (length and CRC-32) at which a file equals one that was read."""

    def __init__(self, marks: Collection[tuple[int, int]]) -> None:
        self._marks = frozenset(marks)
        self._ends = deque(sorted({end for end, _ in marks}))
        self._check = 0
        self.length = 0
        self.found = (0, 0)

    @property
    def open(self) -> bool:
        """Tell whether more of the file has to be looked at."""
        return bool(self._ends)

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        at = 0
        while self._ends and self._ends[0] <= self.length + len(piece):
            end = self._ends.popleft() - self.length
            self._check = crc32(piece[at:end], self._check)
            at = end
            if (self.length + end, self._check) in self._marks:
                self.found = (self.length + end, self._check)
        self._check = crc32(piece[at:], self._check)
        self.length += len(piece)

    def ended(self) -> None:
        """Tell that this was all: a file that was left out is known by its first line and its length."""
        if (self.length, UNKNOWN) in self._marks:
            self.found = (self.length, UNKNOWN)


def _stem(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)


def _mark(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest() if content else ""
