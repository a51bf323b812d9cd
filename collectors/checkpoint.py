"""How far a log was read, beside what its reader remembers: one JSON file a log, replaced as a whole or not at all."""

from collections import deque
from collections.abc import Mapping
from pathlib import Path

import msgspec

from collectors.follow import Position
from schemas import ondisk

_WAITING = 4


class Checkpoint(msgspec.Struct, frozen=True):
    """Where to read on, with the reader's memory there (`state`); no position: the log had no line yet.

    `reference_ns` is the time that the reader of this source was given, `opened` whether the source's opening was told.
    `pop` is what is remembered of POP-before-SMTP: of a login log the logins, of a mail log the messages.
    """

    path: str
    position: Position | None = None
    reference_ns: int = 0
    opened: bool = False
    state: bytes = b""
    pop: bytes = b""


def load(file: Path) -> Checkpoint | None:
    """Return the checkpoint of a file, or None where there is none. ValueError where it is damaged."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(text, type=Checkpoint)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"{file}: no checkpoint: {error}; remove it to read the log from its beginning, which doubles nothing"
        ) from error


def save(file: Path, checkpoint: Checkpoint) -> None:
    """Replace the file: after a crash it holds the old checkpoint or the new one."""
    ondisk.replace(file, msgspec.json.encode(checkpoint))


class Held:
    """Checkpoints that wait until all that was published before them is stored, in order and few."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Checkpoint, dict[tuple[str, int], int]]] = deque()

    def hold(self, checkpoint: Checkpoint, needed: Mapping[tuple[str, int], int]) -> None:
        """Let a checkpoint wait for the offsets that are `needed`; when many wait, it takes the place of the last."""
        if len(self._waiting) == _WAITING:
            self._waiting.pop()
        self._waiting.append((checkpoint, dict(needed)))

    def due(self, stored: Mapping[tuple[str, int], int]) -> Checkpoint | None:
        """Return the newest checkpoint for which enough is stored, and forget it with those before; else None."""
        found: Checkpoint | None = None
        while self._waiting and all(stored.get(place, 0) >= offset for place, offset in self._waiting[0][1].items()):
            found = self._waiting.popleft()[0]
        return found

    def __bool__(self) -> bool:
        return bool(self._waiting)
