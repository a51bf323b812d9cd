"""What a process tells on its metrics port, as Prometheus would take it in."""

import http.client
import json
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from schemas.readiness import READINESS

Samples = dict[str, float]


def wait_for_nothing() -> None:
    """Forget what this process waits for: tests of one process share it."""
    for what in READINESS.missing:
        READINESS.has(what)


def asked(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Return status and body of what a process answers."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def said(port: int, path: str) -> tuple[int, Any]:
    """Return status and body of a health check."""
    status, body = asked(port, path)
    return status, json.loads(body)


def samples(port: int) -> Samples:
    """Return each sample under its name with its labels: `relaywarden_pool_ips{pool="main",state="active"}`."""
    status, text = asked(port, "/metrics")
    assert status == 200, text
    return {
        _named(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _named(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name
