"""More recipients, in ten minutes or in an hour, than this mailbox usually writes to; worse when over many domains."""

from math import log2

from schemas.facts import Evidence
from streams.habits import (
    DOMAINS_10M,
    PRIORS,
    RECIPIENTS_1H,
    RECIPIENTS_10M,
    USUAL_DOMAINS,
    USUAL_RECIPIENTS_1H,
    USUAL_RECIPIENTS_10M,
    MailboxState,
    usual,
)

_LEAST_RATIO = 1.5
_LEAST = _LEAST_RATIO * PRIORS[1]
_POINTS_A_DOUBLING = 20.0
_MOST = 60.0
_POINTS_MANY_DOMAINS = 15.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 20 points for each doubling of the usual peak, at most 60, and 15 for twice the usual domains."""
    counts = state.counts
    if counts[RECIPIENTS_10M] < _LEAST and counts[RECIPIENTS_1H] < _LEAST:
        return None
    seen, most, span = max(
        (
            (counts[RECIPIENTS_10M], usual(counts, USUAL_RECIPIENTS_10M), "10 minutes"),
            (counts[RECIPIENTS_1H], usual(counts, USUAL_RECIPIENTS_1H), "an hour"),
        ),
        key=lambda row: row[0] / row[1],
    )
    if seen < _LEAST_RATIO * most:
        return None
    points = min(_MOST, _POINTS_A_DOUBLING * log2(seen / most))
    text = f"{seen:.0f} recipients in {span}, usually at most {most:.0f}"
    domains, most_domains = counts[DOMAINS_10M], usual(counts, USUAL_DOMAINS)
    if domains > 2 * most_domains:
        points += _POINTS_MANY_DOMAINS
        text += f"; at about {domains:.0f} domains, usually at most {most_domains:.0f}"
    return Evidence(
        rule="recipient_burst", text=text, value=round(seen, 1), usual=round(most, 1), points=round(points, 1)
    )
