"""Whether recipients fit the owner of a mailbox, or somebody who writes to people whom the mailbox does not know.

The share of new recipients that is usual is only known about, the less the fewer there were: so both the owner and
the thief draw from an urn of uncertain share (beta-binomial), and ten new ones in a row are less than ten times as
telling as one. Most thieves bring a list of their own; some write to the mailbox's own contacts, too.
"""

from math import exp, lgamma, log
from typing import TYPE_CHECKING

from streams.habits import (
    ABSENT_1D,
    DAYS_3W,
    KNOWN_3W,
    MESSAGES_1D,
    NEW_1D,
    NEW_3W,
    NEW_DOMAINS_1D,
    NEW_DOMAINS_3W,
    STRANGE_NEW_1D,
)

if TYPE_CHECKING:
    from array import array

_OWNER_STEADY = 5.0
_THIEF_STEADY = 30.0
_THIEF_NEW = 0.97
_CONTACTS, _CONTACTS_NEW, _CONTACTS_STEADY = 0.15, 0.6, 3.0
_YOUNG, _FADED = 3.5, 0.5
_A_MESSAGE = 2.0
_DAYS, _RECIPIENTS = 5.0, 40.0
_THIEF_DOMAINS, _STEADY, _MOST_DOMAINS = 0.6, 4.0, 1.2


def before(counts: "array[float]", weeks: int, day: int) -> float:
    """Return what a slot of weeks holds from before what a slot of a day does.

    Both fade, so that what was seen hours ago is whole in the weeks' still, not in the day's. In a mailbox known for a
    week half as much again is taken off, or who sends slowly would call himself usual; a younger one has no more.
    """
    recently = 1.0 + _FADED * min(1.0, max(0.0, (counts[DAYS_3W] - _YOUNG) / _YOUNG))
    return max(0.0, counts[weeks] - recently * counts[day])


def acquainted(counts: "array[float]") -> float:
    """Return how well a mailbox's company is known, 0 to 1: by the days it was there, and whom it wrote to."""
    days: float = counts[DAYS_3W]
    written: float = counts[NEW_3W] + counts[KNOWN_3W]
    return min(days / (days + _DAYS), written / (written + _RECIPIENTS))


def share_new(new: float, known: float) -> float:
    """Return which share of so many recipients is new, 0 where there are none."""
    return new / max(1.0, new + known)


def nats(new: float, known: float, messages: float, share: float, chance: float) -> float:
    """Return by how much the recipients of `messages` fit a thief better than the owner, below 0: worse.

    `share` of the owner's recipients are new; `chance` is how likely a new one looks known. The recipients of one
    message count as two at most.
    """
    total = new + known
    if not total:
        return 0.0
    weight = min(1.0, _A_MESSAGE * messages / total)
    thief = max(0.01, min(_THIEF_NEW * (1.0 - chance), 0.99))
    owner = min(max(share, 0.02), 0.98)
    new, known = new * weight, known * weight
    bought, stolen = urn(new, known, thief, _THIEF_STEADY), urn(new, known, _CONTACTS_NEW, _CONTACTS_STEADY)
    likelier = max(bought, stolen)
    mixed = likelier + log((1.0 - _CONTACTS) * exp(bought - likelier) + _CONTACTS * exp(stolen - likelier))
    return mixed - urn(new, known, owner, _OWNER_STEADY)


def absence(counts: "array[float]") -> float:
    """Return, 0 to 1, how much of a day's mail went out slowly while nobody read the mailbox at home.

    So do the answers of a program for an owner on holiday. What counts is how it was when they went out: that somebody
    sleeps, or wakes, changes nothing of what was sent before.
    """
    return min(1.0, counts[ABSENT_1D] / max(1.0, counts[MESSAGES_1D]))


def domains(counts: "array[float]") -> tuple[float, float, float]:
    """Return of the day's new recipients those at domains never written to, the usual share, and what it tells in nats.

    Never below 0: a thief may write to the customers of one big provider only.
    """
    new = counts[NEW_1D] + counts[STRANGE_NEW_1D]
    seen = min(new, counts[NEW_DOMAINS_1D])
    before = max(0.0, counts[NEW_DOMAINS_3W] - counts[NEW_DOMAINS_1D])
    usual = min(0.98, (before + 2.0) / (max(before, counts[NEW_3W] - counts[NEW_1D]) + 4.0))
    told = urn(seen, new - seen, _THIEF_DOMAINS, _STEADY) - urn(seen, new - seen, usual, _STEADY)
    return seen, usual, max(0.0, min(_MOST_DOMAINS, told)) * acquainted(counts)


def urn(first: float, second: float, share: float, steady: float) -> float:
    """Return the logarithm of the chance of one such row of draws: `share` are of the first kind, about.

    The smaller `steady` is, the less sure the share.
    """
    a, b = share * steady, (1.0 - share) * steady
    drawn = lgamma(a + first) - lgamma(a) + lgamma(b + second) - lgamma(b)
    return drawn + lgamma(steady) - lgamma(steady + first + second)
