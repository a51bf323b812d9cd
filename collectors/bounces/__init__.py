"""Bounces by mail: each module here reads one family of forms; "bounce" tries them all.

A family has one public function `read(bounce)`, which returns what a mail (collectors/bouncemail.py) tells of its
recipients, None where it is no bounce of this family, and raises ValueError where it is one but cannot be read. Only
the text above the returned mail is read, and each family begins at words that only its servers write: a report in a
mail that somebody forwards, or complains of, is no bounce of ours (collectors/mailsystem.py).
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from collectors import bouncemail
from collectors.bounced import Told, events, is_automatic
from collectors.bouncemail import BounceMail
from collectors.mailsystem import is_persons
from collectors.ways import NO_WAYS, Ways
from schemas.bounce_events import BounceReceived

ANY = "bounce"


class Parse(Protocol):
    """What a format does."""

    def __call__(self, message: bytes, ways: Ways = NO_WAYS) -> tuple[BounceReceived, ...]:
        """Return what a bounce tells of each recipient, nothing where the mail is none of this format."""


class Read(Protocol):
    """What a family's module does."""

    def __call__(self, bounce: BounceMail) -> Told | None:
        """Return what a bounce of this family tells, None for any other mail."""


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """Return the names of the families there are, sorted; the one of RFC 3464 first, which all may follow."""
    found = sorted(module.name for module in iter_modules(__path__))
    return tuple(sorted(found, key=lambda name: name != "rfc3464"))


def names() -> tuple[str, ...]:
    """Return the names of the formats there are, sorted."""
    return tuple(sorted((*families(), ANY)))


def load(name: str) -> Parse:
    """Return the parser of the format called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no bounce format {name!r}; there are {', '.join(names())}")
    return partial(_parse, families() if name == ANY else (name,))


def _parse(wanted: tuple[str, ...], message: bytes, ways: Ways = NO_WAYS) -> tuple[BounceReceived, ...]:
    bounce = bouncemail.read(message)
    if is_automatic(bounce.mail) or is_persons(bounce.mail):
        return ()
    try:
        found = next(_told(wanted, bounce), None)
    except ValueError:
        if not bounce.inner:
            raise
        bounce = bouncemail.read(bounce.inner)
        found = next(_told(wanted, bounce), None)
    return () if found is None else events(found[0], bounce, found[1], ways)


def _told(wanted: tuple[str, ...], bounce: BounceMail) -> Iterator[tuple[str, Told]]:
    """Yield what each family reads. ValueError, of the first that knows the mail as its own, where none reads it."""
    errors: list[ValueError] = []
    for name in wanted:
        try:
            told = cast("Read", import_module(f"{__name__}.{name}").read)(bounce)
        except ValueError as error:
            errors.append(error)
            continue
        if told is not None:
            yield name, told
    if errors:
        raise errors[0]
