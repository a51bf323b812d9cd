"""The checkpoints of the collector on this host, where the pages may read them; of others no event tells."""

from collections.abc import Iterator
from pathlib import Path

import msgspec


class Place(msgspec.Struct):
    """How far a source was read and kept: its file by inode, the next byte."""

    source: str
    inode: int
    offset: int


class _Checkpoint(msgspec.Struct):
    path: str
    position: Place | None = None


_CHECKPOINT = msgspec.json.Decoder(_Checkpoint)


def kept_here(data: Path) -> Iterator[Place]:
    """Yield the places of the checkpoints in a data folder; none where there is no folder, or it may not be read."""
    try:
        files = sorted((data / "checkpoints").glob("*.json"))
    except OSError:
        return
    for file in files:
        try:
            found = _CHECKPOINT.decode(file.read_bytes())
        except (OSError, msgspec.DecodeError):
            continue  # it is being replaced, or not ours: then it is not known, and the page says so
        if found.position is not None:
            yield found.position
