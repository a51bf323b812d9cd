"""The process behind `relaywarden dashboard`: Streamlit, and beside it what Prometheus and health checks ask."""

import gc
import logging
import os
from functools import partial
from pathlib import Path

import httpx
from streamlit.runtime.app_session import AppSession
from streamlit.web import cli

from dashboards import pace, ready, together
from dashboards.serve import CONFIG_ENV
from schemas.access_settings import Dashboard
from schemas.audit import AUDIT
from schemas.probes import Look, clickhouse
from schemas.settings import load
from schemas.telemetry import telling

_SECONDS = 3.0


def main() -> None:
    """Serve the pages with Streamlit's own arguments, those of `dashboards.serve`."""
    settings = load(Path(os.environ[CONFIG_ENV]))
    os.nice(settings.dashboard.nice)  # with many screens the pages come later, not sink, ClickHouse and worker
    os.environ["FORWARDED_ALLOW_IPS"] = ""  # uvicorn would take an address out of X-Forwarded-For for the connection's
    _audited()
    ready.load()
    gc.freeze()  # what was loaded stays, and took 0.1 s of each collection of all
    AppSession._handle_clear_cache_request = _unheard  # type: ignore[assignment, method-assign]  # noqa: SLF001 no option refuses it
    together.send()
    pace.share()
    look = Look({"ClickHouse": clickhouse(settings.clickhouse)})
    with telling(settings.metrics, "dashboard", partial(_silent, settings.dashboard), look=look):
        cli.main(prog_name="streamlit")


def _audited() -> None:
    """Have the audit log on standard error, each line with its time."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    AUDIT.addHandler(handler)
    AUDIT.setLevel(logging.INFO)


def _unheard(_session: AppSession) -> None:
    """Do nothing where a visitor asks to have all caches dropped.

    Anybody who connects may send that, also without a role, and it is for all: the configuration would be read anew,
    and ClickHouse asked for all that the pages know.
    """


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
