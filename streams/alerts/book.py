"""The book: which alerts are open, who was told of them, and by which messages; a fold of the topic `alert.events`."""

from collections.abc import Iterator, Mapping

import msgspec

from schemas.alert_events import (
    AlertAcknowledged,
    AlertDelivered,
    AlertEvent,
    AlertRaised,
    AlertResolved,
    AlertUnacknowledged,
    AlertWorsened,
    DeliveryStatus,
    Severity,
    Telling,
)
from streams.alerts.causes import DAY, Key

CLAIM = 10 * 60_000_000
"""For so long (µs) a message is left to the desk that began it."""
_KEPT = 7 * DAY


class Alert(msgspec.Struct, frozen=True):
    """An alert, how it became worse, who acknowledged it since, and how it ended."""

    raised: AlertRaised
    worsened: AlertWorsened | None = None
    acknowledged: AlertAcknowledged | None = None
    resolved: AlertResolved | None = None

    @property
    def key(self) -> Key:
        """Return its cause."""
        return self.raised.rule, self.raised.subject

    @property
    def newest(self) -> AlertRaised | AlertWorsened:
        """Return what was said of it last: how severe it is, and in which words."""
        return self.worsened or self.raised

    @property
    def severity(self) -> Severity:
        """Return how severe it is by now."""
        return self.newest.severity


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as far as it came: `first` is when it was begun, `began` its newest try, `at` the last news (µs)."""

    message: str
    channel: str
    telling: Telling
    alerts: tuple[str, ...]
    status: DeliveryStatus
    attempt: int
    desk: str
    first: int
    began: int
    at: int

    @property
    def ended(self) -> bool:
        """Tell whether nothing is done about it any more."""
        return self.status in {"sent", "given_up"}


class Book:
    """All alerts that are open or ended within a week, and the messages about them."""

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}
        self._open: dict[Key, str] = {}
        self._calm: dict[Key, int] = {}
        self._messages: dict[str, Message] = {}
        self._told: dict[tuple[str, str], list[str]] = {}

    @property
    def alerts(self) -> Mapping[str, Alert]:
        """Return the alerts by their numbers."""
        return self._alerts

    @property
    def messages(self) -> Mapping[str, Message]:
        """Return the messages by their numbers."""
        return self._messages

    def open(self, key: Key) -> Alert | None:
        """Return the open alert of a cause."""
        number = self._open.get(key)
        return self._alerts[number] if number else None

    def opened(self) -> Iterator[Alert]:
        """Yield all open alerts."""
        for number in self._open.values():
            yield self._alerts[number]

    def ended(self, key: Key) -> int:
        """Return when the last alert of a cause was resolved (µs), 0 where none was."""
        return self._calm.get(key, 0)

    def told(self, channel: str, alert: str) -> Iterator[Message]:
        """Yield the messages of a channel about an alert, the oldest first."""
        for number in self._told.get((channel, alert), ()):
            yield self._messages[number]

    def take(self, event: AlertEvent) -> None:
        """Take in an event; what another desk said first counts, and nothing is raised twice or ended twice."""
        match event:
            case AlertRaised():
                key = event.rule, event.subject
                if event.alert not in self._alerts and key not in self._open:
                    self._alerts[event.alert] = Alert(event)
                    self._open[key] = event.alert
            case AlertResolved():
                alert = self._alerts.get(event.alert)
                if alert is not None and alert.resolved is None:
                    self._alerts[event.alert] = msgspec.structs.replace(alert, resolved=event)
                    del self._open[alert.key]
                    self._calm[alert.key] = event.at
            case AlertDelivered():
                self._delivered(event)
            case _:
                self._changed(event)

    def _changed(self, event: AlertWorsened | AlertAcknowledged | AlertUnacknowledged) -> None:
        """Take in what became of an open alert: an acknowledgement counts until it is taken back, or it gets worse."""
        alert = self._alerts.get(event.alert)
        if alert is None or alert.resolved is not None:
            return
        match event:
            case AlertWorsened() if _worse(event, alert.newest):
                changed = msgspec.structs.replace(alert, worsened=event, acknowledged=None)
            case AlertAcknowledged() if alert.acknowledged is None:
                changed = msgspec.structs.replace(alert, acknowledged=event)
            case AlertUnacknowledged():
                changed = msgspec.structs.replace(alert, acknowledged=None)
            case _:
                return
        self._alerts[event.alert] = changed

    def _delivered(self, event: AlertDelivered) -> None:
        known = self._messages.get(event.message)
        if known is None:
            for alert in event.alerts:
                self._told.setdefault((event.channel, alert), []).append(event.message)
        elif known.status == "sent" or not _follows(known, event):
            return
        began = event.at if event.status == "begun" or known is None else known.began
        self._messages[event.message] = Message(
            message=event.message,
            channel=event.channel,
            telling=event.telling,
            alerts=event.alerts,
            status=event.status,
            attempt=event.attempt,
            desk=event.desk,
            first=event.at if known is None else known.first,
            began=began,
            at=event.at,
        )

    def forget(self, at: int) -> None:
        """Forget the alerts that ended a week ago, and the messages about them."""
        old = {
            name for name, each in self._alerts.items() if each.resolved is not None and at - each.resolved.at > _KEPT
        }
        if not old:
            return
        self._alerts = {name: each for name, each in self._alerts.items() if name not in old}
        self._calm = {key: ended for key, ended in self._calm.items() if at - ended <= _KEPT}
        self._messages = {
            name: each for name, each in self._messages.items() if not self._alerts.keys().isdisjoint(each.alerts)
        }
        told = {place: [one for one in each if one in self._messages] for place, each in self._told.items()}
        self._told = {place: each for place, each in told.items() if each}


SEVERITIES: tuple[Severity, ...] = ("notice", "warning", "critical")
"""From the least to the most severe."""


def _worse(now: AlertWorsened, before: AlertRaised | AlertWorsened) -> bool:
    return (SEVERITIES.index(now.severity), now.grade) > (SEVERITIES.index(before.severity), before.grade)


def _follows(known: Message, event: AlertDelivered) -> bool:
    """Tell whether an event goes on with a message: an end by who tries it, a try once nobody else does."""
    if event.status == "sent":
        return True
    if event.status == "begun":
        held = known.status == "begun" and known.desk != event.desk and event.at - known.at < CLAIM
        return not known.ended and not held and event.attempt > known.attempt
    return event.desk == known.desk and event.attempt == known.attempt
