"""Apache Kafka 4 itself, one KRaft node on loopback, from its own jars (Maven, `pom.xml` beside this file)."""

import shutil
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.broker import free_port
from tests.parts import absent, require

HERE = Path(__file__).resolve().parent
JARS = HERE.parents[1] / ".cache" / "kafka-4.1.0"
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def jars(folder: Path = JARS) -> Path:
    """Fetch Kafka's jars into a folder with Maven, once, and return it; the test is skipped without Java or Maven."""
    require("java", "openjdk-17-jre-headless")
    maven = require("mvn", "maven")
    if not (folder / ".complete").exists():
        command = [maven, "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
        done = subprocess.run(
            [*command, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if done.returncode:
            absent(f"Maven gives no jars of Kafka: {done.stdout[-2000:]}")
        (folder / ".complete").touch()
    return folder


class ApacheKafka:
    """A node with its data in a folder: it may be killed and started again on the same data."""

    def __init__(self, folder: Path, jar_folder: Path) -> None:
        self.port = free_port()
        self._folder = folder / "kafka"
        self._folder.mkdir()
        self._log = self._folder / "kafka.log"
        self._java = [shutil.which("java") or "java", "-Xmx512m", "-cp", f"{jar_folder}/*"]
        self._properties = self._folder / "server.properties"
        self._properties.write_text(
            _PROPERTIES.format(port=self.port, controller=free_port(), folder=self._folder), encoding="utf-8"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._formatted = False

    @property
    def bootstrap(self) -> str:
        """Return `host:port` for Kafka clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start the node and wait until it takes connections. TimeoutError with the log's end if it does not."""
        if not self._formatted:
            identity = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            named = f"--cluster-id={identity}"  # in one word: of 64 one begins with "-", as an option does
            self._run(["kafka.tools.StorageTool", "format", named, "-c", str(self._properties)])
            self._formatted = True
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.2)
        self.stop()
        raise TimeoutError(f"Kafka does not listen: {self._log.read_text(errors='replace')[-2000:]}")

    def _run(self, arguments: list[str]) -> None:
        done = subprocess.run([*self._java, *arguments], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{arguments[0]}: {done.stdout}{done.stderr}")

    def kill(self) -> None:
        """End the node at once (kill -9); its data stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End the node."""
        self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
