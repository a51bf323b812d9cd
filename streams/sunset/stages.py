"""Into which stages the mailboxes of a sunset fall, at first and in a plan that follows another.

A mailbox belongs to a stage by how its address begins, as `key_of` spells it. The cuts lie where the addresses of those
who use the old way divide into even shares: at the first letter where that is near enough, else at two, or as many as
it takes, beyond the @ too. So no name that many have (info@, a tenth of a hoster's mailboxes) is too large for a stage.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from schemas.sunset_events import Stage
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.laying import Calendar, Laid, Wish
from streams.sunset.ledger import Ledger
from streams.sunset.stepping import paused, step_of

_TOLERANCE = 0.05
_BEYOND = "\x7f"
_END = "\x80"
_CUT = re.compile(r"[a-z0-9@._+-]+")
_HIDDEN = re.compile(r"[^!-~]")


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


def plan(
    name: str, sunset: Sunset, mailboxes: Collection[str], at: int, ledger: Ledger | None = None
) -> tuple[Stage, ...]:
    """Return the stages of these users of the old way; fewer than `count` where there are fewer mailboxes.

    By its `ledger` what is closed or rolled back keeps its number and its cuts, and all else is divided anew among the
    stages that are left; a brown-out that runs is over with it. ValueError where nobody is known, a stage is paused, or
    the first would go off in the past; once any stage went off, a plan begins at the next moment at which it may.
    """
    rules, ledger = sunset.stages, ledger or Ledger()
    if rules is None:
        raise ValueError(f"sunset.{name}.stages: there is no such table, so there is nothing to plan")
    kept = _kept(name, ledger)
    parts = _divided(name, sorted({key_of(mailbox) for mailbox in mailboxes}), rules.count - len(kept), kept)
    closed = [Laid(stage.brownouts, ledger.steps[stage.number].at) for stage in kept if _closed(ledger, stage)]
    laid = _laid(name, sunset, len(parts), closed, at if ledger.steps else None)
    first = _first_number(ledger)
    planned = [
        replace(part, number=number, brownouts=moments.brownouts, closes=moments.closes)
        for number, (part, moments) in enumerate(zip(parts, laid, strict=True), first)
    ]
    return tuple(sorted((*kept, *(_coming(name, stage, at) for stage in planned)), key=lambda stage: stage.first))


def _laid(name: str, sunset: Sunset, count: int, closed: Sequence[Laid], after: int | None) -> list[Laid]:
    """Return when so many stages go off. ValueError where no calendar has a day for that."""
    rules = sunset.stages or Stages()
    calendar = Calendar(sunset, rules)
    try:
        return calendar.lay([Wish(calendar.begin, len(rules.brownout_days), after)] * count, closed)
    except OverflowError:
        day = rules.first_day or sunset.ends
        raise ValueError(
            f"sunset.{name}.stages.first_day: {day} is so late that stages would close after 9999"
        ) from None


def _kept(name: str, ledger: Ledger) -> list[Stage]:
    """Return the stages that a new plan leaves as they are. ValueError where one that is paused holds all."""
    if (holding := paused(ledger)) is not None:
        raise ValueError(f"stage {holding} of {name} is paused, and holds all: resume it or roll it back, then plan")
    return [stage for stage in ledger.stages if step_of(ledger, stage.number) in {"closed", "rolled_back"}]


def _closed(ledger: Ledger, stage: Stage) -> bool:
    return step_of(ledger, stage.number) == "closed"


def _first_number(ledger: Ledger) -> int:
    """Return from which number on new stages count: what was told of a stage that went off is told of no other."""
    numbers = [stage.number for stage in ledger.stages]
    return max(numbers) + 1 if ledger.steps else min(numbers, default=1)


def _coming(name: str, stage: Stage, at: int) -> Stage:
    """Return a stage whose moments are to come. ValueError where one is not."""
    begins = min((brownout.begins for brownout in stage.brownouts), default=stage.closes)
    if begins <= at:
        what = "has a brown-out" if stage.brownouts else "closes"
        raise ValueError(f"sunset.{name}.stages.first_day: stage {stage.number} {what} in the past: choose a later day")
    return stage


def _divided(name: str, keys: Sequence[str], count: int, kept: Sequence[Stage]) -> list[Stage]:
    """Return what is not `kept` in so many stages of even shares, or as many as it takes. ValueError where none is."""
    gaps = list(_gaps(kept))
    if not gaps:
        raise ValueError(f"sunset.{name}: all stages are closed or rolled back, so there is nothing to plan")
    held = [keys[bisect_left(keys, first) : bisect_left(keys, beyond) if beyond else None] for first, beyond in gaps]
    total = sum(map(len, held))
    if not total:
        raise ValueError(f"sunset.{name}: nobody is known to use it, so there are no shares to be made even")
    found = []
    for (first, beyond), part, number in zip(gaps, held, _shared(list(map(len, held)), count), strict=True):
        for (begin, start), (before, end) in pairwise([(first, 0), *_cuts(part, number), (beyond, len(part))]):
            share = round((end - start) / total, 6)
            found.append(Stage(number=0, first=begin, beyond=before, share=share, mailboxes=end - start))
    return found


def _gaps(kept: Sequence[Stage]) -> Iterator[tuple[str, str]]:
    """Yield where the addresses begin that no kept stage has, and before what they end; `kept` are in order."""
    begin: str | None = ""
    for stage in kept:
        if begin != stage.first:
            yield begin or "", stage.first
        begin = stage.beyond or None
    if begin is not None:
        yield begin, ""


def _shared(mailboxes: Sequence[int], count: int) -> list[int]:
    """Return in how many stages each gap falls: one at least, then one more for the largest share, again and again."""
    found = [1] * len(mailboxes)
    while sum(found) < count:
        largest = max(range(len(found)), key=lambda place: mailboxes[place] / found[place])
        if mailboxes[largest] <= found[largest]:
            break
        found[largest] += 1
    return found


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
