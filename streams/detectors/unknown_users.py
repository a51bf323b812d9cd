"""Many recipients do not exist: spam goes to bought or guessed addresses, people write to those they know."""

from schemas.facts import Evidence
from streams.habits import UNKNOWN_1D, UNKNOWN_1H, UNKNOWN_3W, MailboxState
from streams.shares import Rule, excess

_RULE = Rule(
    of_hour=UNKNOWN_1H,
    of_day=UNKNOWN_1D,
    of_weeks=UNKNOWN_3W,
    prior=0.02,
    tolerated=0.045,
    most=80.0,
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 80 points where more than 4.5 %, and 1.5 times the usual share, are unknown users."""
    found = excess(state.counts, _RULE)
    if found is None:
        return None
    return Evidence(
        rule="unknown_users",
        text=f"{found.share:.0%} of {found.answers:.0f} recipients in {found.span} unknown, usually {found.usual:.1%}",
        value=round(found.share, 3),
        usual=round(found.usual, 3),
        points=round(found.points, 1),
    )
