"""The desk's alerts: topics and looks are read, alerts are decided on the topic `alert.events`, messages leave.

All that is known is read from the topics, so it goes on after any end as if there had been none. It is a thread of its
own: a report that is drawn, or letters that wait for a server, hold up no alert.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from typing import get_args

from schemas import topics
from schemas.alert_events import AlertEvent
from schemas.alert_settings import PULSE, Alerting
from schemas.events import Event
from schemas.observations import AlertsLooked, HookApplied, HookDrifted, HookFailed, ListingObserved, PoolObservation
from schemas.pulse import Pulse
from schemas.settings import Settings
from streams.alert_looked import Minutes
from streams.alert_looks import Looks
from streams.alert_posts import Posts
from streams.alerts import rules
from streams.alerts.book import Book
from streams.alerts.causes import Causes
from streams.alerts.deciding import Decided, decide, terms
from streams.alerts.facts import Look, WarehouseLooked, watched
from streams.alerts.words import neutral
from streams.journal import Journal
from streams.reports.asking import idle
from streams.topiclog import LogAwayError, TopicLog

LOG = logging.getLogger("relaywarden.desk")
FOLLOWED = (
    topics.POOL_EVENTS,
    topics.MAILBOX_EVENTS,
    topics.CASE_EVENTS,
    topics.SUNSET_EVENTS,
    topics.POOL_OBSERVATIONS,
)
_NEWEST_MS = 300_000
_TELLING = (ListingObserved, HookApplied, HookFailed, HookDrifted)
_MINUTE = 60_000_000
_PATIENCE = 90_000_000
_RETRY_SECONDS = 1.0
_OWN = get_args(AlertEvent)
_OBSERVED = get_args(PoolObservation)


class AlertDesk:
    """The alerts of a configuration; `clock` tells the time in µs. ValueError names rules that are not there.

    With `dry_run` it says what it would raise, and writes and sends nothing.
    """

    def __init__(
        self, settings: Settings, alerting: Alerting, clock: Callable[[], int], *, dry_run: bool = False
    ) -> None:
        self._settings, self._clock, self._dry_run = settings, clock, dry_run
        self._terms = terms(alerting, watched(settings))
        self._posts = Posts(settings, alerting, clock)
        self._beat: Callable[[], None] = idle if dry_run else Pulse(settings.data, PULSE).beat
        self._reading = self._beat
        self._said: set[str] = set()

    def work(self, stop: threading.Event, again: bool = False) -> None:  # noqa: FBT001, FBT002 a thread's argument
        """Work until `stop` is set; a broker that is away is waited for.

        With `again` one before it ended by a fault: it gives no sign of life until it has done a turn.
        """
        away = False
        self._posts.stop()
        self._reading = idle if again else self._beat
        while not stop.is_set():
            try:
                with ExitStack() as stack:
                    session = _Session(self._settings, stack, self._reading)
                    session.begin(self._clock())
                    away = False
                    while not stop.is_set():
                        self._turn(session)
            except LogAwayError as error:
                if not away:
                    LOG.warning("alerts: the log is away, nothing is told: %s", error)
                away = True
                self._posts.stop()
                self._reading()
                stop.wait(_RETRY_SECONDS)
        self._posts.stop()

    def _turn(self, session: "_Session") -> None:
        at = self._clock()
        session.read(at)
        session.rest()
        decided = decide(session.causes.known, session.book, self._terms, at, session.causes.heard)
        if self._dry_run:
            self._say(decided)
        else:
            session.journal.append(decided)
            session.rest()
            self._posts.turn(session.book, session.causes.known, session.journal, session.rest)
            session.looked(at)
        session.forget(at)
        self._beat()
        self._reading = self._beat

    def _say(self, decided: tuple[Decided, ...]) -> None:
        for event in decided:
            if event.id not in self._said:
                LOG.info("would be %s: %s", type(event).__name__.removeprefix("Alert").lower(), neutral(event.text))
            self._said.add(event.id)


class _Session:
    """The opened topics, what they told, and what was looked at; LogAwayError from all of it."""

    def __init__(self, settings: Settings, stack: ExitStack, beat: Callable[[], None]) -> None:
        self._settings, self._beat = settings, beat
        self.book = Book()
        self.causes = Causes(watched(settings), rules.names())
        self.journal = stack.enter_context(Journal(settings.kafka, self._own, beat, topics.ALERT_EVENTS))
        self._stack = stack
        self._logs: list[TopicLog[None]] = []
        self._looks = _Looking(settings)
        self._minutes = Minutes()

    def begin(self, at: int) -> None:
        """Read all that there is: what is so is known then. No rule minds in which order two topics are read."""
        since = max(at // 1000 - _NEWEST_MS, 1)
        for topic in FOLLOWED:
            whole = topic is not topics.POOL_OBSERVATIONS  # thousands a second: what was before, ClickHouse knows
            log: TopicLog[None] = TopicLog(self._settings.kafka, topic, self._seen, 0 if whole else since)
            self._logs.append(self._stack.enter_context(log))
        self.journal.read()
        self.read(at)
        LOG.info("alerts: all is read, %d are open", len(list(self.book.opened())))

    def read(self, at: int) -> None:
        """Take what is new, and look around once a minute."""
        for log in self._logs:
            log.next()
        for look in self._looks.seen(at):
            self.causes.take(look)

    def rest(self) -> None:
        """Take all that the topic of the alerts holds by now: another desk may have been first."""
        self.journal.rest()

    def looked(self, at: int) -> None:
        """Tell that all was looked at, once a minute, and by one of several desks."""
        if (told := self._minutes.told(at)) is not None:
            self.journal.aside(told, topics.POOL_OBSERVATIONS)

    def forget(self, at: int) -> None:
        """Forget what is long over."""
        self.causes.forget(at, self.book.open)
        self.book.forget(at)

    def _own(self, event: Event) -> None:
        if isinstance(event, _OWN):
            self.book.take(event)
            self.causes.take(event)

    def _seen(self, event: Event) -> None:
        if isinstance(event, AlertsLooked):
            self._minutes.heard(event)
        if not isinstance(event, _OBSERVED) or isinstance(event, _TELLING):
            self.causes.take(event)
        self._beat()


class _Looking:
    """Looks once a minute, in a thread of its own: a ClickHouse that hangs holds up no alert, and is one.

    A look that ends by a fault of ours is said in the log, and the next minute has another.
    """

    def __init__(self, settings: Settings) -> None:
        self._looks = Looks(settings)
        self._found: SimpleQueue[Event | Look] = SimpleQueue()
        self._began = 0
        self._answered = False
        self._thread: threading.Thread | None = None

    def seen(self, at: int) -> Iterator[Event | Look]:
        """Yield what was seen meanwhile."""
        while True:
            try:
                found = self._found.get_nowait()
            except Empty:
                break
            self._answered = self._answered or isinstance(found, WarehouseLooked)
            yield found
        if self._thread is not None and self._thread.is_alive():
            if not self._answered and at - self._began > _PATIENCE:
                yield WarehouseLooked(at=at, problem="no answer within 90 seconds")
        elif not 0 <= at - self._began < _MINUTE:
            self._began, self._answered = at, False
            self._thread = threading.Thread(target=self._look, args=(at,), name="alert-looks", daemon=True)
            self._thread.start()

    def _look(self, at: int) -> None:
        for found in self._looks.all(at):
            self._found.put(found)
