"""A password that stands in a file of its own."""

import os
import stat
from pathlib import Path


def password_in(path: Path, setting: str) -> str:
    """Return a file's first line. ValueError, naming the setting, where it is open to others or cannot be read."""
    return closed_text(path, setting, one_line=True).rstrip("\n")


def closed_text(path: Path, setting: str, *, one_line: bool = False) -> str:
    """Return what stands in a file, or its first line. ValueError as of `password_in`."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.readline() if one_line else file.read()
    except OSError as error:
        raise ValueError(f"{setting}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{setting}: {path}: no UTF-8 at byte {error.start}") from error
    if mode & stat.S_IRWXO:
        raise ValueError(f"{setting}: {path} is open to others (mode {mode:04o}); chmod 600 it")
    return text


def secret(variable: str, file: Path | None, setting: str) -> str:
    """Return what a variable of the environment holds, else a file's first line.

    ValueError where neither is there; it names `setting` with the ending `_env` or `_file`.
    """
    given = os.environ.get(variable, "") if variable else ""
    if not given and file is not None:
        given = password_in(file, f"{setting}_file")
        if not given:
            raise ValueError(f"{setting}_file: {file} is empty")
    if not given:
        raise ValueError(f"{setting}_env: the environment has no {variable}")
    return given
