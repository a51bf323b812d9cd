"""What alerts ask of ClickHouse and Kafka: what lists and hooks said before, which logs are heard, who lags."""

import pytest

from schemas.observations import HookApplied, HookDrifted, ListingObserved, PoolObservation
from streams.alert_looks import Looks
from streams.alerts.facts import LagLooked, LogsLooked, WarehouseLooked
from streams.operating import now, publish
from tests.sink.rig import Rig
from tests.waits import until

HOUR = 3_600_000_000
MINUTE = 60_000_000


def _listed(at: int, ip: str, answer: str) -> ListingObserved:
    return ListingObserved(id=f"{ip}{at}", at=at, ip=ip, list="zen", answer=answer, scope="ip")  # type: ignore[arg-type]


@pytest.mark.usefixtures("sink")
def test_the_newest_of_each_list_and_hook_is_told_once_and_then_who_lags(rig: Rig) -> None:
    at = now()
    hook = {"pool": "main", "hook": "exim", "host": "mx1", "active": {"192.0.2.1": 1.0}}
    told: list[PoolObservation] = [
        _listed(at - 9 * HOUR, "192.0.2.1", "listed"),
        _listed(at - 60 * HOUR, "192.0.2.3", "listed"),
        _listed(at - 8 * HOUR, "192.0.2.1", "not_listed"),
        _listed(at - 8 * HOUR, "192.0.2.2", "listed"),
        HookApplied(id="a", at=at - 3 * HOUR, **hook),  # type: ignore[arg-type]
        HookDrifted(id="d", at=at - 2 * HOUR, reason="changed", **hook),  # type: ignore[arg-type]
    ]
    for event in told:
        publish(rig.settings, event)
    rig.send(0, "a" * 16, 1, 2)
    until(lambda: rig.client.query("SELECT count() FROM pool_observations").result_rows == [(6,)], "the rows", 60)
    until(lambda: rig.client.query("SELECT count() FROM heard_hosts").result_rows != [(0,)], "the host", 60)
    looks = Looks(rig.settings)
    *before, warehouse, logs = looks.all(at + MINUTE)
    assert {event.id for event in before} == {told[2].id, told[3].id, "d"}  # type: ignore[union-attr]
    assert warehouse == WarehouseLooked(at=at + MINUTE)
    assert isinstance(logs, LogsLooked)
    assert [(log.host, log.logins, log.hours) for log in logs.logs] == [("mx1.example.net", False, 1)]
    again = list(looks.all(at + 6 * MINUTE))
    (lag,) = [each for each in again if isinstance(each, LagLooked)]
    assert (lag.behind, lag.minutes) == ({"stream": 7, "sink": 0}, 5), "there is no worker, and the sink has done it"
    assert [each for each in again if isinstance(each, ListingObserved | HookDrifted)] == []


def test_a_clickhouse_that_refuses_us_is_away(rig: Rig) -> None:
    wrong = rig.settings.clickhouse.model_copy(update={"password_env": "NO_SUCH_VARIABLE"})
    (away,) = Looks(rig.settings.model_copy(update={"clickhouse": wrong})).all(1)
    assert isinstance(away, WarehouseLooked)
    assert away.problem != ""
