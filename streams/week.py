"""How much a mailbox usually sends at such times of the week: four quarters of a workday, four of a day at the weekend.

A shop's or a newsletter's mailbox has its days, an office none at the weekend. A quarter's usual peak (recipients in an
hour) is kept as a level of six bits, a quarter of a doubling each, so that the four fit into one 32-bit float exactly.
All times are UTC: what a mailbox does then is its own.
"""

from math import log2

from streams.window import DAY, HOUR, MINUTE

_QUARTER = 6 * HOUR
_SOON = 90 * MINUTE  # who sends at six today sends at half past five tomorrow
_BITS, _HIGHEST = 6, 63
_BEHIND = 1  # of the present half day's two levels: six bits for something else (streams.habits.NOW)
_LEVELS = 4
_BEGINNING, _GROWTH = 16, 12  # levels: 15 recipients, and three doublings
_THURSDAY, _MONDAY, _SATURDAY = 3, 0, 5


def weekday(at: int) -> int:
    """Return the day of the week, Monday is 0."""
    return (at // DAY + _THURSDAY) % 7


def noted(now: float, at: int, peak: float) -> int:
    """Return the present half day's levels with a peak that was reached at a time."""
    shift = _BITS * (at // _QUARTER % 2 + _BEHIND)
    level = min(_HIGHEST, int(_LEVELS * log2(1.0 + peak)))
    known = int(now)
    return known if level <= known >> shift & _HIGHEST else known & ~(_HIGHEST << shift) | level << shift


def learnt(usual: float, now: float, half_day: int) -> int:
    """Return what is usual after a half day (its beginning is told) with these levels.

    It falls once a week, and at most grows eightfold at once, so that no single issue or thief is usual the next day.
    """
    first, found = half_day // _QUARTER % 4, int(usual)
    fades = weekday(half_day) in {_MONDAY, _SATURDAY}
    for place in range(2):
        shift = _BITS * (first // 2 * 2 + place)
        before = found >> shift & _HIGHEST
        most = min(_HIGHEST, max(before, _BEGINNING) + _GROWTH)
        level = max(min(most, int(now) >> _BITS * (place + _BEHIND) & _HIGHEST), before - fades, 0)
        found = found & ~(_HIGHEST << shift) | level << shift
    return found


def is_weekend(at: int) -> bool:
    """Tell whether it is Saturday or Sunday."""
    return weekday(at) >= _SATURDAY


def peak(usual: float, at: int) -> float:
    """Return the usual peak of such times, 0 where it never sent then."""
    quarters = {(at + shift) // _QUARTER % 4 for shift in (-_SOON, 0, _SOON)}
    level = max(int(usual) >> _BITS * quarter & _HIGHEST for quarter in quarters)
    return float(2.0 ** ((level + 1) / _LEVELS) - 1.0) if level else 0.0


def named(at: int) -> str:
    """Return such times in words."""
    hour = at // _QUARTER % 4 * 6
    day = "at a weekend" if is_weekend(at) else "on a workday"
    return f"{day} between {hour:02}:00 and {hour + 6:02}:00 UTC"
