"""What a process waits for before it can do its work: it is ready while it waits for nothing."""

import threading

from prometheus_client import Gauge

NOT_YET = "not reached yet"
_WAITING = Gauge("relaywarden_waiting", "1 while the process waits for what is named, 0 while it has it.", ["what"])


class Readiness:
    """What one process waits for, by name, with the reason; used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, str] = {}

    def waits(self, what: str, why: str) -> None:
        """Note that the work waits for something, and why."""
        with self._lock:
            self._waiting[what] = why
        _WAITING.labels(what).set(1)

    def has(self, what: str) -> None:
        """Note that what was waited for is there."""
        with self._lock:
            self._waiting.pop(what, None)
        _WAITING.labels(what).set(0)

    @property
    def missing(self) -> dict[str, str]:
        """Return what is waited for now, and why; empty where the process is ready."""
        with self._lock:
            return dict(self._waiting)


READINESS = Readiness()
"""That of this process."""
