"""Waiting in tests for what happens elsewhere: never for a time, always for a state."""

import time
from collections.abc import Callable


def until(done: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait until something is so. AssertionError names it where it does not become so."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"{what} did not come in {seconds:g} s"
        time.sleep(0.02)
