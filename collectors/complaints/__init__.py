"""Complaint formats: each module here is one, and its name is the format's name in the configuration.

A format has one public function `parse(message, ways)`, which returns the complaint that a mail (its bytes) makes,
`None` where the mail is no complaint of this format, and raises ValueError where it is one but cannot be read. `ways`
says what else may name the sender (`collectors/ways.py`).
"""

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from collectors.ways import NO_WAYS, Ways
from schemas.events import ComplaintReceived


class Parse(Protocol):
    """What a format's module does."""

    def __call__(self, message: bytes, ways: Ways = NO_WAYS) -> ComplaintReceived | None:
        """Return the complaint of a mail, if it is one."""


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of the formats there are, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def load(name: str) -> Parse:
    """Return the parser of the format called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no complaint format {name!r}; there are {', '.join(names())}")
    return cast("Parse", import_module(f"{__name__}.{name}").parse)
