"""One mail after the other is about as large as the one before, to new people: one text is sent again and again.

A serial letter is no sign: mails that follow within seconds are one decision, and do not count here. Nor are a shop or
a script, whose mails are always alike. But a person hardly writes two dozen letters of one size by hand. Mails from
elsewhere that were sent while nobody used the mailbox from home may be answers of an owner on holiday: they count for
less.
"""

from schemas.facts import Evidence
from streams.habits import (
    ALIKE_1D,
    ALIKE_3W,
    DAYS_3W,
    KNOWN_1D,
    NEW_1D,
    SPACED_1D,
    SPACED_3W,
    STRANGE_ALIKE_1D,
    STRANGE_KNOWN_1D,
    STRANGE_NEW_1D,
    STRANGE_SPACED_1D,
    MailboxState,
)
from streams.people import absence, before, share_new, urn

_LEAST, _HALF = 2.5, 0.5
_PRIOR, _PRIOR_MESSAGES, _HIGHEST = 0.15, 20.0, 0.95
_OWNER_STEADY, _THIEF, _THIEF_STEADY = 4.5, 0.8, 5.0
_POINTS_A_NAT, _LEAST_POINTS = 10.0, 8.0
_MOST, _MOST_ACQUAINTED, _ACQUAINTED = 40.0, 20.0, 60.0
_MOST_STRANGE = 50.0
_BY_HAND, _A_FEW, _A_DOZEN, _NEARLY_ALL, _KNOWN_DAYS = 15.0, 10.0, 12.0, 0.85, 3.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return up to 50 points for mails from elsewhere; from home 40, or 60 where its manner is well known.

    Up to 15 more where nearly all of more than ten are so.
    """
    counts = state.counts
    if not _many(counts[ALIKE_1D], counts[SPACED_1D]) and not _many(
        counts[STRANGE_ALIKE_1D], counts[STRANGE_SPACED_1D]
    ):
        return None
    spaced = before(counts, SPACED_3W, SPACED_1D)
    alike = before(counts, ALIKE_3W, ALIKE_1D)
    usual = min(_HIGHEST, (alike + _PRIOR * _PRIOR_MESSAGES) / (spaced + _PRIOR_MESSAGES))
    known = min(1.0, counts[DAYS_3W] / _KNOWN_DAYS)  # a new shop's manner is its own from the first day on
    most = _MOST + _MOST_ACQUAINTED * min(1.0, spaced / _ACQUAINTED)
    seen, of, strange, of_strange = (
        counts[slot] for slot in (ALIKE_1D, SPACED_1D, STRANGE_ALIKE_1D, STRANGE_SPACED_1D)
    )
    new = share_new(counts[NEW_1D], counts[KNOWN_1D])
    home = min(most + known * _by_hand(seen, of), _points(seen, of, usual) * new)
    new = share_new(counts[STRANGE_NEW_1D], counts[STRANGE_KNOWN_1D])
    elsewhere = min(_MOST_STRANGE + known * _by_hand(strange, of_strange), _points(strange, of_strange, usual) * new)
    points = max(home, elsewhere) * (1.0 - absence(counts))
    if points < _LEAST_POINTS:
        return None
    where = ""
    if elsewhere > home:
        seen, of, where = strange, of_strange, " from elsewhere"
    return Evidence(
        rule="alike",
        text=f"{seen:.0f} of {of:.0f} mails in a day{where} were about as large as the one before, usually {usual:.0%}",
        value=round(seen / of, 3),
        usual=round(usual, 3),
        points=round(points, 1),
    )


def _many(alike: float, spaced: float) -> bool:
    return alike >= _LEAST and alike >= _HALF * spaced


def _by_hand(alike: float, spaced: float) -> float:
    """Return how many points more there may be for nearly all of so many."""
    if alike <= _NEARLY_ALL * spaced:
        return 0.0
    return _BY_HAND * min(1.0, max(0.0, (alike - _A_FEW) / _A_DOZEN))


def _points(alike: float, spaced: float, usual: float) -> float:
    if not _many(alike, spaced):
        return 0.0
    other = max(0.0, spaced - alike)
    fit = urn(alike, other, _THIEF, _THIEF_STEADY) - urn(alike, other, usual, _OWNER_STEADY)
    return max(0.0, _POINTS_A_NAT * fit)
