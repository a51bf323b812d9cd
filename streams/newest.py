"""What shall be in force, handed from any thread to the one that sees to it: of several only the newest counts."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """A place for one value; `ended` tells that no more is to be done."""

    def __init__(self) -> None:
        self.ended = False
        self._value: T | None = None
        self._changed = threading.Condition()

    def put(self, value: T) -> None:
        """Put a value in the place of the one before."""
        with self._changed:
            self._value = value
            self._changed.notify()

    def end(self) -> None:
        """Say that no more is to be done."""
        with self._changed:
            self.ended = True
            self._changed.notify()

    def next(self, seen: T | None, timeout_seconds: float | None) -> T | None:
        """Return the newest value once it is another than the one `seen`, at the end, or after the time."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended or self._value is not seen, timeout=timeout_seconds)
            return self._value
