"""ClickHouse does not answer: pages, reports and sunsets stand still, and which log is silent is not known."""

from schemas.alert_events import Severity
from schemas.events import Event
from streams.alerts.facts import Look, WarehouseLooked, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "critical"
DELAY_MINUTES = 3.0
MEANS = "ClickHouse does not answer: nothing is stored, and whether a log is silent is not known"
TOLD_AGAIN = True


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a look at the warehouse tells."""
    if not isinstance(fact, WarehouseLooked):
        return None, ()
    text = f"ClickHouse does not answer: {fact.problem}" if fact.problem else "ClickHouse answers"
    return None, (Sign(subject="ClickHouse", at=fact.at, on=bool(fact.problem), text=text, page="pipeline"),)
