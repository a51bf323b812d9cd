"""What an input of mails remembers of where it stands: one JSON file, replaced as a whole or not at all."""

import os
from pathlib import Path
from typing import TypeVar

import msgspec

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
    new = file.with_suffix(".new")
    with new.open("wb") as out:
        out.write(msgspec.json.encode(state))
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
