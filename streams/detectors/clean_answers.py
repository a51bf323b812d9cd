"""Almost everybody who is written to exists, and nobody's filter objects: what speaks for an honest sender.

The first issue of a newsletter from a new server looks like a thief's burst; but its readers exist, and their servers
take it. This rule gives no points, it takes some away.
"""

from math import log

from schemas.facts import Evidence
from streams.habits import ANSWERS_1H, MESSAGES_1D, REFUSED_1H, STRANGE_1D, UNKNOWN_1H, MailboxState

FOR_THE_OWNER = True
_LEAST_ANSWERS = 40.0
_HONEST, _SPAM = 0.02, 0.06
_POINTS_A_NAT = 8.0
_MOST, _MOST_CLEAN, _CLEAN = 30.0, 45.0, 0.01
_LEAST_POINTS = 5.0
_LEAST_STRANGE, _MOSTLY = 1.5, 2.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to -30 points where an hour's bad answers are nearer to 2 % than to 6 %, -45 below 1 %."""
    counts = state.counts
    answers = counts[ANSWERS_1H]
    if answers < _LEAST_ANSWERS:
        return None
    bad = counts[UNKNOWN_1H] + counts[REFUSED_1H]
    most = _MOST if bad > _CLEAN * answers else _MOST_CLEAN
    points = min(most, _POINTS_A_NAT * (answers * (_SPAM - _HONEST) - bad * log(_SPAM / _HONEST)))
    if counts[STRANGE_1D] >= _LEAST_STRANGE:  # what comes from home says nothing of what comes from elsewhere
        points *= min(1.0, _MOSTLY * counts[STRANGE_1D] / counts[MESSAGES_1D])
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="clean_answers",
        text=f"{answers - bad:.0f} of {answers:.0f} recipients in an hour exist, and their servers took the mail",
        value=round(bad / answers, 3),
        usual=_SPAM,
        points=round(-points, 1),
    )
