"""Many failed logins, then one that succeeds from a network this mailbox never used: its password was guessed.

A mistyped password fails and succeeds from the same place; and who is attacked all day long is used to failures.
"""

from math import exp

from schemas.facts import Evidence
from streams.habits import (
    GUESS_FAILURES,
    GUESS_NETWORKS,
    GUESSED_AT,
    USUAL_FAILED_1H,
    MailboxState,
    since,
    usual,
)
from streams.window import HOUR

_TIMES_USUAL = 2.5
_MANY_NETWORKS = 2.5
_SPREAD = 50.0
_ELSEWHERE = 40.0
_SAME_PLACE = 15.0
_POINTS_A_FAILURE = 1.5
_MOST_FAILURES = 13.0
_FADES = 12 * HOUR
_LEAST_POINTS = 5.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 70 points, fading over hours: fewer where all came from one network, few where from the same."""
    if not state.counts[GUESSED_AT]:
        return None
    failures, networks = state.counts[GUESS_FAILURES], abs(state.counts[GUESS_NETWORKS])
    most = usual(state.counts, USUAL_FAILED_1H)
    if failures < _TIMES_USUAL * most:
        return None
    if networks > _MANY_NETWORKS:
        points = _SPREAD + _POINTS_A_FAILURE * min(failures, _MOST_FAILURES)
    else:
        points = _SAME_PLACE if state.counts[GUESS_NETWORKS] < 0 else _ELSEWHERE
    points *= exp(-since(state, GUESSED_AT) / _FADES)
    if points < _LEAST_POINTS:
        return None
    where = "networks" if round(networks) > 1 else "network"
    return Evidence(
        rule="guessed_password",
        text=f"logged in from a new network after {failures:.0f} failed logins from {networks:.0f} {where}, "
        f"usually at most {most:.0f} in an hour",
        value=round(failures, 1),
        usual=round(most, 1),
        points=round(points, 1),
    )
