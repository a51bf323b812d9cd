"""The key of leaked identities: in the environment, else in a file of its own that only its owner reads.

All workers must have the same, and so must who imports. Without it nothing tells which mailbox a digest stands for.
"""

import os
import secrets
from pathlib import Path

from schemas.password import password_in

VARIABLE = "RELAYWARDEN_LEAKS_KEY"
_FILE = "leaks.key"


def place(data: Path) -> Path:
    """Return where the key lies in the data folder."""
    return data / _FILE


def known(data: Path) -> bytes | None:
    """Return the key, or None where there is none. ValueError where the file cannot be read or is open to others."""
    given = os.environ.get(VARIABLE, "")
    if not given and place(data).exists():
        given = password_in(place(data), "data")
    return given.encode() or None


def made(data: Path) -> bytes:
    """Return the key, made now where there is none. ValueError and OSError where it can be neither read nor written."""
    key = known(data)
    if key is not None:
        return key
    data.mkdir(parents=True, exist_ok=True)
    fresh = place(data).with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:  # root imports, the worker's user reads
        folder = data.stat()
        os.chown(fresh, folder.st_uid, folder.st_gid)
    fresh.replace(place(data))
    return made(data)
