"""Who is told what: the messages that are due, made of the book and the channels at a moment; the same at every desk.

A message is about all alerts of a rule that a channel is to be told in the same way now. Once it was begun it keeps its
alerts and its number until it was taken, or given up; what comes meanwhile has a message of its own.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from schemas.alert_events import AlertDelivered, Telling
from schemas.alert_settings import AlertChannel, Alerting
from schemas.names import derived_id
from streams.alerts.book import CLAIM, SEVERITIES, Alert, Book, Message
from streams.alerts.causes import DAY
from streams.alerts.quiet import is_quiet

SECOND = 1_000_000
_LONGEST_PAUSE = 30 * 60 * SECOND
_FIRST_PAUSE = 15 * SECOND
GIVE_UP = DAY
"""So long (µs) a message is tried; what is still so then has a new one."""
_LATE = DAY
_MOST = 5000
"""So many alerts a message is about at most: with their numbers it stays below what a broker takes as a record."""


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
    """Yield what is to be tried now, of each channel in the order in which it is tried.

    What is new goes before what failed, so that a server that hangs keeps nothing from being handed on to another
    channel; among these what is most severe goes first. What `desk` itself began it tries again.
    """
    for name, channel in alerting.channel.items():
        quiet = is_quiet(channel.quiet, channel.timezone, at)
        found = [*_new(book, alerting, name, at, quiet=quiet), *_failed(book, name, desk, at, quiet=quiet)]
        yield from sorted(found, key=lambda post: (post.attempt > 1, -_severity(book, post.alerts), post.attempt))


def _failed(book: Book, name: str, desk: str, at: int, *, quiet: bool) -> Iterator[Post]:
    """Yield what is tried again; what all have forgotten that it was about is not."""
    for message in book.messages.values():
        if message.channel != name or not _again(message, desk, at):
            continue
        severity = _severity(book, message.alerts)
        if severity >= 0 and not (quiet and SEVERITIES[severity] != "critical"):
            yield Post(message.message, name, message.telling, message.alerts, message.attempt + 1)


def _new(book: Book, alerting: Alerting, name: str, at: int, *, quiet: bool) -> Iterator[Post]:
    """Yield what is told the first time: what is young goes with what waited long enough, or waits, too."""
    groups: dict[tuple[Telling, str], list[Alert]] = {}
    for alert in book.alerts.values():
        telling = None if quiet and alert.severity != "critical" else _telling(alert, book, name, alerting, at)
        if telling is not None:
            groups.setdefault((telling, alert.raised.rule), []).append(alert)
    for (telling, _), alerts in groups.items():
        if not any(passed(at, _began(alert, telling), alerting.group_seconds * SECOND) for alert in alerts):
            continue
        for begin in range(0, len(alerts), _MOST):
            numbers = tuple(alert.raised.alert for alert in alerts[begin : begin + _MOST])
            before = (f"{each} {len(list(book.told(name, each)))}" for each in numbers)
            yield Post(derived_id("message", name, telling, *before), name, telling, numbers)


def _began(alert: Alert, telling: Telling) -> int:
    """Return since when (µs) others are waited for that may go with it; 0 where none are."""
    if telling == "resolved" and alert.resolved is not None:
        return alert.resolved.at
    if telling == "worsened":
        return alert.newest.at
    return alert.raised.at if telling == "raised" else 0


def passed(at: int, since: int, length: float) -> bool:
    """Tell whether so much time (µs) has passed; a clock that was put back by more than that has it passed, too."""
    return abs(at - since) >= length


def _severity(book: Book, alerts: Iterable[str]) -> int:
    """Return how severe the most severe of these is by now, -1 where none is known any more."""
    known = (book.alerts[number].severity for number in alerts if number in book.alerts)
    return max((SEVERITIES.index(each) for each in known), default=-1)


def _again(message: Message, desk: str, at: int) -> bool:
    """Tell whether a message is tried again now: after a pause, or since whoever began it told nothing more."""
    if message.ended:
        return False
    if message.status == "begun":
        return message.desk == desk or passed(at, message.at, CLAIM)
    return passed(at, message.at, pause(message.attempt))


def pause(attempt: int) -> int:
    """Return how long (µs) to wait after so many tries."""
    return min(_FIRST_PAUSE << min(attempt - 1, 10), _LONGEST_PAUSE)


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
    if all(each.status == "given_up" for each in told):
        return told[0].telling
    worse = alert.worsened is not None and last.began < alert.worsened.at
    return "worsened" if worse else _again_told(alert, last, alerting.channel[name].repeat_hours, at)


def _again_told(alert: Alert, last: Message, hours: float, at: int) -> Telling | None:
    if alert.acknowledged is None and hours and passed(at, last.at, hours * 3600 * SECOND):
        return "repeated"
    return None


def _first(alert: Alert, book: Book, name: str, alerting: Alerting, at: int) -> Telling | None:
    raised = alert.raised
    if raised.rule == "channel_failing" and raised.subject == name:
        return None
    if alert.resolved is not None and at - alert.resolved.at >= _LATE:
        return None
    if _matches(alert, alerting.channel[name]):
        return "raised"
    return "escalated" if _escalates(alert, book, name, alerting.channel, at) else None


def _matches(alert: Alert, channel: AlertChannel) -> bool:
    return alert.severity in channel.severities and (not channel.rules or alert.raised.rule in channel.rules)


def _escalates(alert: Alert, book: Book, name: str, channels: Mapping[str, AlertChannel], at: int) -> bool:
    """Tell whether a channel that had it long enough, or tried to, hands an alert on to this one."""
    if alert.acknowledged is not None or alert.resolved is not None:
        return False
    for other, channel in channels.items():
        if name not in channel.escalate_to:
            continue
        first = next(book.told(other, alert.raised.alert), None)
        if first is not None and passed(at, first.first, channel.escalate_after_minutes * 60 * SECOND):
            return True
    return False
