"""A file of SQLite that outlives kill -9 and is its owner's alone: written through at each step."""

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path


def opened(path: Path) -> sqlite3.Connection:
    """Open a file for threads that take turns, each statement a transaction of its own. sqlite3.Error, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")
    path.chmod(0o600)
    return file


def copied(path: Path, folder: Path) -> Path:
    """Copy a file that another process may use, with what it has not written back yet, and return where the copy is.

    The file itself is only read. What it is like while it is written back is no copy: it is copied anew. OSError.
    """
    copy = folder / path.name
    while (before := _state(path)) is not None:
        shutil.copyfile(path, copy)
        beside = copy.with_name(f"{copy.name}-wal")
        beside.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.copyfile(path.with_name(f"{path.name}-wal"), beside)
        if _state(path) == before:
            break
    return copy


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
