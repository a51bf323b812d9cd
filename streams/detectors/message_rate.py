"""More messages in ten minutes than this mailbox ever usually sends. By itself it never makes a flag."""

from math import log2

from schemas.facts import Evidence
from streams.habits import MESSAGES_10M, PRIORS, USUAL_MESSAGES_10M, MailboxState, usual

_LEAST_RATIO = 2.0
_POINTS_A_DOUBLING = 20.0
_MOST = 60.0
_LEAST = _LEAST_RATIO * PRIORS[0]


def evidence(state: MailboxState) -> Evidence | None:
    """Return 20 points for each doubling of the usual peak, at most 60."""
    seen = state.counts[MESSAGES_10M]
    if seen < _LEAST:
        return None
    most = usual(state.counts, USUAL_MESSAGES_10M)
    if seen < _LEAST_RATIO * most:
        return None
    return Evidence(
        rule="message_rate",
        text=f"{seen:.0f} messages in 10 minutes, usually at most {most:.0f}",
        value=round(seen, 1),
        usual=round(most, 1),
        points=round(min(_MOST, _POINTS_A_DOUBLING * log2(seen / most)), 1),
    )
