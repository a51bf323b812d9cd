"""The kinds of takeovers: a module each, named as the kind that the labels tell.

A module gives `HOURS` and `MAILS` (from, to: how long the thief sends, and how much), `VICTIMS` (habits; empty: any
mailbox with a password) and `activity(theft)`, which yields what the thief does in time order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from random import Random
from typing import cast

from embedded.hoster.activity import Activity
from embedded.hoster.resident import Resident


@dataclass(frozen=True)
class Theft:
    """One takeover as it is carried out.

    About `mails` mails from `start` to `end`, none of anything before `earliest`; `traps` is the share of spamtraps
    on the thief's list. `patient`: the thief may come days before, and try again after.
    """

    resident: Resident
    kind: str
    start: int
    end: int
    mails: int
    rng: Random
    earliest: int
    traps: float = 0.003
    patient: bool = True


@dataclass(frozen=True)
class Kind:
    """What a module of this folder says of its kind."""

    hours: tuple[float, float]
    mails: tuple[int, int]
    victims: frozenset[str]
    activity: Callable[[Theft], Iterator[Activity]]


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return every kind."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


@lru_cache(maxsize=100)
def load(name: str) -> Kind:
    """Return the kind called `name`. ValueError where there is none."""
    if name not in names():
        raise ValueError(f"no kind of takeover {name!r}; there are {', '.join(names())}")
    module = import_module(f"{__name__}.{name}")
    activity = cast("Callable[[Theft], Iterator[Activity]]", module.activity)
    return Kind(module.HOURS, module.MAILS, frozenset(module.VICTIMS), activity)
