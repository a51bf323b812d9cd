"""A network namespace with two of our addresses, and another with a server that writes down who connects to it."""

import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts import absent, require_kernel

_SERVER = """
import socket, sys
listening = socket.create_server(("192.0.2.100", 25))
print("listening", flush=True)
while True:
    client, address = listening.accept()
    client.sendall(address[0].encode())
    client.close()
"""
_CLIENT = """
import socket, sys
for _ in range(int(sys.argv[1])):
    with socket.create_connection(("192.0.2.100", 25), timeout=10) as server:
        print(server.recv(100).decode())
"""

_TRY = """
import socket
try:
    print(socket.create_connection(("192.0.2.100", 25), timeout=1).recv(100).decode())
except TimeoutError as error:
    print(error)
"""


_NEEDED = """
table ip tried {
    map slots { type mark : ipv4_addr; }
    chain out {
        type nat hook postrouting priority srcnat
        snat to numgen random mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }
    }
}
"""


class NetworkLab:
    """Our side has the addresses that are given; the other, 192.0.2.100, says to each client by which it came."""

    def __init__(self, ips: tuple[str, ...]) -> None:
        self._ips = ips
        self._held: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        require_kernel(_NEEDED)
        try:
            return self._begin()
        except BaseException:
            self._end()
            raise

    def _begin(self) -> Self:
        self._ours, self._theirs = self._space(), self._space()
        self.run("ip", "link", "add", "name", "ours", "type", "veth", "peer", "name", "theirs", "netns", self._theirs)
        for ip in self._ips:
            self.run("ip", "addr", "add", f"{ip}/24", "dev", "ours")
        self.run("ip", "link", "set", "ours", "up")
        theirs = ("nsenter", "--target", self._theirs, "--net")
        subprocess.run((*theirs, "ip", "addr", "add", "192.0.2.100/24", "dev", "theirs"), check=True)
        subprocess.run((*theirs, "ip", "link", "set", "theirs", "up"), check=True)
        server = subprocess.Popen((*theirs, sys.executable, "-c", _SERVER), stdout=subprocess.PIPE)
        self._held.append(server)
        assert server.stdout is not None
        assert server.stdout.readline() == b"listening\n"
        return self

    def _space(self) -> str:
        """Return the process that holds a namespace of its own."""
        holder = subprocess.Popen(("unshare", "--net", "cat"), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._held.append(holder)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{holder.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
            if holder.poll() is not None or time.monotonic() > deadline:
                absent("a network namespace is needed: unshare --net is not allowed here")
            time.sleep(0.02)
        return str(holder.pid)

    @property
    def inside(self) -> tuple[str, ...]:
        """Return the words before a command that is to run on our side."""
        return ("nsenter", "--target", self._ours, "--net")

    def run(self, *command: str, text: str = "") -> str:
        """Run a command on our side and return its output."""
        done = subprocess.run(
            (*self.inside, *command), input=text, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def seen(self, connections: int) -> Counter[str]:
        """Connect so often, and return how often the other side saw each address."""
        return Counter(self.run(sys.executable, "-c", _CLIENT, str(connections)).split())

    def blocked(self) -> bool:
        """Tell whether a connection of our side gets no answer."""
        return self.run(sys.executable, "-c", _TRY) == "timed out\n"

    def _end(self) -> None:
        for process in reversed(self._held):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait(timeout=10)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
