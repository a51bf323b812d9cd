"""Whether the letters that wait can all go before they are withdrawn, at so many an hour as a sunset's mail may."""

from math import ceil
from typing import NamedTuple

from schemas.moments import rfc3339
from schemas.sunset_settings import Sunset
from streams.letter_wanted import STALE_DAYS
from streams.sunset.weeks import start_of

_HOUR = 3_600_000_000
_STALE = STALE_DAYS * 24 * _HOUR


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
    hours = (until - max(at, waits.first)) / _HOUR
    room = int(max(0.0, hours) * sunset.mail.per_hour)
    if waits.letters <= room:
        return ""
    said = f"{waits.letters} letters are to go, and {room} can until {rfc3339(until)}: the rest will be withdrawn"
    wanted = f"; {ceil(waits.letters / hours)} an hour would be enough" if hours > 0 else ""
    return f"sunset.{name}.mail.per_hour: {sunset.mail.per_hour}: {said}{wanted}"
