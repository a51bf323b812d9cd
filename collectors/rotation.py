"""The generations of a rotated log file: which files beside it belong to it, and in which order they were written."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

HEAD_BYTES = 4096
_SHORT_NUMBER = re.compile(r"[.-](\d{1,4})", re.ASCII)
_DIGITS = re.compile(r"[.-]\d[\d.-]*", re.ASCII)
_MAX_SCANS = 50


class Generation(NamedTuple):
    """One file of a log: the log itself or what a rotation made of it."""

    path: Path
    inode: int
    size: int
    mtime_ns: int


def fingerprint(descriptor: int) -> str:
    """Return a hash of the first line (of at most 4096 bytes of it), or "" while it is not complete."""
    return fingerprint_in(os.pread(descriptor, HEAD_BYTES, 0))


def fingerprint_in(head: bytes) -> str:
    """Return the fingerprint of what begins with these (at most 4096) bytes; "": its first line is not complete."""
    end = head.find(b"\n")
    if end < 0 and len(head) < HEAD_BYTES:
        return ""
    return blake2b(head if end < 0 else head[:end], digest_size=8).hexdigest()


def fingerprint_of(path: Path) -> str:
    """Return the fingerprint of a file, or "" where it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        return fingerprint(descriptor)
    finally:
        os.close(descriptor)


def generations(path: Path) -> list[Generation]:
    """Return the log's files, the oldest first, the log itself last; empty where there are none.

    Compressed ones are left out. A rotation under way renames many files: the folder is read until two readings agree.
    """
    before = _scan(path)
    for _ in range(_MAX_SCANS):
        now = _scan(path)
        if {name: found.inode for name, found in now.items()} == {name: found.inode for name, found in before.items()}:
            break
        before = now
    return _in_order(path.name, now)


def _scan(path: Path) -> dict[str, Generation]:
    return {found.path.name: found for found in _files(path)}


def _files(path: Path) -> Iterator[Generation]:
    try:
        names = [each.name for each in path.parent.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if name == path.name or (name.startswith(path.name) and _DIGITS.fullmatch(name, len(path.name))):
            with suppress(FileNotFoundError):
                found = (path.parent / name).stat()
                if stat.S_ISREG(found.st_mode):
                    yield Generation(path.parent / name, found.st_ino, found.st_size, found.st_mtime_ns)


def _in_order(name: str, found: dict[str, Generation]) -> list[Generation]:
    """Return the files as they were written: with numbers `.2` is older than `.1`, dates sort by themselves."""
    rotated = [each for each in found.values() if each.path.name != name]
    numbers = [_SHORT_NUMBER.fullmatch(each.path.name, len(name)) for each in rotated]
    if all(numbers):
        rotated.sort(key=lambda each: -int(each.path.name[len(name) + 1 :]))
    elif not any(numbers):
        rotated.sort(key=lambda each: each.path.name)
    else:  # the naming was changed: only the last write tells
        rotated.sort(key=lambda each: each.mtime_ns)
    return [*rotated, *(each for each in found.values() if each.path.name == name)]
