"""`relaywarden sink`: every topic into its ClickHouse table, in big blocks, each event once.

A session reads on from what Kafka committed and ClickHouse holds, and ends at the first trouble with either; the next
one begins as after kill -9. So there is one way to recover, and it is used every time.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError

from schemas.ending import apart
from schemas.pulse import Pulse
from schemas.readiness import READINESS
from schemas.settings import Settings
from streams.blocks import Blocks, ReplacedError
from streams.warehouse_client import connect

LOG = logging.getLogger("relaywarden.sink")
_RETRY_SECONDS = 1.0
_LOOK_MS = 250
_LEAVE_SECONDS = 12.0


def run(settings: Settings, share: tuple[int, int] = (0, 1)) -> None:
    """Store all topics until SIGTERM or SIGINT; a broker or ClickHouse that is away is waited for.

    Of `n` sinks each takes a share `(i, n)`: the partitions whose number modulo `n` is `i`.
    """
    stop = threading.Event()

    def end() -> None:
        stop.set()
        guard = threading.Timer(_LEAVE_SECONDS, os._exit, (0,))  # a server that hangs must not hold the end up
        guard.daemon = True
        guard.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, apart(end))
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it would repeat our one warning for each try
    store_until(stop, settings, share)


def store_until(stop: threading.Event, settings: Settings, share: tuple[int, int] = (0, 1)) -> None:
    """Store all topics until `stop` is set: one session after the other."""
    warned = False
    pulse = Pulse(settings.data, "sink" if share == (0, 1) else f"sink-{share[0]}")
    while not stop.is_set():
        try:
            with _session(settings, share) as blocks:
                LOG.info("storing %d partitions of the cluster %s", len(blocks.partitions), blocks.cluster)
                warned = False
                READINESS.has("storing")
                _store(blocks, stop, pulse)
        except ReplacedError as error:
            LOG.info("%s: reading anew", error)
        except (KafkaError, ClickHouseError, OSError) as error:
            if not warned:
                LOG.warning("waiting, nothing is lost: %s", str(error).splitlines()[0] if str(error) else repr(error))
            warned = True
            READINESS.waits("storing", str(error).partition("\n")[0] or repr(error))
            stop.wait(_RETRY_SECONDS)


def _store(blocks: Blocks, stop: threading.Event, pulse: Pulse) -> None:
    while not stop.is_set():
        blocks.read(_LOOK_MS)
        blocks.store_ripe()
        pulse.beat()
    blocks.store_all()


@contextmanager
def _session(settings: Settings, share: tuple[int, int]) -> Iterator[Blocks]:
    _reach(settings)
    bootstrap = list(settings.kafka.bootstrap)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000, request_timeout_ms=5000)
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=5000,
            group_id=f"{settings.kafka.group}-sink",
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,  # Tansu does not listen, Kafka does: `relaywarden topics` makes them
            max_poll_records=256,
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        try:
            with connect(settings) as client:
                blocks = Blocks(client, consumer, admin, settings.clickhouse.keep_days, share)
                blocks.resume()
                yield blocks
        finally:
            consumer.close(autocommit=False, timeout_ms=2000)
    finally:
        admin.close()


def _reach(settings: Settings) -> None:
    """Return once a broker accepts connections. OSError when none does: kafka-python would wait half a minute."""
    trouble: OSError | None = None
    for address in settings.kafka.bootstrap:
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=3):
                return
        except OSError as error:
            trouble = OSError(f"no broker at {address}: {error.strerror or error}")
    if trouble:
        raise trouble
