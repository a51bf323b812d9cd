"""Servers refuse the mail for its content or its sender, for good.

A listed relay IP makes every mailbox meet refusals: those whose text blames the address do not count. Those of
one provider in a row count little: its filter may dislike one issue of an honest newsletter. Where several refuse every
sixth mail it is no taste of theirs any more.
"""

from schemas.facts import Evidence
from streams import shares
from streams.habits import ANSWERS_1D, ANSWERS_1H, ANSWERS_3W, REFUSED_1D, REFUSED_1H, REFUSED_3W, MailboxState

_RULE = shares.Rule(
    name="refusals",
    text="mail to {share:.0%} of {answers:.0f} recipients in {span} was refused as spam, usually {usual:.1%}",
    spans=((REFUSED_1H, ANSWERS_1H, "an hour"), (REFUSED_1D, ANSWERS_1D, "a day")),
    of_weeks=(REFUSED_3W, ANSWERS_3W),
    prior=0.01,
    tolerated=0.025,
    most=38.0,
    blatant=0.08,
    more=6.0,
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 38 points where more than 2.5 %, and 1.5 times the usual share, are refused; 44 from 16 % on."""
    return shares.evidence(state.counts, _RULE)
