"""Whether the logs that tell of a load were read up to now: of one that was not, nothing is known."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.moments import moment_of
from streams.sunset.weeks import HOUR

_DAY = 24 * HOUR


class Log(NamedTuple):
    """A host's log of mails or (`logins`) of logins: when it spoke last and first in a week (µs), in so many hours."""

    host: str
    logins: bool
    newest: int
    oldest: int
    hours: int

    @property
    def steady(self) -> bool:
        """Tell whether it speaks in most hours: of one that seldom does, an hour's silence says nothing."""
        return self.hours * HOUR >= _DAY and 2 * self.hours * HOUR >= self.newest - self.oldest

    @property
    def name(self) -> str:
        """Return what it is called, as `streams.sunset.uses` does."""
        return f"{self.host} (logins)" if self.logins else self.host


def unheard(logs: Sequence[Log], at: int) -> str:
    """Return which logs of a week (`logs`) were not heard within an hour, in words, "" where all were.

    One that is silent for days is no more known than one that is so since noon. A host counts by whichever of its logs
    is newer, and each that is steady by itself besides: where its mails are read and its logins are not, its logins are
    not known.
    """
    if all(at - log.newest >= _DAY for log in logs):
        return "no host's log was read within a day"
    silent = [log for log in logs if at - log.newest > HOUR]
    gone = {log.host for log in silent} - {log.host for log in logs if log not in silent}
    return _told(log for log in silent if log.steady or log.host in gone)


def _told(silent: Iterable[Log]) -> str:
    found = sorted(silent, key=lambda log: (log.newest, log.name))
    told = "; ".join(
        f"that of {log.name}, since {moment_of(log.newest).isoformat(timespec='seconds')}" for log in found
    )
    return f"a host's log was not read for an hour: {told}" if told else ""
