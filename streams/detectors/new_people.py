"""A mailbox that always writes to the same people (a forwarder, a newsletter, a script) writes to others all at once.

For most mailboxes new recipients are nothing odd; so this counts only where fewer than three in ten ever are, and it
tells of a thief who sits in a network of the mailbox's own.
"""

from schemas.facts import Evidence
from streams import people
from streams.familiar import chance
from streams.habits import KNOWN_1D, KNOWN_3W, NEW_1D, NEW_3W, MailboxState

_POINTS_A_NAT = 10.0
_MOST = 6.0
_LEAST_POINTS = 10.0
_LEAST_NEW = 3.5
_FEW = 0.3


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 60 points, fewer the less is known of the mailbox and the more new recipients are usual."""
    counts = state.counts
    new, known = counts[NEW_1D], counts[KNOWN_1D]
    if new < _LEAST_NEW:
        return None
    written = counts[NEW_3W] + counts[KNOWN_3W]
    share = max(0.0, counts[NEW_3W] - new + 2.0) / max(1.0, written - new - known + 4.0)
    if share >= _FEW:
        return None
    fit = people.nats(new, known, new + known, share, chance(state))
    points = _POINTS_A_NAT * min(_MOST, fit) * people.acquainted(counts) * (1.0 - share / _FEW)
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="new_people",
        text=f"{new:.0f} recipients in a day to whom it never wrote, {known:.0f} it knows (usually {share:.0%} new)",
        value=round(new / (new + known), 3),
        usual=round(share, 3),
        points=round(points, 1),
    )
