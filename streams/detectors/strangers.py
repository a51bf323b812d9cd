"""Somebody sends from a network that is not familiar, to people this mailbox never wrote to.

An owner on a journey, with a new telephone or in a new office writes to some people whom the mailbox knows; a thief
writes to none of them. So the recipients of such messages are held against both: how well do they fit the owner, whose
share of new recipients is known, and how well a thief? To that comes how seldom this mailbox has a new network at all,
how many it has now, and whether more is sent from there than its owner usually sends.
"""

from math import exp, lgamma, log

from schemas.facts import Evidence
from streams.familiar import chance
from streams.habits import (
    DAYS_3W,
    FRESH,
    FRESH_DAYS_3W,
    KNOWN_3W,
    MESSAGES_3W,
    NEW_3W,
    STRANGE_1D,
    STRANGE_AT,
    STRANGE_KNOWN_1D,
    STRANGE_NEW_1D,
    USUAL_FRESH,
    MailboxState,
    since,
    usual,
)
from streams.window import DAY

_FADES = DAY
_POINTS_A_NAT = 10.0
_MOST = 120.0
_LEAST_POINTS = 10.0
_LEAST_MESSAGES = 1.5
_OWNER_STEADY = 5.0
_THIEF_STEADY = 30.0
_THIEF_NEW = 0.97
_A_MESSAGE = 2.0
_MOST_NETWORK, _MOST_NETWORKS, _MOST_VOLUME = 4.0, 5.0, 3.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return ten points a nat of evidence for a thief, at most 120, fading in silence; none in its first day."""
    counts = state.counts
    messages = counts[STRANGE_1D]
    if messages < _LEAST_MESSAGES:
        return None
    new, known = counts[STRANGE_NEW_1D], counts[STRANGE_KNOWN_1D]
    share = (counts[NEW_3W] + 2.0) / (counts[NEW_3W] + counts[KNOWN_3W] + 4.0)
    people = _people(new, known, messages, share, chance(state))
    days = counts[DAYS_3W]
    network = min(_MOST_NETWORK, -log((counts[FRESH_DAYS_3W] + 1.0) / (days + 4.0)))
    most = usual(counts, USUAL_FRESH)
    networks = min(_MOST_NETWORKS, max(0.0, 2.0 * log(max(counts[FRESH], 1.0) / (1.5 * most))))
    a_day = counts[MESSAGES_3W] / max(days, 1.0)
    volume = min(_MOST_VOLUME, max(0.0, log(messages / (1.0 + 1.5 * a_day))))
    points = min(_MOST, _POINTS_A_NAT * (people + network + networks + volume))
    points *= exp(-since(state, STRANGE_AT) / _FADES)
    if points < _LEAST_POINTS:
        return None
    places = "networks" if round(counts[FRESH]) > 1 else "network"
    return Evidence(
        rule="strangers",
        text=f"{messages:.0f} messages in a day from {max(counts[FRESH], 1.0):.0f} {places} not used before (usually at"
        f" most {most:.0f}), to {new:.0f} new and {known:.0f} known recipients (usually {share:.0%} new)",
        value=round(new / max(new + known, 1.0), 3),
        usual=round(share, 3),
        points=round(points, 1),
    )


def _people(new: float, known: float, messages: float, share: float, chance_known: float) -> float:
    """Return the nats by which the recipients fit a thief better than the owner.

    Both draw from an urn whose share of new recipients is uncertain (beta-binomial): ten new ones in a row are less
    than ten times as telling as one. The recipients of one message count as two at most.
    """
    total = new + known
    if not total:
        return 0.0
    weight = min(1.0, _A_MESSAGE * messages / total)
    new, known = new * weight, known * weight
    thief = min(_THIEF_NEW * (1.0 - chance_known), 0.99)
    owner = min(max(share, 0.02), 0.98)
    return _urn(new, known, max(thief, 0.01), _THIEF_STEADY) - _urn(new, known, owner, _OWNER_STEADY)


def _urn(new: float, known: float, share: float, steady: float) -> float:
    """Return the logarithm of the chance of one such row of new and known draws."""
    a, b = share * steady, (1.0 - share) * steady
    drawn = lgamma(a + new) - lgamma(a) + lgamma(b + known) - lgamma(b)
    return drawn + lgamma(steady) - lgamma(steady + new + known)
