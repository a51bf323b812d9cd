r"""An mbox file as the mails that it holds, piece by piece: pure, and in bounded memory however large the file is.

A mail begins with a line `From SENDER DATE` behind an empty line, or at the beginning. `Content-Length` is a stranger's
word and ignored. In a body, `>From ` and `>>From ` lose one `>` (mboxrd). Fields that mail readers write into the file
are left out, so that a mail which was read meanwhile is still the same by its bytes.
Format: https://www.rfc-editor.org/rfc/rfc4155
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from collectors.documents import LARGEST

LONGEST_PIECE = 64 * 1024
_BEGIN = re.compile(rb"From (\S{0,1000}) *(\S.{0,200}\d\d:\d\d.{0,100})")
_QUOTED = re.compile(rb">+From ")
_READERS = re.compile(
    rb"(?:status|x-status|x-keywords|x-uid|x-imap|x-imapbase|x-mozilla-(?:status2?|keys)|content-length|lines):",
    re.IGNORECASE,
)


class Boxed(NamedTuple):
    """A mail of an mbox: where it begins and ends there, when it came (None: not told), and its bytes.

    `came` has no zone where the file tells none: then it is local time of the host that wrote it.
    """

    offset: int
    end: int
    came: datetime | None
    mail: bytes


def begins(line: bytes) -> bool:
    """Tell whether a line begins a mail, if it stands behind an empty one."""
    return _BEGIN.match(line) is not None


def mails(pieces: Iterable[bytes], offset: int = 0, most: int = LARGEST) -> Iterator[Boxed]:
    """Yield the mails of a file, given as lines, of which long ones may be in pieces; `offset` is where they begin.

    Of a mail of more than `most` bytes, so many and one are given. What stands before the first mail is left out.
    """
    reading: _Reading | None = None
    at, starts, behind_empty = offset, True, True
    for piece in pieces:
        if starts and behind_empty and begins(piece):
            if reading is not None:
                yield reading.done(at)
            reading = _Reading(at, piece, most)
        elif reading is not None:
            reading.add(piece, starts=starts)
        at += len(piece)
        behind_empty = starts and piece in {b"\n", b"\r\n"}
        starts = piece.endswith(b"\n")
    if reading is not None:
        yield reading.done(at)


class _Reading:
    """A mail that is being read."""

    def __init__(self, offset: int, begin: bytes, most: int) -> None:
        self._offset, self._begin, self._most = offset, begin, most
        self._kept: list[bytes] = []
        self._size = 0
        self._in_header = True
        self._left_out = False

    def add(self, piece: bytes, *, starts: bool) -> None:
        """Add a line, or a further piece of one."""
        if self._in_header and starts:
            self._in_header = bool(piece.strip(b"\r\n"))
            folded = piece[:1] in {b" ", b"\t"}
            self._left_out = self._in_header and (self._left_out if folded else _READERS.match(piece) is not None)
        elif not self._in_header and starts and _QUOTED.match(piece):
            piece = piece[1:]
        if not self._left_out and self._size <= self._most:
            self._kept.append(piece[: self._most + 1 - self._size])
            self._size += len(self._kept[-1])

    def done(self, end: int) -> Boxed:
        """Return the mail, without the empty line that the format puts behind it."""
        mail = b"".join(self._kept)
        if self._size <= self._most:
            for twice, once in ((b"\r\n\r\n", b"\r\n"), (b"\n\n", b"\n")):
                if mail.endswith(twice):
                    mail = mail[: -len(once)]
                    break
        return Boxed(self._offset, end, _came(self._begin), mail)


def _came(begin: bytes) -> datetime | None:
    found = _BEGIN.match(begin)
    try:
        return parsedate_to_datetime(found[2].decode("ascii")) if found else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
