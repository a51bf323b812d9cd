"""Whether Kafka and ClickHouse answer: away, frozen, of another user; asked seldom, and told by name."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.broker import Broker, free_port
from embedded.clickhouse import ClickHouseServer
from schemas.probes import Look, clickhouse, kafka
from schemas.readiness import READINESS
from schemas.settings import ClickHouse, Kafka
from tests.scraped import wait_for_nothing


@pytest.fixture(autouse=True)
def _nothing_waited_for() -> Iterator[None]:
    wait_for_nothing()
    yield
    wait_for_nothing()


def test_a_broker_answers_or_is_frozen_or_away(fresh_broker: Broker) -> None:
    probe = kafka(Kafka(bootstrap=(fresh_broker.bootstrap,)))
    assert probe() == ""
    process = fresh_broker._process  # noqa: SLF001 nobody else freezes it
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert probe().startswith(f"no answer from Kafka at {fresh_broker.bootstrap}: ")
        assert time.monotonic() - began < 20
    finally:
        process.send_signal(signal.SIGCONT)
    port = free_port()
    told = kafka(Kafka(bootstrap=(f"127.0.0.1:{port}",)))()
    assert told == f"no answer from Kafka at 127.0.0.1:{port}: no broker at 127.0.0.1:{port}: Connection refused"


def test_clickhouse_answers_its_own_user_alone(clickhouse_settings: ClickHouse, tmp_path: Path) -> None:
    assert clickhouse(clickhouse_settings)() == ""
    wrong = tmp_path / "password"
    wrong.write_text("wrong")
    wrong.chmod(0o600)
    refused = clickhouse_settings.model_copy(update={"password_file": wrong, "password_env": "NO_SUCH_VARIABLE"})
    assert clickhouse(refused)().startswith(f"ClickHouse at http://127.0.0.1:{refused.port}/ refuses: ")
    nobody = clickhouse_settings.model_copy(update={"port": free_port()})
    assert clickhouse(nobody)().startswith(f"no answer from ClickHouse at http://127.0.0.1:{nobody.port}/: ")


@pytest.fixture
def clickhouse_settings(clickhouse: ClickHouseServer, tmp_path: Path) -> ClickHouse:
    file = tmp_path / "own"
    file.write_text(clickhouse.password)
    file.chmod(0o600)
    return ClickHouse(port=clickhouse.port, database="default", password_env="NONE_SUCH", password_file=file)


def test_each_server_is_asked_at_most_every_five_seconds_and_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, asked = ["frozen", ""], []

    def probe() -> str:
        asked.append(1)
        return answers[len(asked) - 1]

    look = Look({"Kafka": probe})
    look()
    look()
    assert (len(asked), READINESS.missing) == (1, {"Kafka": "frozen"})
    monkeypatch.setattr("schemas.probes._KEEPS_SECONDS", 0.0)
    look()
    assert (len(asked), READINESS.missing) == (2, {})
