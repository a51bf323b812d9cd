"""The process behind `relaywarden dashboard`: Streamlit, and beside it what Prometheus and health checks ask."""

import os
from functools import partial
from pathlib import Path

import httpx
from streamlit.web import cli

from schemas.readiness import READINESS
from schemas.settings import ClickHouse, Dashboard, load
from schemas.telemetry import telling

_CONFIG_ENV = "RELAYWARDEN_CONFIG"
_SECONDS = 3.0


def main() -> None:
    """Serve the pages with Streamlit's own arguments, those of `dashboards.serve`."""
    settings = load(Path(os.environ[_CONFIG_ENV]))
    ailments, look = partial(_silent, settings.dashboard), partial(_look, settings.clickhouse)
    with telling(settings.metrics, "dashboard", ailments, look=look):
        cli.main(prog_name="streamlit")


def _silent(dashboard: Dashboard) -> list[str]:
    """Return why Streamlit does not answer its own health check, nothing where it does."""
    reason = _asked(f"http://{_bracketed(dashboard.host)}:{dashboard.port}/_stcore/health")
    return [f"dashboard: {reason}"] if reason else []


def _look(clickhouse: ClickHouse) -> None:
    """Note whether ClickHouse answers: else a page is as old as what it read last."""
    scheme = "https" if clickhouse.secure else "http"
    reason = _asked(f"{scheme}://{_bracketed(clickhouse.host)}:{clickhouse.port}/ping")
    if reason:
        READINESS.waits("ClickHouse", reason)
    else:
        READINESS.has("ClickHouse")


def _asked(url: str) -> str:
    """Return why a URL gives no 200, "" where it does."""
    try:
        answer = httpx.get(url, timeout=_SECONDS)
    except httpx.HTTPError as error:
        return f"{url}: {error}"
    return "" if answer.is_success else f"{url}: status {answer.status_code}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


main()
