"""Who is told what: the messages that are due, made of the book and the channels at a moment; the same at every desk.

A message is about all alerts of a rule that a channel is to be told in the same way now. Once it was begun it keeps its
alerts and its number until it was taken, or given up; what comes meanwhile has a message of its own.
"""

from collections.abc import Iterator, Mapping

import msgspec

from schemas.alert_events import AlertDelivered, Telling
from schemas.alert_settings import AlertChannel, Alerting
from schemas.names import derived_id
from streams.alerts.book import CLAIM, Alert, Book, Message
from streams.alerts.causes import DAY
from streams.alerts.quiet import is_quiet

SECOND = 1_000_000
_LONGEST_PAUSE = 30 * 60 * SECOND
_FIRST_PAUSE = 15 * SECOND
GIVE_UP = DAY
"""So long (µs) a message is tried; what is still so is told again by what comes after."""
_LATE = DAY


class Post(msgspec.Struct, frozen=True):
    """A message that is to be tried now."""

    message: str
    channel: str
    telling: Telling
    alerts: tuple[str, ...]
    attempt: int = 1

    def event(self, desk: str, at: int) -> AlertDelivered:
        """Return what is written before it is tried: that this desk does."""
        return AlertDelivered(
            id=derived_id(self.message, self.attempt, "begun", desk), at=at, message=self.message,
            channel=self.channel, telling=self.telling, alerts=self.alerts, status="begun",
            attempt=self.attempt, desk=desk,
        )  # fmt: skip


def due(book: Book, alerting: Alerting, desk: str, at: int) -> Iterator[Post]:
    """Yield what is to be tried now, of each channel what was begun first; what `desk` itself began it tries again."""
    for name, channel in alerting.channel.items():
        quiet = is_quiet(channel.quiet, channel.timezone, at)
        for message in book.messages.values():
            if message.channel == name and _again(message, desk, at) and not (quiet and _waits(book, message)):
                yield Post(message.message, name, message.telling, message.alerts, message.attempt + 1)
        groups: dict[tuple[Telling, str], list[str]] = {}
        for alert in book.alerts.values():
            if quiet and alert.raised.severity != "critical":
                continue
            telling = _telling(alert, book, name, alerting, at)
            if telling is not None:
                groups.setdefault((telling, alert.raised.rule), []).append(alert.raised.alert)
        for (telling, _), alerts in groups.items():
            before = [len(list(book.told(name, alert))) for alert in alerts]
            number = derived_id(
                "message", name, telling, *(f"{one} {many}" for one, many in zip(alerts, before, strict=True))
            )
            yield Post(number, name, telling, tuple(alerts))


def _again(message: Message, desk: str, at: int) -> bool:
    """Tell whether a message is tried again now: after a pause, or since whoever began it told nothing more."""
    if message.ended:
        return False
    if message.status == "begun":
        return message.desk == desk or at - message.at >= CLAIM
    return at - message.at >= pause(message.attempt)


def pause(attempt: int) -> int:
    """Return how long (µs) to wait after so many tries."""
    return min(_FIRST_PAUSE << min(attempt - 1, 10), _LONGEST_PAUSE)


def _waits(book: Book, message: Message) -> bool:
    """Tell whether a message can wait for the end of quiet hours."""
    found = [book.alerts[number] for number in message.alerts if number in book.alerts]
    return not any(alert.raised.severity == "critical" for alert in found)


def _telling(alert: Alert, book: Book, name: str, alerting: Alerting, at: int) -> Telling | None:
    """Return as what a channel is to be told of an alert now, None where there is nothing to tell."""
    told = list(book.told(name, alert.raised.alert))
    if not told:
        return _first(alert, book, name, alerting, at)
    if any(not each.ended for each in told):
        return None
    last = told[-1]
    if alert.resolved is not None:
        unsaid = last.telling != "resolved" and last.began <= alert.resolved.at
        return "resolved" if unsaid and any(each.status == "sent" for each in told) else None
    hours = alerting.channel[name].repeat_hours
    if alert.acknowledged is None and hours and at - last.at >= hours * 3600 * SECOND:
        return "repeated"
    return None


def _first(alert: Alert, book: Book, name: str, alerting: Alerting, at: int) -> Telling | None:
    raised = alert.raised
    if raised.rule == "channel_failing" and raised.subject == name:
        return None
    if alert.resolved is not None and at - alert.resolved.at >= _LATE:
        return None
    if _matches(alert, alerting.channel[name]):
        return "raised" if at - raised.at >= alerting.group_seconds * SECOND else None
    return "escalated" if _escalates(alert, book, name, alerting.channel, at) else None


def _matches(alert: Alert, channel: AlertChannel) -> bool:
    raised = alert.raised
    return raised.severity in channel.severities and (not channel.rules or raised.rule in channel.rules)


def _escalates(alert: Alert, book: Book, name: str, channels: Mapping[str, AlertChannel], at: int) -> bool:
    """Tell whether a channel that had it long enough, or tried to, hands an alert on to this one."""
    if alert.acknowledged is not None or alert.resolved is not None:
        return False
    for other, channel in channels.items():
        if name not in channel.escalate_to:
            continue
        first = next(book.told(other, alert.raised.alert), None)
        if first is not None and at - first.first >= channel.escalate_after_minutes * 60 * SECOND:
            return True
    return False
