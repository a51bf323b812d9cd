"""How far a share of the final answers exceeds what is usual for a mailbox, in an hour and in a day."""

from math import log, log2
from typing import TYPE_CHECKING

import msgspec

from schemas.facts import Evidence

if TYPE_CHECKING:
    from array import array


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the answers, and from when on it is odd.

    `spans` are slots of what was seen and of the answers with the span in words, the longest last; `of_weeks` slots
    likewise.

    `name` is the rule's, `text` its sentence with `share`, `answers`, `span` and `usual` to be filled in.
    `prior` is the share of a mailbox of which nothing is known; up to `tolerated` (or 1.5 times the usual share) nobody
    is blamed. Beyond it gives 45 points a doubling, at most `most`, but not more than how unlikely it is by chance:
    eight points a nat. From a `blatant` share to twice that, and up to forty seen, up to `more` points come on top.
    """

    name: str
    text: str
    spans: tuple[tuple[int, int, str], ...]
    of_weeks: tuple[int, int]
    prior: float
    tolerated: float
    most: float
    blatant: float = 1.0
    more: float = 0.0


_TIMES_USUAL = 1.5
_PRIOR_ANSWERS = 100.0
_LEAST = 1.5
_MANY = 40.0
_POINTS_A_DOUBLING = 45.0
_POINTS_A_NAT = 8.0


def evidence(counts: "array[float]", rule: Rule) -> Evidence | None:
    """Return what the worse of the hour's share and the day's tells, None where neither is odd."""
    if counts[rule.spans[-1][0]] < _LEAST:
        return None
    found = [
        each
        for slot, answers, span in rule.spans
        if (each := _of_span(counts, rule, counts[slot], counts[answers], span)) is not None
    ]
    return max(found, key=lambda each: each[0])[1] if found else None


def _of_span(
    counts: "array[float]", rule: Rule, seen: float, answers: float, span: str
) -> tuple[float, Evidence] | None:
    if seen < _LEAST:
        return None
    # The span itself is taken out of the baseline, or a burst would soon call itself usual.
    before = max(0.0, counts[rule.of_weeks[1]] - answers)
    seen_before = max(0.0, counts[rule.of_weeks[0]] - seen)
    usual = (seen_before + rule.prior * _PRIOR_ANSWERS) / (before + _PRIOR_ANSWERS)
    share = min(1.0, seen / answers)
    tolerated = max(rule.tolerated, _TIMES_USUAL * usual)
    if share <= tolerated:
        return None
    # How unlikely so many are by chance (the deviance of a Poisson count), and how far the share is beyond.
    nats = seen * log(share / tolerated) - (seen - answers * tolerated)
    most = rule.most + rule.more * min(1.0, max(0.0, share / rule.blatant - 1.0)) * min(1.0, seen / _MANY)
    points = min(most, _POINTS_A_NAT * nats, _POINTS_A_DOUBLING * log2(share / tolerated))
    if points < 1.0:
        return None
    return points, Evidence(
        rule=rule.name,
        text=rule.text.format(share=share, answers=answers, span=span, usual=usual),
        value=round(share, 3),
        usual=round(usual, 3),
        points=round(points, 1),
    )
