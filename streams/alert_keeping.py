"""The thread of the desk that alerts, kept at work: one that ended by a fault is begun anew, and that is told.

It gives its sign of life again only once the new one has done a turn: while each of them ends, `relaywarden healthy
desk` and GET /healthz say so.
"""

import logging
import threading
import time
from collections.abc import Callable

from schemas.events import Event
from streams.journal import Journal

LOG = logging.getLogger("relaywarden.desk")
_FIRST_SECONDS, _MOST_SECONDS = 1.0, 60.0

Work = Callable[[threading.Event, bool], None]
"""What alerts until the event is set; told whether it is begun again."""


class AlertsKept:
    """A task of the desk: it sees to the thread, and is told nothing."""

    def __init__(self, work: Work, stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self._stop, self._clock = work, stop, clock
        self._pause = _FIRST_SECONDS
        self._ended = 0.0
        self._thread = self._begun(again=False)

    def _begun(self, *, again: bool) -> threading.Thread:
        thread = threading.Thread(target=self._work, args=(self._stop, again), name="alerts", daemon=True)
        thread.start()
        return thread

    def start_over(self) -> None:
        """Keep at it: what the topic of the sunsets holds is not of it."""

    def take(self, event: Event) -> None:
        """Take nothing: the thread reads for itself."""

    def turn(self, journal: Journal) -> None:  # noqa: ARG002 it writes none
        """Begin the thread anew where it ended, each time after a longer pause, a minute at most."""
        if self._thread.is_alive() or self._stop.is_set():
            return
        if not self._ended:
            self._ended = self._clock()
            LOG.error("what alerts ended by the fault above: it is begun again in %.0f s", self._pause)
        elif self._clock() - self._ended >= self._pause:
            self._ended, self._pause = 0.0, min(2 * self._pause, _MOST_SECONDS)
            self._thread = self._begun(again=True)

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)
