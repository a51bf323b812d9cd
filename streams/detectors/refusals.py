"""Servers refuse the mail for its content or its sender, for good.

A listed relay IP makes every mailbox meet refusals: those whose text blames the address do not count.
"""

from schemas.facts import Evidence
from streams.habits import REFUSED_1D, REFUSED_1H, REFUSED_3W, MailboxState
from streams.shares import Rule, excess

_RULE = Rule(
    of_hour=REFUSED_1H,
    of_day=REFUSED_1D,
    of_weeks=REFUSED_3W,
    prior=0.01,
    tolerated=0.025,
    most=38.0,
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 38 points where more than 2.5 %, and 1.5 times the usual share, are refused."""
    found = excess(state.counts, _RULE)
    if found is None:
        return None
    return Evidence(
        rule="refusals",
        text=f"{found.share:.0%} of {found.answers:.0f} recipients' servers in {found.span} refused the mail, usually"
        f" {found.usual:.1%}",
        value=round(found.share, 3),
        usual=round(found.usual, 3),
        points=round(found.points, 1),
    )
