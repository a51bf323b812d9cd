"""Signs of life: a process touches a file while its work goes on, and a health check asks how old the touch is."""

import time
from contextlib import suppress
from pathlib import Path

_EVERY_SECONDS = 1.0
_HERE: dict[str, float] = {}
"""When each sign of this process was given last (monotonic): its folder may be shared with another of its kind."""


def ages() -> dict[str, float]:
    """Return how many seconds ago each sign of this process was given, by its name."""
    now = time.monotonic()
    return {name: now - when for name, when in _HERE.items()}


class Pulse:
    """The sign of one process, or of one part of it: `beat` from the loop that does the work."""

    def __init__(self, data: Path, name: str) -> None:
        self._name = name
        self._file = data / "pulse" / name
        self._next = 0.0

    def beat(self) -> None:
        """Say that the work goes on; a folder that cannot be written silences the sign, not the work."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_SECONDS
        _HERE[self._name] = now
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch()

    def age(self) -> float | None:
        """Return how many seconds ago the last beat was, or None where there was none."""
        try:
            touched = self._file.stat().st_mtime
        except FileNotFoundError:
            return None
        return max(0.0, time.time() - touched)  # noqa: TID251 a shell: it compares with the file's own clock
