"""An operator's word on an alert: what makes it an event (command line, pages)."""

from schemas.alert_events import AlertAcknowledged, AlertUnacknowledged
from schemas.names import derived_id
from schemas.ordering import now, publish
from schemas.settings import Settings

Word = AlertAcknowledged | AlertUnacknowledged


def word(alert: str, reason: str, operator: str, *, undo: bool = False) -> Word:
    """Return that an operator knows of an alert, said now; with `undo`, that nobody does any more.

    `alert` is its whole number. ValueError where no reason is given.
    """
    if not reason.strip():
        raise ValueError(f"reason {reason!r}: say why; it is kept with the alert")
    kind, at = (AlertUnacknowledged if undo else AlertAcknowledged), now()
    identity = derived_id("unacknowledged" if undo else "acknowledged", alert, operator, at)
    return kind(id=identity, at=at, alert=alert, operator=operator, reason=reason)


def say(settings: Settings, alert: str, reason: str, operator: str, *, undo: bool = False) -> Word:
    """Publish an operator's word and return it. ValueError as of `word`; OSError where Kafka confirms nothing."""
    event = word(alert, reason, operator, undo=undo)
    publish(settings, event)
    return event
