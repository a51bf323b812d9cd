"""Servers refuse the mail for its content or its sender (5.6.x, 5.7.x), for good.

A listed relay IP makes every mailbox meet refusals. So this rule alone does not even reach the watch score.
"""

from schemas.facts import Evidence
from streams.habits import REFUSED_1D, REFUSED_1H, REFUSED_3W, MailboxState
from streams.shares import Rule, excess

_RULE = Rule(
    of_hour=REFUSED_1H,
    of_day=REFUSED_1D,
    of_weeks=REFUSED_3W,
    prior=0.01,
    least_share=0.05,
    base=20.0,
    a_share=100.0,
    most=40.0,
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 40 points where at least 5 %, and three times the usual share, are refused."""
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
