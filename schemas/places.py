"""Where a client is, as far as a GeoIP database tells: the fields that events have for it, those that are known."""

from collections.abc import Callable
from typing import TypedDict


class Place(TypedDict, total=False):
    """Country (ISO 3166 alpha-2), number of the autonomous system, coordinates in degrees."""

    client_country: str
    client_asn: int
    client_latitude: float
    client_longitude: float


Where = Callable[[str], Place]
NOWHERE: Place = {}


def nowhere(_ip: str) -> Place:
    """Return that nothing is known: there is no database."""
    return NOWHERE
