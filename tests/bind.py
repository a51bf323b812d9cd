"""A real BIND on loopback for tests: authoritative for the zones it is given, as a context manager."""

import shutil
import socket
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

_HEAD = """$TTL 60
@ SOA ns.example. admin.example. 1 3600 600 86400 30
@ NS ns.example.
"""


class Bind:
    """named with `zones` (name to its records, a line each); one whose records are "broken" answers SERVFAIL."""

    def __init__(self, program: str, zones: Mapping[str, str]) -> None:
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="named-"))
        self._folder.chmod(0o777)  # named may leave root for a user of its own
        self.port = _free_port()
        blocks = []
        for name, records in zones.items():
            path = self._folder / f"{name}.zone"
            text = "no zone at all\n" if records == "broken" else _HEAD + records + "\n"
            path.write_text(text)
            blocks.append(f'zone "{name}" {{ type primary; file "{path}"; }};')
        self._config = self._folder / "named.conf"
        self._config.write_text(
            f'options {{ directory "{self._folder}"; pid-file none; recursion no; dnssec-validation no;'
            f" listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; check-names primary ignore; }};\n"
            f"controls {{ }};\n" + "\n".join(blocks) + "\n"
        )
        self._first = next(iter(zones))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (self._folder / "log").open("wb") as log:
            command = [self._program, "-g", "-n", "1", "-c", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        query = dns.message.make_query(f"{self._first}.", "SOA")
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError, dns.exception.DNSException):
                if dns.query.udp(query, "127.0.0.1", port=self.port, timeout=0.3).answer:
                    return self
            time.sleep(0.02)
        log_text = (self._folder / "log").read_text(errors="replace")
        self.stop()
        raise TimeoutError(f"named does not answer: {log_text[-2000:]}")

    def stop(self) -> None:
        """End the server and remove its files."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_port() -> int:
    """Return a port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            with suppress(OSError):
                udp.bind(("127.0.0.1", port))
                return port
