"""How far a share of the final answers exceeds what is usual for a mailbox, in an hour and in a day."""

from typing import TYPE_CHECKING

import msgspec

from streams.habits import ANSWERS_1D, ANSWERS_1H, ANSWERS_3W

if TYPE_CHECKING:
    from array import array


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the answers (`of_hour`, `of_day`, `of_weeks` are its slots), and from when on it is odd.

    It begins at `least_share` and at three times the usual share, with `least` answers; the points, `base` at first
    and `a_share` for each whole share beyond, count fully from `sure` answers on. `prior` is the share of a mailbox
    of which nothing is known.
    """

    of_hour: int
    of_day: int
    of_weeks: int
    prior: float
    least_share: float
    base: float
    a_share: float
    most: float
    least: float = 4.5
    sure: float = 15.0


class Excess(msgspec.Struct, frozen=True):
    """A share beyond the usual one: of how many answers in which span, what is usual, and the points."""

    share: float
    answers: float
    span: str
    usual: float
    points: float


_TIMES_USUAL = 3.0
_PRIOR_ANSWERS = 100.0


def excess(counts: "array[float]", rule: Rule) -> Excess | None:
    """Return the worse of the hour's excess and the day's, None where there is none."""
    if counts[rule.of_day] < rule.least:
        return None
    found = [
        each
        for slot, answers, span in ((rule.of_hour, ANSWERS_1H, "an hour"), (rule.of_day, ANSWERS_1D, "a day"))
        if (each := _of_span(counts, rule, counts[slot], counts[answers], span)) is not None
    ]
    return max(found, key=lambda each: each.points) if found else None


def _of_span(counts: "array[float]", rule: Rule, seen: float, answers: float, span: str) -> Excess | None:
    if seen < rule.least:
        return None
    # The span itself is taken out of the baseline, or a burst would soon call itself usual.
    before = max(0.0, counts[ANSWERS_3W] - answers)
    seen_before = max(0.0, counts[rule.of_weeks] - seen)
    usual = (seen_before + rule.prior * _PRIOR_ANSWERS) / (before + _PRIOR_ANSWERS)
    share = min(1.0, seen / answers)
    least = max(rule.least_share, _TIMES_USUAL * usual)
    if share < least:
        return None
    points = min(1.0, seen / rule.sure) * min(rule.most, rule.base + rule.a_share * (share - least))
    return Excess(share, answers, span, usual, points)
