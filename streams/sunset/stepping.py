"""How the stages of a plan come to their steps as time goes, which are off at a moment, and how a plan is moved.

Nothing is stepped twice: what is, is held against what the plan says. A stage that an operator or the load took back
stays open until an operator says otherwise, and while one is paused no other goes off. What nobody began in time is
not begun late: the plan is laid anew by its rules, and nothing in it comes earlier than it was told.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from msgspec.structs import replace

from schemas.facts import Evidence
from schemas.moments import moment_of
from schemas.names import derived_id
from schemas.stage_steps import HELD
from schemas.sunset_events import Brownout, Stage, StagesPlanned, StageStep, StageStepped
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.laying import Calendar, Laid, Wish
from streams.sunset.ledger import Ledger, Step
from streams.sunset.weeks import HOUR

_IN_TIME = HOUR // 2


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


def announced(  # noqa: PLR0913 a plan has that many parts
    sunset: str, stages: tuple[Stage, ...], at: int, *, operator: str = "", reason: str = "", follows: str = ""
) -> StagesPlanned:
    """Return that these are the stages from now on; without an `operator` the desk says so, of the plan it follows."""
    identity = derived_id("stages", operator, sunset, at)
    return StagesPlanned(
        id=identity, at=at, sunset=sunset, stages=stages, operator=operator, reason=reason, follows=follows
    )


def steps(
    name: str, sunset: Sunset, ledger: Ledger, at: int, *, known: bool = True
) -> Iterator[StageStepped | StagesPlanned]:
    """Yield the steps that are due: brown-outs that are over, those that begin, and what closes.

    Where the load is not `known` nothing goes off: what nobody watches is not begun. What was missed by more than half
    an hour does not close: the plan is laid anew instead. A brown-out may begin late while half of it is left, but
    only when stages may close.
    """
    for stage in ledger.stages:
        step = ledger.steps.get(stage.number)
        if step is not None and step.step == "brownout" and step.until <= at:
            yield stepped(name, stage.number, "open", at, reason="the brown-out is over")
    if paused(ledger) is not None or not known:
        return
    calendar = Calendar(sunset, sunset.stages or Stages())
    missed = next(filter(None, (_missed(ledger, stage, at) for stage in _waiting(ledger))), "")
    due = [*_brownouts(name, calendar, ledger, at), *(() if missed else _closes(name, ledger, at))]
    yield from due
    if missed and not due:
        moved = _moved(calendar, ledger, {stage.number for stage in _waiting(ledger)}, {}, at)
        yield announced(name, moved, at, reason=f"{missed}, and nobody could", follows=ledger.plan)


def _waiting(ledger: Ledger) -> list[Stage]:
    """Return the stages that are to close, in the order in which they do."""
    found = (stage for stage in ledger.stages if step_of(ledger, stage.number) not in {"closed", *HELD})
    return sorted(found, key=lambda stage: (stage.closes, stage.number))


def _brownouts(name: str, calendar: Calendar, ledger: Ledger, at: int) -> Iterator[StageStepped]:
    for stage in _waiting(ledger):
        due = next((each for each in _to_come(ledger, stage) if each.begins <= at <= _middle(each)), None)
        if due and step_of(ledger, stage.number) == "open" and (at <= due.begins + _IN_TIME or calendar.permits(at)):
            yield stepped(name, stage.number, "brownout", at, until=due.ends)


def _closes(name: str, ledger: Ledger, at: int) -> Iterator[StageStepped]:
    yield from (stepped(name, stage.number, "closed", at) for stage in _waiting(ledger) if stage.closes <= at)


def _to_come(ledger: Ledger, stage: Stage) -> tuple[Brownout, ...]:
    """Return the brown-outs of a stage behind the newest that it had or has: what an operator ended stays over."""
    had = _had(ledger.steps.get(stage.number))
    return tuple(each for each in stage.brownouts if each.ends > had)


def _running(step: Step | None, stage: Stage, at: int) -> tuple[Brownout, ...]:
    """Return the brown-out in which a stage is: what cuts it short may come yet, and then it was not had."""
    runs = step is not None and step.step == "brownout" and at < step.until
    return tuple(each for each in stage.brownouts if runs and step is not None and each.ends == step.until)


def _middle(brownout: Brownout) -> int:
    """Return until when a brown-out may begin: of less than half nobody takes notice."""
    return (brownout.begins + brownout.ends) // 2


def _had(step: Step | None) -> int:
    """Return when the newest brown-out that a stage had, or has, is over; 0 where it had none."""
    return max(step.had, step.until) if step is not None else 0


def _missed(ledger: Ledger, stage: Stage, at: int) -> str:
    """Return what of a stage was to be and was not, "" where nothing was: its close, or the brown-out before it."""
    if at > stage.closes + _IN_TIME:
        return f"stage {stage.number} was to close on {_day(stage.closes)}"
    last = _to_come(ledger, stage)[-1:]
    if last and _middle(last[0]) < at:
        return f"stage {stage.number} was to have its last brown-out on {_day(last[0].begins)}"
    return ""


def _day(at: int) -> str:
    return f"{moment_of(at):%Y-%m-%d %H:%M} UTC"


def resumed(
    name: str, sunset: Sunset, ledger: Ledger, number: int, at: int
) -> tuple[tuple[Stage, ...], Literal["open", "closed"]]:
    """Return the plan with which a held stage goes on, and the step at which it is then.

    One that had closed is closed again at once. After a pause all that waited is laid anew, after a rollback only the
    stage itself, if it had not closed. ValueError where it is not held, or would go on while another is paused.
    """
    step = ledger.steps.get(number)
    if step is None or step.step not in HELD:
        raise ValueError(f"stage {number} of {name} is {step_of(ledger, number)}: only a held one goes on")
    if step.step == "rolled_back" and (holding := paused(ledger)) is not None:
        raise ValueError(f"stage {holding} of {name} is paused, and holds all: resume or roll it back first")
    again: Literal["open", "closed"] = "closed" if step.before == "closed" else "open"
    moving = {number} if step.step == "rolled_back" else {number, *(stage.number for stage in _waiting(ledger))}
    closed = {number: at} if again == "closed" else {}
    calendar = Calendar(sunset, sunset.stages or Stages())
    return _moved(calendar, ledger, moving - closed.keys(), closed, at), again


def _moved(
    calendar: Calendar, ledger: Ledger, moving: Collection[int], closed: Mapping[int, int], at: int
) -> tuple[Stage, ...]:
    """Return a plan in which some stages are laid anew: none earlier than before, and all behind a moment.

    They stay in their order, apart from each other, and from what closes or closed besides. Each has its brown-outs
    that it has not had, as far as they are to come; its last it has in any case. One that runs stands in it still.
    """
    others: list[Laid] = []
    running: dict[int, tuple[Brownout, ...]] = {}
    wishes: dict[int, Wish] = {}
    for stage in sorted(ledger.stages, key=lambda stage: (stage.closes, stage.number)):
        step = ledger.steps.get(stage.number)
        if stage.number in moving:
            still = len(_to_come(ledger, stage))
            running[stage.number] = _running(step, stage, at)
            wishes[stage.number] = Wish(calendar.behind(stage.closes), still, max(at, _had(step)))
        elif stage.number in closed:
            others.append(Laid((), closed[stage.number]))
        elif step is not None and step.step == "closed":
            others.append(Laid((), step.at))
        elif step is None or step.step not in HELD:
            others.append(Laid(stage.brownouts, stage.closes))
    laid = dict(zip(wishes, calendar.lay(wishes.values(), others), strict=True))
    return tuple(
        replace(
            stage,
            brownouts=(*running[stage.number], *laid[stage.number].brownouts),
            closes=laid[stage.number].closes,
        )
        if stage.number in laid
        else stage
        for stage in ledger.stages
    )
