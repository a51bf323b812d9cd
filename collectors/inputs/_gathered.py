"""Lines on their way from who receives them to the spool: gathered, since each append waits for the disk."""

import logging
import threading
import time
from collections.abc import Sequence

from collectors.away import Away
from collectors.losses import Losses
from collectors.spool import Spool, SpoolFullError

LOG = logging.getLogger("relaywarden.collect")
_GATHER_SECONDS = 0.2
_GATHER_BYTES = 1 << 20
_MOST_BYTES = 4 << 20


class Gathered:
    """The lines of the input `name` that are not in its spool yet: a few MiB at most."""

    def __init__(self, name: str, spool: Spool, losses: Losses, stop: threading.Event) -> None:
        self._name, self._spool, self._losses, self._stop = name, spool, losses, stop
        self._changed = threading.Condition()
        self._lines: list[bytes] = []
        self._bytes = 0
        self._closed = False
        self._away = Away(f"input.{name}: the spool")

    @property
    def full(self) -> bool:
        """Tell whether `put` would wait."""
        return self._bytes >= _MOST_BYTES

    def put(self, lines: Sequence[bytes]) -> float:
        """Take lines, once there is room for them; return how many seconds that took. After `stop` it waits no more."""
        began = 0.0
        with self._changed:
            while self.full and not self._stop.is_set():
                began = began or time.monotonic()
                self._changed.wait(_GATHER_SECONDS)
            if not self._lines or self._bytes < _GATHER_BYTES:
                self._changed.notify_all()
            self._lines.extend(lines)
            self._bytes += sum(map(len, lines))
        return time.monotonic() - began if began else 0.0

    def close(self) -> None:
        """Say that no more lines come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run(self) -> None:
        """Append what is gathered to the spool until `close`, and then the rest."""
        while (lines := self._taken()) is not None:
            if lines:
                self._keep(lines)

    def _taken(self) -> list[bytes] | None:
        """Return what was gathered, None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closed, _GATHER_SECONDS)
            if not self._lines:
                return None if self._closed else []
            self._changed.wait_for(lambda: self._closed or self._bytes >= _GATHER_BYTES, _GATHER_SECONDS)
            lines, self._lines, self._bytes = self._lines, [], 0
            self._changed.notify_all()
            return lines

    def _keep(self, lines: list[bytes]) -> None:
        while True:
            try:
                kept = self._spool.append_when_there_is_room(lines, b"", self._stop)
            except OSError as error:
                if self._stop.wait(self._away.failed(str(error))):
                    kept = self._kept_at_last(lines)
                else:
                    continue
            else:
                self._away.well()
                kept = kept or self._kept_at_last(lines)
            break
        if not kept:
            reason = "ended while there was no room in the spool: lines that were taken are lost"
            LOG.error("input.%s: %s (%d)", self._name, reason, len(lines))
            self._losses.note(reason, len(lines), lines[0])

    def _kept_at_last(self, lines: list[bytes]) -> bool:
        try:
            self._spool.append(lines)
        except (SpoolFullError, OSError):
            return False
        return True
