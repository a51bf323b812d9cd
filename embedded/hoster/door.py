"""How mails and strangers come in, as Postfix's smtpd, pickup and cleanup log it, and Dovecot its logins."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID
from zlib import crc32

from embedded.hoster.activity import SECOND, Login, Mail, Refusal
from embedded.hoster.lines import Clerk, Line
from embedded.hoster.places import name_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAEMONS = {
    "submission": "postfix/submission/smtpd",
    "smtps": "postfix/smtps/smtpd",
    "relay": "postfix/smtpd",
    "incoming": "postfix/smtpd",
}
_REASONS = {
    "relay_denied": "554 5.7.1 <{to}>: Relay access denied",
    "unknown_user": "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table",
    "blocked": "554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org; "
    "https://www.spamhaus.org/query/ip/{ip}",
    "bad_syntax": "504 5.5.2 <{helo}>: Helo command rejected: need fully-qualified hostname",
}


class Door:
    """Writes what happens at the door of one host."""

    def __init__(self, clerk: Clerk, rng: Random) -> None:
        self._clerk = clerk
        self._rng = rng
        self._sessions: dict[tuple[str, str], tuple[int, int, int]] = {}

    def queue_id(self, at: int) -> str:
        """Return a short queue id: the microsecond and a number of the queue file."""
        return f"{at % SECOND:05X}{0x21A000 + int(self._rng.random() * 0x5FFF):06X}"

    def own_id(self, at: int, queue_id: str) -> str:
        """Return the Message-ID that Postfix gives where a mail has none."""
        return f"{(_EPOCH + timedelta(microseconds=at)):%Y%m%d%H%M%S}.{queue_id}@{self._clerk.host}.hoster.example"

    def _message_id(self, mail: Mail, queue_id: str) -> str:
        """Return a Message-ID in the style of the mailbox's program; some spam tools give none."""
        domain = mail.mailbox.partition("@")[2] or f"{mail.mailbox}.example"
        draw = self._rng.getrandbits(128)
        style = crc32(f"{mail.mailbox}{mail.kind}".encode()) % 5
        if style == 0:
            return f"{str(UUID(int=draw, version=4)).upper()}@{domain}"
        if style == 1:
            return f"{draw >> 96:012x}${draw >> 64 & 0xFFFFFFFF:08x}${draw & 0xFFFFFFFF:08x}$@{domain}"
        if style == 2 and mail.kind != "honest":
            return self.own_id(mail.at, queue_id)
        return f"{draw >> 64:016x}.{mail.at // SECOND}@{domain}"

    def take_in(self, mail: Mail, lines: list[Line]) -> tuple[str, str, int]:
        """Add the lines of a mail's arrival; return its queue id, its Message-ID and when the queue has it."""
        queue_id = self.queue_id(mail.at)
        message_id = self._message_id(mail, queue_id)
        line, pace = self._clerk.line, 1 + int(self._rng.random() * 9)
        pid = 300 + int(self._rng.random() * 32_000)
        at = mail.at
        cleanup = f"postfix/cleanup[{pid ^ 64}]: {queue_id}: message-id=<{message_id}>"
        if mail.way == "pickup":
            sender = "" if mail.envelope_from == "<>" else mail.envelope_from or mail.mailbox
            lines.append(line(at, "mail", f"postfix/pickup[{pid}]: {queue_id}: uid=5000 from=<{sender}>"))
            lines.append(line(at + 900, "mail", cleanup))
            return queue_id, message_id, at + 2000
        pid = self._connected(mail, pid, lines)
        client = f"{name_of(mail.client_ip)}[{mail.client_ip}]"
        login = f", sasl_method=PLAIN, sasl_username={mail.mailbox}" if mail.way in {"submission", "smtps"} else ""
        if login and pid % 3 == 0:
            login = login.replace("PLAIN", "LOGIN", 1)
        at += 9000 * pace
        lines.append(line(at, "mail", f"{_DAEMONS[mail.way]}[{pid}]: {queue_id}: client={client}{login}"))
        lines.append(line(at + 6000 * pace, "mail", cleanup))
        at += 8000 * pace + mail.size // 20
        self._disconnected(mail, pid, client, at + 7000, lines)
        return queue_id, message_id, at

    def _connected(self, mail: Mail, pid: int, lines: list[Line]) -> int:
        """Add the line of a new connection; return the process that has it."""
        known = self._sessions.get((mail.mailbox, mail.client_ip)) if mail.session in {"more", "last"} else None
        if known is None:
            client = f"{name_of(mail.client_ip)}[{mail.client_ip}]"
            lines.append(self._clerk.line(mail.at, "mail", f"{_DAEMONS[mail.way]}[{pid}]: connect from {client}"))
            known = (pid, 0, 0)
        pid, mails, recipients = known
        if mail.session in {"first", "more"}:
            self._sessions[mail.mailbox, mail.client_ip] = (pid, mails + 1, recipients + len(mail.recipients))
        return pid

    def _disconnected(self, mail: Mail, pid: int, client: str, at: int, lines: list[Line]) -> None:
        if mail.session in {"first", "more"}:
            return
        _, mails, recipients = self._sessions.pop((mail.mailbox, mail.client_ip), (pid, 0, 0))
        mails, recipients = mails + 1, recipients + len(mail.recipients)
        tls, auth = ("ehlo=2 starttls=1 ", "auth=1 ") if mail.way == "submission" else ("ehlo=1 ", "")
        auth = "auth=1 " if mail.way == "smtps" else auth
        commands = 1 + (3 if mail.way == "submission" else 1) + (auth != "") + 2 * mails + recipients
        lines.append(self._clerk.line(
            at, "mail",
            f"{_DAEMONS[mail.way]}[{pid}]: disconnect from {client} {tls}{auth}mail={mails} rcpt={recipients} "
            f"data={mails} quit=1 commands={commands}",
        ))  # fmt: skip

    def login(self, login: Login) -> list[Line]:
        """Return Dovecot's line of a login, or Postfix's of one that failed by SMTP."""
        if login.service == "smtp":
            return self._smtp_failure(login)
        session = f"{self._rng.getrandbits(72):018x}"
        number = 2000 + int(self._rng.random() * 900_000)
        tail = f"rip={login.client_ip}, lip=192.0.2.1, "
        if login.succeeded:
            text = f"Login: user=<{login.mailbox}>, method=PLAIN, {tail}mpid={number}, TLS, session=<{session}>"
        else:
            tries = 1 + number % 3
            why = f"Disconnected: Connection closed (auth failed, {tries} attempts in {tries * 2} secs)"
            text = f"{why}: user=<{login.mailbox}>, method=PLAIN, {tail}TLS, session=<{session}>"
        return [self._clerk.line(login.at, "dovecot", f"dovecot: {login.service}-login: {text}")]

    def _smtp_failure(self, login: Login) -> list[Line]:
        pid = 300 + int(self._rng.random() * 32_000)
        daemon = "postfix/submission/smtpd" if pid % 4 else "postfix/smtps/smtpd"
        client = f"{name_of(login.client_ip)}[{login.client_ip}]"
        method = "LOGIN" if pid % 2 else "PLAIN"
        program, line, at = f"{daemon}[{pid}]: ", self._clerk.line, login.at
        failed = f"SASL {method} authentication failed: (reason unavailable), sasl_username={login.mailbox}"
        said = f"warning: {client}: {failed}"
        found = [line(at, "mail", f"{program}connect from {client}"), line(at + 2_100_000, "mail", f"{program}{said}")]
        if pid % 3 == 0:
            found.append(line(at + 2_300_000, "mail", f"{program}lost connection after AUTH from {client}"))
        counts = "ehlo=2 starttls=1 auth=0/1 rset=1 quit=1 commands=5/6" if pid % 3 else "ehlo=1 auth=0/1 commands=1/2"
        found.append(line(at + 2_310_000, "mail", f"{program}disconnect from {client} {counts}"))
        return found

    def refusal(self, refusal: Refusal) -> list[Line]:
        """Return the lines of a stranger who is turned away on port 25."""
        program = f"postfix/smtpd[{300 + int(self._rng.random() * 32_000)}]: "
        ip, line, at = refusal.client_ip, self._clerk.line, refusal.at
        client, helo = f"{name_of(ip)}[{ip}]", f"h{crc32(ip.encode()) % 999}"
        if refusal.reason != "bad_syntax":
            helo += ".example"
        if refusal.reason == "scan":
            return self._scan(at, program, client)
        said = _REASONS[refusal.reason].format(to=refusal.recipient, ip=ip, helo=helo)
        envelope = f"from=<{refusal.sender}> to=<{refusal.recipient}> proto=ESMTP helo=<{helo}>"
        return [
            line(at, "mail", f"{program}connect from {client}"),
            line(at + 160_000, "mail", f"{program}NOQUEUE: reject: RCPT from {client}: {said}; {envelope}"),
            line(at + 240_000, "mail", f"{program}disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4"),
        ]

    def _scan(self, at: int, program: str, client: str) -> list[Line]:
        """Return the lines of one who connects and goes away again."""
        line, draw = self._clerk.line, int(self._rng.random() * 8)
        stage, counts = (
            ("EHLO", "ehlo=1 commands=1"),
            ("CONNECT", "commands=0/0"),
            ("STARTTLS", "ehlo=1 starttls=0/1 commands=1/2"),
        )[draw % 3]
        found = []
        if draw < 2 and not client.startswith("unknown"):
            name, _, ip = client.removesuffix("]").partition("[")
            why = f"warning: hostname {name} does not resolve to address {ip}: Name or service not known"
            found.append(line(at, "mail", f"{program}{why}"))
            client = f"unknown[{ip}]"
        found.append(line(at + 900, "mail", f"{program}connect from {client}"))
        if stage == "STARTTLS":
            found.append(line(at + 90_000, "mail", f"{program}SSL_accept error from {client}: lost connection"))
        found.append(line(at + 120_000, "mail", f"{program}lost connection after {stage} from {client}"))
        found.append(line(at + 120_400, "mail", f"{program}disconnect from {client} {counts}"))
        return found
