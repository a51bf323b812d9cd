"""A file of SQLite that outlives kill -9 and is its owner's alone: written through at each step."""

import sqlite3
from pathlib import Path


def opened(path: Path) -> sqlite3.Connection:
    """Open a file for threads that take turns, each statement a transaction of its own. sqlite3.Error, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")
    path.chmod(0o600)
    return file
