"""Many recipients do not exist: spam goes to bought or guessed addresses, people write to those they know."""

from schemas.facts import Evidence
from streams.habits import ANSWERS_1H, ANSWERS_3W, UNKNOWN_1H, UNKNOWN_3W, MailboxState

_PRIOR_SHARE = 0.02
_PRIOR_ANSWERS = 100.0
_LEAST_SHARE = 0.08
_TIMES_USUAL = 3.0
_LEAST_UNKNOWN = 5.0
_SURE_UNKNOWN = 15.0
_BASE = 35.0
_POINTS_A_SHARE = 200.0
_MOST = 80.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 80 points where at least 8 %, and three times the usual share, are unknown users."""
    counts = state.counts
    unknown, answers = counts[UNKNOWN_1H], counts[ANSWERS_1H]
    if unknown < _LEAST_UNKNOWN:
        return None
    # The hour itself is taken out of the baseline, or a burst would soon call itself usual.
    before = max(0.0, counts[ANSWERS_3W] - answers)
    unknown_before = max(0.0, counts[UNKNOWN_3W] - unknown)
    usual = (unknown_before + _PRIOR_SHARE * _PRIOR_ANSWERS) / (before + _PRIOR_ANSWERS)
    share = min(1.0, unknown / answers)
    least = max(_LEAST_SHARE, _TIMES_USUAL * usual)
    if share < least:
        return None
    certainty = min(1.0, unknown / _SURE_UNKNOWN)
    return Evidence(
        rule="unknown_users",
        text=f"{share:.0%} of {answers:.0f} recipients in an hour unknown, usually {usual:.1%}",
        value=round(share, 3),
        usual=round(usual, 3),
        points=round(certainty * min(_MOST, _BASE + _POINTS_A_SHARE * (share - least)), 1),
    )
