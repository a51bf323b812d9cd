"""A spam filter of ours (rspamd, SpamAssassin) calls more of the mailbox's mail spam than it usually does.

A filter dislikes a whole issue of an honest newsletter now and then, and that is a burst, too: both together stay
below a flag, as with `refusals`.
"""

from schemas.facts import Evidence
from streams import shares
from streams.habits import SCORED_1D, SCORED_3W, SPAM_1D, SPAM_3W, MailboxState

_RULE = shares.Rule(
    name="spam_scores",
    text="{share:.0%} of {answers:.0f} messages in {span} are spam to our own filter, usually {usual:.1%}",
    spans=((SPAM_1D, SCORED_1D, "a day"),),
    of_weeks=(SPAM_3W, SCORED_3W),
    prior=0.02,
    tolerated=0.08,
    most=33.0,
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 33 points where more than 8 %, and 1.5 times the usual share, are spam."""
    return shares.evidence(state.counts, _RULE)
