"""A private Dovecot with a deny list in front of a passdb that knows everybody, for IMAP and for Postfix's SASL.

Everything lives in a folder of its own and on loopback; Debian's own Dovecot may run or not. It needs root, since
Dovecot's master does, and ends with `stop`.
"""

import imaplib
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.broker import free_port

PASSWORD = "correct-horse"

_CONF = """\
protocols = imap
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
auth_verbose = yes
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service auth {{
  unix_listener {home}/auth-client {{
    mode = 0666
  }}
}}
{deny}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={home}/mail/%u
}}
"""


class DovecotLab:
    """A Dovecot whose deny list is `self.deny`; `deny` is the part of dovecot.conf that names it."""

    def __init__(self, deny: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="dovecot-lab-", dir="/tmp"))  # sockets need short paths
        self.home.chmod(0o755)
        self.port = free_port()
        self.deny = self.home / "relaywarden-deny"
        self.auth = self.home / "auth-client"
        self.config = self.home / "dovecot.conf"
        self._process: subprocess.Popen[bytes] | None = None
        (self.home / "mail").mkdir()
        shutil.chown(self.home / "mail", "nobody", "nogroup")
        self.deny.touch()
        self.config.write_text(
            _CONF.format(home=self.home, port=self.port, password=PASSWORD, deny=deny.replace("{path}", str(self.deny)))
        )

    def start(self) -> Self:
        """Start Dovecot, and wait until it accepts connections. RuntimeError says why it does not."""
        self._process = subprocess.Popen(["dovecot", "-F", "-c", str(self.config)], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                if self.auth.exists():
                    return self
            time.sleep(0.05)
        said = self.log_text()
        self.stop()
        raise RuntimeError(f"dovecot does not listen on port {self.port}: {said[-2000:]}")

    def log_text(self) -> str:
        """Return Dovecot's log until now, "" while there is none."""
        path = self.home / "dovecot.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def session(self, user: str) -> imaplib.IMAP4:
        """Return an IMAP session of a mailbox. imaplib.IMAP4.error where its login is refused."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=60)
        try:
            client.login(user, PASSWORD)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def lets_in(self, user: str) -> bool:
        """Tell whether a mailbox can log in."""
        try:
            client = self.session(user)
        except imaplib.IMAP4.error:
            return False
        client.logout()
        return True

    def stop(self) -> None:
        """End Dovecot and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=15)
            self._process = None
        shutil.rmtree(self.home, ignore_errors=True)

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
