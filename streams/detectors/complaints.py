"""Recipients complain (feedback reports) more than the amount of mail explains."""

from schemas.facts import Evidence
from streams.habits import COMPLAINTS_1D, COMPLAINTS_3W, RECIPIENTS_1D, RECIPIENTS_3W, MailboxState

_PRIOR_SHARE = 0.001
_PRIOR_RECIPIENTS = 1000.0
_TIMES_USUAL = 3.0
_LEAST = 0.5
_POINTS_A_COMPLAINT = 18.0
_MOST = 75.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 18 points for each complaint beyond three times what is usual for a day's mail, at most 75."""
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
    noun = "complaint" if round(seen) == 1 else "complaints"
    return Evidence(
        rule="complaints",
        text=f"{seen:.0f} {noun} in a day about mail to {counts[RECIPIENTS_1D]:.0f} recipients, usually {share:.2%}",
        value=round(seen, 1),
        usual=round(usual, 2),
        points=round(min(_MOST, _POINTS_A_COMPLAINT * excess), 1),
    )
