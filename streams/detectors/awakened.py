"""A mailbox that has been known for days, but was hardly ever used, writes to many new people, one by one.

Sleeping mailboxes are stolen because nobody looks; of most, only failed logins were heard. Who begins to use his own
writes a few letters, or one to all in a run; a shop that opens does so within days of its first login. So this alone
is no flag; with `alike` it is one. Where it is known from where a mailbox is used, `strangers` says more.
"""

from math import exp

from schemas.facts import Evidence
from streams.habits import (
    DAYS_3W,
    HOME_AT,
    KNOWN_1D,
    MESSAGES_1D,
    MESSAGES_3W,
    NEW_1D,
    RECIPIENTS_1H,
    SPACED_1D,
    STRANGE_KNOWN_1D,
    STRANGE_NEW_1D,
    STRANGE_SPACED_1D,
    MailboxState,
)
from streams.people import before, share_new
from streams.window import DAY, MINUTE

_MOST = 46.0
_AWAKE_DAYS = 1.0
_SLEPT_DAYS, _SURE_DAYS = 3.0, 3.0
_USED = 1.5
_A_FEW, _MANY = 2.0, 6.0
_AT_ONCE = 2.0
_LEAST_POINTS = 8.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 46 points for eight mails or more, most of them within the hour; more, the longer it is known."""
    counts = state.counts
    if counts[DAYS_3W] >= _AWAKE_DAYS or counts[HOME_AT] >= 0:
        return None
    sent = counts[SPACED_1D] + counts[STRANGE_SPACED_1D]
    if sent <= _A_FEW or before(counts, MESSAGES_3W, MESSAGES_1D) > _USED:
        return None
    days = (state.aged + counts[HOME_AT] * MINUTE) / DAY
    if days < _SLEPT_DAYS:
        return None
    points = _MOST * (1.0 - exp(-days / _SURE_DAYS)) * min(1.0, (sent - _A_FEW) / _MANY)
    new, known = counts[NEW_1D] + counts[STRANGE_NEW_1D], counts[KNOWN_1D] + counts[STRANGE_KNOWN_1D]
    points *= min(1.0, _AT_ONCE * counts[RECIPIENTS_1H] / sent) * share_new(new, known)
    if points < _LEAST_POINTS:
        return None
    return Evidence(
        rule="awakened",
        text=f"{sent:.0f} mails in a day, one by one; before, it was hardly ever used in {days:.0f} days",
        value=round(sent, 1),
        usual=0.0,
        points=round(points, 1),
    )
