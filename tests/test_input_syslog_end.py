"""The end of the syslog input: what a sender was told is taken is kept, and nobody holds the end up."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from collectors.inputs import Outlet, _gathered, syslog
from collectors.losses import Losses
from collectors.spool import Spool
from embedded.broker import free_port
from schemas.inputs.syslog import SyslogInput
from tests.syslog_lab import HOST, MOST, Running, certificates, connected, delivery, running
from tests.waits import until

LINES = b"".join(delivery(b"%d" % number) + b"\n" for number in range(1000))


class _Told(threading.Event):
    """A `stop` that comes at a moment of the reader's: when `come`, asked in its thread, says so for the first time."""

    def __init__(self, come: Callable[[], bool]) -> None:
        super().__init__()
        self._come = come

    def is_set(self) -> bool:
        if not super().is_set() and threading.current_thread() is not threading.main_thread() and self._come():
            self.set()
        return super().is_set()


def _kept(folder: Path, come: Callable[[int], bool], way: str = "tcp", **settings: object) -> list[bytes]:
    """Run the input until `come`, which gets its port, and return what it kept."""
    port, spool = free_port(), Spool(folder / "spool", MOST)
    configured = SyslogInput.model_validate({"kind": "syslog", way: f"{HOST}:{port}", **settings})
    outlet = Outlet("relays", spool, None, Losses("relays", "syslog"), folder / "state.json")
    syslog.run(configured, outlet, _Told(lambda: come(port)))
    return Running({way: port}, spool.file, threading.Event()).lines()


@pytest.mark.parametrize("most", [4 << 20, 1000])
def test_what_the_kernel_took_is_kept_however_long_that_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Three clients that the input has not even seen, no time to be patient, and here no room for more than a few."""
    monkeypatch.setattr(syslog, "_END_SECONDS", 0.0)
    monkeypatch.setattr(syslog, "_END_MOST_SECONDS", 60.0)
    monkeypatch.setattr(_gathered, "_MOST_BYTES", most)
    with ExitStack() as stack:

        def come(port: int) -> bool:
            for _ in range(3):
                client = stack.enter_context(socket.create_connection((HOST, port), timeout=60))
                client.sendall(LINES)
            return True

        assert len(_kept(tmp_path, come)) == 3000


def test_datagrams_that_the_kernel_took_are_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_END_SECONDS", 0.0)
    monkeypatch.setattr(syslog, "_END_MOST_SECONDS", 60.0)

    def come(port: int) -> bool:
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            for number in range(400):
                client.sendto(delivery(b"%d" % number), (HOST, port))
        return True

    assert len(_kept(tmp_path, come, "udp")) == 400


def test_a_client_that_thinks_its_handshake_is_done_is_heard(tmp_path: Path) -> None:
    signed = certificates(tmp_path)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=signed["ca.pem"])
    secured = context.wrap_bio(back, there, server_hostname=HOST)
    with ExitStack() as stack:
        clients: list[socket.socket] = []

        def come(port: int) -> bool:
            if not clients:
                clients.append(stack.enter_context(socket.create_connection((HOST, port), timeout=60)))
            else:
                clients[0].setblocking(False)
                try:
                    back.write(clients[0].recv(65_536))
                except BlockingIOError:
                    return False
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                clients[0].sendall(there.read())
                return False
            secured.write(delivery(b"bob") + b"\n")
            clients[0].sendall(there.read())
            return True

        settings = {"certificate": signed["server.pem"], "key": signed["server.key"]}
        assert _kept(tmp_path, come, "tls", **settings) == [delivery(b"bob")[4:]]


@pytest.mark.parametrize("way", ["tcp", "udp"])
def test_who_never_stops_does_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(syslog, "_END_MOST_SECONDS", 3600.0)
    ended: list[bool] = []

    def flood(client: socket.socket) -> None:
        while not ended:
            try:
                client.send(LINES[:1000])
            except ConnectionError:
                break
        ended.append(True)

    with running(tmp_path, ("udp", "tcp")) as lab:
        with connected(lab):
            pass
        client = socket.socket(type=socket.SOCK_DGRAM if way == "udp" else socket.SOCK_STREAM)
        client.connect((HOST, lab.ports[way]))
        thread = threading.Thread(target=flood, args=(client,))
        thread.start()
        until(lambda: len(lab.lines()) > 1000, "it is heard", 60)
        lab.stop.set()
        until(lambda: bool(ended) if way == "tcp" else _free(lab.ports["udp"]), "the end", 60)
        ended.append(True)
        thread.join(60)
        client.close()
    assert not thread.is_alive()


def _free(port: int) -> bool:
    """Tell whether nobody has a port of UDP."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
