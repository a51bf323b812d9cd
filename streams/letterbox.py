"""The letters that wait, are on their way, or are done: one SQLite file, written before and after each step.

A letter that was being handed over when the process died may have been taken or not: it is `unsure`, and is not handed
over again before somebody knows (`streams/carrying.py`). One that is `doubted` was refused, perhaps by the server's
fault. The file is the desk's; one process uses it.
"""

import secrets
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from schemas.mailbox_events import NoticeSent
from streams.sqlite_file import opened

Status = Literal["waiting", "intended", "unsure", "doubted", "sent", "refused"]
OPEN: tuple[Status, ...] = ("waiting", "intended", "unsure", "doubted")
_KEEP = 400 * 86_400_000_000
_DECISION = "json_extract(CAST(notice AS TEXT), '$.decision')"
_TABLE = f"""
CREATE TABLE IF NOT EXISTS letters (
    message_id TEXT PRIMARY KEY, route TEXT NOT NULL, notice BLOB NOT NULL, content BLOB NOT NULL,
    due INTEGER NOT NULL, began INTEGER NOT NULL DEFAULT 0, tried INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    reply TEXT NOT NULL DEFAULT '', again INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS desk (name TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS letters_began ON letters (route, began) WHERE began > 0;
CREATE INDEX IF NOT EXISTS letters_ended ON letters (ended) WHERE ended > 0;
CREATE INDEX IF NOT EXISTS letters_decision ON letters ({_DECISION});
"""
_NEXT = "CREATE INDEX IF NOT EXISTS letters_turn ON letters (route, status, began = 0, missed DESC, due)"
_COLUMNS = "route, notice, content, due, began, tried, ended, status, attempts, reply, again, missed"
_INSERT = f"""INSERT INTO letters (message_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (message_id) DO UPDATE SET notice = excluded.notice, content = excluded.content, again = 0, reply = ''
WHERE status = 'waiting' AND content = x'' AND excluded.content != x''"""  # noqa: S608 no value in it
_NOTICE: msgspec.json.Decoder[NoticeSent] = msgspec.json.Decoder(NoticeSent)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to hand over: `route` names the settings it goes by, `content` is what is composed into a mail.

    Without `content` it could not be written yet, and `reply` says why; taken in anew with some, it goes.

    `notice` is its event while it is intended; its Message-ID is the letter's name. All times are µs: not before `due`,
    nor, once begun, before `again`; `began`, when it was begun first (its Date), `tried`, when last, `ended`. `reply`
    is the server's last word. Those go first whose customers `missed` the most letters in a row before.
    """

    route: str
    notice: NoticeSent
    content: bytes
    due: int
    began: int = 0
    tried: int = 0
    ended: int = 0
    status: Status = "waiting"
    attempts: int = 0
    reply: str = ""
    again: int = 0
    missed: int = 0

    @property
    def message_id(self) -> str:
        """Return the Message-ID, in angle brackets."""
        return self.notice.message_id


class Letterbox:
    """The file of one desk, and what tells that desk from others (`name`). OSError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = opened(path)
            self._file.executescript(_TABLE)
            there = {str(column[1]) for column in self._file.execute("PRAGMA table_info(letters)")}
            for column in {"again", "missed"} - there:
                self._file.execute(f"ALTER TABLE letters ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
            self._file.execute(_NEXT)
            self._file.execute("DROP INDEX IF EXISTS letters_next")
            self._file.execute("UPDATE letters SET status = 'unsure' WHERE status = 'intended'")
            given = "INSERT INTO desk SELECT ? WHERE NOT EXISTS (SELECT * FROM desk)"
            self._file.execute(given, (secrets.token_hex(8),))
            self.name = str(self._file.execute("SELECT name FROM desk").fetchone()[0])
        except sqlite3.Error as error:
            raise OSError(f"{path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def take(self, letters: Iterable[Letter]) -> int:
        """Take letters in, each once, whatever became of it; return how many are new, or written by now. OSError."""
        taken = 0
        try:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                for letter in letters:
                    taken += self._file.execute(_INSERT, (letter.message_id, *_values(letter))).rowcount
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            raise OSError(f"the letterbox: {error}") from error
        return taken

    def forget(self, now: int) -> None:
        """Delete what ended more than 400 days ago."""
        self._file.execute("DELETE FROM letters WHERE ended > 0 AND ended < ?", (now - _KEEP,))

    def due(self, route: str, status: Status, at: int) -> Letter | None:
        """Return the letter of a route and status whose turn it is, or None: begun, missed most, due longest."""
        condition = (
            "route = ? AND status = ? AND due <= ? AND again <= ? ORDER BY began = 0, missed DESC, due, rowid LIMIT 1"
        )
        return self._one(condition, (route, status, at, at))

    def next_due(self) -> int:
        """Return when the next letter is due (µs), 0 where none waits."""
        asked = "SELECT min(max(due, again)) FROM letters WHERE status IN ('waiting', 'unsure', 'doubted')"
        return int(self._file.execute(asked).fetchone()[0] or 0)

    def open(self, route: str) -> int:
        """Return how many letters of a route have not ended."""
        asked = f"SELECT count(*) FROM letters WHERE route = ? AND status IN {OPEN}"  # noqa: S608 no value in it
        return int(self._file.execute(asked, (route,)).fetchone()[0])

    def unbegun(self, route: str) -> tuple[int, int, int]:
        """Return how many letters of a route were not begun, and when the first and the last is due (µs, 0: none)."""
        asked = """SELECT count(), ifnull(min(due), 0), ifnull(max(due), 0) FROM letters
        WHERE route = ? AND status = 'waiting' AND began = 0"""
        number, first, last = self._file.execute(asked, (route,)).fetchone()
        return int(number), int(first), int(last)

    def letter(self, message_id: str) -> Letter | None:
        """Return a letter by its Message-ID."""
        return self._one("message_id = ?", (message_id,))

    def decided(self, decision: str) -> Letter | None:
        """Return the letter of a decision: the same whatever Message-ID it has."""
        return self._one(f"{_DECISION} = ?", (decision,))

    def oldest_due(self) -> int:
        """Return when the oldest letter that has not ended was due (µs), 0 where there is none."""
        asked = f"SELECT min(due) FROM letters WHERE status IN {OPEN}"  # noqa: S608 no value in it
        return int(self._file.execute(asked).fetchone()[0] or 0)

    def ended_since(self, at: int) -> list[Letter]:
        """Return the letters that ended since `at` (µs), the oldest first."""
        return self._all("ended > ? ORDER BY ended", (at,))

    def begun_since(self, route: str, at: int) -> list[int]:
        """Return when the letters of a route were begun that were so since `at` (µs), the oldest first."""
        asked = "SELECT began FROM letters WHERE route = ? AND began > ? ORDER BY began"
        return [int(row[0]) for row in self._file.execute(asked, (route, at))]

    def intend(self, letter: Letter, at: int) -> Letter:
        """Note that a letter is about to be handed over; its Date stays that of the first try."""
        began = letter.began or at
        self._file.execute(
            "UPDATE letters SET status = 'intended', began = ?, tried = ?, attempts = attempts + 1"
            " WHERE message_id = ?",
            (began, at, letter.message_id),
        )
        return msgspec.structs.replace(letter, status="intended", began=began, tried=at, attempts=letter.attempts + 1)

    def end(self, letter: Letter, status: Literal["sent", "refused"], reply: str, at: int) -> None:
        """Note how a letter ended."""
        self._file.execute(
            "UPDATE letters SET status = ?, reply = ?, ended = ? WHERE message_id = ?",
            (status, reply, at, letter.message_id),
        )

    def later(self, letter: Letter, status: Literal["waiting", "unsure"], reply: str, again: int) -> None:
        """Note that a letter is looked at again at `again` (µs)."""
        self._file.execute(
            "UPDATE letters SET status = ?, reply = ?, again = ? WHERE message_id = ?",
            (status, reply, again, letter.message_id),
        )

    def doubt(self, letter: Letter, reply: str, until: int) -> None:
        """Note that a letter was refused, perhaps by the server's fault; its route's are in doubt until then (µs)."""
        self._file.execute(
            "UPDATE letters SET status = 'doubted', reply = iif(message_id = ?, ?, reply), again = ?"
            " WHERE route = ? AND (status = 'doubted' OR message_id = ?)",
            (letter.message_id, reply, until, letter.route, letter.message_id),
        )

    def doubted(self, route: str) -> list[Letter]:
        """Return the letters of a route whose refusal is in doubt, in the order in which they were tried."""
        return self._all("route = ? AND status = 'doubted' ORDER BY tried, rowid", (route,))

    def leave(self, letter: Letter, tried: int, again: int) -> None:
        """Note that another desk tried a letter (µs): whether it was taken is asked of the mail log at `again`."""
        self._file.execute(
            "UPDATE letters SET status = 'unsure', reply = 'another desk began it', began = ?, tried = ?, again = ?"
            " WHERE message_id = ?",
            (letter.began or tried, max(letter.tried, tried), again, letter.message_id),
        )

    def _one(self, condition: str, values: tuple[str | int, ...]) -> Letter | None:
        found = self._all(condition, values)
        return found[0] if found else None

    def _all(self, condition: str, values: tuple[str | int, ...]) -> list[Letter]:
        asked = f"SELECT {_COLUMNS} FROM letters WHERE {condition}"  # noqa: S608 conditions are ours, values are bound
        return [_letter(row) for row in self._file.execute(asked, values)]


def _values(letter: Letter) -> tuple[str | bytes | int, ...]:
    return (
        letter.route,
        msgspec.json.encode(letter.notice),
        letter.content,
        letter.due,
        letter.began,
        letter.tried,
        letter.ended,
        letter.status,
        letter.attempts,
        letter.reply,
        letter.again,
        letter.missed,
    )


def _letter(row: tuple[str, bytes, bytes, int, int, int, int, Status, int, str, int, int]) -> Letter:
    route, notice, content, due, began, tried, ended, status, attempts, reply, again, missed = row
    return Letter(
        route=route,
        notice=_NOTICE.decode(notice),
        content=content,
        due=due,
        began=began,
        tried=tried,
        ended=ended,
        status=status,
        attempts=attempts,
        reply=reply,
        again=again,
        missed=missed,
    )
