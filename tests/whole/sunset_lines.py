"""What Postfix and Dovecot log of it: each host's lines, as rsyslog writes them with the local time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zlib import crc32

from tests.whole.sunset_script import LOGINS, RELAYS, ZONE, Client, Habit, Script, Sending

OUT = "out1"
"""The host of the relay that takes the letters."""
_SECOND = 1_000_000
_SENT = "relay=mx.example.com[203.0.113.25]:25, delay=0.9, delays=0.1/0/0.3/0.5, dsn=2.0.0, status=sent (250 2.0.0 OK)"
_TO = "friend@example.com"
_REPLY = "Sending without a login has ended: switch on authentication for outgoing mail in your program"
Line = tuple[int, str, str]
"""When, on which host, and the line."""


def written(script: Script, since: int, until: int) -> Iterator[Line]:
    """Yield the lines of what was done from one moment to before another, as far as they were read some day, in order.

    What was sent while its sender's stage was off was refused.
    """
    found: list[Line] = []
    for host, at, read in script.noises():
        if read is not None and since <= at < until:
            found += _noise(host, at)
    for sending in script.tries:
        if not since <= sending.logins[0][0] < until:
            continue
        found += logins(sending)
        if sending.habit.sends and sending.read is not None:
            found += refused(sending) if script.refuses(sending) else mail(sending)
    for customer in script.customers:
        for habit in customer.habits:
            for day in habit.days:
                if day >= habit.switched and since <= script.moment(day, 17) < until:
                    found += _secured(script, habit, day)
    yield from sorted(found)


def line(at: int, host: str, program: str, text: str) -> Line:
    """Return a line with its stamp."""
    stamp = datetime.fromtimestamp(at / _SECOND, UTC).astimezone(ZONE).isoformat(timespec="microseconds")
    return at, host, f"{stamp} {host} {program}[{crc32(program.encode()) % 30_000 + 300}]: {text}\n"


def taken(at: int, queue_id: str, message_id: str, addresses: tuple[str, str], *, bounced: bool) -> str:
    """Return the lines of a mail that our own relay took by SMTP and handed on; `addresses` are its envelope's."""
    sender, recipient = addresses
    said = "host mx.example[203.0.113.9] said: 550 5.1.1 no such user (in reply to RCPT TO command)"
    status = f"dsn=5.1.1, status=bounced ({said})" if bounced else "dsn=2.0.0, status=sent (250 2.0.0 OK)"
    relay = "relay=mx.example[203.0.113.9]:25, delay=0.9, delays=0.1/0/0.3/0.5"
    lines = (
        line(at, OUT, "postfix/smtpd", f"{queue_id}: client=desk.hoster.example[192.0.2.250]"),
        line(at + 20_000, OUT, "postfix/cleanup", f"{queue_id}: message-id={message_id}"),
        line(at + 30_000, OUT, "postfix/qmgr", f"{queue_id}: from=<{sender}>, size=9000, nrcpt=1 (queue active)"),
        line(at + 900_000, OUT, "postfix/smtp", f"{queue_id}: to=<{recipient}>, {relay}, {status}"),
        line(at + 910_000, OUT, "postfix/qmgr", f"{queue_id}: removed"),
    )
    return "".join(each[2] for each in lines)


def quiet(at: int) -> str:
    """Return the lines of a local mail: something that our relay logs whoever writes."""
    return "".join(each[2] for each in _pickup(OUT, at))


def _noise(host: str, at: int) -> list[Line]:
    if host == LOGINS:
        text = "Login: user=<watch@hoster.example>, method=PLAIN, rip=127.0.0.1, lip=127.0.0.1, mpid=9, secured"
        return [line(at, host, "dovecot", f"imap-login: {text}, session=<n>")]
    return _pickup(host, at)


def _pickup(host: str, at: int) -> list[Line]:
    queue_id = _queue_id("cron", at)
    sender = "root@hoster.example"
    return [
        line(at, host, "postfix/pickup", f"{queue_id}: uid=0 from=<root>"),
        line(at + 1000, host, "postfix/cleanup", f"{queue_id}: message-id=<{queue_id}@{host}.hoster.example>"),
        line(at + 2000, host, "postfix/qmgr", f"{queue_id}: from=<{sender}>, size=500, nrcpt=1 (queue active)"),
    ]  # fmt: skip


def logins(sending: Sending) -> list[Line]:
    """Return who logged in from the address within the minutes before."""
    service = "pop3-login" if sending.at // 60_000_000 % 2 else "imap-login"
    return [
        _login(service, at, mailbox, sending.client, sending.habit.tls, number)
        for number, (at, mailbox) in enumerate(sending.logins)
    ]


def _login(service: str, at: int, mailbox: str, client: Client, tls: str, number: int) -> Line:  # noqa: PLR0913, PLR0917 a line has that many fields
    """Return a login as Dovecot tells it with `%k` among its elements."""
    secured = f", TLS, {tls} with cipher ECDHE-RSA-AES256-SHA (256/256 bits)" if tls else ""
    return line(
        at, LOGINS, "dovecot",
        f"{service}: Login: user=<{mailbox}>, method=PLAIN, rip={client.ip}, lip=192.0.2.200, "
        f"mpid={number + 40}{secured}, session=<s{number}>",
    )  # fmt: skip


def mail(sending: Sending) -> list[Line]:
    at, host, client = sending.at, sending.host, f"unknown[{sending.client.ip}]"
    queue_id = _queue_id(sending.meant[0], at)
    envelope, to = sending.envelope, _TO
    smtpd, cleanup = "postfix/smtpd", "postfix/cleanup"
    return [
        line(at - 3000, host, smtpd, f"connect from {client}"),
        line(at - 2000, host, smtpd, f"{queue_id}: client={client}"),
        line(
            at - 1500, host, cleanup,
            f"{queue_id}: info: header User-Agent: {sending.client.agent} from {client}; from=<{envelope}> to=<{to}> "
            f"proto=ESMTP helo=<{sending.client.helo}>",
        ),
        line(at - 1000, host, cleanup, f"{queue_id}: message-id=<{queue_id}@client.invalid>"),
        line(at, host, "postfix/qmgr", f"{queue_id}: from=<{envelope}>, size=1800, nrcpt=1 (queue active)"),
        line(at + 900_000, host, "postfix/smtp", f"{queue_id}: to=<{to}>, {_SENT}"),
        line(at + 910_000, host, smtpd, f"disconnect from {client} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"),
    ]  # fmt: skip


def refused(sending: Sending) -> list[Line]:
    """Return how Postfix refuses the recipient of a sender whose stage is off (`check_sender_access` REJECT)."""
    at, client, smtpd = sending.at, f"unknown[{sending.client.ip}]", "postfix/smtpd"
    said = f"554 5.7.1 <{sending.envelope}>: Sender address rejected: {_REPLY}"
    fields = f"from=<{sending.envelope}> to=<{_TO}> proto=ESMTP helo=<{sending.client.helo}>"
    return [
        line(at - 3000, sending.host, smtpd, f"connect from {client}"),
        line(at, sending.host, smtpd, f"NOQUEUE: reject: RCPT from {client}: {said}; {fields}"),
        line(at + 910_000, sending.host, smtpd, f"disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4"),
    ]


def _secured(script: Script, habit: Habit, day: int) -> list[Line]:
    """Return what a client does that was changed: it logs in to send, or with a TLS of today."""
    at, client = script.moment(day, 17), habit.client(day)
    queue_id, (mailbox, *_) = _queue_id(habit.mailboxes[0], at), habit.mailboxes
    if not habit.sends:
        return [_login("imap-login", at, mailbox, client, "TLSv1.3", 1)]
    who = f"client=unknown[{client.ip}], sasl_method=PLAIN, sasl_username={mailbox}"
    return [
        line(at, RELAYS[0], "postfix/submission/smtpd", f"{queue_id}: {who}"),
        line(at + 1000, RELAYS[0], "postfix/cleanup", f"{queue_id}: message-id=<{queue_id}@client.invalid>"),
        line(at + 2000, RELAYS[0], "postfix/qmgr", f"{queue_id}: from=<{mailbox}>, size=900, nrcpt=1 (queue active)"),
    ]


def _queue_id(name: str, at: int) -> str:
    return f"4F{crc32(f'{name} {at}'.encode()):08X}z"
