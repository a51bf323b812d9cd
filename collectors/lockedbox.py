"""An mbox file under the locks that Postfix's local(8) and mail readers use: a dotlock, and fcntl's.

Without the right to make the dotlock beside the file, fcntl's lock alone is taken.
Manual: https://www.postfix.org/postconf.5.html#mailbox_delivery_lock
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_MOST_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
_STALE_SECONDS = 500.0  # Postfix's stale_lock_time


class BusyError(Exception):
    """Another program has the file locked, and went on having it."""


@contextmanager
def locked(path: Path, stop: threading.Event) -> Iterator[BinaryIO]:
    """Open a file for reading while no other program writes to it.

    OSError as of opening it; BusyError where it is not to be had within some seconds, or `stop` was set first.
    """
    dotlock = path.with_name(f"{path.name}.lock")
    deadline = time.monotonic() + _MOST_SECONDS
    ours = False
    try:
        while not ours and _may_lock(path.parent):
            ours = _dotlocked(dotlock)
            if not ours:
                _wait(path, deadline, stop)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            while not _fcntl_locked(file):
                _wait(path, deadline, stop)
            yield file  # closing it ends the lock
    finally:
        if ours:
            dotlock.unlink(missing_ok=True)


def _may_lock(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _dotlocked(dotlock: Path) -> bool:
    """Make the lock file, tell whether it is ours; one that was left behind by a crash is removed."""
    try:
        descriptor = os.open(dotlock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        try:
            age = time.time() - dotlock.stat().st_mtime  # noqa: TID251 how old a file is
        except FileNotFoundError:
            return False
        if age > _STALE_SECONDS:
            dotlock.unlink(missing_ok=True)
        return False
    with os.fdopen(descriptor, "w") as lock:
        lock.write(f"{os.getpid()}\n")
    return True


def _fcntl_locked(file: BinaryIO) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX lets a system call it either
        return False
    return True


def _wait(path: Path, deadline: float, stop: threading.Event) -> None:
    if time.monotonic() > deadline or stop.wait(_PAUSE_SECONDS):
        raise BusyError(f"{path} is locked by another program")
