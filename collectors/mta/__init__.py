"""MTA log formats: a module here is one, unless named in `_SHARED` or with a leading underscore (a format's own part).

Its name is the format's name in the configuration. It has one public function `parse(text, clock)`, which says what one
line says (`records`), answers `None` where the line holds nothing we want, and raises ValueError where the line is the
MTA's but cannot be read. It joins no lines and remembers nothing: `join` does.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from collectors.mta.records import Record
from collectors.syslog import Clock

Parse = Callable[[str, Clock], Record | None]

_SHARED = frozenset({"join", "master_cf", "records"})


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of the formats there are, sorted."""
    modules = (module.name for module in iter_modules(__path__))
    return tuple(sorted(name for name in modules if name not in _SHARED and not name.startswith("_")))


def load(name: str) -> Parse:
    """Return the parser of the format called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no MTA log format {name!r}; there are {', '.join(names())}")
    return cast("Parse", import_module(f"{__name__}.{name}").parse)
