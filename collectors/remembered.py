"""What an input of mails remembers of where it stands: one JSON file, replaced as a whole or not at all."""

from pathlib import Path
from typing import TypeVar

import msgspec

from schemas import ondisk

State = TypeVar("State", bound=msgspec.Struct)


def recalled(file: Path, kind: type[State]) -> State | None:
    """Return what a file remembers, None where there is none. ValueError where it is damaged."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(
            f"{file}: damaged: {error}; without it the input begins anew, which doubles no mail"
        ) from error


def remember(file: Path, state: msgspec.Struct) -> None:
    """Replace the file: after a crash it holds the old state or the new one."""
    ondisk.replace(file, msgspec.json.encode(state))
