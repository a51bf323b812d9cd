"""A whole Relaywarden for a test: broker, ClickHouse and the real processes, each of which may be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import tomli_w

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.clickhouse import ClickHouseServer
from schemas.settings import Settings, load
from streams.migrate import migrate
from tests.kafka.apache import ApacheKafka
from tests.waits import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
TRANSPORTS = {"out1": "192.0.2.11", "out2": "192.0.2.12", "out3": "192.0.2.13", "out4": "192.0.2.14"}


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until `done()`; a TimeoutError says what did not come."""
    seconds = max(seconds, PATIENCE)
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {seconds:.0f} s")
        time.sleep(0.1)


class Lab:
    """Servers and processes under one folder; all end with the block; without a broker given, the embedded one."""

    def __init__(self, folder: Path, config: dict[str, Any], broker: Broker | ApacheKafka | None = None) -> None:
        self.folder = folder
        self.broker = broker or Broker(folder / "broker.log")
        self.clickhouse = ClickHouseServer(folder / "clickhouse")
        kafka = {"bootstrap": [self.broker.bootstrap], "partitions": 4, "session_timeout_seconds": 6.0}
        table = {
            "data": str(folder / "state"),
            "tick_seconds": 1.0,
            "kafka": kafka,
            "clickhouse": {"port": self.clickhouse.port},
            "dashboard": {"port": free_port()},
        } | config
        self.config = folder / "relaywarden.toml"
        self.config.write_text(tomli_w.dumps(table))
        self.settings: Settings = load(self.config)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start the servers, make topics and tables."""
        self.broker.start()
        self.clickhouse.start()
        ensure_topics(self.settings)
        with self.clickhouse.connect() as client:
            migrate(client, self.settings.clickhouse.database)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self.clickhouse.stop()
        self.broker.stop()

    def run(self, name: str) -> None:
        """Start a process of Relaywarden by its command's name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "relaywarden", name, "--config", str(self.config)],
                cwd=ROOT,
                env={**os.environ, self.settings.clickhouse.password_env: self.clickhouse.password},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def alive(self, name: str) -> bool:
        """Tell whether the process runs."""
        return self._processes[name].poll() is None

    def kill(self, name: str) -> None:
        """End the process at once (kill -9)."""
        self._processes[name].kill()
        self._processes[name].wait()

    def end(self, name: str, seconds: float = 15.0) -> int:
        """End the process by SIGTERM and return its exit status."""
        self._processes[name].send_signal(signal.SIGTERM)
        return self._processes[name].wait(seconds)

    def log(self, name: str) -> str:
        """Return what the process wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query of the warehouse."""
        with self.clickhouse.connect(self.settings.clickhouse.database) as client:
            return [tuple(row) for row in client.query(query).result_rows]

    def value(self, query: str) -> Any:  # noqa: ANN401 whatever the query selects
        """Return the one value of a query of the warehouse."""
        return self.rows(query)[0][0]
