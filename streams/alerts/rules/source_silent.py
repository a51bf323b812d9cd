"""A log that used to speak does not: it is not read any more, or its server is down; over once it speaks again."""

from collections.abc import Iterator

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.moments import rfc3339
from streams.alerts.facts import LogsLooked, Look, Watched
from streams.alerts.rules import Sign
from streams.sunset.load_heard import Log

SEVERITY: Severity = "warning"
DELAY_MINUTES = 0.0
MEANS = "a host's log is not heard for longer than it is usually silent"
TOLD_AGAIN = True

_HOUR = 3_600_000_000
_DAY = 24
_NIGHT, _WEEKEND = 26, 80
_ALL = "all logs"


def signs(
    before: frozenset[str] | None, fact: Event | Look, _watched: Watched
) -> tuple[frozenset[str] | None, tuple[Sign, ...]]:
    """Return what a look at the logs tells; one that was silent for a week is not expected any more."""
    if not isinstance(fact, LogsLooked):
        return before, ()
    silent = {log.name: log for log in fact.logs if fact.at - log.newest > patience(log) * _HOUR}
    told = (*_looked(fact, silent), *_forgotten(fact, before or frozenset()))
    return frozenset(silent), told


def patience(log: Log) -> int:
    """Return for how many hours a log may be silent: an hour, a night or a weekend, by how it spoke in the last week.

    One of which less than a day is known, or that spoke in a few hours only, has a weekend.
    """
    spoken = log.hours * _HOUR / max(log.newest - log.oldest, _HOUR)
    if log.hours < _DAY:
        return _WEEKEND
    return 1 if spoken >= 0.95 else _NIGHT if spoken >= 0.5 else _WEEKEND  # noqa: PLR2004 shares of all hours


def _looked(fact: LogsLooked, silent: dict[str, Log]) -> Iterator[Sign]:
    text = "logs were heard within a week" if fact.logs else "no log of any host was heard within a week"
    yield Sign(subject=_ALL, at=fact.at, on=not fact.logs, text=text, severity="critical", page="pipeline")
    for log in fact.logs:
        what = "the log of logins" if log.logins else "the mail log"
        last = rfc3339(log.newest)
        if log.name in silent:
            hours = patience(log)
            often = {1: "nearly every hour", _NIGHT: "most hours"}.get(hours, "some hours")
            text = f"{what} of {log.host} is not heard since {last}, and spoke in {often} before"
            yield Sign(
                subject=log.name, at=fact.at, on=True, text=text, since=log.newest + hours * _HOUR, page="pipeline"
            )
        else:
            yield Sign(subject=log.name, at=fact.at, on=False, text=f"{what} of {log.host} was heard at {last}")


def _forgotten(fact: LogsLooked, before: frozenset[str]) -> Iterator[Sign]:
    for name in sorted(before - {log.name for log in fact.logs}):
        text = f"{name} was not heard for a week, and is not expected any more"
        yield Sign(subject=name, at=fact.at, on=False, text=text)
