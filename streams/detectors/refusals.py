"""Servers refuse the mail for its content or its sender (5.6.x, 5.7.x), for good.

A listed relay IP makes every mailbox meet refusals. So this rule alone does not even reach the watch score.
"""

from schemas.facts import Evidence
from streams.habits import ANSWERS_1H, ANSWERS_3W, REFUSED_1H, REFUSED_3W, MailboxState

_PRIOR_SHARE = 0.01
_PRIOR_ANSWERS = 100.0
_LEAST_SHARE = 0.05
_TIMES_USUAL = 3.0
_LEAST_REFUSED = 5.0
_SURE_REFUSED = 15.0
_BASE = 20.0
_POINTS_A_SHARE = 100.0
_MOST = 40.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 40 points where at least 5 %, and three times the usual share, are refused."""
    counts = state.counts
    refused, answers = counts[REFUSED_1H], counts[ANSWERS_1H]
    if refused < _LEAST_REFUSED:
        return None
    before = max(0.0, counts[ANSWERS_3W] - answers)
    refused_before = max(0.0, counts[REFUSED_3W] - refused)
    usual = (refused_before + _PRIOR_SHARE * _PRIOR_ANSWERS) / (before + _PRIOR_ANSWERS)
    share = min(1.0, refused / answers)
    least = max(_LEAST_SHARE, _TIMES_USUAL * usual)
    if share < least:
        return None
    certainty = min(1.0, refused / _SURE_REFUSED)
    return Evidence(
        rule="refusals",
        text=f"{share:.0%} of {answers:.0f} recipients' servers in an hour refused the mail, usually {usual:.1%}",
        value=round(share, 3),
        usual=round(usual, 3),
        points=round(certainty * min(_MOST, _BASE + _POINTS_A_SHARE * (share - least)), 1),
    )
