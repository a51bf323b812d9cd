"""Many recipients do not exist: spam goes to bought or guessed addresses, people write to those they know."""

from msgspec.structs import replace

from schemas.facts import Evidence
from streams import shares
from streams.habits import (
    ANSWERS_1D,
    ANSWERS_1H,
    ANSWERS_3W,
    UNKNOWN_1D,
    UNKNOWN_1H,
    UNKNOWN_3W,
    MailboxState,
)
from streams.people import absence

_ALONE = 0.4
_RULE = shares.Rule(
    name="unknown_users",
    text="{share:.0%} of {answers:.0f} recipients in {span} do not exist, usually {usual:.1%}",
    spans=((UNKNOWN_1H, ANSWERS_1H, "an hour"), (UNKNOWN_1D, ANSWERS_1D, "a day")),
    of_weeks=(UNKNOWN_3W, ANSWERS_3W),
    prior=0.02,
    tolerated=0.045,
    most=80.0,
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 80 points where more than 4.5 %, and 1.5 times the usual share, are unknown users.

    Fewer where the mail comes from elsewhere while nobody uses the mailbox from home: who is on holiday lets a program
    answer, and that answers spam, too, whose senders do not exist.
    """
    counts = state.counts
    found = shares.evidence(counts, _RULE)
    if found is None or not (alone := absence(counts)):
        return found
    return replace(found, points=round(found.points * (1.0 - _ALONE * alone), 1))
