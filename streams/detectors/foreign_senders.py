"""Mails go out under another address than the login's, as they hardly ever do: a thief brings his own sender along.

Forwarders, lists and those who write under a second address always do; that is usual for them.
"""

from math import log

from schemas.facts import Evidence
from streams.habits import DAYS_3W, FOREIGN_1D, FOREIGN_3W, MESSAGES_1D, MESSAGES_3W, MailboxState
from streams.people import before

_LEAST = 1.5
_PRIOR, _PRIOR_MESSAGES, _OFTEN = 0.03, 15.0, 0.3
_POINTS_A_NAT, _MOST, _LEAST_POINTS = 7.0, 48.0, 5.0
_DAYS, _FIRST = 2.5, 0.5


def evidence(state: MailboxState) -> Evidence | None:
    """Return 7 points a nat of chance, at most 48, fewer in the first days; none where every third mail is so."""
    counts = state.counts
    foreign, messages = counts[FOREIGN_1D], counts[MESSAGES_1D]
    if foreign < _LEAST:
        return None
    foreign_before = before(counts, FOREIGN_3W, FOREIGN_1D)
    usual = (foreign_before + _PRIOR * _PRIOR_MESSAGES) / (before(counts, MESSAGES_3W, MESSAGES_1D) + _PRIOR_MESSAGES)
    expected = messages * usual
    if foreign <= expected or usual > _OFTEN:
        return None
    nats = foreign * log(foreign / expected) - (foreign - expected)
    points = min(_MOST, _POINTS_A_NAT * nats) * (counts[DAYS_3W] + _FIRST) / (counts[DAYS_3W] + _DAYS)
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="foreign_senders",
        text=f"{foreign:.0f} of {messages:.0f} messages in a day under another name than the login's"
        f" (usually {usual:.0%})",
        value=round(foreign / messages, 3),
        usual=round(usual, 3),
        points=round(points, 1),
    )
