"""Alerts for the command line: what the topic tells of them, an operator's word on one, a test of a channel."""

from collections.abc import Callable, Iterator

from schemas.alert_events import AlertEvent
from schemas.alert_orders import Word, word
from schemas.alert_settings import Alerting
from schemas.events import Event
from schemas.moments import rfc3339
from schemas.settings import Settings
from schemas.topics import ALERT_EVENTS
from streams.alert_channels import link, url_of
from streams.alert_mouth import Answer, Order, Speaking
from streams.alerts import rules
from streams.alerts.book import Alert, Book
from streams.alerts.deciding import chosen
from streams.alerts.words import neutral, number
from streams.operating import login, now
from streams.topiclog import LogAwayError, TopicLog

_TEST_SECONDS = 60.0


def alerting(settings: Settings) -> Alerting:
    """Return the part of the configuration. ValueError where there is none."""
    if settings.alert is None:
        raise ValueError("alert: no alerts are configured: [alert] is not there")
    return settings.alert


def known(settings: Settings, advance: Callable[[int], None]) -> Book:
    """Return the book, read from the topic's beginning to its end. OSError where the log is away."""
    book = Book()

    def take(event: Event) -> None:
        if isinstance(event, AlertEvent):
            book.take(event)
            advance(1)

    try:
        with TopicLog[None](settings.kafka, ALERT_EVENTS, take) as log:
            log.next()
    except LogAwayError as error:
        where = ", ".join(settings.kafka.bootstrap)
        raise OSError(f"kafka.bootstrap: {ALERT_EVENTS.name} cannot be read at {where}: {error}") from error
    book.forget(now())
    return book


def listed(book: Book, dashboard_url: str, *, every: bool) -> list[dict[str, object]]:
    """Return a row for each open alert, the newest first; with `every`, of those that ended within a week, too."""
    found = [alert for alert in book.alerts.values() if every or alert.resolved is None]
    found.sort(key=lambda alert: (-alert.raised.at, alert.raised.alert))
    return [_row(book, alert, dashboard_url) for alert in found]


def _row(book: Book, alert: Alert, dashboard_url: str) -> dict[str, object]:
    raised, known_by = alert.raised, alert.acknowledged
    told = {
        message.channel: message.status
        for message in book.messages.values()
        if raised.alert in message.alerts and message.telling != "resolved"
    }
    return {
        "alert": number(raised.alert),
        "severity": alert.severity,
        "rule": raised.rule,
        "text": alert.newest.text,
        "since": rfc3339(raised.since),
        "resolved": rfc3339(alert.resolved.at) if alert.resolved else "",
        "times": alert.resolved.count if alert.resolved else "",
        "told": ", ".join(f"{name}: {status.replace('_', ' ')}" for name, status in sorted(told.items())),
        "acknowledged": f"{known_by.operator}: {known_by.reason}" if known_by else "",
        "link": link(dashboard_url, raised),
    }


def acknowledgement(book: Book, given: str, reason: str, operator: str, *, undo: bool = False) -> Word:
    """Return an operator's word on an alert, named by the beginning of its number; with `undo` that takes it back.

    ValueError where no open alert or several begin so, somebody knows of it already (with `undo`: nobody does), or no
    reason is given.
    """
    found = [alert for alert in book.opened() if given and alert.raised.alert.startswith(given)]
    if len(found) != 1:
        there = ", ".join(number(alert.raised.alert) for alert in book.opened()) or "none"
        what = "no open alert begins so" if not found else f"{len(found)} open alerts begin so"
        raise ValueError(f"{given!r}: {what}; there are {there}")
    known = found[0].acknowledged
    if undo and known is None:
        raise ValueError(f"{given!r}: nobody acknowledged it")
    if known is not None and not undo:
        raise ValueError(f"{given!r}: {known.operator} acknowledged it already")
    return word(found[0].raised.alert, reason, operator or login(), undo=undo)


def tried(settings: Alerting, name: str, dashboard_url: str) -> Answer:
    """Send a message to a channel, and return what its server answered. ValueError where there is none, or no URL."""
    if name not in settings.channel:
        raise ValueError(f"alert.channel: no channel {name!r}; there is {', '.join(settings.channel) or 'none'}")
    where = f"\n{dashboard_url}" if dashboard_url else ""
    body = f"This is a test of the channel {name}, sent by {neutral(login())}. Nothing is wrong.{where}"
    order = Order(url_of(name, settings.channel[name]), f"TEST of the channel {name}", body, "info")
    return Speaking(order, _TEST_SECONDS).wait()


def configured(settings: Alerting) -> Iterator[dict[str, object]]:
    """Yield a row for each rule, as configured. ValueError names rules that are not there."""
    for name, rule in chosen(settings).items():
        yield {
            "rule": name,
            "severity": rule.severity,
            "delay_minutes": rule.delay / 60_000_000,
            "enabled": rule.enabled,
            "means": rules.load(name).MEANS,
        }
