"""Whether the servers that a process needs answer, asked when somebody wants to know: a work that waits cannot tell.

A server that is frozen still takes connections, so each is asked something that it has to answer.
"""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

import httpx
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.kafka_clients import opened
from schemas.readiness import READINESS
from schemas.settings import ClickHouse, Kafka

_SECONDS = 3.0
_KEEPS_SECONDS = 5.0

Probe = Callable[[], str]
"""Returns why a server does not answer, "" where it does."""


def kafka(settings: Kafka) -> Probe:
    """Return the question to Kafka, which cluster it is."""
    return partial(_kafka, settings)


def clickhouse(settings: ClickHouse) -> Probe:
    """Return the question to ClickHouse, as the user and for the database of the configuration, what is 1."""
    return partial(_clickhouse, settings)


def _kafka(settings: Kafka) -> str:
    try:
        admin = opened(
            KafkaAdminClient, settings.bootstrap, client_id="relaywarden-ready", patience_ms=int(_SECONDS * 1000)
        )
        try:
            admin.describe_cluster()
        finally:
            admin.close()
    except (KafkaError, OSError) as error:
        return f"no answer from Kafka at {', '.join(settings.bootstrap)}: {error or type(error).__name__}"
    return ""


def _clickhouse(settings: ClickHouse) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"{'https' if settings.secure else 'http'}://{host}:{settings.port}/"
    try:
        headers = {"X-ClickHouse-User": settings.user, "X-ClickHouse-Key": settings.password}
        answer = httpx.post(
            url, params={"database": settings.database}, content="SELECT 1", headers=headers, timeout=_SECONDS
        )
    except (httpx.HTTPError, ValueError) as error:  # ValueError: its password cannot be read
        return f"no answer from ClickHouse at {url}: {error or type(error).__name__}"
    return "" if answer.is_success else f"ClickHouse at {url} refuses: {answer.text[:200].strip()}"


class Look:
    """Asks each server at most every five seconds, and notes which is waited for; from any thread."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = dict(probes)
        self._lock = threading.Lock()
        self._looked = float("-inf")

    def __call__(self) -> None:
        """Note what does not answer. Who comes while another asks waits for what that one learns."""
        with self._lock:
            if time.monotonic() - self._looked < _KEEPS_SECONDS:
                return
            for what, probe in self._probes.items():
                reason = probe()
                if reason:
                    READINESS.waits(what, reason)
                else:
                    READINESS.has(what)
            self._looked = time.monotonic()
