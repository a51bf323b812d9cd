"""Whether the letters that wait can all go before they are withdrawn, at so many an hour as a sunset's mail may."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from schemas.moments import rfc3339
from schemas.sunset_events import LetterDue
from schemas.sunset_settings import Sunset
from streams.sunset.weeks import HOUR, day_of, last_week, moment, start_of, week_of
from streams.sunset.written import STALE_DAYS

_STALE = STALE_DAYS * 24 * HOUR


class Waits(NamedTuple):
    """Letters that were not begun: how many, and when the first and the last of them are due (µs)."""

    letters: int
    first: int
    last: int


def crowded(name: str, sunset: Sunset, waits: Waits, at: int) -> str:
    """Return a sentence where more letters of a sunset wait than can go before they are withdrawn, "" where all can.

    The last is withdrawn some days after it was due, or when the sunset ends; with stages that is no one day.
    """
    if sunset.mail is None or not waits.letters:
        return ""
    until, ends = waits.last + _STALE, start_of(sunset, sunset.ends)
    if sunset.stages is None and waits.last < ends:
        until = min(until, ends)
    hours = (until - max(at, waits.first)) / HOUR
    room = int(max(0.0, hours) * sunset.mail.per_hour)
    if waits.letters <= room:
        return ""
    said = f"{waits.letters} letters are to go, and {room} can until {rfc3339(until)}: the rest will be withdrawn"
    wanted = f"; {ceil(waits.letters / hours)} an hour would be enough" if hours > 0 else ""
    return f"sunset.{name}.mail.per_hour: {sunset.mail.per_hour}: {said}{wanted}"


def too_many(name: str, sunset: Sunset, letters: Sequence[LetterDue], at: int) -> str:
    """Return that sentence of letters that were not written to the log yet, "" where all can go."""
    dues = [letter.due for letter in letters if letter.recipient]
    return crowded(name, sunset, Waits(len(dues), min(dues), max(dues)), at) if dues else ""


def outgrown(sunsets: Mapping[str, Sunset], counted: Iterable[Mapping[str, object]], at: int) -> Iterator[str]:
    """Yield that sentence of each sunset that has not room for a letter to each customer who is open.

    `counted` has the `customers` of each `sunset` as they were `counted` last; who was never counted is unknown.
    """
    for row in counted:
        name, customers = str(row["sunset"]), row["customers"]
        sunset = sunsets[name]
        week = max(1, week_of(sunset, day_of(sunset, at)))
        if isinstance(customers, int) and week <= last_week(sunset):
            begins = moment(sunset, week)
            waits = Waits(customers, begins, begins + int(sunset.spread_hours * HOUR))
            if said := crowded(name, sunset, waits, begins):
                yield f"{said}, if each customer who still used it on {row['counted']} gets one"
