"""Whose a mailbox, an alias or a domain is: the customer, how he is called, where he is written to, in which language.

Each kind of source is a module with `rows(settings)`: it yields, one at a time, the place of a row and its fields by
our names. What a row says is read by `reading`, and the whole is a `Directory`. Without `[directory]` the customers of
the configuration are one.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

import msgspec

from schemas.directory_settings import AnyDirectory

Row = Mapping[str, str]
"""The fields of a row, by `schemas.directory_settings.FIELDS`; one that is missing is empty."""
_NO_KIND = frozenset(("found", "kept", "last_count", "reading", "staleness"))


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A customer: its name in the source, how it is addressed, where it is written to, and what its contract says.

    `contact` "" is nobody to write to, `language` "" none that is known.
    """

    customer: str
    name: str = ""
    contact: str = ""
    language: str = ""
    tariff: str = ""
    flags: tuple[str, ...] = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a row, at its place (`customers.csv line 17`); `left_out`: the row does not count."""

    place: str
    text: str
    left_out: bool = False


class Misfit(msgspec.Struct, frozen=True):
    """A row that is left out because it does not fit below the header, and why; else what is no row, but is told."""

    text: str
    left_out: bool = True


class DirectoryError(Exception):
    """The source cannot be read, or not to its end; the text has its place and no secret."""


class Rows(Protocol):
    """What a kind of source has to offer."""

    def __call__(self, settings: AnyDirectory, /) -> Iterator[tuple[str, Row | Misfit]]:
        """Yield each row with its place. DirectoryError where the source ends early."""
        ...


def kinds() -> list[str]:
    """Return the kinds of sources there are."""
    return sorted(name for _, name, _ in iter_modules(__path__) if name not in _NO_KIND and name[0] != "_")


def rows(settings: AnyDirectory) -> Iterator[tuple[str, Row | Misfit]]:
    """Yield the rows of the configured source. DirectoryError where it ends early, or has none at all."""
    module = import_module(f"{__name__}.{settings.kind}")
    there = False
    for each in cast("Rows", module.rows)(settings):
        there = True
        yield each
    if not there:
        raise DirectoryError(
            f"kind {settings.kind!r}: the source has no row: that is taken for a failure, not for a directory of nobody"
        )
