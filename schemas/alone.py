"""A folder, or what lies in it, that one process at a time may work with."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(lock: Path, busy: Exception) -> Iterator[None]:
    """Hold a lock file as long as the block lasts, or the process. `busy` is raised where another has it."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield
