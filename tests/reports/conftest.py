"""The office of tests that send reports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from tests.reports.office import Office


@pytest.fixture
def office(
    fresh_broker: Broker, clickhouse: ClickHouseServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    made = Office(fresh_broker, clickhouse, database, tmp_path / "state")
    yield made
    made.server.stop()
