"""More messages or recipients, in ten minutes, an hour or a day, than this mailbox ever usually sends.

By itself it never makes a flag: the first issue of a newsletter, or a mail to all members of a club, is one too.
"""

from math import log2

from schemas.facts import Evidence
from streams.habits import (
    DOMAINS_10M,
    MESSAGES_10M,
    RECIPIENTS_1D,
    RECIPIENTS_1H,
    RECIPIENTS_10M,
    USUAL_DOMAINS,
    USUAL_MESSAGES_10M,
    USUAL_RECIPIENTS_1D,
    USUAL_RECIPIENTS_1H,
    USUAL_RECIPIENTS_10M,
    MailboxState,
    usual,
)

_LEAST_RECIPIENTS_1H = 12.0
_LEAST_RATIO = 1.5
_POINTS_A_DOUBLING = 20.0
_MOST = 35.0
_POINTS_MANY_DOMAINS = 5.0
_SPANS = (
    (MESSAGES_10M, USUAL_MESSAGES_10M, "messages in 10 minutes"),
    (RECIPIENTS_10M, USUAL_RECIPIENTS_10M, "recipients in 10 minutes"),
    (RECIPIENTS_1H, USUAL_RECIPIENTS_1H, "recipients in an hour"),
    (RECIPIENTS_1D, USUAL_RECIPIENTS_1D, "recipients in a day"),
)


def evidence(state: MailboxState) -> Evidence | None:
    """Return 20 points for each doubling of the usual peak, at most 35, and 5 for twice the usual domains."""
    counts = state.counts
    if counts[RECIPIENTS_1H] < _LEAST_RECIPIENTS_1H and counts[RECIPIENTS_1D] < counts[USUAL_RECIPIENTS_1D]:
        return None
    if (  # a loop costs more than the rest
        counts[MESSAGES_10M] <= _LEAST_RATIO * counts[USUAL_MESSAGES_10M]
        and counts[RECIPIENTS_10M] <= _LEAST_RATIO * counts[USUAL_RECIPIENTS_10M]
        and counts[RECIPIENTS_1H] <= _LEAST_RATIO * counts[USUAL_RECIPIENTS_1H]
        and counts[RECIPIENTS_1D] <= _LEAST_RATIO * counts[USUAL_RECIPIENTS_1D]
    ):
        return None
    seen, most, what = 0.0, 1.0, ""
    for slot, usually, words in _SPANS:
        if counts[slot] <= _LEAST_RATIO * counts[usually]:
            continue
        limit = usual(counts, usually)
        if counts[slot] * most > seen * limit:
            seen, most, what = counts[slot], limit, words
    if seen < _LEAST_RATIO * most:
        return None
    points = min(_MOST, _POINTS_A_DOUBLING * log2(seen / most))
    text = f"{seen:.0f} {what}, usually at most {most:.0f}"
    domains, most_domains = counts[DOMAINS_10M], usual(counts, USUAL_DOMAINS)
    if domains > 2 * most_domains:
        points += _POINTS_MANY_DOMAINS
        text += f"; at about {domains:.0f} domains, usually at most {most_domains:.0f}"
    return Evidence(rule="burst", text=text, value=round(seen, 1), usual=round(most, 1), points=round(points, 1))
