"""A real rbldnsd on loopback for tests: zones written as files, reread every second when they change."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.message
import dns.query

TEST_POINTS = {"127.0.0.2": "test point", "::ffff:7f00:2": "test point"}


class Rbldnsd:
    """rbldnsd as a context manager; `zones` maps each zone to its entries, an IP or network to the TXT's text.

    An entry's text may begin with its return code and a colon (`127.0.0.4:infected`); without it, 127.0.0.2 is
    answered. A change by `write` is served within some two seconds. With `core` it keeps to that one.
    """

    def __init__(self, program: str, zones: Mapping[str, Mapping[str, str]], core: int | None = None) -> None:
        self._program = program
        self._core = core
        # Not pytest's folder: rbldnsd leaves root for a user of its own, who must still read the zones.
        self._folder = Path(tempfile.mkdtemp(prefix="rbldnsd-"))
        self._folder.chmod(0o755)
        self._zones = tuple(zones)
        for zone, entries in zones.items():
            self.write(zone, entries)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, zone: str, entries: Mapping[str, str]) -> None:
        """Replace what a zone lists; the test points are not added by themselves."""
        for version in (4, 6):
            lines = [_line(net, text) for net, text in entries.items() if _version(net) == version]
            path = self._folder / f"{zone}.{version}"
            new = path.with_suffix(".new")
            new.write_text("\n".join(["# zone", *lines]) + "\n")
            new.chmod(0o644)
            new.rename(path)

    def _command(self) -> Sequence[str]:
        user = ["-u", "rbldns"] if os.geteuid() == 0 else []
        zones = [f"{zone}:ip{version}trie:{zone}.{version}" for zone in self._zones for version in (4, 6)]
        # fmt: off
        return [self._program, "-n", *user, "-w", str(self._folder), "-b", f"127.0.0.1/{self.port}",
                "-c", "1", "-t", "5", *zones]
        # fmt: on

    def __enter__(self) -> Self:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=subprocess.STDOUT)
        if self._core is not None:
            os.sched_setaffinity(self._process.pid, {self._core})
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            query = dns.message.make_query(f"2.0.0.127.{self._zones[0]}.", "A")
            with suppress(OSError, dns.exception.DNSException):
                dns.query.udp(query, "127.0.0.1", port=self.port, timeout=0.2)
                return self
            time.sleep(0.02)
        log_text = (self._folder / "log").read_text()
        self.stop()
        raise TimeoutError(f"rbldnsd does not answer: {log_text}")

    def stop(self) -> None:
        """End the server and remove its zones."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _version(net: str) -> int:
    return ip_address(net.partition("/")[0]).version


def _line(net: str, text: str) -> str:
    code, colon, rest = text.partition(":")
    if colon and code.startswith("127."):
        return f"{net} :{code}:{rest}"
    return f"{net} :127.0.0.2:{text}"
