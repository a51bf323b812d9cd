"""A channel of alerts does not take them: the other channels tell it; over once it took one.

With nothing open that it should be told nobody tries it any more: a week later nobody knows whether it still fails.
"""

from schemas.alert_events import AlertDelivered, Severity
from schemas.events import Event
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "critical"
DELAY_MINUTES = 0.0
MEANS = "a channel does not take alerts: they are tried again, and the other channels tell"
TOLD_AGAIN = True  # by each try
_TRIES = 3


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a try of a channel tells."""
    if not isinstance(fact, AlertDelivered):
        return None, ()
    failed = fact.status == "given_up" or (fact.status == "failed" and fact.attempt >= _TRIES)
    if not failed and fact.status != "sent":
        return None, ()
    text = f"the channel {fact.channel} took no alert in {fact.attempt} tries: {fact.answer}"
    if not failed:
        text = f"the channel {fact.channel} takes alerts"
    return None, (Sign(subject=fact.channel, at=fact.at, on=failed, text=text, page="alerts"),)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether there is such a channel."""
    return subject in watched.channels
