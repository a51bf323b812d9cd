"""What the folds of formats remember, bounded: what was not heard of for longest goes first."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

Key = tuple[str, str]
V = TypeVar("V")


class Remembered(Generic[V]):
    """At most `limit` values, each found by a host and what is unique there."""

    def __init__(self, limit: int, entries: Iterable[tuple[Key, V]] = ()) -> None:
        self._limit = limit
        self._entries: OrderedDict[Key, V] = OrderedDict(entries)

    def find(self, key: Key) -> V | None:
        """Return a value, which is among the last to be forgotten from now on, or None where there is none."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: Key, value: V) -> V:
        """Remember a value, in place of one of the same key."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)
        return value

    def drop(self, key: Key) -> V | None:
        """Forget a value; return it, or None where there was none."""
        return self._entries.pop(key, None)

    def snapshot(self) -> list[tuple[Key, V]]:
        """Return all values, those not heard of for longest first."""
        return list(self._entries.items())
