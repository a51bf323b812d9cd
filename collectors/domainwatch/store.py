"""When each customer's domain was last looked at, in one SQLite file: a restart asks nothing twice."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from collectors.domainwatch.slots import Asked
from schemas.settings import Settings

_TABLE = """
CREATE TABLE IF NOT EXISTS domains (
    domain TEXT PRIMARY KEY, at INTEGER NOT NULL, passed INTEGER NOT NULL,
    told_at INTEGER NOT NULL, digest TEXT NOT NULL
) WITHOUT ROWID
"""


class DomainStore:
    """The file; one thread uses it. OSError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute(_TABLE)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    @staticmethod
    def path(settings: Settings) -> Path:
        """Return where a configuration has its file."""
        return settings.data / "checkpoints" / "domains.db"

    def all(self) -> dict[str, Asked]:
        """Return what is known of each domain."""
        try:
            rows = self._file.execute("SELECT domain, at, passed, told_at, digest FROM domains").fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return {name: Asked(at, bool(passed), told_at, digest) for name, at, passed, told_at, digest in rows}

    def keep(self, looks: Iterable[tuple[str, Asked]], dropped: Iterable[str] = ()) -> None:
        """Write looks down, and forget domains: all of it or nothing."""
        rows = [(name, one.at, one.passed, one.told_at, one.digest) for name, one in looks]
        try:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT OR REPLACE INTO domains VALUES (?, ?, ?, ?, ?)", rows)
            self._file.executemany("DELETE FROM domains WHERE domain = ?", [(name,) for name in dropped])
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise self._unusable(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _unusable(self, error: sqlite3.Error) -> OSError:
        return OSError(f"{self._path}: {error}; remove it to look at each domain anew")
