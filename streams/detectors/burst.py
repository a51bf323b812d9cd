"""More messages or recipients, in ten minutes or in an hour, than this mailbox ever usually sends.

By itself it never makes a flag: the first issue of a newsletter, or a mail to all members of a club, is one too.
"""

from math import log2

from schemas.facts import Evidence
from streams.habits import (
    DOMAINS_10M,
    MESSAGES_10M,
    PRIORS,
    RECIPIENTS_1H,
    RECIPIENTS_10M,
    USUAL_DOMAINS,
    USUAL_MESSAGES_10M,
    USUAL_RECIPIENTS_1H,
    USUAL_RECIPIENTS_10M,
    MailboxState,
    usual,
)

_LEAST_RATIO = 1.5
_LEAST_MESSAGES, _LEAST_RECIPIENTS = _LEAST_RATIO * PRIORS[0], _LEAST_RATIO * PRIORS[1]
_POINTS_A_DOUBLING = 20.0
_MOST = 55.0
_POINTS_MANY_DOMAINS = 10.0
_SPANS = (
    (MESSAGES_10M, USUAL_MESSAGES_10M, "messages in 10 minutes"),
    (RECIPIENTS_10M, USUAL_RECIPIENTS_10M, "recipients in 10 minutes"),
    (RECIPIENTS_1H, USUAL_RECIPIENTS_1H, "recipients in an hour"),
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return 20 points for each doubling of the usual peak, at most 55, and 10 for twice the usual domains."""
    counts = state.counts
    if (
        counts[MESSAGES_10M] < _LEAST_MESSAGES
        and counts[RECIPIENTS_10M] < _LEAST_RECIPIENTS
        and counts[RECIPIENTS_1H] < _LEAST_RECIPIENTS
    ):
        return None
    seen, most, what = max(
        ((counts[slot], usual(counts, usually), what) for slot, usually, what in _SPANS),
        key=lambda row: row[0] / row[1],
    )
    if seen < _LEAST_RATIO * most:
        return None
    points = min(_MOST, _POINTS_A_DOUBLING * log2(seen / most))
    text = f"{seen:.0f} {what}, usually at most {most:.0f}"
    domains, most_domains = counts[DOMAINS_10M], usual(counts, USUAL_DOMAINS)
    if domains > 2 * most_domains:
        points += _POINTS_MANY_DOMAINS
        text += f"; at about {domains:.0f} domains, usually at most {most_domains:.0f}"
    return Evidence(rule="burst", text=text, value=round(seen, 1), usual=round(most, 1), points=round(points, 1))
