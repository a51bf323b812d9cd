"""A Kafka topic of raw lines."""

from typing import Literal

from schemas.inputs._base import LineInput


class KafkaInput(LineInput):
    """A Kafka topic of raw lines."""

    kind: Literal["kafka"]
    topic: str
