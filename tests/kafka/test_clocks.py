"""A machine whose clock runs three hours ahead, on Apache Kafka: its events are taken, and count as of now."""

import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from collectors.admin import ensure_topics
from schemas import codec
from schemas.events import MailboxAuthenticated
from schemas.observations import OperatorActed
from schemas.settings import Settings
from schemas.topics import Topic, topic_of
from streams.records import Place, read, timely
from tests.kafka.apache import ApacheKafka, jars

pytestmark = [pytest.mark.real, pytest.mark.slow]
HOURS = 3 * 3600 * 1_000_000
LOGIN = MailboxAuthenticated(id="l", at=0, host="imap1", mailbox="a@example.net", service="imap", outcome="succeeded")
ORDER = OperatorActed(id="o", at=0, operator="ada", action="pin", subject="192.0.2.1", reason="drill")


@pytest.mark.timeout(300)
def test_what_a_clock_ahead_writes_is_dated_by_the_broker(tmp_path: Path) -> None:
    with ApacheKafka(tmp_path, jars()) as broker:
        settings = Settings.model_validate({"kafka": {"bootstrap": [broker.bootstrap], "partitions": 1}})
        ensure_topics(settings)
        for event in (LOGIN, ORDER):
            topic = topic_of(event)
            now = time.time_ns() // 1000
            ahead = msgspec.structs.replace(event, at=now + HOURS)
            at, value = _written(broker, topic, codec.encode(ahead), now + HOURS)
            (counted,), dead = read(value, Place("cluster", topic, 0, 0), at)
            assert dead == []
            counted = timely(counted, at)  # as the pools' worker does, which tells that it had to
            assert abs(counted.at - now) < 60_000_000, f"{topic.name}: dated {(counted.at - now) / 1e6:.0f} s ahead"


def _written(broker: ApacheKafka, topic: Topic, value: bytes, stamp: int) -> tuple[int, bytes]:
    """Write a record with this stamp in microseconds; return the time that the broker keeps of it, and its value."""
    place = TopicPartition(topic.name, 0)
    bootstrap = [broker.bootstrap]
    with (
        closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer,
        closing(KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")) as consumer,
    ):
        producer.send(topic.name, value, partition=0, timestamp_ms=stamp // 1000).get(60)
        consumer.assign([place])
        (record,) = consumer.poll(20_000)[place]
        return record.timestamp * 1000, record.value
