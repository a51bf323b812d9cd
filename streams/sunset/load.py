"""Whether the stages at work are too much for support: tickets, refused senders and failed logins of an hour.

A load that is not known is not a small one: as long as one that has a limit is unknown no stage goes off, and what is
off stays so, since support can still take it back by hand. Brown-outs end all the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from schemas.facts import Evidence
from schemas.stage_steps import HELD
from schemas.sunset_events import Stage, StageStepped
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger, Step
from streams.sunset.stages import stage_of
from streams.sunset.stepping import is_off, paused, stepped
from streams.sunset.weeks import HOUR

_FEW_FAILURES = 20.0


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one hour held; None is what nobody knows, and `why` says so.

    `refused` are different senders, or `whom` else, by the number of their stage. `usual` is how many logins fail in an
    hour, over a week.
    """

    tickets: int | None = None
    refused: Mapping[int, int] | None = None
    whom: str = "senders"
    failed: int | None = None
    usual: float | None = None
    why: str = ""


class Refused(NamedTuple):
    """Somebody who was refused, last at a moment (µs)."""

    name: str
    last: int


def at_work(stages: Stages, ledger: Ledger, at: int) -> tuple[Stage, ...]:
    """Return the stages that went off within the hours that they are watched, the newest last.

    After a brown-out it is watched for as long: who noticed calls later, too.
    """
    begin = at - int(stages.watch_hours * HOUR)
    steps = ledger.steps
    found = [each for each in ledger.stages if _watched(steps.get(each.number), at) >= begin]
    return tuple(sorted(found, key=lambda stage: (_went_off(stage, steps[stage.number]), stage.number)))


def _watched(step: Step | None, at: int) -> int:
    """Return from when on a stage is watched: when it closed, or a brown-out was over; -1: it is not."""
    if step is None or step.step in HELD:
        return -1
    if step.step == "open":
        return min(step.at, step.had) or -1
    return min(at, step.until) if step.step == "brownout" else step.at


def _went_off(stage: Stage, step: Step) -> int:
    """Return when a stage at work went off; of a brown-out that was over before the plan moved, when it was."""
    if step.step != "open":
        return step.at
    return next((each.begins for each in stage.brownouts if each.ends == step.had), min(step.at, step.had))


def since(ledger: Ledger, working: Sequence[Stage], at: int) -> dict[int, int]:
    """Return from when on each stage at work counts (µs): an hour ago, or later when it went off.

    Nothing counts from before a stage was let go of last: so what paused a stage neither pauses it again when it is
    resumed, nor another when it is rolled back.
    """
    begin = max(at - HOUR, ledger.let_go)
    return {stage.number: max(begin, _went_off(stage, ledger.steps[stage.number])) for stage in working}


def tickets(opened: Mapping[str, int], begin: int, at: int) -> int:
    """Return how many tickets came between two moments."""
    return sum(begin < when <= at for when in opened.values())


def by_stage(ledger: Ledger, begins: Mapping[int, int], refused: Iterable[Refused]) -> dict[int, int]:
    """Return how many of these were refused by each stage at work since it counts."""
    found = dict.fromkeys(begins, 0)
    for name, last in refused:
        number = stage_of(ledger.stages, name).number
        if number in begins and last > begins[number]:
            found[number] += 1
    return found


def known(stages: Stages, load: Load) -> bool:
    """Tell whether all is known that has a limit."""
    wanted = (
        (stages.tickets_per_hour, load.tickets),
        (stages.refused_per_hour, load.refused),
        (stages.failed_logins_times, load.failed),
        (stages.failed_logins_times, load.usual),
    )
    return all(limit is None or seen is not None for limit, seen in wanted)


def excess(stages: Stages, load: Load) -> Iterator[Evidence]:
    """Yield each load that is above its limit, in words and numbers; refusals count over all stages at work."""
    if stages.tickets_per_hour is not None and load.tickets is not None and load.tickets > stages.tickets_per_hour:
        yield _evidence("tickets", f"{load.tickets} tickets within an hour", load.tickets, stages.tickets_per_hour)
    refused = sum((load.refused or {}).values())
    if stages.refused_per_hour is not None and refused > stages.refused_per_hour:
        text = f"{refused} different {load.whom} refused within an hour{_shares(load.refused or {})}"
        yield _evidence("refused", text, refused, stages.refused_per_hour)
    if stages.failed_logins_times is not None and load.failed is not None and load.usual is not None:
        limit = max(_FEW_FAILURES, load.usual * stages.failed_logins_times)
        if load.failed > limit:
            text = f"{load.failed} failed logins within an hour, usually {load.usual:.0f}"
            yield _evidence("failed_logins", text, load.failed, limit)


def _shares(refused: Mapping[int, int]) -> str:
    """Return how many are of which stage, where there are several: ` (stage 3: 400, stage 4: 220)`."""
    told = ", ".join(f"stage {number}: {count}" for number, count in sorted(refused.items()))
    return f" ({told})" if len(refused) > 1 else ""


def _evidence(rule: str, text: str, value: float, limit: float) -> Evidence:
    return Evidence(rule=rule, text=f"{text}: the limit is {limit:g}", value=value, usual=limit)


def pauses(name: str, stages: Stages, ledger: Ledger, load: Load, at: int) -> Iterator[StageStepped]:
    """Yield that a stage at work is paused, where a load is above its limit.

    It is the one with the most refusals where these are too many, else the newest; one whose brown-out is over only
    where none is off. One at a time: what is too much in the hour of a pause would take back one stage after the other.
    """
    working, evidence = at_work(stages, ledger, at), tuple(excess(stages, load))
    working = tuple(each for each in working if is_off(ledger.steps.get(each.number), at)) or working
    if paused(ledger) is not None or not working or not evidence:
        return
    chosen, reason, why = working[-1], "the load is above its limit", "is the newest"
    if any(each.rule == "refused" for each in evidence):
        counts = load.refused or {}
        chosen, why = max(reversed(working), key=lambda stage: counts.get(stage.number, 0)), "was refused most"
    if len(working) > 1:
        others = ", ".join(map(str, sorted(stage.number for stage in working)))
        reason = f"{reason}: of the stages at work ({others}) it {why}"
    yield stepped(name, chosen.number, "paused", at, evidence=evidence, reason=reason)
