"""Waiting in tests for what happens elsewhere: never for a time, always for a state."""

import time
from collections.abc import Callable

PATIENCE = 60.0
"""So many seconds at least is waited for what must come: a loaded machine is slow, and nobody waits where it is so."""


def until(done: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so. AssertionError names it where it does not become so."""
    seconds = max(seconds, PATIENCE)
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"{what} did not come in {seconds:g} s"
        time.sleep(0.02)
