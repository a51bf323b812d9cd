"""Many recipients do not exist: spam goes to bought or guessed addresses, people write to those they know."""

from schemas.facts import Evidence
from streams import shares
from streams.habits import UNKNOWN_1D, UNKNOWN_1H, UNKNOWN_3W, MailboxState

_RULE = shares.Rule(
    name="unknown_users",
    text="{share:.0%} of {answers:.0f} recipients in {span} unknown, usually {usual:.1%}",
    of_hour=UNKNOWN_1H,
    of_day=UNKNOWN_1D,
    of_weeks=UNKNOWN_3W,
    prior=0.02,
    tolerated=0.045,
    most=80.0,
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 80 points where more than 4.5 %, and 1.5 times the usual share, are unknown users."""
    return shares.evidence(state.counts, _RULE)
