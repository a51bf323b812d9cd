"""How large the directory was when it was read last: kept on disk, so that a process that starts can compare.

Without it half a directory that happens to be the first one read would be believed.
"""

from pathlib import Path

import msgspec

from schemas.names import derived_id
from schemas.settings import Settings
from streams.effects import write

_FILE = "directory.json"
_HOW = {"reload_hours", "most_shrink"}


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses and domains of the source with these settings."""

    source: str
    addresses: int


_DECODER = msgspec.json.Decoder(Count)


def place(settings: Settings) -> Path:
    """Return where it is kept."""
    return settings.data / _FILE


def known(settings: Settings) -> int | None:
    """Return how many there were; None where none was kept, or of another source. ValueError where it is damaged."""
    path = place(settings)
    try:
        found = _DECODER.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    return found.addresses if found.source == _source(settings) else None


def keep(settings: Settings, addresses: int) -> None:
    """Note how many there are, in one step. OSError where that is impossible."""
    settings.data.mkdir(parents=True, exist_ok=True)
    write(place(settings), msgspec.json.encode(Count(source=_source(settings), addresses=addresses)).decode())


def _source(settings: Settings) -> str:
    """Return what tells a source from another: its settings, but not how it is read."""
    source = settings.directory
    return derived_id("directory", source.model_dump_json(exclude=_HOW) if source else "")
