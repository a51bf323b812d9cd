"""What the sink's tests send and count: a rig with a producer, sink processes and a client."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.events import DeliveryAttempted
from schemas.names import event_id
from schemas.settings import Settings
from schemas.topics import MAIL_EVENTS
from tests.parts import packed
from tests.waits import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
_SINK = """
import logging, sys
from schemas.settings import Settings
from streams.warehouse import run
logging.basicConfig(level=logging.WARNING)
run(Settings.model_validate_json(sys.argv[1]), (int(sys.argv[2]), int(sys.argv[3])))
"""


def delivery(source: str, number: int) -> DeliveryAttempted:
    """Return the `number`th delivery of a source; it is of now, since the tables forget what is old."""
    return DeliveryAttempted(
        id=event_id(source, number * 200),
        at=time.time_ns() // 1000,
        host="mx1.example.net",
        queue_id=f"4F{number:09d}",
        sender=f"user{number % 977}@example.net",
        sender_kind="sasl",
        envelope_from=f"user{number % 977}@example.net",
        recipient=f"someone{number % 7919}@example.org",
        provider="google",
        outcome="sent",
        enhanced_status="2.0.0",
        reply="250 2.0.0 OK  1700000000 a1-20020a05600c2e4100b003f9 - gsmtp",
        transport="relay1",
        outbound_ip="192.0.2.1",
        relay_host="gmail-smtp-in.l.google.com",
        relay_ip="198.51.100.7",
        relay_port=25,
        delay_ms=1400,
    )


@dataclass
class Rig:
    """A sink's surroundings: it sends chunks as the publisher does, and runs the sink beside itself."""

    settings: Settings
    broker: Broker
    server: ClickHouseServer
    client: Client
    log: Path
    _sinks: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _producer: KafkaProducer | None = None

    @property
    def producer(self) -> KafkaProducer:
        """Return a producer of the broker that runs now."""
        if self._producer is None:
            self._producer = KafkaProducer(bootstrap_servers=[self.broker.bootstrap], linger_ms=5)
        return self._producer

    def forget_broker(self) -> None:
        """End the producer of a broker that is gone."""
        if self._producer is not None:
            self._producer.close(timeout=2)
        self._producer = None

    def send(self, partition: int, source: str, start: int, end: int) -> None:
        """Send one chunk with the deliveries from `start` to before `end` of a source."""
        events = [delivery(source, number) for number in range(start, end)]
        headers = [
            ("first", events[0].id.encode()),
            ("last", events[-1].id.encode()),
            ("count", str(len(events)).encode()),
        ]
        value = packed(events)
        self.producer.send(MAIL_EVENTS.name, value=value, partition=partition, headers=headers)

    def event(self, source: str, number: int) -> DeliveryAttempted:
        """Return the `number`th delivery of a source."""
        return delivery(source, number)

    def ensure_topics(self) -> None:
        """Make the topics in the broker that runs now."""
        ensure_topics(self.settings)

    def start(self, share: tuple[int, int] = (0, 1)) -> subprocess.Popen[bytes]:
        """Start a sink process."""
        with self.log.open("ab") as log:
            sink = subprocess.Popen(
                [sys.executable, "-c", _SINK, self.settings.model_dump_json(), *map(str, share)],
                cwd=ROOT,
                stderr=log,
                env={**os.environ, PASSWORD_ENV: self.server.password},
            )
        self._sinks.append(sink)
        return sink

    def end(self) -> None:
        """End what still runs."""
        self.end_sinks()
        self.forget_broker()

    def end_sinks(self) -> None:
        """Kill all sinks."""
        for sink in self._sinks:
            if sink.poll() is None:
                sink.kill()
                sink.wait()

    def count(self, table: str = "mail_events") -> tuple[int, int]:
        """Return how many rows a table has, raw, and how many ids."""
        rows = self.client.query(
            "SELECT count(), uniqExact(id) FROM {table:Identifier}", parameters={"table": table}
        ).result_rows
        return int(rows[0][0]), int(rows[0][1])

    def wait_for(self, expected: int, table: str = "mail_events", seconds: float = 120) -> None:
        """Wait until a table has that many ids. TimeoutError when it does not get them."""
        until(lambda: self.count(table)[1] >= expected, seconds, f"{table}: {self.count(table)}, not {expected}")


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until `done()`. TimeoutError says what did not come."""
    deadline = time.monotonic() + max(seconds, PATIENCE)
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)
