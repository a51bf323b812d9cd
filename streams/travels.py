"""Countries, autonomous systems and the last place of a mailbox, where GeoIP tells them: a few bytes, none without.

The bytes begin with the last place and the last impossible journey; then come up to eight pairs of country and AS, the
one used last in front, each with how many half days it stood the test: two, and it is familiar.
"""

from math import asin, cos, radians, sin, sqrt
from struct import Struct

from schemas.events import MailboxAuthenticated, MessageSubmitted

_HEAD = Struct("<hhIHHI")  # latitude and longitude (hundredths), minute; kilometres, minutes and end of a journey
_PAIR = Struct("<B2sI")
_PAIRS = 8
_FAMILIAR = 2
_MINUTE = 60_000_000
_EARTH_KM = 6371.0
_LEAST_KM, _LEAST_KM_AN_HOUR = (0.0, 2000.0, 500.0), 900.0  # to what is known (never), a new AS, a new country
KNOWN, NEW_AS, NEW_COUNTRY = range(3)


def noted(travels: bytes, event: MailboxAuthenticated | MessageSubmitted) -> tuple[bytes, int]:
    """Return the bytes after a use, and what is new about it: NEW_COUNTRY, NEW_AS (in a known country) or KNOWN.

    Nothing is new before anything is familiar. A place of (0, 0) is one that GeoIP does not know.
    """
    head = _HEAD.unpack_from(travels) if travels else (0, 0, 0, 0, 0, 0)
    pairs = list(_PAIR.iter_unpack(travels[_HEAD.size :]))
    country, system = event.client_country.encode("ascii", "replace")[:2].ljust(2), event.client_asn
    news = _news(pairs, country, system)
    found = next((pair for pair in pairs if pair[1:] == (country, system)), (0, country, system))
    kept = [found, *(pair for pair in pairs if pair != found)][:_PAIRS]
    return _HEAD.pack(*_moved(head, event, news)) + b"".join(_PAIR.pack(*pair) for pair in kept), news


def _news(pairs: list[tuple[int, bytes, int]], country: bytes, system: int) -> int:
    familiar = [pair for pair in pairs if pair[0] >= _FAMILIAR]
    if not familiar or any(pair[2] == system for pair in familiar if system):
        return KNOWN
    return NEW_AS if any(pair[1] == country for pair in familiar) else NEW_COUNTRY


def _moved(head: tuple[int, ...], event: MailboxAuthenticated | MessageSubmitted, news: int) -> tuple[int, ...]:
    """Return the head after a use: where it was last, and a journey nobody can make to where nothing is familiar."""
    if not (event.client_latitude or event.client_longitude):
        return head
    here = round(event.client_latitude * 100), round(event.client_longitude * 100)
    now = event.at // _MINUTE
    if not head[2]:
        return (*here, now, *head[3:])
    km, minutes = distance_km((head[0], head[1]), here), max(1, abs(now - head[2]))
    last = (*here, now) if now >= head[2] else head[:3]  # a line that comes late moves nobody back
    if news and km > _LEAST_KM[news] and km > _LEAST_KM_AN_HOUR * minutes / 60:
        return (*last, round(km), min(minutes, 0xFFFF), last[2])
    return (*last, *head[3:])


def distance_km(here: tuple[int, int], there: tuple[int, int]) -> float:
    """Return the way between two places as the crow flies; each is latitude and longitude in hundredths of degrees."""
    north, east, south, west = (radians(part / 100) for part in (*here, *there))
    square = sin((north - south) / 2) ** 2 + cos(north) * cos(south) * sin((east - west) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(square)))


def journey(travels: bytes) -> tuple[int, int, int]:
    """Return the last impossible journey: kilometres, minutes, and when it ended (minutes since the epoch; 0: none)."""
    if not travels:
        return 0, 0, 0
    _, _, _, km, minutes, ended = _HEAD.unpack_from(travels)
    return km, minutes, ended


def countries(travels: bytes) -> tuple[str, ...]:
    """Return the familiar countries, the one used last first."""
    pairs = _PAIR.iter_unpack(travels[_HEAD.size :])
    return tuple(dict.fromkeys(country.decode().strip() for age, country, _ in pairs if age >= _FAMILIAR))


def settled(travels: bytes) -> bytes:
    """Return the bytes after half a day in which nothing was suspicious."""
    pairs = _PAIR.iter_unpack(travels[_HEAD.size :])
    return travels[: _HEAD.size] + b"".join(
        _PAIR.pack(min(age + 1, _FAMILIAR), country, system) for age, country, system in pairs
    )


def forgotten(travels: bytes) -> bytes:
    """Return the bytes without the last place, the journey, and what is not familiar yet."""
    if not travels:
        return b""
    pairs = _PAIR.iter_unpack(travels[_HEAD.size :])
    return bytes(_HEAD.size) + b"".join(_PAIR.pack(*pair) for pair in pairs if pair[0] >= _FAMILIAR)
