"""The mailbox is used from many networks at once (/24 of IPv4, /48 of IPv6): a botnet shares its password."""

from math import log2

from schemas.facts import Evidence
from streams.habits import NETWORKS_10M, USUAL_NETWORKS, MailboxState, usual

_LEAST = 8.0
_TIMES_USUAL = 2.5
_POINTS_A_DOUBLING = 22.0
_MOST = 90.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 22 points for each doubling of the usual number from eight networks on, at most 90."""
    seen = state.counts[NETWORKS_10M]
    if seen < _LEAST:
        return None
    most = usual(state.counts, USUAL_NETWORKS)
    if seen < _TIMES_USUAL * most:
        return None
    return Evidence(
        rule="client_networks",
        text=f"{seen:.0f} networks in 10 minutes, usually at most {most:.0f}",
        value=round(seen, 1),
        usual=round(most, 1),
        points=round(min(_MOST, _POINTS_A_DOUBLING * log2(seen / most)), 1),
    )
