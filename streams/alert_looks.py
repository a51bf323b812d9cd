"""What no event tells: whether logs are heard, whether the worker and the sink keep up, whether ClickHouse answers."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from clickhouse_connect.driver.exceptions import ClickHouseError
from kafka.errors import KafkaError

from schemas import topics
from schemas.settings import Settings
from streams.alerts.facts import LagLooked, LogsLooked, Look, WarehouseLooked
from streams.lag import Lag, Offsets
from streams.sunset.load_seen import heard
from streams.warehouse_client import connect

LATE_MINUTES = 5
_MINUTE = 60_000_000
_FOLDED = (
    topics.MAIL_EVENTS,
    topics.COMPLAINTS,
    topics.POOL_OBSERVATIONS,
    topics.MAILBOX_SIGNALS,
    topics.CASE_OBSERVATIONS,
)


class _Then(NamedTuple):
    """What the topics held at a moment, for the worker and for the sink."""

    at: int
    stream: Offsets
    sink: Offsets


class Looks:
    """Looks at what happens; `at` is the time in µs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._then: deque[_Then] = deque(maxlen=2 * LATE_MINUTES)

    def all(self, at: int) -> Iterator[Look]:
        """Yield what is seen now; what could not be asked is left out: nobody knows then."""
        yield from self._warehouse(at)
        yield from self._lags(at)

    def _warehouse(self, at: int) -> Iterator[Look]:
        try:
            with connect(self._settings) as client:
                logs = heard(client, at)
        except ClickHouseError as error:
            yield WarehouseLooked(at=at, problem=str(error).strip().partition("\n")[0][:200] or repr(error)[:200])
        except (OSError, ValueError) as error:  # its password's file
            yield WarehouseLooked(at=at, problem=str(error))
        else:
            yield WarehouseLooked(at=at)
            yield LogsLooked(at=at, logs=tuple(logs))

    def _lags(self, at: int) -> Iterator[Look]:
        group = self._settings.kafka.group
        try:
            with Lag(self._settings) as lag:
                told = lag.ends(_FOLDED)
                held = {**told, **lag.ends(topic for topic in topics.TOPICS if topic not in _FOLDED)}
                then = [each for each in self._then if at - each.at >= LATE_MINUTES * _MINUTE]
                if then:
                    behind = {
                        "stream": lag.behind(group, then[-1].stream),
                        "sink": lag.behind(f"{group}-sink", then[-1].sink),
                    }
                    yield LagLooked(at=at, behind=behind, minutes=LATE_MINUTES)
        except (KafkaError, KeyError, OSError):
            return  # the topics themselves tell that the log is away
        self._then.append(_Then(at, told, held))
