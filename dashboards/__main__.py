"""The process behind `relaywarden dashboard`: Streamlit, and beside it what Prometheus and health checks ask."""

import os
from functools import partial
from pathlib import Path

import httpx
from streamlit.web import cli

from schemas.probes import Look, clickhouse
from schemas.settings import Dashboard, load
from schemas.telemetry import telling

_CONFIG_ENV = "RELAYWARDEN_CONFIG"
_SECONDS = 3.0


def main() -> None:
    """Serve the pages with Streamlit's own arguments, those of `dashboards.serve`."""
    settings = load(Path(os.environ[_CONFIG_ENV]))
    look = Look({"ClickHouse": clickhouse(settings.clickhouse)})
    with telling(settings.metrics, "dashboard", partial(_silent, settings.dashboard), look=look):
        cli.main(prog_name="streamlit")


def _silent(dashboard: Dashboard) -> list[str]:
    """Return why Streamlit does not answer its own health check, nothing where it does."""
    host = f"[{dashboard.host}]" if ":" in dashboard.host else dashboard.host
    url = f"http://{host}:{dashboard.port}/_stcore/health"
    try:
        answer = httpx.get(url, timeout=_SECONDS)
    except httpx.HTTPError as error:
        return [f"dashboard: {url}: {error}"]
    return [] if answer.is_success else [f"dashboard: {url}: status {answer.status_code}"]


main()
