"""A private HAProxy in front of servers that each say their name, with a runtime socket in a folder of its own."""

import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.broker import free_port

_CONFIG = """\
global
    stats socket {home}/admin.sock mode 600 level admin
    stats socket ipv4@127.0.0.1:{admin} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend out
    bind 127.0.0.1:{port}
    default_backend relays
backend relays
    balance {balance}
{servers}
"""


class _Named(socketserver.ThreadingTCPServer):
    """A server that says its name to whoever connects."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Greeting)
        self.name = name
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Greeting(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Named)
        self.request.sendall(self.server.name.encode())


class HaproxyLab:
    """HAProxy's backend `relays` with these servers; `balance` is how it shares."""

    def __init__(self, names: tuple[str, ...], balance: str = "roundrobin") -> None:
        self.home = Path(tempfile.mkdtemp(prefix="haproxy-lab-", dir="/tmp"))  # sockets need short paths
        self.socket = f"{self.home}/admin.sock"
        self.admin_port = free_port()
        self._port = free_port()
        self._servers = [_Named(name) for name in names]
        lines = (f"    server {one.name} 127.0.0.1:{one.server_address[1]} weight 100" for one in self._servers)
        self._config = self.home / "haproxy.cfg"
        self._config.write_text(
            _CONFIG.format(
                home=self.home, admin=self.admin_port, port=self._port, balance=balance, servers="\n".join(lines)
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start HAProxy and wait until it takes connections."""
        log = (self.home / "log").open("ab")
        with closing(log):
            self._process = subprocess.Popen(("haproxy", "-db", "-f", str(self._config)), stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError):
                if "Name: HAProxy" in self.order("show info") and self.seen(1):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"haproxy does not listen: {(self.home / 'log').read_text()}")

    def stop(self) -> None:
        """End HAProxy; the servers behind it stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def seen(self, connections: int) -> Counter[str]:
        """Connect so often, and return how often each server answered."""
        found: Counter[str] = Counter()
        for _ in range(connections):
            with socket.create_connection(("127.0.0.1", self._port), timeout=10) as client:
                found[client.recv(100).decode()] += 1
        return found

    def order(self, command: str) -> str:
        """Return what HAProxy answers to an operator's command."""
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.settimeout(10)
            client.connect(self.socket)
            client.sendall(f"{command}\n".encode())
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        return answer.decode().strip()

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
        for server in self._servers:
            server.shutdown()
            server.server_close()
        shutil.rmtree(self.home, ignore_errors=True)
