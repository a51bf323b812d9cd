"""A private primary of example.net that takes signed updates of one name: Knot or BIND, set up as the manual says."""

import base64
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.exception
import dns.message
import dns.query

from embedded.broker import free_port

SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "hooks-network.md"

_ZONE = """\
$ORIGIN example.net.
$TTL 3600
@ SOA ns1 hostmaster 1 3600 900 604800 300
@ NS ns1
ns1 A 127.0.0.1
relays 60 A 192.0.2.1
relays 60 A 192.0.2.2
www A 192.0.2.80
"""
_KNOT = """\
server:
    listen: 127.0.0.1@{port}
    rundir: {home}
    user: root:root
log:
  - target: stderr
    any: info
database:
    storage: {home}
"""
_BIND = """\
options {{
    directory "{home}";
    pid-file "{home}/named.pid";
    session-keyfile "{home}/session.key";
    lock-file none;
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
}};
controls {{ }};
"""


def _manual(kind: str) -> str:
    """Return the manual's block of configuration, with the key of the tests."""
    return MANUAL.read_text().partition(f"```{kind}\n")[2].partition("```")[0].replace("…", SECRET)


class DnsLab:
    """The primary `server` ("knot" or "named") on a port of loopback."""

    def __init__(self, server: str) -> None:
        self._server = server
        self.home = Path(tempfile.mkdtemp(prefix="dns-lab-", dir="/tmp"))
        self.port = free_port()
        self.log = self.home / "log"
        (self.home / "example.net.zone").write_text(_ZONE)
        head = (_KNOT if server == "knot" else _BIND).format(home=self.home, port=self.port)
        block = _manual(server)
        if server == "knot":
            block += f"    storage: {self.home}\n    file: example.net.zone\n"
        self._config = self.home / "server.conf"
        self._config.write_text(head + block)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers. RuntimeError, with its log, where it does not."""
        command = {
            "knot": ("knotd", "-c", str(self._config)),
            "named": ("named", "-g", "-c", str(self._config)),
        }[self._server]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError, EOFError, dns.exception.DNSException):
                question = dns.message.make_query("www.example.net", "A")
                if dns.query.tcp(question, "127.0.0.1", timeout=2, port=self.port).answer:
                    return  # BIND listens before it has loaded its zones
            time.sleep(0.05)
        raise RuntimeError(f"{self._server} does not answer: {self.log.read_text()}")

    def stop(self) -> None:
        """End the server after it has written what it knows."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=20)
            self._process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
