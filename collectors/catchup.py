"""How far the past of a log is read when a collector starts: told on a terminal while it is, and once in any log."""

import logging
from pathlib import Path

from collectors.follow import Batch, Position
from collectors.rotation import generations

LOG = logging.getLogger("relaywarden.collect")
_EVERY_SECONDS = 5.0
_MB = 1_000_000


class CatchUp:
    """The reading of what a log, `name` by its configuration, held at `began`; a person `watches` how it goes on."""

    def __init__(self, name: str, path: Path, began: float, *, watches: bool) -> None:
        self._name, self._path, self._watches = name, path, watches
        self._began, self._told = began, began
        self._read = 0
        self._done = False

    def took(self, batch: Batch, now: float) -> None:
        """Note that a batch was taken at `now`."""
        if self._done:
            return
        self._read += max(0, batch.end.offset - batch.begin.offset)
        if self._watches and now - self._told >= _EVERY_SECONDS:
            self._told = now
            behind = left(self._path, batch.end)
            seconds = behind * (now - self._began) / max(self._read, 1)
            part = 100 * self._read // max(self._read + behind, 1)
            LOG.info("%s: %d%% of what is there is read, about %.0f s are left", self._name, part, seconds)

    def ended(self, now: float) -> None:
        """Note that nothing was left to read at `now`."""
        if self._read and not self._done:
            seconds = now - self._began
            LOG.info("%s: what was there is read, %.1f MB in %.0f s", self._name, self._read / _MB, seconds)
        self._done = True


def left(path: Path, position: Position) -> int:
    """Return how many bytes of a log and of its rotated files stand behind a position."""
    files = generations(path)
    at = next((number for number, found in enumerate(files) if found.inode == position.inode), len(files))
    return max(0, sum(found.size for found in files[at:]) - position.offset)
