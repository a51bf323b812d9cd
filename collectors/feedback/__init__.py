"""Reports of receivers about our mail: each module here is a format, and its name is the format's in the configuration.

A format has one public function `parse(data)`. `data` is a file (packed or not) or the mail that carries it; it returns
the events, none where the data is not of this format, and raises ValueError where it is but cannot be read. What a
report does not date has `at` 0: `dated` gives it the time of its file. Where only a part cannot be read, that is a dead
letter among the events, and who reads the file gives it its name (`placed`).
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast, get_args

from msgspec.structs import replace

from collectors.feedback._carried import DamagedError
from schemas.events import DeadLetter, Event
from schemas.names import derived_id
from schemas.redaction import redacted
from schemas.report_events import ReportEvent

__all__ = ["DamagedError", "dated", "load", "names", "parse", "parse_any", "placed"]

_REPORTS = get_args(ReportEvent)
Parse = Callable[[bytes], tuple[Event, ...]]
_AHEAD = 24 * 3600 * 1_000_000  # a report on today, by a clock that is ahead
_MICROSECONDS = 1_000_000


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of the formats there are, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


def load(name: str) -> Parse:
    """Return the parser of the format called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no format of reports {name!r}; there are {', '.join(names())}")
    return cast("Parse", import_module(f"{__name__}.{name}").parse)


def parse(name: str, data: bytes) -> tuple[Event, ...]:
    """Return the events of a file or mail of the format called `name`."""
    return load(name)(data)


def parse_any(data: bytes) -> tuple[Event, ...]:
    """Return the events of a file or mail by the first format that knows it, none where none does."""
    return next((events for name in names() if (events := load(name)(data))), ())


def dated(events: tuple[Event, ...], came: int) -> tuple[Event, ...]:
    """Return the events of a file that came at `came`, complaints as they are: their own Date is held against it.

    ValueError where a report is about a time that is still to be.
    """
    late = next((event.at for event in events if isinstance(event, _REPORTS) and event.at > came + _AHEAD), 0)
    if late:
        raise ValueError(f"a report on a time ({late // _MICROSECONDS}) after it came ({came // _MICROSECONDS})")
    return tuple(
        event if event.at or not isinstance(event, _REPORTS) else replace(event, id=derived_id(event.id, came), at=came)
        for event in events
    )


def placed(part: DeadLetter, name: str, place: str, came: int) -> DeadLetter:
    """Return the dead letter of a part of the file at `place`, as the source called `name` got it at `came`."""
    return replace(part, at=came, name=name, place=f"{place}/{part.place}", text=redacted(part.text))
