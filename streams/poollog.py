"""Follows `pool.events`, the decisions about pools."""

from schemas.events import Event
from schemas.pool_events import PoolEvent
from schemas.settings import Kafka
from schemas.topics import POOL_EVENTS
from streams.topiclog import TopicLog


def pool_log(kafka: Kafka) -> TopicLog[PoolEvent]:
    """Return the log of decisions about pools, to be opened."""
    return TopicLog(kafka, POOL_EVENTS, _decision)


def _decision(event: Event) -> PoolEvent | None:
    return event if isinstance(event, PoolEvent) else None
