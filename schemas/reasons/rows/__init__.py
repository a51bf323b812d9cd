"""The rows of the table of reasons, by whom or what they are about; each module has one public name, `ROWS`."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from schemas.reasons.row import Row


def families() -> tuple[str, ...]:
    """Return the names of the modules with rows."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def rows() -> tuple[Row, ...]:
    """Return all rows, in the order in which they are asked."""
    found = [row for name in families() for row in cast("tuple[Row, ...]", import_module(f"{__name__}.{name}").ROWS)]
    return tuple(sorted(found, key=lambda row: row.rank))
