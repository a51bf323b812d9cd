"""The desk's task for sunsets: looks into the warehouse each hour and at the weekly moments, and writes what follows.

A look counts only if the sink had stored all that was in the log when it began, and the directory could be read: what
is missing is waited for, never taken for silence.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from kafka.errors import KafkaError

from schemas.events import Event
from schemas.lag import Lag, Offsets
from schemas.settings import Settings
from schemas.sunset_events import Use
from schemas.sunset_settings import Sunset
from schemas.topics import MAIL_EVENTS
from streams.directory.found import Directory
from streams.directory.kept import Kept
from streams.journal import Journal
from streams.sunset.aliases import joined, together
from streams.sunset.astray import forgotten, gone
from streams.sunset.cut_off import before_shut
from streams.sunset.decide import Accounts, Case, counts, users
from streams.sunset.endings import Endings
from streams.sunset.ledger import Ledger, Ledgers, fold
from streams.sunset.lines import line
from streams.sunset.look import Look
from streams.sunset.packing import Uses
from streams.sunset.uses import carriers, heard, messages, surely, uses
from streams.sunset.weeks import HOUR, day_of, left_out, moment, start_of, week_of
from streams.sunset.writing import letters
from streams.topiclog import LogAwayError
from streams.warehouse_client import awake

LOG = logging.getLogger("relaywarden.desk")
_WEEK, _MORE_DAYS = 7, 14
_RETRY = 60_000_000
_PATIENCE = 300_000_000
_ASK_SECONDS = 1.0
_STEPS = (users, letters, counts)


class _Asked(NamedTuple):
    """A look that waits until the sink has stored what was in the log when it was due."""

    at: int
    ends: Offsets
    behind: int


class Sunsets:
    """The sunsets of the configuration; `clock` tells the time in µs, `beat` says that the work goes on.

    With `dry_run` what would be written is told and taken in, and the log stays as it is. `looked` is when it looked
    last, `decided` that this look was decided about, `failure` why it could not be; `ledgers` is what it knows.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], int], beat: Callable[[], None], *, dry_run: bool = False
    ) -> None:
        self._settings, self._clock, self._beat, self._dry_run = settings, clock, beat, dry_run
        self._directory = Kept(settings, keep=not dry_run)
        self._told: set[str] = set()
        self.start_over()

    def start_over(self) -> None:
        """Forget all: the topic comes from its beginning."""
        self.ledgers: Ledgers = {}
        self._asked: _Asked | None = None
        self._ask_again = 0.0
        self.looked = self._next = self._reminded = 0
        self.decided, self.failure = False, ""

    def take(self, event: Event) -> None:
        """Take in an event of the topic."""
        fold(self.ledgers, (event,))

    def accounts(self) -> Directory | None:
        """Return whose the mailboxes are, None where that never could be read."""
        return self._directory.directory(self._clock())

    def turn(self, journal: Journal) -> None:
        """Look and decide, where that is due and everything is there to look at."""
        at = self._clock()
        self._remind(at)
        if not self._due(at):
            return
        if time.monotonic() >= self._ask_again:
            self._ask(at)
        asked = self._asked
        if asked is None or asked.behind:
            if asked is not None and at - asked.at >= _PATIENCE:
                self._once("sink", f"the sink has {asked.behind} records to store first: nothing is decided")
            return
        self._asked = None
        if not 0 <= at - asked.at < HOUR:
            return  # what was known then is too old to decide by; it is asked anew
        self.looked, self._next = asked.at, asked.at + HOUR
        accounts = self._directory.directory(asked.at)
        if accounts is None:
            self._again(f"no directory: {self._directory.failure}")
            return
        try:
            with awake(self._settings) as client:
                self._decide(client, journal, accounts, asked.at)
                self._told.discard("away")
                self.decided, self.failure = True, ""
        except ClickHouseError as error:
            self._again(f"ClickHouse does not answer: {str(error).splitlines()[0]}")

    def _remind(self, at: int) -> None:
        """Tell each hour what is not configured any more: of that no look tells."""
        if not self._reminded <= at < self._reminded + HOUR:
            self._reminded = at
            for told in forgotten(self.ledgers, self._settings.sunset, at):
                self._once(*told)

    def _ask(self, at: int) -> None:
        """Ask how far the sink has come on what was in the log when the look was due."""
        self._ask_again = time.monotonic() + _ASK_SECONDS
        try:
            with Lag(self._settings) as lag:
                since, ends = (self._asked.at, self._asked.ends) if self._asked else (at, lag.ends((MAIL_EVENTS,)))
                behind = lag.behind(f"{self._settings.kafka.group}-sink", ends)
        except (KafkaError, OSError) as error:
            raise LogAwayError(str(error)) from error
        self._asked = _Asked(since, ends, behind)
        if not behind:
            self._ask_again = 0.0

    def _due(self, at: int) -> bool:
        """Tell whether a look is due: an hour after the last, at a weekly moment, or because the clock was put back."""
        if not self._settings.sunset:
            return False
        if self._asked is not None or not self.looked <= at < self._next:
            return True
        return any(self.looked < _moment(sunset, at) <= at for sunset in self._settings.sunset.values())

    def _again(self, why: str) -> None:
        self.decided, self.failure = False, why
        self._once("away", f"{why}: nothing is decided, it is tried again each minute")
        self._next = self.looked + _RETRY

    def _decide(self, client: Client, journal: Journal, accounts: Accounts, at: int) -> None:
        for name, sunset in self._settings.sunset.items():
            last = Endings(sunset, self.ledgers.get(name, Ledger()), at).last
            if left_out(sunset, at, last):
                self._once(name, f"sunset.{name}.ends: {last} is past: the sunset is left out")
                continue
            seen = look(client, sunset, self.ledgers.get(name, Ledger()), at, accounts.mailbox, self._beat)
            for told in gone(Case(name, sunset, self.ledgers.get(name, Ledger()), seen, accounts)):
                self._once(*told)
            for step in _STEPS:
                journal.rest()
                events = step(Case(name, sunset, self.ledgers.setdefault(name, Ledger()), seen, accounts))
                written = self._shown(list(events)) if self._dry_run else journal.append(events)
                if written:
                    word = "would be" if self._dry_run else "are"
                    LOG.info("sunset %s: %d %s %s decided", name, written, step.__name__, word)
        self._told -= {"sink"}

    def _shown(self, events: list[Event]) -> int:
        for event in events:
            LOG.info("would be written: %s", line(event))
            self.take(event)
        return len(events)

    def _once(self, subject: str, sentence: str) -> None:
        if subject not in self._told:
            LOG.warning("%s", sentence)
        self._told.add(subject)


def look(  # noqa: PLR0913, PLR0917 what a look is made of
    client: Client,
    sunset: Sunset,
    ledger: Ledger,
    at: int,
    mailbox_of: Callable[[str], str],
    advance: Callable[[], None],
) -> Look:
    """Return what the warehouse knows at a moment, each use as that of the mailbox of its name.

    `mailbox_of` returns the mailbox of an alias; `advance` is told of each use. ClickHouseError without an answer.
    """

    def told(since: int, until: int) -> Iterator[Use]:
        for use in uses(client, sunset, since, until):
            advance()
            yield use

    today = day_of(sunset, at)
    days = max(sunset.quiet_days, _WEEK)
    since, before = (start_of(sunset, today - timedelta(days=back)) for back in (days, days + _MORE_DAYS))
    seen = Look(
        at=at,
        uses=Uses(told(since, at)),
        sure=surely(client, sunset, before, at, mailbox_of) if sunset.kind == "smtp_after_pop" else None,
        weekly=messages(client, sunset, start_of(sunset, today - timedelta(days=_WEEK - 1)), at),
        heard=heard(client, before, at, sunset.timezone),
        carriers=carriers(client, sunset, before, at),
    )
    one = joined(seen, mailbox_of)
    unseen = {mailbox_of(mailbox) for mailbox, box in ledger.boxes.items() if not box.done} - one.uses.keys()
    begins = min(before, before_shut(sunset, ledger))
    earlier = Uses(use for use in told(begins, since) if mailbox_of(use.mailbox) in unseen) if unseen else Uses()
    return msgspec.structs.replace(one, earlier=together(earlier, mailbox_of))


def _moment(sunset: Sunset, at: int) -> int:
    return moment(sunset, week_of(sunset, day_of(sunset, at)))
