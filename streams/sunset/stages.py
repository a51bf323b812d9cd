"""Into which stages the mailboxes of a sunset fall, and when each is off.

A mailbox belongs to a stage by how its address begins, as `key_of` spells it. The cuts lie where the addresses of those
who use the old way divide into even shares: at the first letter where that is near enough, else at two, or as many as
it takes, beyond the @ too. So no name that many have (info@, a tenth of a hoster's mailboxes) is too large for a stage.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from schemas.sunset_events import Brownout, Stage
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.weeks import HOUR, start_of

_TOLERANCE = 0.05
_BEYOND = "\x7f"
_END = "\x80"
_CUT = re.compile(r"[a-z0-9@._+-]+")
_HIDDEN = re.compile(r"[^!-~]")
_FRIDAY = 4


def key_of(mailbox: str) -> str:
    """Return by what a mailbox is sorted: its address in lower case; what is no visible ASCII sorts behind all else.

    Only ASCII has cases here: some letters of other scripts become ASCII in lower case, and no MTA sees that.

    So a regular expression can tell what is sorted behind a cut, byte by byte in any locale (`streams.switches._cuts`).
    """
    return _HIDDEN.sub(_BEYOND, mailbox.strip()).lower()


def stage_of(stages: Sequence[Stage], mailbox: str) -> Stage:
    """Return the stage of a mailbox. The mail without a sender (`<>`) belongs to the last: it cannot be told apart."""
    key = key_of(mailbox)
    if key in {"", "<>"}:
        return stages[-1]
    return stages[bisect_right([stage.first for stage in stages], key) - 1]


def plan(name: str, sunset: Sunset, mailboxes: Collection[str], at: int) -> tuple[Stage, ...]:
    """Return the stages of these users of the old way; fewer than `count` where there are fewer mailboxes.

    ValueError where nobody is known, a brown-out would meet another or the close, or the first lies in the past.
    """
    stages = sunset.stages
    if stages is None:
        raise ValueError(f"sunset.{name}.stages: there is no such table, so there is nothing to plan")
    keys = sorted({key_of(mailbox) for mailbox in mailboxes})
    if not keys:
        raise ValueError(f"sunset.{name}: nobody is known to use it, so there are no shares to be made even")
    cuts = [("", 0), *_cuts(keys, stages.count), ("", len(keys))]
    closes = _closes(sunset, stages, len(cuts) - 1)
    planned = []
    for number, ((first, start), (beyond, end)) in enumerate(pairwise(cuts), 1):
        day, hour = closes[number - 1]
        stage = Stage(
            number=number,
            first=first,
            beyond=beyond,
            share=round((end - start) / len(keys), 6),
            mailboxes=end - start,
            brownouts=tuple(_brownouts(sunset, stages, day, hour)),
            closes=start_of(sunset, day, hour),
        )
        planned.append(_sound(name, stage, at))
    return tuple(planned)


def _cuts(keys: Sequence[str], count: int) -> Iterator[tuple[str, int]]:
    """Yield where each stage but the first begins: the prefix, and how many keys sort before it."""
    before = 0
    near = max(1.0, len(keys) / count * _TOLERANCE)
    for number in range(1, count):
        prefix, place = _cut(keys, number * len(keys) / count, near)
        if before < place < len(keys):
            yield prefix, place
            before = place


def _cut(keys: Sequence[str], wanted: float, near: float) -> tuple[str, int]:
    """Return the shortest prefix near enough to the wanted place, else the nearest of all."""
    middle = keys[min(int(wanted), len(keys) - 1)]
    best = ("", 0)
    for length in range(1, len(middle) + 1):
        below = middle[:length]
        above = bisect_left(keys, f"{below}{_END}")
        found = [(below, bisect_left(keys, below))]
        if above < len(keys):
            found.append((keys[above][:length], above))
        for prefix, place in found:
            if _CUT.fullmatch(prefix) and abs(place - wanted) < abs(best[1] - wanted):
                best = (prefix, place)
        if abs(best[1] - wanted) <= near:
            break
    return best


def _closes(sunset: Sunset, stages: Stages, count: int) -> list[tuple[date, int]]:
    """Return the day and hour at which each stage closes."""
    day, hour = stages.first_day or sunset.ends, stages.first_hour
    found: list[tuple[date, int]] = []
    while len(found) < count:
        if hour > stages.last_hour:
            day, hour = day + timedelta(days=1), stages.first_hour
        while stages.weekdays_only and day.weekday() > _FRIDAY:
            day, hour = day + timedelta(days=1), stages.first_hour
        found.append((day, hour))
        hours = max(hour, stages.first_hour) + stages.hours_apart
        day, hour = day + timedelta(days=hours // 24), max(hours % 24, stages.first_hour)
    return found


def _brownouts(sunset: Sunset, stages: Stages, closes: date, hour: int) -> Iterator[Brownout]:
    """Yield the brown-outs before a close, at its hour; one of a weekend is on the Friday before."""
    for hours, days in zip(stages.brownout_hours, stages.brownout_days, strict=True):
        day = closes - timedelta(days=days)
        while stages.weekdays_only and day.weekday() > _FRIDAY:
            day -= timedelta(days=1)
        begins = start_of(sunset, day, hour)
        yield Brownout(begins=begins, ends=begins + int(hours * HOUR))


def _sound(name: str, stage: Stage, at: int) -> Stage:
    """Return a stage whose moments are in order and to come. ValueError says which are not."""
    moments = [moment for brownout in stage.brownouts for moment in (brownout.begins, brownout.ends)]
    if any(one >= other for one, other in pairwise((*moments, stage.closes))):
        raise ValueError(f"sunset.{name}.stages.brownout_days: stage {stage.number} has two brown-outs at once")
    if min((*moments, stage.closes)) <= at:
        what = "has a brown-out" if moments else "closes"
        raise ValueError(f"sunset.{name}.stages.first_day: stage {stage.number} {what} in the past: choose a later day")
    return stage
