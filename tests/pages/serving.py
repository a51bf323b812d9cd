"""The dashboard as a process of its own, for the tests that look at it from outside."""

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import dashboards
from embedded.clickhouse import PASSWORD_ENV
from schemas.settings import load
from tests.pages.conftest import Hall, spoken

_WORD_SECONDS = 20  # after 120 without one the worker is silent
_START = (
    "import sys; from pathlib import Path; from schemas.settings import load; from dashboards.serve import run; "
    "run(load(Path(sys.argv[1])), Path(sys.argv[1]))"
)


@contextmanager
def serving(hall: Hall, password: str, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the dashboard in a folder that has none of our packages; give the process and its port.

    The worker whose decisions it shows speaks meanwhile: of a silent one nobody knows which IPs send.
    """
    root = str(Path(dashboards.__file__).parents[1])
    environment = {**os.environ, PASSWORD_ENV: password, "PYTHONPATH": root}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(hall.config)], env=environment, cwd=log.parent, stdout=out, stderr=out
        )
    port = load(hall.config).dashboard.port
    try:
        _wait(process, port, log)
        with speaking(hall):
            yield process, port
    finally:
        process.terminate()
        process.wait(timeout=15)


@contextmanager
def speaking(hall: Hall) -> Iterator[None]:
    """Have the worker say a word now, and again and again while others look."""
    ended = threading.Event()

    def speak() -> None:
        while not ended.wait(_WORD_SECONDS):
            spoken(hall)

    spoken(hall)
    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join(timeout=60)


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
