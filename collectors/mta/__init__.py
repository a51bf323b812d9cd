"""MTA log formats: a module here is one, unless named in `_SHARED` or with a leading underscore (a format's own part).

Its name is the format's name in the configuration. It has one public function `parse(text, clock)`, which says what one
line says (`records`), answers `None` where the line holds nothing we want, and raises ValueError where the line is the
MTA's but cannot be read. It joins no lines and remembers nothing: `join` does.

Where one line says too little for a record (qmail tells the recipient in one line and what became of it in another), or
enough for several (sendmail names all recipients of a host in one), the format has a public class `Fold` as well: it
turns what lines say (`records.Said`, of the format's own kinds) into records. A fold is pure and bounded; its state is
kept with the join's, survives a restart as bytes, and is that of one log.

So do tables whose columns a header names (PowerMTA, Exchange): the header may stand thousands of lines above, or in a
file that was rotated away. Their `parse` gives lines as they stand (`csvlog.Line`), and their fold remembers the header
and a record that goes on in the next line (`csvlog.Table`).
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from collectors.mta.records import Record, Said
from collectors.syslog import Clock

Parse = Callable[[str, Clock], Record | Said | None]


class Fold(Protocol):
    """What a format remembers between the lines of one log."""

    def step(self, said: Record | Said) -> tuple[Record, ...] | None:
        """Take in what a line says; return what is known now, or None where it held nothing we want.

        ValueError where it cannot be read: a dead letter.
        """

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next fold of the same log."""


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


def fold(name: str, state: bytes) -> Fold | None:
    """Return the fold of a format as it was at `state` (b"": at the beginning), None where it needs none."""
    if name not in names():
        return None
    begin = getattr(import_module(f"{__name__}.{name}"), "Fold", None)
    return cast("Callable[[bytes], Fold]", begin)(state) if begin is not None else None
