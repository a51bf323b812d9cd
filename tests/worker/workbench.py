"""A real worker process on a real broker, and what the tests write to and read from its topics."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from embedded.broker import Broker
from schemas.events import DeliveryAttempted, Event
from schemas.names import event_id, source_id
from schemas.settings import Settings
from schemas.topics import MAIL_EVENTS, TOPICS, Topic, place_of
from tests.parts import packed

ROOT = Path(__file__).resolve().parents[2]
RUN = "import logging, sys; from schemas.settings import Settings; from streams.worker import run; \
logging.basicConfig(level=20, format='%(asctime)s %(name)s %(levelname)s %(message)s'); \
run(Settings.model_validate_json(sys.argv[1]))"


class Worker:
    """A worker process, its log beside it."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings, self.log = settings, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Worker":
        with self.log.open("ab") as log:
            command = [sys.executable, "-c", RUN, self.settings.model_dump_json()]
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def says(self, words: str, times: int = 1, seconds: float = 60) -> None:
        """Wait until the log holds these words so many times."""
        deadline = time.monotonic() + seconds
        while self.text().count(words) < times:
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.02)

    def ready(self, times: int = 1, agent: str = "MailAgent") -> None:
        """Wait until an agent has read back its state, at its first record, for the nth time."""
        self.says(f"{agent}:", times)

    def wait(self, seconds: float = 20) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


class Bench:
    """Topics on a broker: written as the collectors do, read as anybody may."""

    def __init__(self, broker: Broker, settings: Settings) -> None:
        self.broker, self.settings = broker, settings
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
        partitions = settings.kafka.partitions
        admin.create_topics([NewTopic(topic.name, topic.partitions(partitions), 1) for topic in TOPICS])
        admin.close()
        self.producer = KafkaProducer(bootstrap_servers=broker.bootstrap)

    def broker_process(self) -> psutil.Process:
        """Return the broker's process."""
        ports = (f":{self.broker.port}",)
        return next(
            child
            for child in psutil.Process().children()
            if child.status() != psutil.STATUS_ZOMBIE and any(argument.endswith(ports) for argument in child.cmdline())
        )

    def close(self) -> None:
        self.producer.close()

    def send(self, topic: Topic, partition: int, value: bytes) -> None:
        self.producer.send(topic.name, value=value, partition=partition).get(timeout=60)

    def send_mail(self, events: Sequence[Event], most: int = 500) -> None:
        """Send chunks as the publisher does: of each partition in order, the next after the last is acknowledged."""
        chunks: dict[int, list[Event]] = {}
        for event in events:
            partition = place_of(event, self.settings.kafka.partitions)[1]
            chunk = chunks.setdefault(partition, [])
            chunk.append(event)
            if len(chunk) == most:
                self.send(MAIL_EVENTS, partition, packed(chunk))
                chunk.clear()
        for partition, chunk in chunks.items():
            if chunk:
                self.send(MAIL_EVENTS, partition, packed(chunk))

    def read(self, topic: Topic) -> list[tuple[int, int, bytes]]:
        """Return partition, offset and value of all that a topic holds now."""
        partitions = range(topic.partitions(self.settings.kafka.partitions))
        places = [TopicPartition(topic.name, number) for number in partitions]
        consumer = KafkaConsumer(bootstrap_servers=self.broker.bootstrap, enable_auto_commit=False)
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        consumer.seek_to_beginning(*places)
        found: list[tuple[int, int, bytes]] = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=200).values():
                found.extend((record.partition, record.offset, record.value) for record in records)
        consumer.close()
        return found

    def newest(self, topic: Topic, key: str) -> dict[str, dict[str, Any]]:
        """Return the newest snapshot of each key of a compacted topic."""
        snapshots = [json.loads(value) for _, _, value in self.read(topic)]
        return {str(snapshot[key]): snapshot for snapshot in snapshots}

    def lag(self, *topics: Topic) -> int:
        """Return how many records the worker's group has not committed yet."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, group_id=self.settings.kafka.group, enable_auto_commit=False
        )
        places = [
            TopicPartition(topic.name, number)
            for topic in topics
            for number in range(topic.partitions(self.settings.kafka.partitions))
        ]
        ends = consumer.end_offsets(places)
        behind = sum(ends[place] - (consumer.committed(place) or 0) for place in places)
        consumer.close()
        return int(behind)

    def drained(self, *topics: Topic, seconds: float = 60) -> float:
        """Wait until the worker has committed all of these topics; return how long it took."""
        began = time.monotonic()
        while self.lag(*topics):
            if time.monotonic() - began > seconds:
                pytest.fail(f"after {seconds} s there is still a lag of {self.lag(*topics)}")
            time.sleep(0.2)
        return time.monotonic() - began


def deliveries(number: int, mailboxes: int, source: str = "mx1", start: int = 1_780_000_000_000_000) -> list[Event]:
    """Return the deliveries of a log: of each mailbox every tenth bounces, and the first sends to ever new users."""
    origin = source_id(source)
    return [
        DeliveryAttempted(
            id=event_id(origin, place * 180),
            at=start + place * 20_000,
            host="mx1",
            queue_id=f"Q{place:08X}",
            sender=f"box{place % mailboxes}@example.net",
            sender_kind="sasl",
            recipient=f"user{place}@example.org",
            provider="example.org",
            outcome="bounced" if place % 10 == 0 else "sent",
            enhanced_status="5.1.1" if place % 10 == 0 else "2.0.0",
            outbound_ip=f"192.0.2.{1 + place % 4}",
        )
        for place in range(number)
    ]
