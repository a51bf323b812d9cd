"""Orders by their Idempotency-Key: on disk before Kafka has them, so that a repeat is the same event for a week."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path

from schemas import codec
from schemas.events import Event
from streams.api.problems import RefusedError

OTHER_BODY = "this Idempotency-Key came with another body before"
_WEEK = 7 * 86_400_000_000
_TABLE = """CREATE TABLE IF NOT EXISTS orders (
    token TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, event BLOB NOT NULL, at INTEGER NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (token, key)) WITHOUT ROWID"""


class Keys:
    """The file of one API. OSError where it cannot be used."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "orders.sqlite"
        self._lock = threading.Lock()
        self._under_way: set[tuple[str, str]] = set()
        try:
            self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=10)
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute(_TABLE)
        except sqlite3.Error as error:
            raise OSError(f"{file}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def once(
        self, token: str, key: str, body: bytes, make: Callable[[], Event], publish: Callable[[Event], None]
    ) -> tuple[Event, bool]:
        """Return the event of a key, and whether it was there already; it is published unless that was confirmed.

        RefusedError where the key came with another `body` before, or is under way now; OSError where it cannot be
        kept. What `make` and `publish` raise is raised.
        """
        digest = blake2b(body, digest_size=32).digest()
        with self._alone(token, key):
            event, old, confirmed = self._kept(token, key, digest, make)
            if not confirmed:
                publish(event)
                self._do("UPDATE orders SET confirmed = 1 WHERE token = ? AND key = ?", token, key)
            return event, old

    def _kept(self, token: str, key: str, digest: bytes, make: Callable[[], Event]) -> tuple[Event, bool, bool]:
        query = "SELECT body, event, confirmed FROM orders WHERE token = ? AND key = ?"
        found = self._do(query, token, key)
        if found:
            body, line, confirmed = found[0]
            if body != digest:
                raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, OTHER_BODY)
            return codec.decode(bytes(line)), True, bool(confirmed)
        event = make()
        self._do("DELETE FROM orders WHERE at < ?", event.at - _WEEK)
        insert = "INSERT INTO orders (token, key, body, event, at) VALUES (?, ?, ?, ?, ?)"
        self._do(insert, token, key, digest, codec.encode(event), event.at)
        return event, False, False

    def _do(self, statement: str, *values: object) -> list[tuple[bytes, bytes, int]]:
        try:
            with self._lock:
                return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise OSError(f"orders.sqlite: {error}") from error

    @contextmanager
    def _alone(self, token: str, key: str) -> Iterator[None]:
        with self._lock:
            if (token, key) in self._under_way:
                raise RefusedError(HTTPStatus.CONFLICT, "an order with this Idempotency-Key is under way")
            self._under_way.add((token, key))
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard((token, key))
