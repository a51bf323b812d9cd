"""Brings the newest wanted set in force with one hook, again and again until it is, in a thread of its own.

So a hanging `postfix reload` delays no other hook. What is in force is looked at now and then: what somebody else
changed, or a server forgot with its restart, is told and brought in force again.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from streams import metrics
from streams.bringing import Tools, look, perform
from streams.effects import pause_seconds
from streams.hooks import ActiveSet, Effect
from streams.newest import Newest

LOOK_SECONDS = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A set that shall be in force: the effects that make it so, or the reason why there are none (`refused`)."""

    active: ActiveSet
    effects: tuple[Effect, ...]
    refused: str = ""


@dataclass(frozen=True)
class Outcome:
    """How the `attempt`th try to bring a set in force ended; an empty `reason` means that it did.

    The attempt 0 is none: a set that was in force is no more, for this reason.
    """

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
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._name = name
        self._tools = tools
        self._report = report
        self._pause = pause
        self._look_seconds = look_seconds
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
            newest = self._wanted.next(done, self._wait_seconds(done, attempt))
            if self._wanted.ended or newest is None:
                return
            if newest is done and not attempt and not self._drifted(newest):
                continue
            attempt = attempt + 1 if newest is done else 1
            outcome = self._try(newest, attempt)
            done = newest
            if not outcome.reason or newest.refused:
                attempt = 0
            self._report(outcome)

    def _wait_seconds(self, done: Wanted | None, failures: int) -> float | None:
        """Return when to try again or to look; None where there is nothing to be looked at."""
        if failures:
            return self._pause(failures)
        return self._look_seconds if done is not None and not done.refused else None

    def _drifted(self, wanted: Wanted) -> bool:
        """Tell whether what was brought in force is not any more, and report it."""
        began = time.monotonic()
        try:
            found = "; ".join(filter(None, (look(effect, self._tools) for effect in wanted.effects)))
        except (OSError, ValueError) as error:
            found = str(error)
        if found:
            _log.warning("%s: no longer in force: %s", self._name, found)
            metrics.HOOK_DRIFTS.labels(self._name).inc()
            metrics.HOOK_FAILING.labels(self._name).set(1)
            self._report(Outcome(wanted, 0, time.monotonic() - began, found))
        return bool(found)

    def _try(self, wanted: Wanted, attempt: int) -> Outcome:
        began = time.monotonic()
        reason = wanted.refused
        try:
            for effect in wanted.effects:
                perform(effect, self._tools)
        except (OSError, ValueError) as error:  # also a full disk: the next attempt may find room
            reason = str(error)
        outcome = Outcome(wanted, attempt, time.monotonic() - began, reason)
        metrics.HOOK_RUNS.labels(self._name, "failed" if reason else "done").inc()
        metrics.HOOK_FAILING.labels(self._name).set(bool(reason))
        if reason:
            _log.warning("%s: attempt %d failed: %s", self._name, attempt, reason)
        else:
            shares = ", ".join(f"{ip} {share:g}" for ip, share in sorted(wanted.active.by_ip().items()))
            _log.info("%s: active set in force: %s", self._name, shares)
        return outcome
