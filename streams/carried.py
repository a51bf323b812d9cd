"""What a suspension hook has carried out, and what is left to do; kept on disk, so that a crash forgets nothing.

Before a mailbox is touched it is written down as begun. So what may have been done halfway is done again, or undone,
whatever happened meanwhile.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from streams.bars import Bar
from streams.effects import write

_log = logging.getLogger(__name__)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a hook did last for a mailbox: it began or did this, or passed it (and there is nothing to undo)."""

    bar: Bar
    state: Literal["begun", "done", "passed"]


_DECODER: msgspec.json.Decoder[dict[str, Held]] = msgspec.json.Decoder(dict[str, Held])


def left(barred: Mapping[str, Bar], released: Mapping[str, Bar], held: Mapping[str, Held]) -> dict[str, Bar]:
    """Return by mailbox what a hook has not carried out: bars, and releases of what it holds and nothing bars now."""
    changed = {name: bar for name, bar in barred.items() if not _carried_out(held.get(name), bar)}
    for name, past in held.items():
        if name not in barred and past.state != "passed":
            changed[name] = past.bar if not past.bar.step else released.get(name) or end_of(past.bar)
    return changed


def _carried_out(past: Held | None, bar: Bar) -> bool:
    return past is not None and past.bar == bar and past.state != "begun"


def end_of(bar: Bar) -> Bar:
    """Return the release of a bar that no event of its own ends."""
    return Bar(step="", since=bar.since, decision=bar.decision)


class Carried:
    """What one hook has carried out, in a file that only this process writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.held: dict[str, Held] = {}

    def load(self) -> None:
        """Read the file, where there is one. ValueError where it is damaged, OSError where it cannot be read."""
        try:
            self.held = _DECODER.decode(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{self._path}: no state of a suspension hook: {error}") from error

    def note(self, name: str, bar: Bar, state: Literal["begun", "done", "passed"]) -> None:
        """Note what is done for a mailbox; a release that is done needs no memory."""
        if state == "begun" or bar.step:
            self.held[name] = Held(bar=bar, state=state)
        else:
            self.held.pop(name, None)

    def touched(self, name: str) -> bool:
        """Tell whether something may have been done for a mailbox that was not undone."""
        past = self.held.get(name)
        return past is not None and past.state != "passed"

    def forget_passed(self, barred: Mapping[str, Bar]) -> None:
        """Forget what was passed and is not barred any more."""
        gone = [name for name, past in self.held.items() if past.state == "passed" and name not in barred]
        for name in gone:
            del self.held[name]

    def save(self) -> None:
        """Write the file; without it a crash would repeat more than it must, or undo less."""
        try:
            write(self._path, msgspec.json.format(msgspec.json.encode(self.held), indent=1).decode() + "\n", mode=0o600)
        except OSError as error:
            _log.error("%s: what was carried out is in memory only: %s", self._path, error.strerror)
