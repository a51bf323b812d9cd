"""Create the Kafka topics as `schemas.topics` says, and refuse those that are otherwise."""

import socket
from collections.abc import Iterable
from contextlib import suppress

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.settings import Kafka, Settings
from schemas.topics import TOPICS, Topic

PATIENCE_MS = 10_000


def reachable(kafka: Kafka) -> bool:
    """Tell whether any broker takes connections: a client made while none does leaves sockets and threads behind."""
    for place in kafka.bootstrap:
        host, _, port = place.rpartition(":")
        with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=2):
            return True
    return False


def partitions_there(kafka: Kafka) -> dict[str, int]:
    """Return the number of partitions of each topic that is there. KafkaError where no broker answers."""
    admin = KafkaAdminClient(
        bootstrap_servers=list(kafka.bootstrap), bootstrap_timeout_ms=3000, request_timeout_ms=3000
    )
    try:
        return _partitions(admin)
    finally:
        admin.close()


def ensure_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Create the topics that are not there; return their names. ConnectionError where no broker answers.

    ValueError where a topic has another number of partitions: senders would change their partition. What an operator
    changed of retention or replication stays.
    """
    where = ", ".join(settings.kafka.bootstrap)
    try:
        admin = KafkaAdminClient(bootstrap_servers=list(settings.kafka.bootstrap), bootstrap_timeout_ms=PATIENCE_MS)
    except KafkaError as error:
        raise ConnectionError(f"kafka.bootstrap: no Kafka broker answers at {where}: {error}") from error
    try:
        return _ensure(admin, settings, tuple(topics))
    except KafkaError as error:
        raise ConnectionError(f"kafka.bootstrap: the Kafka broker at {where} refused: {error}") from error
    finally:
        admin.close()


def _ensure(admin: KafkaAdminClient, settings: Settings, topics: tuple[Topic, ...]) -> list[str]:
    there = _partitions(admin)
    missing = [topic for topic in topics if topic.name not in there]
    for topic in missing:
        wanted = {
            "num_partitions": topic.partitions(settings.kafka.partitions),
            "replication_factor": settings.kafka.replication,
            "configs": {"retention.ms": str(topic.retention_ms), "cleanup.policy": topic.cleanup, **topic.config},
        }
        try:
            admin.create_topics({topic.name: wanted}, timeout_ms=PATIENCE_MS, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            continue  # another process was quicker; its work is looked at below
    there = _partitions(admin)
    wrong = [
        _difference(topic, there[topic.name], settings.kafka.partitions) for topic in topics if topic.name in there
    ]
    if any(wrong):
        raise ValueError("kafka.partitions: " + "; ".join(filter(None, wrong)))
    return [topic.name for topic in missing]


def _partitions(admin: KafkaAdminClient) -> dict[str, int]:
    return {found["name"]: len(found["partitions"]) for found in admin.describe_topics() if not found["error_code"]}


def _difference(topic: Topic, found: int, configured: int) -> str:
    """Return what is wrong with the topic's partitions, or ""."""
    wanted = topic.partitions(configured)
    return "" if found == wanted else f"the topic {topic.name} has {found} partitions, not {wanted}"
