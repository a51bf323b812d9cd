"""Carries out what is barred with one suspension hook, in a thread of its own, again and again until it is in force."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.mailbox_events import SuspensionApplied, SuspensionFailed
from schemas.names import derived_id
from schemas.part import Part
from streams import bars
from streams.bars import Bar
from streams.carried import Carried, end_of, left
from streams.effects import EffectError, HopelessError, pause_seconds
from streams.newest import Newest
from streams.performing import Tools, perform
from streams.planned import Plan, Retries

_SAVE_SECONDS = 2.0
_FAILURES_IN_A_ROW = 5
_ALL = ""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What shall be in force: the bars, and the releases that the log tells."""

    barred: Mapping[str, Bar]
    released: Mapping[str, Bar]


@dataclass(frozen=True)
class Outcome:
    """How the `attempt`th try for a mailbox ended; an empty `reason` means that it worked."""

    mailbox: str
    bar: Bar
    attempt: int
    took_seconds: float
    reason: str = ""


class Carrier:
    """One suspension hook of this host."""

    def __init__(
        self,
        name: str,
        settings: Part,
        carried: Carried,
        tools: Tools,
        pause: Callable[[int], float] = pause_seconds,
    ) -> None:
        self.name = name
        self._settings = settings
        self._carried = carried
        self._tools = tools
        self._retries = Retries(pause)
        self._in_force: Wanted | None = None
        self._wanted: Newest[Wanted] = Newest()
        self._thread = threading.Thread(target=self._work, name=f"hook {name}", daemon=True)

    def start(self) -> None:
        """Carry out from now on what is wanted."""
        self._thread.start()

    def want(self, wanted: Wanted) -> None:
        """Bring this in force, instead of anything earlier that is not yet."""
        self._wanted.put(wanted)

    def stop(self, timeout_seconds: float) -> None:
        """End the thread after what it does now; that is left behind after the time, and done again at the start."""
        self._wanted.end()
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        done: Wanted | None = None
        while True:
            newest = self._wanted.next(done, self._retries.wait_seconds(time.monotonic()))
            if self._wanted.ended:
                return
            if newest is not None:
                self._carry(newest)
            done = newest

    def _carry(self, wanted: Wanted) -> None:
        """Do what is left: all of it where what is wanted is new, else what failed and is due."""
        now = time.monotonic()
        whole = wanted is not self._in_force
        if whole and not self._retries.ready(_ALL, wanted, now):
            return
        todo = left(wanted.barred, wanted.released, self._carried.held)
        changed = {name: bar for name, bar in todo.items() if self._retries.ready(name, bar, now)}
        if not (changed or whole):
            return
        try:
            plan = self._plan(wanted, changed)
            self._begin(plan, changed)
            if whole:
                self._for_all(wanted, plan)
        except (ValueError, EffectError) as error:
            hopeless = isinstance(error, ValueError | HopelessError)
            self._all_failed(wanted, changed, str(error), time.monotonic() - now, hopeless=hopeless)
            return
        self._each(plan, changed, time.monotonic() - now)
        self._carried.forget_passed(wanted.barred)
        self._carried.save()

    def _plan(self, wanted: Wanted, changed: Mapping[str, Bar]) -> Plan:
        """Return the hook's effects; what it did for a mailbox that it passes now is undone."""
        effects = bars.load(self.name)
        plan = Plan.of(effects(wanted.barred, changed, self._settings))
        ends = {name: end_of(changed[name]) for name in plan.passed if self._carried.touched(name)}
        return plan if not ends else plan.undoing(effects(wanted.barred, ends, self._settings))

    def _begin(self, plan: Plan, changed: Mapping[str, Bar]) -> None:
        touched = [name for name in changed if name not in plan.passed]
        for name in touched:
            self._carried.note(name, changed[name], "begun")
        if touched:
            self._carried.save()

    def _for_all(self, wanted: Wanted, plan: Plan) -> None:
        for effect in plan.whole:
            perform(effect, self._tools)
        self._retries.worked(_ALL)
        self._in_force = wanted
        if plan.whole:
            _log.info("%s: in force; mailboxes barred: %d", self.name, len(wanted.barred))

    def _all_failed(
        self, wanted: Wanted, changed: Mapping[str, Bar], reason: str, took: float, *, hopeless: bool
    ) -> None:
        attempt = self._retries.failed(_ALL, wanted, time.monotonic(), hopeless=hopeless)
        if not changed:
            _log.warning("%s: attempt %d failed: %s", self.name, attempt, reason)
        for name, bar in changed.items():
            self._tell(Outcome(name, bar, attempt, took, reason))

    def _each(self, plan: Plan, changed: Mapping[str, Bar], took: float) -> None:
        """Carry out for each mailbox what concerns it alone; where all fail the rest waits."""
        failures, saved = 0, time.monotonic()
        for name, bar in changed.items():
            if name in plan.passed:
                _log.info("%s: %r is left alone: %s", self.name, name, plan.passed[name])
            if name in plan.refused:
                self._retries.failed(name, bar, time.monotonic(), hopeless=True)
                self._tell(Outcome(name, bar, 1, took, plan.refused[name]))
                continue
            if failures >= _FAILURES_IN_A_ROW:
                self._retries.failed(name, bar, time.monotonic())
                continue
            worked = self._one(name, bar, plan, took)
            failures = 0 if worked else failures + 1
            if time.monotonic() - saved > _SAVE_SECONDS:
                self._carried.save()
                saved = time.monotonic()

    def _one(self, name: str, bar: Bar, plan: Plan, took: float) -> bool:
        began, effects = time.monotonic(), plan.single.get(name, ())
        attempt = self._retries.attempt(name, bar)
        try:
            for effect in effects:
                perform(effect, self._tools)
        except EffectError as error:
            hopeless = isinstance(error, HopelessError)
            self._retries.failed(name, bar, time.monotonic(), hopeless=hopeless)
            self._tell(Outcome(name, bar, attempt, time.monotonic() - began, str(error)))
            return hopeless
        self._retries.worked(name)
        passed = name in plan.passed
        self._carried.note(name, bar, "passed" if passed else "done")
        if not passed:
            self._tell(Outcome(name, bar, attempt, time.monotonic() - began if effects else took))
        return True

    def _tell(self, outcome: Outcome) -> None:
        """Log an outcome, and report it; of the failures in a row those whose number is a power of two."""
        if outcome.reason:
            words = (self.name, outcome.mailbox, outcome.bar.word, outcome.attempt, outcome.reason)
            _log.warning("%s: %r: %s: attempt %d failed: %s", *words)
        else:
            _log.info("%s: %r: %s: done", self.name, outcome.mailbox, outcome.bar.word)
        if not outcome.reason or outcome.attempt & (outcome.attempt - 1) == 0:
            at = time.time_ns() // 1000  # noqa: TID251 the fact is that it happened now
            self._tools.report(fact_of(outcome, self.name, self._tools.host, at))


def fact_of(outcome: Outcome, hook: str, host: str, at: int) -> SuspensionApplied | SuspensionFailed:
    """Return the event of an outcome; what is carried out again after the same decision has the same id."""
    mailbox, bar = outcome.mailbox, outcome.bar
    told = (mailbox, bar.step, hook, host, bar.decision)
    if outcome.reason:
        return SuspensionFailed(
            id=derived_id("suspension_failed", *told, outcome.attempt, at),
            at=at,
            mailbox=mailbox,
            step=bar.step,
            hook=hook,
            host=host,
            reason=outcome.reason,
            decision=bar.decision,
            attempt=outcome.attempt,
        )
    return SuspensionApplied(
        id=derived_id("suspension_applied", *told),
        at=at,
        mailbox=mailbox,
        step=bar.step,
        hook=hook,
        host=host,
        decision=bar.decision,
        took_ms=round(outcome.took_seconds * 1000),
    )
