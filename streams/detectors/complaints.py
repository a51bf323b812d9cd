"""Recipients complain (feedback reports) more than the amount of mail explains."""

from schemas.facts import Evidence
from streams.habits import (
    COMPLAINTS_1D,
    COMPLAINTS_3W,
    MESSAGES_1D,
    RECIPIENTS_1D,
    RECIPIENTS_3W,
    STRANGE_1D,
    MailboxState,
)

_PRIOR_SHARE = 0.001
_PRIOR_RECIPIENTS = 1000.0
_TIMES_USUAL = 3.0
_LEAST = 0.5
_POINTS_A_COMPLAINT = 18.0
_ELSEWHERE = 0.4
_MOST = 75.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 18 points for each complaint beyond three times what the day's mail explains, at most 75.

    A complaint about mail from elsewhere weighs 1.4 times as much.
    """
    counts = state.counts
    seen = counts[COMPLAINTS_1D]
    if seen < _LEAST:
        return None
    before = max(0.0, counts[RECIPIENTS_3W] - counts[RECIPIENTS_1D])
    complaints_before = max(0.0, counts[COMPLAINTS_3W] - seen)
    share = (complaints_before + _PRIOR_SHARE * _PRIOR_RECIPIENTS) / (before + _PRIOR_RECIPIENTS)
    usual = share * counts[RECIPIENTS_1D]
    excess = seen - _TIMES_USUAL * usual
    if excess < _LEAST:
        return None
    elsewhere = min(1.0, counts[STRANGE_1D] / max(1.0, counts[MESSAGES_1D]))
    points = min(_MOST, _POINTS_A_COMPLAINT * excess * (1.0 + _ELSEWHERE * elsewhere))
    noun = "complaint" if round(seen) == 1 else "complaints"
    return Evidence(
        rule="complaints",
        text=f"{seen:.0f} {noun} in a day about mail to {counts[RECIPIENTS_1D]:.0f} recipients,"
        f" usually {share:.2%} of recipients complain",
        value=round(seen, 1),
        usual=round(usual, 2),
        points=round(points, 1),
    )
