"""Almost everybody who is written to exists, and nobody's filter objects: what speaks for an honest sender.

The first issue of a newsletter from a new server looks like a thief's burst; but its readers exist, and their servers
take it. This rule gives no points, it takes some away.
"""

from math import log

from schemas.facts import Evidence
from streams.habits import ANSWERS_1H, REFUSED_1H, UNKNOWN_1H, MailboxState

_LEAST_ANSWERS = 40.0
_HONEST, _SPAM = 0.02, 0.06
_POINTS_A_NAT = 8.0
_MOST = 30.0
_LEAST_POINTS = 5.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to -30 points where the share of an hour's bad answers is nearer to 2 % than to 6 %."""
    counts = state.counts
    answers = counts[ANSWERS_1H]
    if answers < _LEAST_ANSWERS:
        return None
    bad = counts[UNKNOWN_1H] + counts[REFUSED_1H]
    points = min(_MOST, _POINTS_A_NAT * (answers * (_SPAM - _HONEST) - bad * log(_SPAM / _HONEST)))
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="clean_answers",
        text=f"{answers - bad:.0f} of {answers:.0f} recipients in an hour exist, and their servers took the mail",
        value=round(bad / answers, 3),
        usual=_SPAM,
        points=round(-points, 1),
    )
