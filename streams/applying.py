"""Brings the newest wanted set in force with one hook, again and again until it is, in a thread of its own.

So a hanging `postfix reload` delays no other hook.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from streams.bringing import Tools, perform
from streams.effects import EffectError, pause_seconds
from streams.hooks import ActiveSet, Effect
from streams.newest import Newest

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A set that shall be in force: the effects that make it so, or the reason why there are none (`refused`)."""

    active: ActiveSet
    effects: tuple[Effect, ...]
    refused: str = ""


@dataclass(frozen=True)
class Outcome:
    """How the `attempt`th try to bring a set in force ended; an empty `reason` means that it did."""

    wanted: Wanted
    attempt: int
    took_seconds: float
    reason: str = ""


class Applier:
    """Brings the newest wanted set in force, in a thread of its own, and tells each outcome to `report`.

    A set that a newer one replaced is not tried again; the newest is, for ever.
    """

    def __init__(
        self,
        name: str,
        tools: Tools,
        report: Callable[[Outcome], None],
        pause: Callable[[int], float] = pause_seconds,
    ) -> None:
        self._name = name
        self._tools = tools
        self._report = report
        self._pause = pause
        self._wanted: Newest[Wanted] = Newest()
        self._thread = threading.Thread(target=self._work, name=f"hook {name}", daemon=True)
        self._thread.start()

    def want(self, wanted: Wanted) -> None:
        """Bring this set in force, now, instead of any earlier one that is not yet."""
        self._wanted.put(wanted)

    def stop(self, timeout_seconds: float) -> None:
        """End the thread after the effect that it performs now; that one is left behind after the time."""
        self._wanted.end()
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        done: Wanted | None = None
        attempt = 0
        while True:
            newest = self._wanted.next(done, self._pause(attempt) if attempt else None)
            if self._wanted.ended or newest is None:
                return
            attempt = attempt + 1 if newest is done else 1
            outcome = self._try(newest, attempt)
            done = newest
            if not outcome.reason or newest.refused:
                attempt = 0
            self._report(outcome)

    def _try(self, wanted: Wanted, attempt: int) -> Outcome:
        began = time.monotonic()
        reason = wanted.refused
        try:
            for effect in wanted.effects:
                perform(effect, self._tools)
        except (EffectError, ValueError) as error:
            reason = str(error)
        outcome = Outcome(wanted, attempt, time.monotonic() - began, reason)
        if reason:
            _log.warning("%s: attempt %d failed: %s", self._name, attempt, reason)
        else:
            shares = ", ".join(f"{ip} {share:g}" for ip, share in sorted(wanted.active.by_ip().items()))
            _log.info("%s: active set in force: %s", self._name, shares)
        return outcome
