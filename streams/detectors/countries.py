"""Mail comes from a country, or from an autonomous system, from which this mailbox was never used.

Only where GeoIP is configured. Who travels has new countries all the time, so the points fall with the share of the
half days in which a new network is usual.
"""

from schemas.facts import Evidence
from streams.habits import ABROAD_1D, ELSEWHERE_1D, FRESH_SHARE, MailboxState
from streams.travels import countries

_LEAST = 1.5
_COUNTRY, _SYSTEM = 20.0, 8.0
_TRAVELS = 0.3
_LEAST_POINTS = 4.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 20 points for a country, 8 for an autonomous system; none for who has a new network every third time."""
    counts = state.counts
    abroad, elsewhere = counts[ABROAD_1D], counts[ELSEWHERE_1D]
    if abroad < _LEAST and elsewhere < _LEAST:
        return None
    points = (_COUNTRY if abroad >= _LEAST else _SYSTEM) * max(0.0, 1.0 - counts[FRESH_SHARE] / _TRAVELS)
    if points < _LEAST_POINTS:
        return None
    usual = ", ".join(countries(state.travels))
    if abroad >= _LEAST:
        text = f"{abroad:.0f} messages in a day from a country never used before (usually {usual})"
    else:
        text = f"{elsewhere:.0f} messages in a day from a network operator never used before"
    return Evidence(rule="countries", text=text, value=round(max(abroad, elsewhere), 1), points=round(points, 1))
