"""A private Postfix with one transport per outbound IP, and an SMTP sink that writes down who delivered to it.

Everything lives in a folder of its own and on loopback; Debian's own Postfix may run or not. It needs root, since
Postfix's master does, and ends with `stop`.
"""

import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from embedded.broker import free_port

SINK_HOST = "127.0.2.1"
Told = TypeVar("Told")
_DAEMONS = Path("/usr/lib/postfix/sbin")
_CLIENT = re.compile(r"^X-Client-Addr: (\S+)$", re.MULTILINE)

_MAIN_CF = """\
compatibility_level = 3.6
myhostname = mta.example.test
mydomain = example.test
mydestination =
queue_directory = {home}/spool
data_directory = {home}/lib
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:no local
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
default_destination_concurrency_limit = 20
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
relayhost = [{sink_host}]:{sink_port}
default_transport = error:no transport of the pool
smtp_bind_address_enforce = yes
"""

_MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

_TRANSPORT = """\
{name} unix - - n - 20 smtp
  -o smtp_bind_address={ip} -o syslog_name=postfix/{name} -o smtp_helo_name={name}.example.test
"""


def _merged(common: str, extra: str) -> str:
    """Return main.cf with each parameter once, as `extra` says it.

    Each Postfix process warns of a parameter said twice as it starts; so does postlogd, into its own socket, and waits
    for itself for ever where `net.unix.max_dgram_qlen` (10) lines of others wait there already.
    """
    said = set(re.findall(r"^(\w+) *=", extra, re.MULTILINE))
    kept = (line for line in common.splitlines() if line.partition("=")[0].strip() not in said)
    return "\n".join([*kept, extra, ""])


class PostfixLab:
    """A Postfix that sends through `transports` (name to outbound loopback address), with `extra` in main.cf.

    It hands every mail to the sink, whoever the recipient is.
    """

    def __init__(self, transports: dict[str, str], extra: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postfix-lab-", dir="/tmp"))  # sockets need short paths
        self.port = free_port()
        self.sink_port = free_port()
        self.config = self.home / "etc"
        self.log = self.home / "mail.log"
        self.received = self.home / "sink"
        self._sink: subprocess.Popen[bytes] | None = None
        self._running_number = 0
        self._lay_out(transports, extra)

    def _lay_out(self, transports: dict[str, str], extra: str) -> None:
        self.home.chmod(0o755)
        for folder in ("etc", "spool", "lib", "sink"):
            (self.home / folder).mkdir(mode=0o755)
        shutil.chown(self.home / "lib", "postfix", "postfix")
        shutil.chown(self.received, "nobody")
        common = _MAIN_CF.format(home=self.home, sink_host=SINK_HOST, sink_port=self.sink_port)
        (self.config / "main.cf").write_text(_merged(common, extra))
        rows = (_TRANSPORT.format(name=name, ip=ip) for name, ip in transports.items())
        (self.config / "master.cf").write_text(_MASTER_CF.format(port=self.port) + "".join(rows))
        for name in ("postfix-files", "dynamicmaps.cf"):
            with suppress(FileNotFoundError):
                shutil.copy(Path("/etc/postfix") / name, self.config / name)

    def start(self) -> Self:
        """Start the sink and Postfix, and wait until both accept connections. RuntimeError says why they do not."""
        self.resume_sink()
        self.postfix("start")
        self._wait("127.0.0.1", self.port)
        return self

    def resume_sink(self) -> None:
        """Start the sink: it takes every mail from now on."""
        sink = ["smtp-sink", "-u", "nobody", "-d", f"{self.received}/%H%M%S.", f"{SINK_HOST}:{self.sink_port}", "100"]
        self._sink = subprocess.Popen(sink, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait(SINK_HOST, self.sink_port)

    def pause_sink(self) -> None:
        """End the sink: connections to it are refused from now on."""
        if self._sink is not None:
            self._sink.terminate()
            self._sink.wait(timeout=10)
            self._sink = None

    def postfix(self, command: str) -> None:
        """Run `postfix -c … COMMAND`. RuntimeError with its words if it fails."""
        done = subprocess.run(
            ["postfix", "-c", str(self.config), command], capture_output=True, text=True, timeout=30, check=False
        )
        if done.returncode:
            raise RuntimeError(
                f"postfix {command} ended with {done.returncode}: {done.stderr}{self.log_text()[-2000:]}"
            )

    @property
    def reload_command(self) -> tuple[str, ...]:
        """Return the command that makes this Postfix read its tables again."""
        return ("postfix", "-c", str(self.config), "reload")

    def log_text(self) -> str:
        """Return the mail log until now, "" while there is none."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def send(self, number: int, sender: str = "alice@example.test", recipient: str = "bob{}@example.net") -> int:
        """Submit this many mails in one SMTP session and return how many of them Postfix accepted.

        `{}` in the recipient becomes a running number. Without it Postfix's processes, which remember their last
        question for 30 s, send all these mails through the same transport.
        """
        accepted = 0
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example.test", timeout=60) as client:
            for _ in range(number):
                self._running_number += 1
                with suppress(smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
                    text = f"From: {sender or 'mailer-daemon@example.test'}\r\nSubject: lab\r\n\r\nHello\r\n"
                    client.sendmail(sender, [recipient.format(self._running_number)], text)
                    accepted += 1
        return accepted

    def counts(self) -> Counter[str]:
        """Return how many mails the sink took from each client IP."""
        texts = (file.read_text(errors="replace") for file in self.received.iterdir())
        return Counter(ip for text in texts for ip in _CLIENT.findall(text))

    def wait_for(self, total: int, timeout_seconds: float = 30.0) -> Counter[str]:
        """Return the sink's counts once it took `total` mails. TimeoutError with the log's end if it does not."""
        deadline = time.monotonic() + timeout_seconds
        while (counts := self.counts()).total() < total:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the sink took {counts.total()} of {total} mails: {self.log_text()[-3000:]}")
            time.sleep(0.1)
        return counts

    def wait_for_log(self, text: str, count: int, timeout_seconds: float = 30.0) -> None:
        """Wait until the mail log holds `text` this often. TimeoutError with the log's end if it does not."""
        deadline = time.monotonic() + timeout_seconds
        while self.log_text().count(text) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the log does not say {text!r} {count} times: {self.log_text()[-3000:]}")
            time.sleep(0.1)

    def until(self, tell: Callable[[], Told | None], what: str, timeout_seconds: float = 30.0) -> Told:
        """Return what `tell` tells once it is not None. TimeoutError with the log's end if it stays None."""
        deadline = time.monotonic() + timeout_seconds
        while (told := tell()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {what}: {self.log_text()[-3000:]}")
            time.sleep(0.1)
        return told

    def stop(self) -> None:
        """End Postfix and the sink and remove their folder."""
        with suppress(RuntimeError):
            self.postfix("stop")
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(int((self.home / "spool/pid/master.pid").read_text()), signal.SIGTERM)
        self.pause_sink()
        shutil.rmtree(self.home, ignore_errors=True)

    def _wait(self, host: str, port: int, timeout_seconds: float = 15.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((host, port), timeout=1):
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"nothing listens on {host} port {port}: {self.log_text()[-3000:]}")

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
