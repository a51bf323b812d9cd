"""The embedded ClickHouse: chdb behind ClickHouse's own HTTP interface on loopback, in a process of its own.

`python -m embedded.clickhouse --path DIR --port PORT`, the password in the environment. One process
owns one path. SIGTERM lets running statements end; after kill -9 the path opens as after a crash of ClickHouse.
"""

import argparse
import http.client
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from embedded.broker import free_port
from schemas.ending import apart, wait_for

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PASSWORD_ENV = "RELAYWARDEN_CLICKHOUSE_PASSWORD"  # noqa: S105 the variable's name, no password
_DRAIN_SECONDS = 10.0
_LOG = logging.getLogger(__name__)


class ClickHouseServer:
    """A ClickHouse process for a path; as a context manager it is ended at the block's end."""

    host = "127.0.0.1"

    def __init__(self, path: Path, port: int = 0, password: str = "") -> None:
        self.path = path
        self.port = port or free_port()
        self.password = password or secrets.token_urlsafe(24)
        self.log = path.parent / f"{path.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_seconds: float = 30.0) -> Self:
        """Start the server and wait until it answers. OSError with the log's place if it does not."""
        self.path.mkdir(parents=True, exist_ok=True)
        root = str(Path(__file__).resolve().parents[1])
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "embedded.clickhouse", "--path", str(self.path), "--port", str(self.port)],
                env={**os.environ, PASSWORD_ENV: self.password, "PYTHONPATH": paths},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.answers():
                return self
            time.sleep(0.02)
        self.kill()
        raise OSError(f"the embedded ClickHouse does not answer on {self.host}:{self.port}; see {self.log}")

    def answers(self) -> bool:
        """Tell whether the server answers a health check now."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def connect(self, database: str = "default") -> "Client":
        """Return a client that threads may share."""
        from clickhouse_connect import get_client  # noqa: PLC0415 the server itself needs no client

        return get_client(
            host=self.host,
            port=self.port,
            password=self.password,
            database=database,
            autogenerate_session_id=False,
        )

    @property
    def pid(self) -> int:
        """Return the id of the running process. OSError when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise OSError("the embedded ClickHouse does not run")
        return self._process.pid

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End the server; statements that run may end first."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=_DRAIN_SECONDS + 4)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(path: Path, port: int, password: str) -> None:
    """Serve a path until SIGTERM or SIGINT. OSError where the path or the port cannot be had."""
    from embedded.clickhouse_engine import Engine  # noqa: PLC0415 chdb takes a second: only its own process pays
    from embedded.clickhouse_http import Server  # noqa: PLC0415 likewise

    engine = Engine(path)
    server = Server(port, engine, password)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, apart(stop.set))
    threading.Thread(target=server.serve_forever, name="accept", daemon=True).start()
    wait_for(stop)
    server.shutdown()
    if server.drain(_DRAIN_SECONDS):
        engine.close()
    else:
        _LOG.warning("statements ran longer than %.0f s and were cut off", _DRAIN_SECONDS)
    logging.shutdown()
    os._exit(0)  # the engine's own threads may still wait for work: there is nothing left to lose


def main() -> None:
    """Read the arguments and serve; a path or port that cannot be had is one line and exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m embedded.clickhouse", description=serve.__doc__)
    parser.add_argument("--path", type=Path, required=True, help="the folder of the data")
    parser.add_argument("--port", type=int, required=True, help="the TCP port of 127.0.0.1")
    parser.add_argument("--password-env", default=PASSWORD_ENV, help="the variable that holds the password")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    password = os.environ.get(arguments.password_env, "")
    if not password:
        parser.exit(2, f"{arguments.password_env} is not set: the server needs a password\n")
    try:
        serve(arguments.path, arguments.port, password)
    except OSError as error:
        parser.exit(2, f"{arguments.path}, port {arguments.port}: {error}\n")


if __name__ == "__main__":
    main()
