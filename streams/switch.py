"""Keeps one switch at what a sunset is at, second by second: a brown-out ends though nobody says so."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from schemas.names import derived_id
from schemas.part import Part
from schemas.sunset_events import StagesSwitched
from streams import switches
from streams.deeds import HttpCall, Run, RunWith, WriteFile
from streams.effects import EffectError, held, pause_seconds, put, run
from streams.effects_http import call
from streams.switches import Effect, SunsetPolicy, Switched

_LOOK_SECONDS = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What a switch shall be at, and the decision that it follows; `closed` are the stages that are off for good."""

    state: Switched
    decision: str
    closed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Tools:
    """What a switch needs besides its settings: who answers for Postfix, where facts are told, this host's name."""

    answer: Callable[[Switched], None]
    report: Callable[[StagesSwitched], None]
    host: str


class Switch:
    """One switch of one sunset; `wanted` is asked each second."""

    def __init__(self, hook: str, settings: Part, wanted: Callable[[], Wanted], tools: Tools) -> None:
        self._hook, self._settings, self._wanted, self._tools = hook, settings, wanted, tools
        self._in_force: Switched | None = None
        self._performed: tuple[Effect, ...] = ()
        self._told: tuple[int, ...] | None = None
        self._failures = 0
        self._next = self._look = 0.0

    def work(self, stop: threading.Event, every_seconds: float = 1.0) -> None:
        """Keep it so until `stop` is set; then end what is off for some hours, since nobody else would."""
        while not stop.is_set():
            self.turn(time.monotonic())
            stop.wait(every_seconds)
        self.leave()

    @property
    def works(self) -> bool:
        """Tell whether what was wanted is in force."""
        return self._in_force is not None

    def leave(self) -> None:
        """Bring in force that only what is closed is off; a brown-out goes on with the next start."""
        wanted = self._wanted()
        if self._in_force is not None and self._in_force.off <= wanted.closed:
            return
        lasting = replace(wanted.state, off=wanted.state.off & wanted.closed)
        self._bring(Wanted(lasting, wanted.decision, wanted.closed), self._effects(lasting), time.monotonic())
        if not self.works:
            _log.error("sunset %s: %s: a brown-out may stay on while this does not run", lasting.sunset, self._hook)

    def turn(self, now: float) -> None:
        """Bring in force what is wanted, where it is not, or is not any more; after a failure only when it is time."""
        wanted = self._wanted()
        if now < self._next:
            return
        if wanted.state != self._in_force:
            effects = self._effects(wanted.state)
            if self._in_force is None or effects != self._performed:
                self._bring(wanted, effects, now)
            else:
                self._in_force = wanted.state
                self._tell(wanted, "")
        elif self._drifted(now):
            self._bring(wanted, self._performed, now)

    def _bring(self, wanted: Wanted, effects: tuple[Effect, ...], now: float) -> None:
        try:
            for effect in effects:
                perform(effect, self._tools.answer)
        except (EffectError, ValueError) as error:
            self._failures += 1
            self._next = now + pause_seconds(self._failures)
            self._in_force = None
            self._tell(wanted, str(error))
            return
        self._failures, self._next, self._look = 0, 0.0, now + _LOOK_SECONDS
        self._in_force, self._performed = wanted.state, effects
        self._tell(wanted, "")

    def _effects(self, state: Switched) -> tuple[Effect, ...]:
        return switches.load(self._hook)(state, self._settings)

    def _drifted(self, now: float) -> bool:
        """Tell, every half minute, whether somebody else changed what was written."""
        if now < self._look:
            return False
        self._look = now + _LOOK_SECONDS
        try:
            found = next(filter(None, (held(each) for each in self._performed if isinstance(each, WriteFile))), "")
        except EffectError as error:
            found = str(error)
        if found:
            _log.warning("%s: no longer in force: %s", self._hook, found)
        return bool(found)

    def _tell(self, wanted: Wanted, problem: str) -> None:
        """Log what was done, and report it where other stages are off than before, or it failed."""
        off = tuple(sorted(wanted.state.off))
        shown = ", ".join(map(str, off)) or "none"
        if problem:
            _log.warning(
                "sunset %s: %s: attempt %d failed: %s", wanted.state.sunset, self._hook, self._failures, problem
            )
        else:
            _log.info("sunset %s: %s: in force; stages off: %s", wanted.state.sunset, self._hook, shown)
        known, self._told = self._told, None if problem else off  # after a failure it is told that it works again
        if self._failures & (self._failures - 1) if problem else off == known:
            return
        at = time.time_ns() // 1000  # noqa: TID251 the fact is that it happened now
        self._tools.report(
            StagesSwitched(
                id=derived_id("stages_switched", wanted.state.sunset, self._hook, self._tools.host, off, problem, at),
                at=at,
                sunset=wanted.state.sunset,
                hook=self._hook,
                host=self._tools.host,
                off=off,
                decision=wanted.decision,
                problem=problem,
                attempt=self._failures,
            )
        )


def perform(effect: Effect, answer: Callable[[Switched], None]) -> None:
    """Perform an effect; `answer` lets the policy answer by a state. EffectError or ValueError where it fails."""
    match effect:
        case WriteFile():
            put(effect)
        case Run(command=command, timeout_seconds=timeout_seconds):
            run(command, timeout_seconds)
        case RunWith(command=command, timeout_seconds=timeout_seconds, stdin=stdin, fine=fine):
            run(command, timeout_seconds, stdin, fine)
        case HttpCall():
            call(effect)
        case SunsetPolicy(state=state):
            answer(state)
