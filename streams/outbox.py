"""The mails to customers that wait, are on their way, or are done: one SQLite file, written before and after each step.

What is `intended` when the process ends may have been taken by the server or not; it is handed over again, under the
same Message-ID.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from streams.notices import Notice
from streams.sqlite_file import opened

Status = Literal["waiting", "intended", "sent", "refused"]
_KEEP_SECONDS = 90 * 86400
_TABLE = """
CREATE TABLE IF NOT EXISTS notices (
    message_id TEXT PRIMARY KEY, mailbox TEXT NOT NULL, template TEXT NOT NULL, notice BLOB NOT NULL,
    taken REAL NOT NULL, began INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL,
    status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, reply TEXT NOT NULL DEFAULT ''
)
"""
_COLUMNS = "notice, taken, began, ended, status, attempts, reply"
_NOTICE: msgspec.json.Decoder[Notice] = msgspec.json.Decoder(Notice)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A mail with its story: `taken` (s) into the outbox, first begun and ended (µs), tries, the server's words."""

    notice: Notice
    taken: float
    status: Status
    began: int = 0
    ended: int = 0
    attempts: int = 0
    reply: str = ""


class Outbox:
    """The outbox of this host; one process uses it. OSError where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = opened(path)
            self._file.execute(_TABLE)
        except sqlite3.Error as error:
            raise OSError(f"{path}: {error}") from error

    def began(self, now: float) -> float:
        """Return when this outbox was used first: what was decided before is no news."""
        self._file.execute("CREATE TABLE IF NOT EXISTS begun (at REAL)")
        row = self._file.execute("SELECT at FROM begun").fetchone()
        if row is None:
            self._file.execute("INSERT INTO begun VALUES (?)", (now,))
        return float(row[0]) if row else now

    def take(self, notices: Iterable[Notice], now: float) -> int:
        """Take mails in, each once; one that waits is replaced by a newer one about the same mailbox. Return how many.

        A mailbox's release is told only if its step before was: to hear of a release alone would puzzle.
        """
        taken = 0
        self._file.execute("BEGIN IMMEDIATE")
        try:
            for notice in notices:
                taken += self._take(notice, now)
            self._file.execute("DELETE FROM notices WHERE ended > 0 AND taken < ?", (now - _KEEP_SECONDS,))
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")
        return taken

    def _take(self, notice: Notice, now: float) -> int:
        if self._file.execute("SELECT 1 FROM notices WHERE message_id = ?", (notice.message_id,)).fetchone():
            return 0
        self._file.execute("DELETE FROM notices WHERE mailbox = ? AND status = 'waiting'", (notice.mailbox,))
        told = self._file.execute(
            "SELECT template FROM notices WHERE mailbox = ? ORDER BY began DESC, rowid DESC LIMIT 1", (notice.mailbox,)
        ).fetchone()
        if notice.template == "released" and (told is None or told[0] == "released"):
            return 0
        self._file.execute(
            "INSERT INTO notices (message_id, mailbox, template, notice, taken, due, status)"
            " VALUES (?, ?, ?, ?, ?, ?, 'waiting')",
            (notice.message_id, notice.mailbox, notice.template, msgspec.json.encode(notice), now, now),
        )
        return 1

    def next(self) -> tuple[Item, float] | None:
        """Return the mail that is due first, with when; None where nothing waits."""
        row = self._file.execute(
            f"SELECT {_COLUMNS}, due FROM notices WHERE status IN ('waiting', 'intended') ORDER BY due, rowid LIMIT 1"  # noqa: S608 no value in it
        ).fetchone()
        return (_item(row[:-1]), float(row[-1])) if row else None

    def begun_since(self, at: int) -> list[int]:
        """Return when the mails were begun that were so since `at` (µs), the oldest first."""
        rows = self._file.execute("SELECT began FROM notices WHERE began > ? ORDER BY began", (at,))
        return [int(row[0]) for row in rows]

    def ended_since(self, at: int) -> list[Item]:
        """Return the mails that ended since `at` (µs)."""
        rows = self._file.execute(f"SELECT {_COLUMNS} FROM notices WHERE ended > ? ORDER BY ended", (at,))  # noqa: S608
        return [_item(row) for row in rows]

    def intend(self, item: Item, at: int) -> Item:
        """Note that a mail is about to be handed over; its date stays that of the first try."""
        began = item.began or at
        self._file.execute(
            "UPDATE notices SET status = 'intended', began = ?, attempts = attempts + 1 WHERE message_id = ?",
            (began, item.notice.message_id),
        )
        return msgspec.structs.replace(item, status="intended", began=began, attempts=item.attempts + 1)

    def end(self, item: Item, status: Literal["sent", "refused"], reply: str, at: int) -> None:
        """Note how a mail ended."""
        self._file.execute(
            "UPDATE notices SET status = ?, reply = ?, ended = ? WHERE message_id = ?",
            (status, reply, at, item.notice.message_id),
        )

    def later(self, item: Item, reply: str, due: float) -> None:
        """Note that a mail is tried again at `due`."""
        self._file.execute(
            "UPDATE notices SET due = ?, reply = ? WHERE message_id = ?", (due, reply, item.notice.message_id)
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _item(row: tuple[bytes, float, int, int, Status, int, str]) -> Item:
    notice, taken, began, ended, status, attempts, reply = row
    return Item(
        notice=_NOTICE.decode(notice),
        taken=taken,
        began=began,
        ended=ended,
        status=status,
        attempts=attempts,
        reply=reply,
    )
