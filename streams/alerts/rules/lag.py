"""A process does not keep up: what was written minutes ago it has not done yet."""

from schemas.alert_events import Severity
from schemas.events import Event
from streams.alerts.facts import LagLooked, Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "warning"
DELAY_MINUTES = 0.0
MEANS = "the worker or the sink is minutes behind: decisions come late, or pages are old"
TOLD_AGAIN = True
_LATE = {"stream": "decisions come late", "sink": "the pages are old"}


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a look at the lags tells of each process."""
    if not isinstance(fact, LagLooked):
        return None, ()
    return None, tuple(
        Sign(
            subject=name,
            at=fact.at,
            on=behind > 0,
            page="pipeline",
            text=f"{name} has not done {behind} records of {fact.minutes} minutes ago: {_LATE.get(name, 'it is late')}"
            if behind
            else f"{name} has done all of {fact.minutes} minutes ago",
        )
        for name, behind in fact.behind.items()
    )
