"""The mailbox is used from two places so far apart that nobody travels between them in that time.

Only where GeoIP is configured, and only towards a country or an autonomous system never used before: a telephone's
operator or a VPN lets one come out far away, but then always there.
"""

from math import exp

from schemas.facts import Evidence
from streams.habits import MailboxState
from streams.travels import journey
from streams.window import DAY, MINUTE

_POINTS = 35.0
_FADES = DAY / 2
_LEAST_POINTS = 5.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 35 points for more than 500 km at more than 900 km/h, fading over half a day.

    In the same country it takes 2000 km: where exactly an address is, GeoIP only guesses.
    """
    if not state.travels:
        return None
    km, minutes, ended = journey(state.travels)
    if not ended:
        return None
    points = _POINTS * exp(-max(0, state.aged - ended * MINUTE) / _FADES)
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="impossible_travel",
        text=f"used from two places {km:,} km apart within {minutes} minute{'s' if minutes != 1 else ''}",
        value=float(km),
        points=round(points, 1),
    )
