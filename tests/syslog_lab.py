"""A running syslog input: its ports, the lines it kept, the events they are, and what it lost."""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run

import pytest

from collectors.follow import Follower
from collectors.inputs import Outlet, syslog
from collectors.losses import Losses
from collectors.reading import LogReader
from collectors.spool import Spool
from embedded.broker import free_port
from schemas.events import DeadLetter, Event
from schemas.inputs.syslog import SyslogInput
from tests.parts import require
from tests.waits import until

HOST = "127.0.0.1"
MOST = 64 << 20
STAMP = b"2026-11-21T14:02:04.723742+00:00"
TEXT = (
    b"%b: to=<%b@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.209]:25, delay=0.22,"
    b" delays=0.03/0.01/0.09/0.11, dsn=2.0.0, status=sent (250 2.0.0 OK)"
)


def delivery(recipient: bytes, queue_id: bytes = b"E2AE29B5D11") -> bytes:
    return b"<22>%b mx1 postfix/out2/smtp[915]: " % STAMP + TEXT % (queue_id, recipient)


def events_of(lines: Sequence[bytes], format_name: str = "postfix") -> list[Event]:
    """Return what the reader of a log makes of lines."""
    reader = LogReader(
        "0123456789abcdef",
        name="mx1",
        format=format_name,
        host="",
        zone="UTC",
        outbound_ips={"out2": "192.0.2.12"},
        networks={},
        reference=datetime(2026, 11, 30, tzinfo=UTC),
    )
    return [event for offset, line in enumerate(lines) for event in reader.read(line, offset)]


@dataclass
class Running:
    """A running input; `ports` by way."""

    ports: dict[str, int]
    file: Path
    stop: threading.Event
    letters: list[DeadLetter] = field(default_factory=list)
    _lines: list[bytes] = field(default_factory=list)
    _follower: Follower | None = None

    def lines(self) -> list[bytes]:
        """Return all lines that were kept until now."""
        self._follower = self._follower or Follower(self.file, "mx1", begin="oldest", settle_seconds=0)
        while (batch := self._follower.read()) is not None:
            assert batch.unread is None
            self._lines += batch.lines
        return self._lines

    def told(self, words: str) -> bool:
        """Tell whether a loss was told in these words."""
        return any(words in letter.reason for letter in self.letters)


@contextmanager
def running(
    folder: Path,
    ways: Sequence[str] = ("udp", "tcp"),
    spool: Spool | None = None,
    settings: Mapping[str, object] | None = None,
    address: str = HOST,
) -> Iterator[Running]:
    """Run an input that listens by these ways, and looks around often, until the end; it must end as it is told to."""
    ports = {way: free_port() for way in ways}
    places = {way: f"{address}:{port}" for way, port in ports.items()}
    configured = SyslogInput.model_validate({"kind": "syslog", **places, **(settings or {})})
    kept = spool or Spool(folder / "spool", MOST)
    losses, stop = Losses("relays", "syslog"), threading.Event()
    lab = Running(ports, kept.file, stop)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            syslog.run(configured, Outlet("relays", kept, None, losses, folder / "state.json"), stop)
        except BaseException as error:
            failed.append(error)
            raise

    def publish(events: Sequence[Event]) -> None:
        lab.letters.extend(event for event in events if isinstance(event, DeadLetter))

    threads = [threading.Thread(target=work), threading.Thread(target=losses.run, args=(publish, stop))]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("collectors.losses._GATHER_SECONDS", 0.05)
        patched.setattr("collectors.spool._RETRY_SECONDS", 0.05)
        patched.setattr(syslog, "_SWEEP_SECONDS", 0.05)
        for thread in threads:
            thread.start()
        try:
            yield lab
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)
    assert failed == []
    assert not any(thread.is_alive() for thread in threads)


def certificates(folder: Path) -> dict[str, Path]:
    """Return an authority, and certificates of a server (127.0.0.1) and a client that it signed, with their keys."""
    openssl = require("openssl", "openssl")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key")
    for name, options in {
        "ca": ("-addext", "keyUsage=critical,keyCertSign"),
        "server": (*authority, "-addext", f"subjectAltName=IP:{HOST},DNS:collector.example.net"),
        "client": (*authority, "-addext", "subjectAltName=DNS:mx1.example.net"),
        "other": ("-addext", "subjectAltName=DNS:mx1.example.net"),
    }.items():
        words = (openssl, "req", "-x509", *new_key, "-days", "2", "-subj", f"/CN={name}", *options)
        run([*words, "-keyout", f"{name}.key", "-out", f"{name}.pem"], cwd=folder, check=True, capture_output=True)
    locked = (openssl, "ec", "-in", "server.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key")
    run(locked, cwd=folder, check=True, capture_output=True)
    return {file.name: file for file in folder.glob("*.[kp]e*")}


def connected(lab: Running, way: str = "tcp", host: str = HOST) -> socket.socket:
    found: list[socket.socket] = []

    def tried() -> bool:
        try:
            found.append(socket.create_connection((host, lab.ports[way]), timeout=10))
        except ConnectionRefusedError:
            return False
        return True

    until(tried, "the listening socket")
    return found[0]


def secured(lab: Running, signed: dict[str, Path], client: str = "") -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=signed["ca.pem"])
    if client:
        context.load_cert_chain(signed[f"{client}.pem"], signed[f"{client}.key"])
    return context.wrap_socket(connected(lab, "tls"), server_hostname=HOST)
