"""A broker and a ClickHouse with topics and tables for the sink's tests."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.settings import ClickHouse, Kafka, Settings
from tests.migrated import migrate
from tests.sink.rig import Rig


@pytest.fixture
def rig(
    fresh_broker: Broker, clickhouse: ClickHouseServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """Give a broker and a database of this test's own, with topics of four partitions and all tables."""
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    settings = Settings(
        kafka=Kafka(bootstrap=(fresh_broker.bootstrap,), partitions=4),
        clickhouse=ClickHouse(host=clickhouse.host, port=clickhouse.port, database=database),
    )
    migrate(clickhouse.connect(), database)
    made = Rig(settings, fresh_broker, clickhouse, clickhouse.connect(database), tmp_path / "sink.log")
    made.ensure_topics()
    yield made
    made.end()


@pytest.fixture
def sink(rig: Rig) -> Popen[bytes]:
    """Run a sink; the rig ends it."""
    return rig.start()
