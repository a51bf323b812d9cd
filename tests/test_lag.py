"""What a group has not committed, at a real broker: nothing of the last batch is left out when brokers are replaced."""

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas.lag import Lag
from schemas.settings import Settings
from schemas.topics import MAILBOX_SIGNALS

BATCHES = (3, 1, 10)


@pytest.mark.parametrize("committed", [0, 4, 5, 13, 14])
def test_the_last_batch_counts_to_its_last_record(fresh_broker: Broker, committed: int) -> None:
    settings = Settings.model_validate({"kafka": {"bootstrap": [fresh_broker.bootstrap], "partitions": 2}})
    ensure_topics(settings)
    place = TopicPartition(MAILBOX_SIGNALS.name, 1)
    producer = KafkaProducer(bootstrap_servers=fresh_broker.bootstrap, linger_ms=1000, acks="all")
    for number in BATCHES:
        for value in range(number):
            producer.send(place.topic, f"{value}".encode(), partition=place.partition)
        producer.flush()
    producer.close()
    group = KafkaConsumer(bootstrap_servers=fresh_broker.bootstrap, group_id="g", enable_auto_commit=False)
    group.assign([place])
    group.commit({place: OffsetAndMetadata(committed, "", -1)})
    group.close(autocommit=False)
    with Lag(settings) as lag:
        ends = lag.ends([MAILBOX_SIGNALS])
        assert {where.partition: end for where, end in ends.items()} == {0: 0, 1: sum(BATCHES)}
        assert lag.behind("g", ends) == sum(BATCHES) - committed
        carried = lag.uncommitted("g", [MAILBOX_SIGNALS])
    assert [int(each.value) for each in carried] == [0, 1, 2, 0, *range(10)][committed:]
