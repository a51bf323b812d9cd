"""A password that stands in a file of its own."""

import os
import stat
from pathlib import Path


def password_in(path: Path, setting: str) -> str:
    """Return a file's first line. ValueError, naming the setting, where it is open to others or cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            line = file.readline().rstrip("\n")
    except OSError as error:
        raise ValueError(f"{setting}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{setting}: {path}: no UTF-8 at byte {error.start}") from error
    if mode & stat.S_IRWXO:
        raise ValueError(f"{setting}: {path} is open to others (mode {mode:04o}); chmod 600 it")
    return line
