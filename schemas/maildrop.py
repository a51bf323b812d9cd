"""Mails of an input, delivered into the Maildir that the intake reads: each once, and on disk before it is taken."""

import os
import threading
import time
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from schemas import ondisk

_FOLDERS = ("tmp", "new", "cur")


class Maildrop:
    """A Maildir to deliver into; it is made where its parent is there. OSError where it cannot be."""

    def __init__(self, folder: Path) -> None:
        self._tmp, self._new, self._cur = (folder / name for name in _FOLDERS)
        for each in (folder, self._tmp, self._new, self._cur):
            each.mkdir(exist_ok=True)

    def deliver(self, mail: bytes, name: str = "", came: float | None = None) -> bool:
        """Put a mail into `new`; return when it is on disk. False: one of this name was delivered before.

        `name` is what identifies it, whatever its characters; without one, its bytes do. `came` (seconds of the epoch)
        is when it came, where that is not now: the intake believes dates by it. OSError: not delivered.
        """
        base = blake2b(name.encode() if name else mail, digest_size=16).hexdigest()
        waiting = self._new / base
        if waiting.exists() or (self._cur / f"{base}:2,S").exists():
            return False
        draft = self._tmp / f"{base}.{os.getpid()}.{threading.get_ident()}"  # another may deliver the same just now
        with draft.open("wb") as out:
            out.write(mail)
            out.flush()
            if came is not None:
                os.utime(out.fileno(), (came, came))
            os.fsync(out.fileno())
        draft.replace(waiting)
        ondisk.sync_folder(self._new)
        return True

    def kept(self, name: str) -> bytes | None:
        """Return the mail that was delivered by this name, None where it is not there any more. OSError: unreadable."""
        base = blake2b(name.encode(), digest_size=16).hexdigest()
        for place in (self._new / base, self._cur / f"{base}:2,S"):
            try:
                return place.read_bytes()
            except FileNotFoundError:
                continue
        return None


def seconds_of(came: datetime | None) -> float | None:
    """Return when a mail came, in seconds of the epoch and not later than now; None: not told, or before the epoch.

    What names no zone is of this host's.
    """
    try:
        at = came.timestamp() if came else None
    except (OverflowError, ValueError, OSError):
        return None
    return None if at is None or at < 0 else min(at, time.time())  # noqa: TID251 no mail came later
