"""More messages or recipients than this mailbox ever usually sends: in ten minutes, an hour, a day, or at such times.

Such times are the quarters of a workday or of a day at the weekend (`streams.week`): an office that mails on Sunday
night is a burst even where its Monday mornings are busier. And mails to new people that are sent one by one, not in a
run as programs do it, are held against the usual day's.

By itself it never makes a flag: the first issue of a newsletter, or a mail to all members of a club, is one too.
"""

from collections.abc import Iterator
from math import exp, log2

from schemas.facts import Evidence
from streams import people, week
from streams.habits import (
    DAYS_3W,
    DOMAINS_10M,
    KNOWN_1D,
    MESSAGES_10M,
    NEW_1D,
    RECIPIENTS_1D,
    RECIPIENTS_1H,
    RECIPIENTS_10M,
    SPACED_1D,
    SPACED_3W,
    STRANGE_KNOWN_1D,
    STRANGE_NEW_1D,
    STRANGE_SPACED_1D,
    USUAL_DOMAINS,
    USUAL_MESSAGES_10M,
    USUAL_RECIPIENTS_1D,
    USUAL_RECIPIENTS_1H,
    USUAL_RECIPIENTS_10M,
    WEEKENDS_USUAL,
    WORKDAYS_USUAL,
    MailboxState,
    usual,
)

_LEAST = 8.0
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
_MOST_SOFT = 29.0  # of what was not seen beyond the peaks: with `alike` from elsewhere it makes no flag
_LEAST_AT_SUCH_TIMES, _LEAST_DAYS = 10.0, 7.0
_LEAST_DAYS_ONE_BY_ONE = 0.9
_LEAST_ONE_BY_ONE, _LEAST_NEW, _ACQUAINTED_DAYS, _A_DAY = 6.0, 10.0, 3.0, 3.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 20 points for each doubling of the usual peak, at most 35, and 5 for twice the usual domains.

    At most 29 for such times, and for mails one by one.
    """
    counts = state.counts
    if counts[RECIPIENTS_1H] < _LEAST and counts[RECIPIENTS_1D] < counts[USUAL_RECIPIENTS_1D]:
        return None
    found = [
        (min(cap, _POINTS_A_DOUBLING * log2(seen / most)), seen, most, what)
        for seen, most, cap, what in _spans(state)
        if seen >= _LEAST_RATIO * most
    ]
    if not found:
        return None
    points, seen, most, what = max(found)
    text = f"{seen:.0f} {what}, usually at most {most:.0f}"
    domains, most_domains = counts[DOMAINS_10M], usual(counts, USUAL_DOMAINS)
    if domains > 2 * most_domains:
        points += _POINTS_MANY_DOMAINS
        text += f"; at about {domains:.0f} domains, usually at most {most_domains:.0f}"
    return Evidence(rule="burst", text=text, value=round(seen, 1), usual=round(most, 1), points=round(points, 1))


def _spans(state: MailboxState) -> Iterator[tuple[float, float, float, str]]:
    """Yield what was seen, what is usual at most, the most points, and in what span, where it is more than usual."""
    counts = state.counts
    days, at_such_times = counts[DAYS_3W], 0.0
    over = [span for span in _SPANS if counts[span[0]] > _LEAST_RATIO * counts[span[1]]]
    busy = counts[RECIPIENTS_1H] > _LEAST_AT_SUCH_TIMES
    if (over or busy) and days >= _LEAST_DAYS:
        levels = counts[WEEKENDS_USUAL if week.is_weekend(state.aged) else WORKDAYS_USUAL]
        at_such_times = week.peak(levels, state.aged)
    for slot, usually, words in over:
        yield counts[slot], max(at_such_times, usual(counts, usually)), _MOST, words
    if busy and days >= _LEAST_DAYS:
        most = max(_LEAST_AT_SUCH_TIMES, at_such_times)
        yield counts[RECIPIENTS_1H], most, _MOST_SOFT, f"recipients in an hour {week.named(state.aged)}"
    spaced = counts[SPACED_1D] + counts[STRANGE_SPACED_1D]
    least = _LEAST_ONE_BY_ONE + _LEAST_NEW * exp(-days / _ACQUAINTED_DAYS)
    if spaced > least and days >= _LEAST_DAYS_ONE_BY_ONE:  # a new shop's first day is all there is of it
        new = counts[NEW_1D] + counts[STRANGE_NEW_1D]
        known = counts[KNOWN_1D] + counts[STRANGE_KNOWN_1D]
        spaced *= people.share_new(new, known) * (1.0 - people.absence(counts))
        a_day = people.before(counts, SPACED_3W, SPACED_1D) / max(1.0, days)
        yield spaced, max(least, _A_DAY * a_day), _MOST_SOFT, "mails to new people in a day, one by one"
