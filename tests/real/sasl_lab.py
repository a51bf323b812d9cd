"""The private Postfix with Dovecot's SASL beside it: mailboxes log in, and nothing that they send leaves the queue."""

import shutil
import smtplib
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.postfix_queue import PostfixQueue
from streams.queued import Message
from tests.real.postfix_lab import PostfixLab

PASSWORD = "secret"
_MAIN_CF = {
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_sasl_type": "dovecot",
    "smtpd_sasl_path": "{home}/auth",
    "smtpd_recipient_restrictions": "permit_sasl_authenticated, permit_mynetworks, reject",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, permit_mynetworks, reject",
    "mynetworks": "127.0.0.0/8, 203.0.113.0/28",
    "default_transport": "smtp",
    "defer_transports": "smtp",
    "queue_run_delay": "300s",
    "minimal_backoff_time": "300s",
    "maximal_backoff_time": "300s",
    "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
}
_DOVECOT = """\
protocols =
base_dir = {home}/dovecot/run
state_dir = {home}/dovecot/state
log_path = {home}/dovecot/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = {home}/dovecot/users
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
service auth {{
  unix_listener {home}/auth {{
    mode = 0666
  }}
}}
"""


class SaslLab:
    """A Postfix whose deliveries are all deferred, for mailboxes that log in; `changes` replace lines of main.cf.

    A parameter that stood twice in main.cf would make each process warn, and postlogd wait for itself.
    """

    def __init__(self, mailboxes: tuple[str, ...], changes: dict[str, str] | None = None) -> None:
        self.lab = PostfixLab({}, "")
        lines = {name: value.format(home=self.lab.home) for name, value in {**_MAIN_CF, **(changes or {})}.items()}
        file = self.lab.config / "main.cf"
        rest = [line for line in file.read_text().splitlines() if line.partition(" =")[0] not in lines]
        file.write_text("\n".join((*rest, *(f"{name} = {value}" for name, value in lines.items()), "")))
        self._dovecot = self.lab.home / "dovecot"
        self._dovecot.mkdir(mode=0o755)
        users = "".join(f"{mailbox}:{{PLAIN}}{PASSWORD}\n" for mailbox in mailboxes)
        (self._dovecot / "users").write_text(users)
        (self._dovecot / "dovecot.conf").write_text(_DOVECOT.format(home=self.lab.home))
        self.queue = PostfixQueue(str(self.lab.config))

    @property
    def config(self) -> Path:
        """Return the folder of main.cf."""
        return self.lab.config

    def submit(self, login: str, sender: str, *recipients: str, text: str = "Subject: lab\r\n\r\nHello\r\n") -> None:
        """Hand in one mail over SMTP, logged in unless `login` is ""."""
        self.submit_as(login, "", sender, *recipients, text=text)

    def submit_as(
        self, login: str, client: str, sender: str, *recipients: str, text: str = "Subject: lab\r\n\r\nHello\r\n"
    ) -> None:
        """Likewise, from another address, if one is named."""
        with smtplib.SMTP("127.0.0.1", self.lab.port, local_hostname="client.example.test", timeout=60) as session:
            if client:
                session.ehlo()
                session.docmd(f"XCLIENT ADDR={client} NAME=[UNAVAILABLE]")
            if login:
                session.login(login, PASSWORD)
            session.sendmail(sender, list(recipients), text)

    def hand_in(self, sender: str, recipient: str, full_name: str = "cron") -> None:
        """Hand in one mail with sendmail(1), as a program of this host."""
        command = ["sendmail", "-C", str(self.config), "-F", full_name, "-f", sender, recipient]
        subprocess.run(command, input=b"Subject: lab\n\nHello\n", capture_output=True, timeout=20, check=True)

    def waiting(self, number: int) -> dict[str, Message]:
        """Return the queue once this many messages are deferred or on hold. TimeoutError if they are not."""
        return self.lab.until(lambda: self._settled(number), f"{number} messages in the queue")

    def _settled(self, number: int) -> dict[str, Message] | None:
        queue = self.queue.messages()
        at_rest = [each for each in queue.values() if each.queue_name in {"deferred", "hold"}]
        return queue if len(at_rest) == len(queue) == number else None

    def on_hold(self) -> set[str]:
        """Return the senders of what is on hold."""
        return {each.sender for each in self.queue.messages().values() if each.queue_name == "hold"}

    def postsuper(self, *words: str) -> None:
        """Do as an administrator does by hand."""
        program = shutil.which("postsuper", path="/usr/sbin:/sbin") or "postsuper"
        subprocess.run([program, "-c", str(self.config), *words], capture_output=True, timeout=20, check=True)

    def __enter__(self) -> Self:
        dovecot = shutil.which("dovecot", path="/usr/sbin:/usr/bin") or "dovecot"
        config = str(self._dovecot / "dovecot.conf")
        quiet = subprocess.DEVNULL
        subprocess.run([dovecot, "-c", config], stdin=quiet, stdout=quiet, stderr=quiet, timeout=20, check=True)
        self._stop_dovecot = [dovecot, "-c", config, "stop"]
        try:
            self.lab.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        quiet = subprocess.DEVNULL
        subprocess.run(self._stop_dovecot, stdin=quiet, stdout=quiet, stderr=quiet, timeout=20, check=False)
        self.lab.stop()
