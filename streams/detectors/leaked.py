"""The mailbox stands in a list of stolen identities, and now somebody sends from a network never used before.

The list alone is no sign: most who are in it have changed the password, or never used that one here.
"""

from math import exp

from schemas.facts import Evidence
from streams.habits import LEAKED_AT, STRANGE_1D, MailboxState, since
from streams.window import DAY

_POINTS = 15.0
_LEAST = 1.5
_FADES = 60 * DAY
_LEAST_POINTS = 3.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 15 points while messages come from an unfamiliar network, fading over two months."""
    counts = state.counts
    if not counts[LEAKED_AT] or counts[STRANGE_1D] < _LEAST:
        return None
    ago = since(state, LEAKED_AT)
    points = _POINTS * exp(-ago / _FADES)
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="leaked",
        text=f"in a list of stolen identities, told {ago / DAY:.0f} days ago, and messages come from elsewhere",
        value=round(ago / DAY, 1),
        points=round(points, 1),
    )
