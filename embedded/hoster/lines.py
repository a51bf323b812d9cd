"""True-to-form log lines and feedback reports for the hoster's activity (Postfix 3.7, Dovecot 2.3, RFC 5965)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from embedded.hoster.activity import SECOND, Login, Mail, Recipient

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GREYLISTED = 300 * SECOND
_ANSWERS = {
    "sent": ("2.0.0", "sent", "(250 2.0.0 OK queued as {token})"),
    "unknown_user": (
        "5.1.1",
        "bounced",
        "(host {mx}[{ip}] said: 550 5.1.1 <{to}>: User unknown in virtual mailbox table (in reply to RCPT TO command))",
    ),
    "greylisted": (
        "4.2.0",
        "deferred",
        "(host {mx}[{ip}] said: 450 4.2.0 <{to}>: Recipient rejected: Greylisted (in reply to RCPT TO command))",
    ),
    "mailbox_full": (
        "4.2.2",
        "deferred",
        "(host {mx}[{ip}] said: 452 4.2.2 The recipient's inbox is out of storage space (in reply to RCPT TO command))",
    ),
    "refused": (
        "5.7.1",
        "bounced",
        "(host {mx}[{ip}] said: 550 5.7.1 Message rejected as spam (in reply to end of DATA command))",
    ),
}
_MX = {
    "gmail.com": "gmail-smtp-in.l.google.com",
    "outlook.com": "outlook-com.olc.protection.outlook.com",
    "hotmail.com": "hotmail-com.olc.protection.outlook.com",
    "gmx.net": "mx01.gmx.net",
    "web.de": "mx-ha02.web.de",
    "yahoo.com": "mta6.am0.yahoodns.net",
    "aol.com": "mx-aol.mail.gm0.yahoodns.net",
    "t-online.de": "mx00.t-online.de",
    "bluewin.ch": "mxbw.bluewin.ch",
    "icloud.com": "mx01.mail.icloud.com",
}


@dataclass(frozen=True, order=True)
class Line:
    """A log line, to be written at its time."""

    at: int
    text: str


@dataclass(frozen=True)
class Sent:
    """A mail as it went out: which transport carried which recipient."""

    mail: Mail
    queue_id: str
    message_id: str
    transport: str


def stamp(at: int) -> str:
    """Return a time as rsyslog's RSYSLOG_FileFormat writes it."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")


class Scribe:
    """Writes the lines of one relay host; `choose(sender)` is asked for the transport of each mail."""

    def __init__(self, seed: int, choose: Callable[[str], str], host: str = "mx1") -> None:
        self._rng = Random(f"scribe {seed}")
        self._choose = choose
        self._host = host

    def _line(self, at: float, program: str, text: str) -> Line:
        return Line(int(at), f"{stamp(int(at))} {self._host} {program}[{self._rng.randint(300, 32000)}]: {text}")

    def mail(self, mail: Mail) -> tuple[Sent, list[Line]]:
        """Return how the mail goes out, and its lines in time order (a greylisted retry comes minutes later)."""
        queue_id = f"{self._rng.getrandbits(48) | 1 << 47:012X}"[-11:]
        message_id = f"{self._rng.getrandbits(64):016x}@{mail.mailbox.partition('@')[2]}"
        sent = Sent(mail, queue_id, message_id, self._choose(mail.mailbox))
        lines = list(self._submission(sent))
        at = mail.at + self._rng.uniform(0.05, 0.4) * SECOND
        last = at
        for recipient in mail.recipients:
            at += self._rng.uniform(0.05, 0.6) * SECOND
            lines.append(self._delivery(at, sent, recipient, recipient.fate))
            last = max(last, at)
            if recipient.fate in {"greylisted", "mailbox_full"}:
                last = at + _GREYLISTED + self._rng.uniform(0, 60) * SECOND
                lines.append(self._delivery(last, sent, recipient, "sent"))
        lines.append(self._line(last + 2000, "postfix/qmgr", f"{queue_id}: removed"))
        return sent, sorted(lines)

    def _submission(self, sent: Sent) -> Iterator[Line]:
        mail, program = sent.mail, "postfix/submission/smtpd"
        client = f"unknown[{mail.client_ip}]"
        yield self._line(mail.at, program, f"connect from {client}")
        auth = f"sasl_method=PLAIN, sasl_username={mail.mailbox}"
        yield self._line(mail.at + 9000, program, f"{sent.queue_id}: client={client}, {auth}")
        yield self._line(mail.at + 15_000, "postfix/cleanup", f"{sent.queue_id}: message-id=<{sent.message_id}>")
        envelope = f"from=<{mail.mailbox}>, size={mail.size}, nrcpt={len(mail.recipients)} (queue active)"
        yield self._line(mail.at + 21_000, "postfix/qmgr", f"{sent.queue_id}: {envelope}")
        count = len(mail.recipients)
        summary = f"ehlo=2 starttls=1 auth=1 mail=1 rcpt={count} data=1 quit=1 commands={count + 7}"
        yield self._line(mail.at + 30_000, program, f"disconnect from {client} {summary}")

    def _delivery(self, at: float, sent: Sent, recipient: Recipient, fate: str) -> Line:
        domain = recipient.address.partition("@")[2]
        mx = _MX.get(domain, f"mx.{domain}")
        address = f"192.0.2.{200 + len(domain) % 50}"
        status, outcome, reply = _ANSWERS[fate]
        token = f"{self._rng.getrandbits(40):010x}"
        said = reply.format(mx=mx, ip=address, to=recipient.address, token=token)
        delay = (at - sent.mail.at) / SECOND
        text = (
            f"{sent.queue_id}: to=<{recipient.address}>, relay={mx}[{address}]:25, delay={delay:.2f}, "
            f"delays=0.03/0.01/{delay * 0.4:.2f}/{delay * 0.5:.2f}, dsn={status}, status={outcome} {said}"
        )
        return self._line(at, f"postfix/{sent.transport}/smtp", text)

    def login(self, login: Login) -> Line:
        """Return Dovecot's line of a login."""
        session = f"{self._rng.getrandbits(60):x}"
        tail = f"rip={login.client_ip}, lip=192.0.2.1, TLS, session=<{session}>"
        if login.succeeded:
            text = f"Login: user=<{login.mailbox}>, method=PLAIN, {tail}"
        else:
            why = "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs)"
            text = f"{why}: user=<{login.mailbox}>, method=PLAIN, {tail}"
        head = f"{stamp(login.at)} {self._host} dovecot: {login.service}-login: "
        return Line(login.at, head + text)


def report(sent: Sent, recipient: Recipient, outbound_ip: str, at: int) -> bytes:
    """Return a feedback report (RFC 5965) as a mailbox provider sends it about a mail of ours."""
    mail = sent.mail
    arrived = _date(mail.at)
    boundary = f"report-{sent.queue_id}"
    text = f"""From: <feedback@provider.example>
Date: {_date(at)}
Subject: FW: Great offer
To: <abuse@hoster.example>
Message-ID: <{sent.queue_id}.fbl@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for a message received from IP {outbound_ip} on {arrived}.

--{boundary}
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: ProviderFBL/1.0
Version: 1
Original-Mail-From: <{mail.mailbox}>
Original-Rcpt-To: <{recipient.address}>
Arrival-Date: {arrived}
Source-IP: {outbound_ip}

--{boundary}
Content-Type: message/rfc822

{_original(sent, recipient, outbound_ip)}
--{boundary}--
"""
    return text.replace("\n", "\r\n").encode()


def _original(sent: Sent, recipient: Recipient, outbound_ip: str) -> str:
    """Return the mail that was complained of, as it reached the provider."""
    mail, arrived = sent.mail, _date(sent.mail.at)
    return f"""Received: from mx1.hoster.example (mx1.hoster.example [{outbound_ip}])
	by mx.provider.example with ESMTPS; {arrived}
Received: from pc.local (unknown [{mail.client_ip}])
	(Authenticated sender: {mail.mailbox})
	by mx1.hoster.example (Postfix) with ESMTPSA id {sent.queue_id}; {arrived}
From: <{mail.mailbox}>
To: <{recipient.address}>
Subject: Great offer
Message-ID: <{sent.message_id}>
Date: {arrived}

Buy now.
"""


def _date(at: int) -> str:
    """Return a time as a mail's header writes it."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%a, %d %b %Y %H:%M:%S +0000")
