"""Login log formats: each module here is one, and its name is the format's name in the configuration.

A format has one public function `parse(text, clock)`, which says what login a line tells of (`LoginTried`), answers
`None` where the line holds none, and raises ValueError where the line is the server's but cannot be read. A table whose
columns a header names has a public class `Fold` as well (`collectors.mta`).
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from collectors.mta import Fold
from collectors.mta.records import LoginTried, Said
from collectors.syslog import Clock

Parse = Callable[[str, Clock], LoginTried | Said | None]


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of the formats there are, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def load(name: str) -> Parse:
    """Return the parser of the format called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no login log format {name!r}; there are {', '.join(names())}")
    return cast("Parse", import_module(f"{__name__}.{name}").parse)


def fold(name: str, state: bytes) -> Fold | None:
    """Return the fold of a format as it was at `state` (b"": at the beginning), None where it needs none."""
    if name not in names():
        return None
    begin = getattr(import_module(f"{__name__}.{name}"), "Fold", None)
    return cast("Callable[[bytes], Fold]", begin)(state) if begin is not None else None
