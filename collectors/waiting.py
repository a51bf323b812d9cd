"""Complaints that wait for the log: those whose mail it does not know yet, and all while ClickHouse is away.

What is signed waits for nothing: the log is asked once, if it answers. Any other one stays in its Maildir and is asked
for again, ever more rarely, until its mail is found or the time is over; one whose sender our own header names waits
too, since anybody can write such a line, and only what the log confirms counts. Then it is taken in with the sender
that it names, or unattributed, and says why.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from collectors.attribution import Attributed, SentLog, asks, attribute, candidates, signed
from schemas.events import ComplaintReceived
from schemas.settings import Maildir

LOG = logging.getLogger("relaywarden.complaints")
_FIRST_SECONDS = 15.0
_LONGEST_SECONDS = 300.0
_REST_SECONDS = 5.0
_MOST_REMEMBERED = 100_000


@dataclass
class _Wait:
    """Since when a mail waits, when the log is asked again, and how long after that."""

    since: float
    again: float
    pause: float = _FIRST_SECONDS


class Attributor:
    """Holds the complaints of one Maildir against the log of what was sent."""

    def __init__(self, settings: Maildir, name: str, log: SentLog, clock: Callable[[], float] | None = None) -> None:
        self._name, self._log = name, log
        self._longest = settings.attribution_wait_minutes * 60
        self._days = settings.attribution_days
        self._clock = clock or time.time  # noqa: TID251 how long a mail waits is told by the time of its file
        self._waits: OrderedDict[str, _Wait] = OrderedDict()
        self._away = ""
        self._rest_until = 0.0

    def due(self, path: Path) -> bool:
        """Tell whether a mail is to be looked at now: it is new, or has waited long enough to ask again."""
        wait = self._waits.get(_base(path))
        return wait is None or self._clock() >= wait.again

    def judged(self, path: Path, complaint: ComplaintReceived, came_at: float) -> ComplaintReceived | None:
        """Return what the log makes of the complaint of a mail that came at `came_at`; None while that must wait."""
        now = self._clock()
        wait = self._waits.pop(_base(path), None) or _Wait(min(now, came_at), now)
        over = now - wait.since >= self._longest
        verdict = self._asked(complaint, now)
        if verdict.settled or over:
            return verdict.complaint
        wait.again, wait.pause = (
            min(now + wait.pause, wait.since + self._longest),
            min(wait.pause * 2, _LONGEST_SECONDS),
        )
        self._waits[_base(path)] = wait
        if len(self._waits) > _MOST_REMEMBERED:
            self._waits.popitem(last=False)
        return None

    def _asked(self, complaint: ComplaintReceived, now: float) -> Attributed:
        """Ask the log, where there is anything to ask; while it is away, at most every few seconds."""
        if not asks(complaint):
            return attribute(complaint, ())._replace(settled=True)
        if now >= self._rest_until:
            try:
                verdict = attribute(complaint, candidates(complaint, self._log, self._days))
            except OSError as error:
                self._rest_until = now + _REST_SECONDS
                self._told_away(str(error))
            else:
                self._told_back()
                return verdict
        known = signed(complaint)
        reason = complaint.reason if known else f"ClickHouse did not answer within {self._longest / 60:g} min"
        return Attributed(replace(complaint, reason=reason), settled=known)

    def _told_away(self, error: str) -> None:
        if not self._away:
            LOG.warning("%s: %s; complaints wait for it, up to %g min", self._name, error, self._longest / 60)
        self._away = error

    def _told_back(self) -> None:
        if self._away:
            LOG.info("%s: ClickHouse answers again", self._name)
        self._away = ""


def _base(path: Path) -> str:
    """Return the name of a mail without its flags, which another program may change."""
    return path.name.partition(":")[0]
