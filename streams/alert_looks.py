"""What no event tells: whether logs are heard, whether the worker and the sink keep up, whether ClickHouse answers.

Of what the pools were told, the newest of each list and hook comes from ClickHouse, once: the topic `pool.observations`
has thousands of counts a second, and nobody reads two days of these.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from kafka.errors import KafkaError

from schemas import codec, topics
from schemas.events import Event
from schemas.lag import Lag, Offsets
from schemas.settings import Settings
from streams.alerts.facts import LagLooked, LogsLooked, Look, WarehouseLooked
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


_SEEN = """SELECT * EXCEPT (kafka_cluster, kafka_partition, kafka_offset) FROM pool_observations
WHERE type IN ('listing_observed', 'hook_applied', 'hook_failed', 'hook_drifted') AND at > {since:Int64}
ORDER BY at DESC LIMIT 1 BY ip, list, pool, hook, host"""
_IN_JSON = {"output_format_json_quote_64bit_integers": 0, "output_format_json_named_tuples_as_objects": 1}
_TWO_DAYS = 2 * 86_400_000_000


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
        self._before = False

    def all(self, at: int) -> Iterator[Event | Look]:
        """Yield what is seen now; what could not be asked is left out: nobody knows then."""
        yield from self._warehouse(at)
        yield from self._lags(at)

    def _warehouse(self, at: int) -> Iterator[Event | Look]:
        before: list[Event] = []
        try:
            with connect(self._settings) as client:
                if not self._before:
                    before = _before(client, at)
                logs = heard(client, at)
        except ClickHouseError as error:
            yield WarehouseLooked(at=at, problem=str(error).strip().partition("\n")[0][:200] or repr(error)[:200])
        except (OSError, ValueError) as error:  # its password's file
            yield WarehouseLooked(at=at, problem=str(error))
        else:
            self._before = True
            yield from before
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


def _before(client: Client, at: int) -> list[Event]:
    """Return what each list said last of each IP, and how each hook went last, within two days. ClickHouseError."""
    text = client.raw_query(_SEEN, parameters={"since": at - _TWO_DAYS}, fmt="JSONEachRow", settings=_IN_JSON)
    return [codec.decode(line) for line in text.splitlines()]
