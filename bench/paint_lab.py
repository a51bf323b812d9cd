"""What `bench.paint` looks at: the pages over a folder that `bench.dashboard` filled, their clock put back to its end.

Its week has mail, pools, lists, mailboxes and complaints; alerts, delistings, reports, domains and the sunset are the
small scenes of the pages' tests, stored once. `python -m bench.paint_lab SECONDS run …` is the pages' process.
"""

import http.client
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clickhouse_connect.driver.client import Client

import dashboards
from bench.dashboard import furnished
from bench.dashboard_fill import IPS
from collectors.admin import ensure_topics
from dashboards.serve import CONFIG_ENV, command
from embedded.broker import Broker, free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.settings import load
from streams.migrate import migrate
from tests.pages import alert_scene as alerts
from tests.pages import sunset_scene as sunsets
from tests.pages import test_delisting_page as delistings
from tests.pages import test_domains_page as domains
from tests.pages import test_reports_page as reports
from tests.pages.conftest import store

DATABASE = "bench"
_SCENES = "scenes"
_STEP = 300_000_000
_START_SECONDS = 120


class Pages:
    """A process of the pages; `pid` is of the newest, `port` of all of them."""

    def __init__(self, config: Path, password: str, until: int, log: Path) -> None:
        self._config, self._password, self._until, self._log = config, password, until, log
        self.port = load(config).dashboard.port

    @contextmanager
    def served(self, floor: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process that serves the pages as `relaywarden dashboard` does; give it once it answers.

        With a `floor` plain Streamlit serves that file instead, with the same arguments.
        """
        back = time.time() - self._until / 1_000_000  # noqa: TID251 the folder's week ends in the past
        line = command(load(self._config))
        told = {CONFIG_ENV: str(self._config), PASSWORD_ENV: self._password}
        told["PYTHONPATH"] = str(Path(dashboards.__file__).parents[1])
        if floor:
            start = [sys.executable, "-m", "streamlit", "run", str(floor), *line[line.index("run") + 2 :]]
        else:
            start = [sys.executable, "-m", "bench.paint_lab", str(back), *line[line.index("run") :]]
        with self._log.open("ab") as out:
            process = subprocess.Popen(start, env={**os.environ, **told}, cwd=self._log.parent, stdout=out, stderr=out)
        try:
            self._wait(process)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            with suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/_stcore/health")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            connection.close()
            time.sleep(0.05)
        raise OSError(f"the pages do not answer; see {self._log}")


@contextmanager
def opened(folder: Path, rows: int, days: int, nice: int) -> Iterator[tuple[Pages, ClickHouseServer]]:
    """Start ClickHouse over a folder, which is filled where it is new, and a broker; give what the pages need."""
    folder.mkdir(parents=True, exist_ok=True)
    with Broker(folder / "broker.log") as broker, ClickHouseServer(folder / "data") as server:
        migrate(server.connect(), DATABASE)
        client = server.connect(DATABASE)
        until = furnished(client, folder, rows, days)
        now = until // _STEP * _STEP
        _scenes(client, folder / _SCENES, now)
        config = folder / "paint.toml"
        config.write_text(_configuration(server, broker, now, nice))
        ensure_topics(load(config))
        yield Pages(config, server.password, until, folder / "pages.log"), server


def _configuration(server: ClickHouseServer, broker: Broker, now: int, nice: int) -> str:
    ips = (f"192.0.{2 + number // 100}.{number % 100 + 1}" for number in range(IPS))
    transports = ", ".join(f'out{number} = "{ip}"' for number, ip in enumerate(ips))
    return (
        f'[kafka]\nbootstrap = ["{broker.bootstrap}"]\n'
        f'[clickhouse]\nhost = "{server.host}"\nport = {server.port}\ndatabase = "{DATABASE}"\n'
        f"[dashboard]\nport = {free_port()}\nnice = {nice}\n"
        f"[pool.main]\nmin_active = {IPS // 2}\ntransports = {{ {transports} }}\n"
        f"{sunsets.config(now)}{alerts.CONFIG}"
    )


def _scenes(client: Client, note: Path, now: int) -> None:
    """Store the small scenes that end at `now`, once: `note` remembers it."""
    if note.exists():
        return
    store(client, "alert_events", alerts.alerts(now))
    store(client, "delisting_events", delistings.scene(now))
    store(client, "reports", reports.scene(now))
    store(client, "domain_checks", domains.scene(now))
    told = (sunsets.counted, sunsets.people, sunsets.letters, sunsets.staged)
    sunsets.put(client, "sunset_events", [event for scene in told for event in scene(now)])
    note.touch()


def _put_back(seconds: float) -> None:
    """Have this process's clock so many seconds late; the monotonic clock stays."""
    real, late = time.time_ns, int(seconds * 1_000_000_000)  # noqa: TID251 the pages look at the hours before now
    setattr(time, "time", lambda: (real() - late) / 1_000_000_000)  # noqa: B010 as an assignment it is the banned name
    setattr(time, "time_ns", lambda: real() - late)  # noqa: B010 likewise


if __name__ == "__main__":
    _put_back(float(sys.argv.pop(1)))
    runpy.run_module("dashboards", run_name="__main__", alter_sys=True)
