"""The dashboard as a process of its own, for the tests that look at it from outside."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import dashboards
from embedded.clickhouse import PASSWORD_ENV
from schemas.settings import load
from tests.pages.conftest import Hall

_START = (
    "import sys; from pathlib import Path; from schemas.settings import load; from dashboards.serve import run; "
    "run(load(Path(sys.argv[1])), Path(sys.argv[1]))"
)


@contextmanager
def serving(hall: Hall, password: str, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the dashboard in a folder that has none of our packages; give the process and its port."""
    root = str(Path(dashboards.__file__).parents[1])
    environment = {**os.environ, PASSWORD_ENV: password, "PYTHONPATH": root}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(hall.config)], env=environment, cwd=log.parent, stdout=out, stderr=out
        )
    port = load(hall.config).dashboard.port
    try:
        _wait(process, port, log)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=15)


def status(port: int, path: str, **headers: str) -> int:
    """Return the status that the dashboard answers to a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if status(port, "/_stcore/health") == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(log.read_text())
