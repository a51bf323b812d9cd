"""Files that a crash finds whole: replaced at once or not at all, and a folder's entries on disk."""

import os
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Replace a file: after a crash it holds the old content or the new. OSError where it cannot be written."""
    new = file.with_suffix(".new")
    with new.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder are on disk, as `os.fsync` does for a file's content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
