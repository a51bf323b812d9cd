"""Performs the effects of hooks: each within a time, and the newest set again and again until it is in force.

An `Applier` has a thread of its own for each hook, so that a hanging `postfix reload` delays no other hook.
"""

import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from schemas.redaction import redacted
from streams.hooks import Answer, Effect, Run, WriteFile
from streams.newest import Newest

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_OUTPUT_CHARACTERS = 400
_log = logging.getLogger(__name__)


class EffectError(OSError):
    """An effect could not be performed; the text says which and why."""


class HopelessError(EffectError):
    """An effect could not be performed, and could not a minute later either."""


def write(path: Path, content: str, mode: int = 0o644) -> None:
    """Replace a file in one step that survives a power cut. OSError where that is impossible."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def run(command: tuple[str, ...], timeout_seconds: float, stdin: str = "", fine: tuple[int, ...] = (0,)) -> None:
    """Run a program to its end. EffectError, with the end of its output, if it fails or takes too long.

    It is told without its arguments, and its output without what that calls a password.
    One that takes too long is killed with all its children.
    """
    shown = command[0]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as given:
        given.write(stdin.encode())
        given.seek(0)
        try:
            process = subprocess.Popen(command, stdin=given, stdout=output, stderr=output, start_new_session=True)
        except OSError as error:
            raise EffectError(f"{shown}: {error.strerror}") from error
        try:
            status = process.wait(timeout=timeout_seconds)
        except subprocess.TimeoutExpired as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise EffectError(f"{shown}: took longer than {timeout_seconds:g} s and was killed") from error
        if status not in fine:
            output.seek(0)
            said = redacted(output.read().decode(errors="replace")).strip()[-_OUTPUT_CHARACTERS:]
            raise EffectError(f"{shown}: ended with {status}: {said}")


def put(effect: WriteFile) -> None:
    """Write a file. EffectError says why not."""
    try:
        write(Path(effect.path), effect.content, effect.mode)
    except OSError as error:
        raise EffectError(f"{effect.path}: {error.strerror}") from error


def perform(effect: Effect, answer: Callable[[Mapping[str, float]], None]) -> None:
    """Perform one effect; `answer` takes the shares of an `Answer`. EffectError says what could not be done."""
    match effect:
        case WriteFile():
            put(effect)
        case Run(command=command, timeout_seconds=timeout_seconds):
            run(command, timeout_seconds)
        case Answer(shares=shares):
            answer(shares)


@dataclass(frozen=True)
class Wanted:
    """A set that shall be in force: the effects that make it so, or the reason why there are none (`refused`)."""

    active: Mapping[str, float]
    effects: tuple[Effect, ...]
    decision: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Outcome:
    """How the `attempt`th try to bring a set in force ended; an empty `reason` means that it did."""

    wanted: Wanted
    attempt: int
    took_seconds: float
    reason: str = ""


def pause_seconds(attempt: int) -> float:
    """Return how long to wait after the `attempt`th failure in a row: twice as long each time, up to a minute."""
    return float(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10)))


class Applier:
    """Brings the newest wanted set in force, in a thread of its own, and tells each outcome to `report`.

    A set that a newer one replaced is not tried again; the newest is, for ever.
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[Mapping[str, float]], None],
        report: Callable[[Outcome], None],
        pause: Callable[[int], float] = pause_seconds,
    ) -> None:
        self._name = name
        self._answer = answer
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
                perform(effect, self._answer)
        except (EffectError, ValueError) as error:
            reason = str(error)
        outcome = Outcome(wanted, attempt, time.monotonic() - began, reason)
        if reason:
            _log.warning("%s: attempt %d failed: %s", self._name, attempt, reason)
        else:
            shares = ", ".join(f"{ip} {share:g}" for ip, share in sorted(wanted.active.items()))
            _log.info("%s: active set in force: %s", self._name, shares)
        return outcome
