"""Performs the effects of pool hooks, each within its time."""

from collections.abc import Callable
from dataclasses import dataclass

from streams.deeds import Run, WriteFile
from streams.effects import put, run
from streams.hooks import Answer, Effect


@dataclass(frozen=True)
class Tools:
    """What performing needs besides the effect: who takes what the socketmap server answers."""

    answer: Callable[[Answer], None]


def perform(effect: Effect, tools: Tools) -> None:
    """Perform one effect. EffectError says what could not be done; HopelessError, that trying again is of no use."""
    match effect:
        case WriteFile():
            put(effect)
        case Run(command=command, timeout_seconds=timeout_seconds):
            run(command, timeout_seconds)
        case Answer():
            tools.answer(effect)
