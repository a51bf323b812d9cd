"""Give a new, empty broker back what the next process needs: decisions and states, from ClickHouse.

The embedded broker forgets everything with its process. What it is given back carries a header, by which the sink knows
that ClickHouse has it, and keeps its ids, by which everybody else knows what it saw before.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import BinaryIO, cast

import msgspec
from clickhouse_connect.driver.client import Client
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from schemas import codec
from schemas.events import Event
from schemas.mailbox_events import IdentityLeaked
from schemas.names import partition_of
from schemas.settings import Settings
from schemas.topics import (
    ALERT_EVENTS,
    CASE_EVENTS,
    CASE_OBSERVATIONS,
    CASE_STATE,
    DEAD_RETRIES,
    DELISTING_EVENTS,
    DELISTING_STATE,
    MAILBOX_EVENTS,
    MAILBOX_LEAKS,
    MAILBOX_SIGNALS,
    MAILBOX_STATE,
    POOL_EVENTS,
    POOL_STATE,
    SUNSET_EVENTS,
    TRAFFIC_STATE,
    Topic,
    place_of,
)
from streams.leaks import key_of
from streams.rows import REFILLED
from streams.warehouse_client import connect

LOG = logging.getLogger("relaywarden.up")
_STATES = {
    MAILBOX_STATE.name: "mailbox",
    TRAFFIC_STATE.name: "partition",
    POOL_STATE.name: "pool",
    CASE_STATE.name: "customer",
    DELISTING_STATE.name: "pool",
}
_DECIDED = (POOL_EVENTS, MAILBOX_EVENTS, MAILBOX_LEAKS, CASE_EVENTS, DELISTING_EVENTS, SUNSET_EVENTS, ALERT_EVENTS)
# Of what is told to the folds the newest days: the broker before may have taken it and ended before it was folded.
# What a state knows already it skips by the ids.
_TOLD = (MAILBOX_SIGNALS, CASE_OBSERVATIONS, DEAD_RETRIES)
_TOLD_DAYS = 2
_ALL = """SELECT * EXCEPT (kafka_cluster, kafka_partition, kafka_offset) FROM {table:Identifier} FINAL
WHERE {days:UInt32} = 0 OR at > (SELECT max(at) FROM {table:Identifier}) - {days:UInt32} * 86400000000
ORDER BY at, kafka_offset"""
_IN_JSON = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_named_tuples_as_objects": 1,
    "output_format_json_map_as_array_of_tuples": 0,
}
_SEND_SECONDS = 60.0
_READ_BYTES = 1024 * 1024

Message = tuple[int, bytes, bytes]
"""Partition, key and value of a record."""


class _State(msgspec.Struct):
    state: str = "{}"
    mailbox: str = ""
    pool: str = ""
    customer: str = ""
    partition: int = 0


def events_of(client: Client, topic: Topic, days: int = 0) -> Iterator[Event]:
    """Yield the events of a topic as ClickHouse keeps them, each once, in the order they were made.

    Unless `days` is 0 only those of the newest days.
    """
    for line in _lines(client, topic, days):
        yield codec.decode(line)


def states_of(client: Client, topic: Topic, partitions: int) -> Iterator[Message]:
    """Yield the newest state of each mailbox, partition, pool or customer, as it stood in Kafka."""
    name = _STATES[topic.name]
    for line in _lines(client, topic):
        row = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        known = msgspec.json.decode(line, type=_State)
        key = str(getattr(known, name))
        row["state"] = msgspec.Raw(known.state.encode())
        number = known.partition if topic is TRAFFIC_STATE else partition_of(key, topic.partitions(partitions))
        yield number, key.encode(), msgspec.json.encode(row)


def refill(settings: Settings) -> dict[str, int]:
    """Publish decisions, states and what was told lately into topics that are empty; return how many records each got.

    `KafkaError` or clickhouse-connect's `ClickHouseError` where one of them is away. A topic that has records already
    is left as it is: nothing was forgotten.
    """
    partitions = settings.kafka.partitions
    filled: dict[str, int] = {}
    with (
        connect(settings) as client,
        closing(KafkaProducer(bootstrap_servers=list(settings.kafka.bootstrap), linger_ms=20)) as producer,
    ):
        states = (MAILBOX_STATE, TRAFFIC_STATE, POOL_STATE, CASE_STATE, DELISTING_STATE)
        for topic in _empty(settings, (*_DECIDED, *_TOLD, *states)):
            kept = _messages if topic.events else states_of
            filled[topic.name] = _publish(producer, topic, kept(client, topic, partitions))
    return {name: count for name, count in filled.items() if count}


def _lines(client: Client, topic: Topic, days: int = 0) -> Iterator[bytes]:
    parameters = {"table": topic.table, "days": days}
    answer = client.raw_stream(_ALL, parameters=parameters, settings=_IN_JSON, fmt="JSONEachRow")
    with closing(cast("BinaryIO", answer)) as stream:
        rest = b""
        while piece := stream.read(_READ_BYTES):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines


def _messages(client: Client, topic: Topic, partitions: int) -> Iterator[Message]:
    elsewhere = 0
    for event in events_of(client, topic, _TOLD_DAYS if topic in _TOLD else 0):
        if isinstance(event, IdentityLeaked) and event.partitions != partitions:
            elsewhere += 1
            continue
        yield place_of(event, partitions)[1], _key(event), codec.encode(event)
    if elsewhere:
        LOG.warning(
            "%d leaked identities were imported under another kafka.partitions and are not applied: import them again",
            elsewhere,
        )


def _key(event: Event) -> bytes:
    if isinstance(event, IdentityLeaked):
        return key_of(event)
    key: str = next(filter(None, (getattr(event, name, "") for name in ("customer", "mailbox", "pool", "subject"))), "")
    return key.encode()


def _publish(producer: KafkaProducer, topic: Topic, messages: Iterable[Message]) -> int:
    sent = [
        producer.send(topic.name, key=key, value=value, partition=number, headers=[(REFILLED, b"1")])
        for number, key, value in messages
    ]
    producer.flush(timeout=_SEND_SECONDS)
    for future in sent:
        future.get(timeout=_SEND_SECONDS)
    return len(sent)


def _empty(settings: Settings, topics: Iterable[Topic]) -> list[Topic]:
    """Return the topics without a record."""
    consumer = KafkaConsumer(bootstrap_servers=list(settings.kafka.bootstrap), allow_auto_create_topics=False)
    with closing(consumer):
        return [topic for topic in topics if not _records(consumer, topic, settings.kafka.partitions)]


def _records(consumer: KafkaConsumer, topic: Topic, partitions: int) -> int:
    places = [TopicPartition(topic.name, number) for number in range(topic.partitions(partitions))]
    return sum(consumer.end_offsets(places).values())
