"""Login log formats: each module here is one, and its name is the format's name in the configuration.

A format has one public function `parse(text, clock)`, which says what login a line tells of (`LoginTried`), answers
`None` where the line holds none, and raises ValueError where the line is the server's but cannot be read.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from collectors.mta.records import LoginTried
from collectors.syslog import Clock

Parse = Callable[[str, Clock], LoginTried | None]


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of the formats there are, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def load(name: str) -> Parse:
    """Return the parser of the format called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no login log format {name!r}; there are {', '.join(names())}")
    return cast("Parse", import_module(f"{__name__}.{name}").parse)
