"""A stage of a sunset was paused by a limit; over once an operator lets it go on, or takes it back."""

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.sunset_events import StageStepped
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "critical"
DELAY_MINUTES = 0.0
MEANS = "a stage of a sunset stopped by itself: tickets, refused senders or failed logins rose above a limit"


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a step of a stage tells; what an operator did he knows."""
    if not isinstance(fact, StageStepped):
        return None, ()
    held = fact.step in {"paused", "rolled_back"}
    on = held and not fact.operator
    who = f" by {fact.operator}" if fact.operator else ""
    text = f"stage {fact.stage} of the sunset {fact.sunset} is {fact.step.replace('_', ' ')}{who}"
    sign = Sign(
        subject=f"{fact.sunset} stage {fact.stage}", at=fact.at, on=on,
        text=f"{text}: {fact.reason}" if fact.reason else text,
        evidence=fact.evidence, page="sunset", shown=fact.sunset,
    )  # fmt: skip
    return None, (sign,)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether there is such a sunset."""
    return subject.rpartition(" stage ")[0] in watched.sunsets
