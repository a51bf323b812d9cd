"""Where an address is, as far as a GeoIP database tells: fields are empty where it does not."""

from collections.abc import Callable
from typing import NamedTuple


class Place(NamedTuple):
    """Country (ISO 3166 alpha-2), number of the autonomous system, and coordinates in degrees (both 0: not known)."""

    country: str = ""
    asn: int = 0
    latitude: float = 0.0
    longitude: float = 0.0


Where = Callable[[str], Place]
NOWHERE = Place()


def nowhere(_ip: str) -> Place:
    """Return that nothing is known: there is no database."""
    return NOWHERE
