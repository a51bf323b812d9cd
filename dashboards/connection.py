"""The one connection to ClickHouse of all sessions: shared answers, and the last good one when ClickHouse is away."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import clickhouse_connect
import pandas as pd
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from dashboards.metrics import FAILED, QUERIES
from dashboards.span import Span
from schemas.settings import ClickHouse

LOG = logging.getLogger("relaywarden.dashboard")
Query = Callable[..., pd.DataFrame]
_REST_SECONDS = 2.0
_KEPT_ANSWERS = 400
_PAST_SECONDS = 30.0
_AHEAD = 2


@dataclass(frozen=True)
class Reading:
    """The last good answer, `None` before the first; `error` says why there is no newer one, "" when there is.

    With `away` ClickHouse itself did not answer; else it answered, but not this question (too long, too much memory).
    """

    frame: pd.DataFrame | None
    read_at: float = 0.0
    error: str = ""
    away: bool = False


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    reading: Reading = field(default_factory=lambda: Reading(None))
    tried: float = float("-inf")


def _sentence(error: BaseException) -> str:
    """Return what lies at the root of an error: the operating system's word, else the server's."""
    deepest: BaseException = error
    while (cause := deepest.__cause__ or deepest.__context__) is not None:
        deepest = cause
    said = deepest.strerror if isinstance(deepest, OSError) and deepest.strerror else str(error)
    return " ".join(said.split())[:300]


class Warehouse:
    """Answers of ClickHouse, shared by all sessions; safe to use from many threads."""

    def __init__(self, settings: ClickHouse, clock: Callable[[], float] | None = None) -> None:
        self._settings = settings
        self._clock = clock or time.time  # noqa: TID251 pages look at the hours before now
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._lock = threading.Lock()
        self._beside = ThreadPoolExecutor(_AHEAD, "ahead")
        self._client: Client | None = None
        self._away_since = float("-inf")
        self._away = ""

    def read(self, query: Query, hours: int, *values: Hashable, every: float = 1.5, at: int = 0) -> Reading:
        """Return what a query says of the last `hours`, asking again only after `every` seconds.

        With `at` (µs) it is the hours before that moment, asked again each half minute: facts may come late.
        Who finds the same question being asked gets the last answer at once; while ClickHouse is away, it is asked
        every two seconds, not once for each table of each session.
        """
        slot = self._slot((query.__module__, query.__name__, hours, values, at))
        with self._lock:
            waits = slot.lock.locked() and slot.reading.frame is not None
        if waits:
            return slot.reading
        with slot.lock:
            now = self._clock()
            if now - slot.tried >= (max(every, _PAST_SECONDS) if at and slot.reading.frame is not None else every):
                slot.reading = self._ask(
                    query, slot.reading, Span.last(hours, at or int(now * 1_000_000), past=at > 0), values
                )
                slot.tried = now
            return slot.reading

    def ahead(self, query: Query, hours: int, *values: Hashable, every: float = 1.5, at: int = 0) -> Future[Reading]:
        """Read in a thread beside; of all sessions, so few do that a question may wait for its turn."""
        return self._beside.submit(self.read, query, hours, *values, every=every, at=at)

    def _slot(self, key: Hashable) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > _KEPT_ANSWERS:
                self._slots.popitem(last=False)
            return slot

    def _ask(self, query: Query, last: Reading, span: Span, values: tuple[Hashable, ...]) -> Reading:
        now = self._clock()
        if now - self._away_since < _REST_SECONDS:
            return Reading(last.frame, last.read_at, self._away, away=True)
        try:
            with QUERIES.labels(query.__name__).time():
                answer = query(self._connected(), span, *values)
        except (ClickHouseError, OSError) as error:
            FAILED.labels(query.__name__).inc()
            text = _sentence(error)
            away = isinstance(error, OperationalError | OSError)
            if away:
                text = f"{self._settings.host}:{self._settings.port}: {text}"
                if not self._away:
                    LOG.warning("ClickHouse does not answer: %s", text)
                self._away_since, self._away = self._clock(), text
            return Reading(last.frame, last.read_at, text, away)
        self._away = ""
        return Reading(answer, now)

    def _connected(self) -> Client:
        if self._client is None:
            self._client = clickhouse_connect.get_client(
                host=self._settings.host,
                port=self._settings.port,
                secure=self._settings.secure,
                username=self._settings.user,
                password=self._settings.password,
                database=self._settings.database,
                autogenerate_session_id=False,
                connect_timeout=2,
                send_receive_timeout=15,
                query_retries=0,
                client_name="relaywarden-dashboard",
            )
        return self._client
