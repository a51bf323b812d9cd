"""What is raised and resolved: what is known of the causes, compared with the alerts that are open."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from schemas.alert_events import AlertRaised, AlertResolved, AlertWorsened, Severity
from schemas.alert_settings import Alerting
from schemas.names import derived_id
from streams.alerts import rules
from streams.alerts.book import SEVERITIES, Alert, Book
from streams.alerts.causes import DAY, Cause, Key, Streak
from streams.alerts.facts import Watched
from streams.alerts.rules import Sign

MINUTE = 60_000_000
_NEWS = 60 * MINUTE
_MOST_CALM = 12
FORGOTTEN_DAYS = 7
"""So long an alert stays open of whose cause nobody tells; then nobody knows whether it is over."""
_HEARD = 60 * MINUTE
_AGAIN = 60 * MINUTE
Decided = AlertRaised | AlertWorsened | AlertResolved


class Chosen(msgspec.Struct, frozen=True):
    """A rule as it is configured; times in µs."""

    severity: Severity
    delay: int
    enabled: bool = True


def chosen(alerting: Alerting) -> dict[str, Chosen]:
    """Return all rules, as configured. ValueError names those that are not there."""
    if wrong := unknown(alerting):
        raise ValueError("; ".join(wrong))
    found = {}
    for name in rules.names():
        rule, own = rules.load(name), alerting.rule.get(name)
        severity = (own.severity if own else None) or rule.SEVERITY
        delay = own.delay_minutes if own and own.delay_minutes is not None else rule.DELAY_MINUTES
        found[name] = Chosen(severity, round(delay * MINUTE), own.enabled if own else True)
    return found


def unknown(alerting: Alerting) -> list[str]:
    """Return a sentence for each name that no rule has, with its place in the configuration."""
    given = [(f"alert.rule.{name}", name) for name in alerting.rule]
    given += [(f"alert.channel.{name}.rules", rule) for name, one in alerting.channel.items() for rule in one.rules]
    there = ", ".join(rules.names())
    return [f"{place}: no rule {name!r}; there are {there}" for place, name in given if name not in rules.names()]


class Terms(msgspec.Struct, frozen=True):
    """By what is decided: the rules, what is watched, how long a cause has to be calm (µs)."""

    rules: Mapping[str, Chosen]
    watched: Watched
    calm: int
    own_severity: frozenset[str] = frozenset()


def terms(alerting: Alerting, watched: Watched) -> Terms:
    """Return the terms of a configuration. ValueError as of `chosen`."""
    own = frozenset(name for name, rule in alerting.rule.items() if rule.severity is not None)
    return Terms(chosen(alerting), watched, round(alerting.calm_minutes * MINUTE), own)


def decide(causes: Mapping[Key, Cause], book: Book, terms: Terms, at: int, heard: int = 0) -> tuple[Decided, ...]:
    """Return what is to be raised and resolved now, and what became worse; nothing where that was done.

    What nobody knows changes nothing for a week; it takes a ClickHouse that told within the hour what it knows, at
    `heard`, to say that nobody tells of a cause any more.
    """
    return (
        *_resolved(causes, book, terms, at, asked=0 <= at - heard < _HEARD),
        *_worsened(causes, book, terms, at),
        *_raised(causes, book, terms, at),
    )


def _raised(causes: Mapping[Key, Cause], book: Book, terms: Terms, at: int) -> Iterator[AlertRaised]:
    for key, cause in sorted(causes.items()):
        rule, sign, ended = terms.rules[key[0]], cause.telling, book.ended(key)
        if sign is None or not rule.enabled or book.open(key) is not None or _old(key, cause, at):
            continue
        streaks = _joined((each for each in cause.streaks if each.since > ended or not each.until), rule.delay)
        streak = next((each for each in streaks if _tells(each, rule.delay, ended, at)), None)
        if streak is None or not rules.watches(*key, terms.watched):
            continue
        number = derived_id("alert", *key, streak.since)
        if ended and streak.since <= ended <= at - _AGAIN:  # it was not watched, and is again
            number = derived_id("alert", *key, streak.since, ended)
        if number in book.alerts:
            continue
        yield AlertRaised(
            id=number, at=at, alert=number, rule=key[0], subject=key[1], severity=_severity(key, sign, terms),
            text=sign.text, since=streak.since, evidence=sign.evidence, page=sign.page, shown=sign.shown,
            grade=sign.grade,
        )  # fmt: skip


def _old(key: Key, cause: Cause, at: int) -> bool:
    """Tell whether of a cause that should be told again and again nobody told for so long that it is not known."""
    return rules.told_again(key[0]) and at - cause.newest.at >= FORGOTTEN_DAYS * DAY


def _worsened(causes: Mapping[Key, Cause], book: Book, terms: Terms, at: int) -> Iterator[AlertWorsened]:
    for alert in book.opened():
        cause, number, before = causes.get(alert.key), alert.raised.alert, alert.newest
        if cause is None or not cause.on or cause.telling is None or not terms.rules[alert.key[0]].enabled:
            continue
        sign = cause.telling
        severity = _severity(alert.key, sign, terms)
        if (SEVERITIES.index(severity), sign.grade) <= (SEVERITIES.index(before.severity), before.grade):
            continue
        yield AlertWorsened(
            id=derived_id("worsened", number, severity, sign.grade), at=at, alert=number, rule=alert.raised.rule,
            subject=alert.raised.subject, severity=severity, text=sign.text, evidence=sign.evidence, grade=sign.grade,
        )  # fmt: skip


def _severity(key: Key, sign: Sign, terms: Terms) -> Severity:
    """Return how severe a cause is: as the configuration says, else its sign, else its rule."""
    rule = terms.rules[key[0]]
    return rule.severity if sign.severity is None or key[0] in terms.own_severity else sign.severity


def _joined(streaks: Iterable[Streak], delay: int) -> Iterator[Streak]:
    """Yield the streaks; a pause that is shorter than the delay is none: what flaps faster lasts, too."""
    last: Streak | None = None
    for each in streaks:
        if last is None or each.since - last.until >= delay:
            if last is not None:
                yield last
            last = each
        else:
            last = Streak(last.since, each.until)
    if last is not None:
        yield last


def _tells(streak: Streak, delay: int, ended: int, at: int) -> bool:
    """Tell whether a streak is to be told: one that lasts, or lasted within the hour, and that no alert had in it."""
    if not streak.until:
        return at - streak.since >= delay
    return streak.until - streak.since >= delay and at - streak.until < _NEWS and streak.since > ended


def _resolved(
    causes: Mapping[Key, Cause], book: Book, terms: Terms, at: int, *, asked: bool
) -> Iterator[AlertResolved]:
    for alert in sorted(book.opened(), key=lambda each: each.raised.alert):
        rule, cause = terms.rules.get(alert.key[0]), causes.get(alert.key)
        if rule is None or not rule.enabled or not rules.watches(*alert.key, terms.watched):
            yield _end(alert, cause, "it is not watched any more", 0, at)
        elif cause is not None and cause.off and at - cause.off >= calm(cause, terms.calm):
            yield _end(alert, cause, cause.newest.text, cause.off, at)
        elif asked and _forgotten(alert, cause, at):
            text = f"nobody told of it for {FORGOTTEN_DAYS} days: whether it is over is not known"
            yield _end(alert, cause, text, 0, at)


def _forgotten(alert: Alert, cause: Cause | None, at: int) -> bool:
    if cause is None:
        return at - alert.raised.at >= FORGOTTEN_DAYS * DAY
    return cause.on and _old(alert.key, cause, at)


def calm(cause: Cause, least: int) -> int:
    """Return how long a cause has to be over until that is told: longer the more often it came within a day."""
    return least * min(max(len(cause.streaks), 1), _MOST_CALM)


def _end(alert: Alert, cause: Cause | None, text: str, until: int, at: int) -> AlertResolved:
    return AlertResolved(
        id=derived_id("resolved", alert.raised.alert), at=at, alert=alert.raised.alert, rule=alert.raised.rule,
        subject=alert.raised.subject, text=text, until=until, count=counted(alert, cause),
    )  # fmt: skip


def counted(alert: Alert, cause: Cause | None) -> int:
    """Return how often an alert's cause began, as far as that is known."""
    if alert.resolved is not None:
        return alert.resolved.count
    return max(cause.begun(alert.raised.since) if cause else 0, 1)
