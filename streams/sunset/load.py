"""Whether the stage at work is too much for support: tickets, refused senders and failed logins of an hour.

A load that is not known is not a small one: as long as one that has a limit is unknown no stage goes off, and what is
off stays so, since support can still take it back by hand. Brown-outs end all the same.
"""

from collections.abc import Iterator, Mapping

import msgspec

from schemas.facts import Evidence
from schemas.sunset_events import Stage, StageStepped
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger
from streams.sunset.stepping import is_off, paused, stepped
from streams.sunset.weeks import HOUR

_FEW_FAILURES = 20.0


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one hour held; None is what nobody knows. `usual` is how many logins fail in an hour, over a week."""

    tickets: int | None = None
    refused: int | None = None
    failed: int | None = None
    usual: float | None = None


def at_work(stages: Stages, ledger: Ledger, at: int) -> Stage | None:
    """Return the stage that went off last, None where that is longer ago than it is watched."""
    begin = at - int(stages.watch_hours * HOUR)
    off = [stage for stage in ledger.stages if is_off(ledger.steps.get(stage.number), at)]
    newest = max(off, key=lambda stage: (ledger.steps[stage.number].at, stage.number), default=None)
    return newest if newest is not None and ledger.steps[newest.number].at >= begin else None


def since(ledger: Ledger, stage: Stage, at: int) -> int:
    """Return from when on a load counts: an hour ago, or when the stage went off; what came before is not its doing.

    So a stage that is resumed is not paused again by what paused it.
    """
    step = ledger.steps.get(stage.number)
    return max(at - HOUR, step.at) if is_off(step, at) and step is not None else at - HOUR


def tickets(opened: Mapping[str, int], begin: int, at: int) -> int:
    """Return how many tickets came between two moments."""
    return sum(begin < when <= at for when in opened.values())


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
    """Yield each load that is above its limit, in words and numbers."""
    if stages.tickets_per_hour is not None and load.tickets is not None and load.tickets > stages.tickets_per_hour:
        yield _evidence("tickets", f"{load.tickets} tickets within an hour", load.tickets, stages.tickets_per_hour)
    if stages.refused_per_hour is not None and load.refused is not None and load.refused > stages.refused_per_hour:
        text = f"{load.refused} different senders refused within an hour"
        yield _evidence("refused", text, load.refused, stages.refused_per_hour)
    if stages.failed_logins_times is not None and load.failed is not None and load.usual is not None:
        limit = max(_FEW_FAILURES, load.usual * stages.failed_logins_times)
        if load.failed > limit:
            text = f"{load.failed} failed logins within an hour, usually {load.usual:.0f}"
            yield _evidence("failed_logins", text, load.failed, limit)


def _evidence(rule: str, text: str, value: float, limit: float) -> Evidence:
    return Evidence(rule=rule, text=f"{text}: the limit is {limit:g}", value=value, usual=limit)


def pauses(name: str, stages: Stages, ledger: Ledger, load: Load, at: int) -> Iterator[StageStepped]:
    """Yield that the stage at work is paused, where a load is above its limit.

    One at a time: what is too much in the hour of a pause would take back one stage after the other.
    """
    if paused(ledger) is not None:
        return
    stage = at_work(stages, ledger, at)
    evidence = tuple(excess(stages, load))
    if stage is not None and evidence:
        yield stepped(name, stage.number, "paused", at, evidence=evidence, reason="the load is above its limit")
