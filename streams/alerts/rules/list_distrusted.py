"""A list lost its vote in a pool: it names everything, refuses us, or is silent; over once it has its vote again."""

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.pool_events import ListDistrusted, ListTrusted
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "notice"
DELAY_MINUTES = 0.0
MEANS = "a list has no vote any more: what it says of our IPs is not believed, or nobody hears it"


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a change of a list's vote tells."""
    match fact:
        case ListDistrusted():
            text = f"{fact.list} has no vote in the pool {fact.pool} any more ({fact.fault.replace('_', ' ')})"
        case ListTrusted():
            text = f"{fact.list} has its vote in the pool {fact.pool} again"
        case _:
            return None, ()
    on = isinstance(fact, ListDistrusted)
    sign = Sign(
        subject=f"{fact.list} in {fact.pool}", at=fact.at, on=on, text=text, evidence=fact.evidence, page="lists",
        shown=fact.list,
    )  # fmt: skip
    return None, (sign,)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether there is such a pool, and the list is asked, where any is asked from here."""
    name, _, pool = subject.rpartition(" in ")
    return pool in watched.pools and (not watched.lists or name in watched.lists)
