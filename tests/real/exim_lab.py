"""A private Exim from Debian's packages, which need not be installed (they conflict with Postfix), and an SMTP sink.

The packages are fetched and unpacked into a folder of their own. Exim looks for its user, its configuration and its
library in /etc: it runs in a mount namespace with a copy of that folder. It needs root.
"""

import os
import re
import shutil
import signal
import smtplib
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.broker import free_port
from tests.parts import absent

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "hooks-exim.md"
PACKAGES = ("exim4-daemon-light", "exim4-base", "libidn12")
_USER = 65533
_CONFIG = """\
exim_path = {program}
spool_directory = {home}/spool
log_file_path = {home}/log/%s
pid_file_path = {home}/exim.pid
primary_hostname = mx.example.net
local_interfaces = 127.0.0.1.{port}
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
tls_advertise_hosts =
acl_smtp_rcpt = accept
acl_smtp_mail = ${{if match{{$sender_address}}{{^refused@}}{{deny}}{{accept}}}}
smtp_accept_max = 0
{main}
begin routers
hosted:
  driver = manualroute
  domains = hosted.example
  route_list = * mx1.google.com byname
  self = send
  transport = remote_smtp
others:
  driver = manualroute
  route_list = * 127.0.2.1
  self = send
  transport = remote_smtp
begin transports
remote_smtp:
  driver = smtp
  port = {sink}
  hosts_avoid_tls = *
{transport}
begin retry
* * F,1h,1s
begin authenticators
plain_login:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if eq{{$auth3}}{{secret}}}}
  server_set_id = $auth2
"""
_ANSWERS = {"later": b"451 4.7.1 come back later\r\n", "nobody": b"550-5.1.1 no such user\r\n550 5.1.1 here\r\n"}


@contextmanager
def unpacked() -> Iterator[Path]:
    """Give a folder with the unpacked packages. Skipped where they cannot be had."""
    folder = Path(tempfile.mkdtemp(prefix="exim-", dir="/tmp"))
    try:
        done = subprocess.run(
            ("apt-get", "download", *PACKAGES), cwd=folder, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            absent(f"Exim's packages cannot be had: apt-get update && apt-get download {' '.join(PACKAGES)}")
        for package in sorted(folder.glob("*.deb")):
            subprocess.run(("dpkg", "-x", str(package), str(folder)), check=True, timeout=60)
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Sink(socketserver.ThreadingTCPServer):
    """Takes every mail but those for `later@` and `nobody@`, and writes down who delivered it: address and HELO."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.2.1", 0), _Taking)
        self.taken: list[tuple[str, str, str]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Taking(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Sink)
        self.wfile.write(b"220 sink.example.test ESMTP\r\n")
        helo = recipient = ""
        for line in self.rfile:
            word, _, rest = line.decode().strip().partition(" ")
            match word.upper():
                case "EHLO" | "HELO":
                    helo = rest
                case "RCPT":
                    recipient = rest.partition("<")[2].partition(">")[0]
                    answer = _ANSWERS.get(recipient.partition("@")[0])
                    if answer is not None:
                        self.wfile.write(answer)
                        continue
                case "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    while self.rfile.readline() not in {b".\r\n", b""}:
                        pass
                    self.server.taken.append((self.client_address[0], helo, recipient))
                case "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
            self.wfile.write(b"250 ok\r\n")


class EximLab:
    """An Exim that delivers to the sink as the manual says; the hook's file is `pool`, and `helo` has its names.

    `selector` stands in place of the manual's log_selector.
    """

    def __init__(self, packages: Path, helo: dict[str, str], selector: str = "") -> None:
        self._selector = selector
        self._program = packages / "usr/sbin/exim4"
        library = next(packages.glob("usr/lib/*/libidn.so.12")).parent
        self.home = Path(tempfile.mkdtemp(prefix="exim-lab-", dir="/tmp"))
        self.home.chmod(0o755)
        self.pool = self.home / "relaywarden-pool"
        self.port = free_port()
        self.sink = _Sink()
        for folder in ("spool", "log"):
            (self.home / folder).mkdir()
            os.chown(self.home / folder, _USER, _USER)
        (self.home / "helo").write_text("".join(f"{ip}: {name}\n" for ip, name in helo.items()))
        self._etc(library)
        self._process: subprocess.Popen[bytes] | None = None

    def _etc(self, library: Path) -> None:
        """Make the copy of /etc: the system's, with Exim's user, library and configuration."""
        etc = self.home / "etc"
        shutil.copytree("/etc", etc, symlinks=True)
        with (etc / "passwd").open("a") as users, (etc / "group").open("a") as groups:
            users.write(f"Debian-exim:x:{_USER}:{_USER}::/nonexistent:/usr/sbin/nologin\n")
            groups.write(f"Debian-exim:x:{_USER}:\n")
        (etc / "hosts").write_text("127.0.0.1 localhost\n127.0.2.1 mx1.google.com\n")
        (etc / "ld.so.conf.d" / "relaywarden-exim-lab.conf").write_text(f"{library}\n")
        (etc / "exim4").mkdir(exist_ok=True)
        config = _CONFIG.format(
            home=self.home,
            program=self._program,
            port=self.port,
            sink=self.sink.server_address[1],
            main=self._main(),
            transport=self._manual("exim-transport"),
        )
        (etc / "exim4" / "exim4.conf").write_text(config)

    def _main(self) -> str:
        text = self._manual("exim-main")
        return re.sub("(?m)^log_selector = .*", f"log_selector = {self._selector}", text) if self._selector else text

    def _manual(self, block: str) -> str:
        text = MANUAL.read_text().partition(f"```{block}\n")[2].partition("```")[0]
        text = text.replace("/etc/exim4/relaywarden-pool", str(self.pool))
        return text.replace("/etc/exim4/relaywarden-helo", f"{self.home}/helo")

    def start(self) -> Self:
        """Start Exim and wait until it takes mail. RuntimeError, with its words, where it does not."""
        inner = f"mount --bind {self.home}/etc /etc && ldconfig && exec {self._program} -bdf -q1s"
        with (self.home / "said").open("ab") as said:
            self._process = subprocess.Popen(
                ("unshare", "--mount", "--pid", "--fork", "sh", "-c", inner), stdout=said, stderr=said
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return self
            time.sleep(0.1)
        raise RuntimeError(f"exim takes no mail: {(self.home / 'said').read_text()} {self.log()}")

    def log(self, name: str = "*") -> str:
        """Return what Exim logged."""
        return "".join(file.read_text() for file in sorted((self.home / "log").glob(name)))

    def send(self, number: int, domain: str = "example.net") -> int:
        """Submit so many mails in one session, and return how many Exim accepted."""
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example.test", timeout=60) as client:
            for count in range(number):
                client.sendmail("alice@example.test", [f"bob{count}@{domain}"], "Subject: lab\r\n\r\nHello\r\n")
        return number

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            number = self._process.pid
            for child in Path(f"/proc/{number}/task/{number}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)  # the first of its namespace: all others end with it
            self._process.wait(timeout=10)
        self.sink.shutdown()
        self.sink.server_close()
        shutil.rmtree(self.home, ignore_errors=True)
