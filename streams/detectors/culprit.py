"""An outbound IP was withdrawn, and much of what it had carried was this mailbox's mail."""

from math import exp

from schemas.facts import Evidence
from streams.habits import CULPRIT, CULPRIT_AT, MailboxState, since
from streams.window import DAY

_LEAST_SHARE = 0.05
_POINTS, _MOST = 60.0, 30.0
_FADES = 3 * DAY
_LEAST_POINTS = 3.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 60 points times the share from 5 % on, at most 30, fading over three days."""
    counts = state.counts
    share = counts[CULPRIT]
    if not counts[CULPRIT_AT] or share < _LEAST_SHARE:
        return None
    points = min(_MOST, _POINTS * share) * exp(-since(state, CULPRIT_AT) / _FADES)
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="culprit",
        text=f"{share:.0%} of the mail through an outbound IP before that was withdrawn was this mailbox's",
        value=round(share, 3),
        points=round(points, 1),
    )
