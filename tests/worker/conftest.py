"""A worker of its own broker for each test."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.broker import Broker
from schemas.settings import Settings
from tests.worker.workbench import Bench, Worker


@pytest.fixture
def settings(fresh_broker: Broker, tmp_path: Path) -> Settings:
    kafka = {"bootstrap": [fresh_broker.bootstrap], "partitions": 4, "session_timeout_seconds": 2.0}
    return Settings.model_validate({"kafka": kafka, "data": tmp_path / "data", "tick_seconds": 0.5})


@pytest.fixture
def bench(fresh_broker: Broker, settings: Settings) -> Iterator[Bench]:
    bench = Bench(fresh_broker, settings)
    yield bench
    bench.close()


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(settings, tmp_path / "worker.log")
    yield worker
    worker.kill()
    if os.environ.get("SHOW_WORKER"):
        sys.stderr.write(worker.text())
