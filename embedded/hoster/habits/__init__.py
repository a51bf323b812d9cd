"""The honest habits: a module each, named as the habit.

A module gives `SHARE`, its part of a town's mailboxes (they need not sum up to one), and
`settle(resident, traits, horizon)`, which draws how this resident is and returns a function of the day: what it does
on that day, in no order. `traits` gives the same numbers each time; a day's own are `day.rng`.
"""

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from embedded.hoster.resident import Settle


@lru_cache(maxsize=1)
def shares() -> dict[str, float]:
    """Return every habit with its part of a town."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    return {name: float(import_module(f"{__name__}.{name}").SHARE) for name in names}


def load(name: str) -> Settle:
    """Return how a resident with that habit settles. ValueError where there is no such habit."""
    if name not in shares():
        raise ValueError(f"no habit {name!r}; there are {', '.join(shares())}")
    return cast("Settle", import_module(f"{__name__}.{name}").settle)
