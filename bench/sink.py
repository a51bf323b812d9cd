"""How many rows a second go from Kafka's bytes into ClickHouse: `python -m bench.sink [EVENTS]`.

An embedded broker is filled with chunks as the publisher makes them; then one sink stores them in an embedded
ClickHouse, and the time runs from the first row to the last.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.settings import ClickHouse, Kafka, Settings
from schemas.topics import MAIL_EVENTS
from streams.migrate import migrate
from streams.warehouse import store_until
from tests.sink.rig import delivery

PARTITIONS = 4
CHUNK = 500


def fill(broker: Broker, events: int, turn: int = 0) -> int:
    """Send deliveries in chunks, evenly over the partitions, other ones each turn; return the bytes of JSON."""
    producer = KafkaProducer(bootstrap_servers=[broker.bootstrap], linger_ms=20)
    size = 0
    for start in range(0, events // PARTITIONS, CHUNK):
        for partition in range(PARTITIONS):
            chunk = [delivery(f"{turn:08x}{partition:08x}", number) for number in range(start, start + CHUNK)]
            lines = [codec.encode(event) for event in chunk]
            size += sum(map(len, lines))
            headers = [("first", chunk[0].id.encode()), ("last", chunk[-1].id.encode()), ("count", b"%d" % CHUNK)]
            producer.send(MAIL_EVENTS.name, value=codec.pack(lines), partition=partition, headers=headers)
    producer.flush()
    producer.close()
    return size


def _reached(client: Client, rows: int) -> tuple[float, int]:
    """Return when that many rows were there, and how many."""
    while True:
        stored: int = client.query("SELECT count() FROM mail_events").result_rows[0][0]
        if stored >= rows:
            return time.monotonic(), stored
        time.sleep(0.1)


def main(events: int) -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Broker(Path(folder) / "broker.log") as broker,
        ClickHouseServer(Path(folder) / "data") as server,
    ):
        os.environ[PASSWORD_ENV] = server.password
        settings = Settings(
            kafka=Kafka(bootstrap=(broker.bootstrap,), partitions=PARTITIONS),
            clickhouse=ClickHouse(host=server.host, port=server.port),
        )
        ensure_topics(settings)
        client = server.connect()
        migrate(client, settings.clickhouse.database)
        client.database = settings.clickhouse.database
        size = fill(broker, events)
        stop = threading.Event()
        sink = threading.Thread(target=store_until, args=(stop, settings))
        before = time.process_time()
        sink.start()
        begun, stored = _reached(client, 1)
        ended, _ = _reached(client, events)
        cpu = time.process_time() - before
        stop.set()
        sink.join()
        rate = (events - stored) / (ended - begun)
        print(f"{events} events, {size / events:.0f} bytes of JSON each, {PARTITIONS} partitions, chunks of {CHUNK}")
        print(f"{rate:.0f} rows/s into ClickHouse; the sink itself took {cpu / events * 1e6:.1f} µs of CPU a row")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400_000)
