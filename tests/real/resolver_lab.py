"""DNS servers on loopback beside `tests.bind`: Knot with authority for zones, and a BIND that forwards to another."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.exception
import dns.message
import dns.query

from embedded.broker import free_port

_HEAD = """$TTL 60
@ SOA ns.example. admin.example. 1 3600 600 86400 30
@ NS ns.example.
"""
_KNOT = """\
server:
    listen: 127.0.0.1@{port}
    rundir: {home}
log:
  - target: stderr
    any: info
database:
    storage: {home}
template:
  - id: default
    storage: {home}
zone:
"""
_FORWARDING = """\
options {{
    directory "{home}"; pid-file none; session-keyfile none; lock-file none;
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion yes; dnssec-validation no; empty-zones-enable no; allow-query {{ {allowed}; }};
    forward only; forwarders {{ 127.0.0.1 port {to}; }};
}};
controls {{ }};
"""


class _Server:
    """A program that answers DNS on a port of loopback, as a context manager; its folder goes with it."""

    _probe = dns.message.make_query("version.bind.", "TXT", "CH")  # answered without asking anybody

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="resolver-lab-", dir="/tmp"))
        self.home.chmod(0o777)  # named may leave root for a user of its own
        self.port = free_port()
        self._command: tuple[str, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = self.home / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError, EOFError, dns.exception.DNSException):
                dns.query.tcp(self._probe, "127.0.0.1", timeout=1, port=self.port)
                return self
            time.sleep(0.05)
        told = log.read_text(errors="replace")
        self.__exit__(None, None, None)
        raise TimeoutError(f"{self._command[0]} does not answer: {told[-2000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        shutil.rmtree(self.home, ignore_errors=True)


class Knot(_Server):
    """knotd with authority for `zones` (name to its records); it answers SERVFAIL where the records are "broken"."""

    def __init__(self, program: str, zones: Mapping[str, str]) -> None:
        super().__init__()
        config = _KNOT.format(home=self.home, port=self.port)
        for name, records in zones.items():
            config += f"  - domain: {name}\n    file: {name}.zone\n"
            if records != "broken":
                (self.home / f"{name}.zone").write_text(_HEAD + records + "\n")
        (self.home / "knot.conf").write_text(config)
        self._command = (program, "-c", str(self.home / "knot.conf"))


class Forwarder(_Server):
    """named as hosters run it beside their relays: it has no zones, and asks the server on the port `to`."""

    def __init__(self, program: str, to: int, allowed: str = "any") -> None:
        super().__init__()
        config = self.home / "named.conf"
        config.write_text(_FORWARDING.format(home=self.home, port=self.port, to=to, allowed=allowed))
        self._command = (program, "-g", "-n", "1", "-c", str(config))
