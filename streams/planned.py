"""What a suspension hook is about to do, sorted, and when what failed is tried again."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from streams.bars import Effect, ForMailbox, Pass, Refuse, Single, Whole


@dataclass(frozen=True)
class Plan:
    """A hook's effects: for all, for single mailboxes, and what it leaves alone, with the reason."""

    whole: tuple[Whole, ...]
    single: Mapping[str, tuple[Single, ...]] = field(default_factory=dict)
    passed: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, effects: tuple[Effect, ...]) -> Self:
        """Return the effects, sorted."""
        single: dict[str, tuple[Single, ...]] = {}
        for effect in effects:
            if isinstance(effect, ForMailbox):
                single[effect.mailbox] = single.get(effect.mailbox, ()) + effect.effects
        return cls(
            whole=tuple(one for one in effects if not isinstance(one, ForMailbox | Pass | Refuse)),
            single=single,
            passed={one.mailbox: one.reason for one in effects if isinstance(one, Pass)},
            refused={one.mailbox: one.reason for one in effects if isinstance(one, Refuse)},
        )

    def undoing(self, effects: tuple[Effect, ...]) -> "Plan":
        """Return the plan with what these effects do for single mailboxes, too."""
        ends = Plan.of(effects)
        return replace(self, single={**self.single, **ends.single}, refused={**self.refused, **ends.refused})


@dataclass(frozen=True)
class _Try:
    what: object
    attempt: int
    due: float


class Retries:
    """What failed, and when it is tried again: later and later, and never what is hopeless, until it is another."""

    def __init__(self, pause: Callable[[int], float]) -> None:
        self._pause = pause
        self._tries: dict[str, _Try] = {}

    def ready(self, name: str, what: object, now: float) -> bool:
        """Tell whether this may be tried now."""
        past = self._tries.get(name)
        return past is None or past.what != what or past.due <= now

    def attempt(self, name: str, what: object) -> int:
        """Return the number of the next try."""
        past = self._tries.get(name)
        return past.attempt + 1 if past is not None and past.what == what else 1

    def failed(self, name: str, what: object, now: float, *, hopeless: bool = False) -> int:
        """Note a failure, and return its number."""
        attempt = self.attempt(name, what)
        self._tries[name] = _Try(what, attempt, math.inf if hopeless else now + self._pause(attempt))
        return attempt

    def worked(self, name: str) -> None:
        """Forget what failed before."""
        self._tries.pop(name, None)

    def wait_seconds(self, now: float) -> float | None:
        """Return how long to wait for the next try; None while there is none."""
        due = min((past.due for past in self._tries.values()), default=math.inf)
        return None if math.isinf(due) else max(0.0, due - now)
