"""How the stages of a plan come to their steps as time goes, and which are off at a moment.

Nothing is stepped twice: what is, is held against what the plan says. A stage that an operator or the load took back
stays open until an operator says otherwise, and while one is paused no other goes off.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from schemas.facts import Evidence
from schemas.names import derived_id
from schemas.sunset_events import Brownout, Stage, StageStep, StageStepped
from streams.sunset.ledger import Ledger, Step
from streams.sunset.weeks import HOUR

_ABOUT = HOUR // 2
_HELD = frozenset(("paused", "rolled_back"))


def is_off(step: Step | None, at: int) -> bool:
    """Tell whether a stage is off; a brown-out ends by itself, though nobody may be there to say so."""
    return step is not None and (step.step == "closed" or (step.step == "brownout" and at < step.until))


def paused(ledger: Ledger) -> int | None:
    """Return the stage that is paused, and so holds all, None where none is."""
    return next((number for number, step in ledger.steps.items() if step.step == "paused"), None)


def step_of(ledger: Ledger, number: int) -> StageStep:
    """Return the step at which a stage is, as it was told last."""
    step = ledger.steps.get(number)
    return step.step if step else "open"


def stepped(  # noqa: PLR0913 a step has that many parts
    sunset: str,
    stage: int,
    step: StageStep,
    at: int,
    *,
    until: int = 0,
    evidence: tuple[Evidence, ...] = (),
    operator: str = "",
    reason: str = "",
) -> StageStepped:
    """Return that a stage comes to a step; the same at the same moment is the same event."""
    return StageStepped(
        id=derived_id("stage", sunset, stage, step, at),
        at=at,
        sunset=sunset,
        stage=stage,
        step=step,
        until_at=until,
        evidence=evidence,
        operator=operator,
        reason=reason,
    )


def steps(name: str, ledger: Ledger, at: int, *, known: bool = True) -> Iterator[StageStepped]:
    """Yield the steps that are due: brown-outs that are over, those that begin, and what closes.

    Where the load is not `known` nothing goes off: what nobody watches is not begun. Closes that were missed come as
    far from each other as they were planned, within half an hour.
    """
    for stage in ledger.stages:
        step = ledger.steps.get(stage.number)
        if step is not None and step.step == "brownout" and step.until <= at:
            yield stepped(name, stage.number, "open", at, reason="the brown-out is over")
    if paused(ledger) is not None or not known:
        return
    closed = [step.at for step in ledger.steps.values() if step.step == "closed"]
    last = max(closed, default=0)
    for before, stage in zip((None, *ledger.stages), ledger.stages, strict=False):
        now = step_of(ledger, stage.number)
        if now in _HELD or now == "closed":
            continue
        if stage.closes <= at:
            apart = stage.closes - before.closes if before else 0
            if at - last >= apart - _ABOUT:
                yield stepped(name, stage.number, "closed", at)
                last = at
        elif now == "open" and (due := _brownout(stage, at)) and not _had(ledger, stage.number, due):
            yield stepped(name, stage.number, "brownout", at, until=due.ends)


def _brownout(stage: Stage, at: int) -> Brownout | None:
    return next((each for each in stage.brownouts if each.begins <= at < each.ends), None)


def _had(ledger: Ledger, number: int, brownout: Brownout) -> bool:
    """Tell whether an operator opened a stage within this brown-out: it does not begin again."""
    step = ledger.steps.get(number)
    return step is not None and step.at >= brownout.begins


def resumed(name: str, ledger: Ledger, number: int, at: int) -> tuple[Stage, ...]:
    """Return the plan with which a held stage goes on where it was: as much later as it was held.

    After a pause that is all that has not closed, after a rollback the stage alone. ValueError where it is not held.
    """
    step = ledger.steps.get(number)
    if step is None or step.step not in _HELD:
        raise ValueError(f"stage {number} of {name} is {step_of(ledger, number)}: only a held one goes on")
    by = at - step.at
    waiting = {each.number for each in ledger.stages if step_of(ledger, each.number) not in {"closed", "rolled_back"}}
    moved = {number} if step.step == "rolled_back" else waiting
    return tuple(_later(stage, by) if stage.number in moved else stage for stage in ledger.stages)


def _later(stage: Stage, by: int) -> Stage:
    moved = tuple(Brownout(begins=each.begins + by, ends=each.ends + by) for each in stage.brownouts)
    return replace(stage, brownouts=moved, closes=stage.closes + by)
