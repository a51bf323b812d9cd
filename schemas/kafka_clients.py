"""Opens kafka-python's clients so that one whose broker is away leaves nothing behind.

A client that cannot reach its broker raises from its constructor, and by then (3.0.12) it has a thread and sockets that
nobody can end; with one try a second for hours a process would drown in them.
"""

import socket
from collections.abc import Sequence
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

PATIENCE_MS = 3000
_Client = TypeVar("_Client", KafkaAdminClient, KafkaConsumer, KafkaProducer)


def opened(
    kind: type[_Client],
    bootstrap: Sequence[str],
    *,
    client_id: str = "relaywarden-hooks",
    patience_ms: int = 0,
    **config: object,
) -> _Client:
    """Return a client of this kind. KafkaError or OSError, and nothing of it is left, where it has no broker.

    It waits `patience_ms` for the broker, `PATIENCE_MS` where that is 0.
    """
    patience_ms = patience_ms or PATIENCE_MS
    knock(bootstrap, patience_ms)
    made: list[Any] = []

    def client(**options: object) -> object:
        made.append(KafkaNetClient(**options))
        return made[-1]

    try:
        return kind(
            kafka_client=client,
            bootstrap_servers=list(bootstrap),
            bootstrap_timeout_ms=patience_ms,
            request_timeout_ms=patience_ms,
            client_id=client_id,
            **config,
        )
    except (KafkaError, OSError):
        for half in made:
            half.close()
        raise


def knock(bootstrap: Sequence[str], patience_ms: int = 0) -> None:
    """Return if one of the brokers accepts a connection. OSError of the last one if none does."""
    refused: OSError = ConnectionError("no broker is configured")
    for place in bootstrap:
        host, _, port = place.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=(patience_ms or PATIENCE_MS) / 1000):
                return
        except OSError as error:
            refused = ConnectionError(f"no broker at {place}: {error.strerror or error}")
    raise refused
