"""What an input could not keep, told as dead letters: gathered each second, so that a flood of it is one letter."""

import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from schemas.events import DeadLetter, Event
from schemas.names import derived_id
from schemas.redaction import redacted

_GATHER_SECONDS = 1.0
_MOST_REASONS = 100
_LONGEST_TEXT = 2000
_FURTHER = "lost for other reasons, too many to be told one by one"


class _Loss(msgspec.Struct):
    sample: bytes
    count: int = 0


class Losses:
    """The losses of one input, `name` by its configuration, of this kind."""

    def __init__(self, name: str, kind: str) -> None:
        self._name, self._kind = name, kind
        self._lock = threading.Lock()
        self._noted: dict[str, _Loss] = {}

    def note(self, reason: str, count: int = 1, sample: bytes = b"") -> None:
        """Note that something is lost or refused, `sample` is how it begins. Never waits."""
        with self._lock:
            if reason not in self._noted and len(self._noted) >= _MOST_REASONS:
                reason, sample = _FURTHER, b""
            self._noted.setdefault(reason, _Loss(sample[:_LONGEST_TEXT])).count += count

    def run(self, publish: Callable[[Sequence[Event]], None], stop: threading.Event) -> None:
        """Publish what is noted, until `stop`; `publish` returns when it is acknowledged."""
        while not stop.wait(_GATHER_SECONDS):
            self._tell(publish)
        self._tell(publish)

    def _tell(self, publish: Callable[[Sequence[Event]], None]) -> None:
        with self._lock:
            noted, self._noted = self._noted, {}
        if noted:
            now = time.time_ns() // 1000  # noqa: TID251 when it was lost, of which nothing else tells
            publish([self._letter(reason, loss, now) for reason, loss in noted.items()])

    def _letter(self, reason: str, loss: _Loss, now: int) -> DeadLetter:
        times = f" ({loss.count} times)" if loss.count > 1 else ""
        return DeadLetter(
            id=derived_id("loss", self._name, reason, str(now)),
            at=now,
            name=self._name,
            format=self._kind,
            reason=redacted(reason)[:_LONGEST_TEXT] + times,
            text=redacted(loss.sample.decode("utf-8", "replace")),
            place=f"input.{self._name}",
        )
