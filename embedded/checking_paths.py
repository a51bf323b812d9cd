"""Whether a file of the configuration can be written here, and whether a program is there."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

PROGRAMS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def writable(place: str, path: Path) -> Iterator[str]:
    """Yield why a file cannot be written into its folder, which nobody makes."""
    yield from _fit(place, path, path.absolute().parent)


def creatable(place: str, path: Path) -> Iterator[str]:
    """Yield why a file cannot be written whose folder is made with it: the nearest that is there must take the rest."""
    yield from _fit(place, path, next(parent for parent in path.absolute().parents if os.access(parent, os.F_OK)))


def _fit(place: str, path: Path, folder: Path) -> Iterator[str]:
    if path.is_dir():
        yield f"{place}: {path} is a folder"
    elif not folder.exists():
        yield f"{place}: {folder} is not there, so {path} cannot be written"
    elif not folder.is_dir():
        yield f"{place}: {folder} is no folder, so {path} cannot be written"
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield f"{place}: {path} cannot be written by this user"


def runnable(place: str, command: Sequence[str]) -> Iterator[str]:
    """Yield why a command cannot be run: its program is not there."""
    if not (command and shutil.which(command[0], path=PROGRAMS)):
        yield f"{place}: no program {command[0] if command else ''!r}"
