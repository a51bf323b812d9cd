"""Sendmail 8: what sendmail, sm-mta and sm-msp-queue write to syslog.

Manual: https://github.com/freebsd/freebsd-src/blob/main/contrib/sendmail/doc/op/op.me, "System Log"

One line names all recipients of an attempt: each makes an event; of one with a display name (`sendmail -t`) what stands
in brackets counts. A login (`AUTH=server`) has no queue id: `Fold` gives it to the messages of its process and client.
What a local program hands in is logged twice, by the submission program and by the daemon that takes it over the
loopback: `Fold` makes one message of it, the program's user its sender. A message is over when all its recipients are.
The outbound IP is not logged: it is that of the mailer (`esmtp`, `relay`) in the configuration.
The TLS version of a login is that of its process' `STARTTLS=server`.
Ignored by decision: other STARTTLS, connections and what became of them (`did not issue MAIL`, `lost input channel`),
`SYSERR` and warnings, `milter=` and `Milter add` (what a milter refused is told by `Milter: … reject`), messages that
have no recipient because all were refused, `stat=queued` and `stat=quarantined`, rulesets of deliveries (`tls_server`),
and discarded mail.
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._sendmail_addresses import MAILBOX, bare
from collectors.mta._sendmail_fold import Cloned, Encrypted, Fold, Left, LoggedIn, Mailed, Returned, Tried
from collectors.mta._sendmail_refusals import PEER, login_failed, peer_of, refused
from collectors.mta._tls import version_of
from collectors.mta.records import Refused, Said
from collectors.syslog import Clock, Line, split
from schemas.facts import Outcome

__all__ = ["Fold", "parse"]

_LONGEST_REPLY = 2000
_QUEUE_ID = re.compile(r"([0-9A-Za-z]{8,20}): ")
_MAILBOXES = re.compile(MAILBOX, re.DOTALL)
_FROM = re.compile(
    rf"from=({MAILBOX}|), size=(\d{{1,15}}), class=-?\d{{1,6}}(?:, pri=-?\d{{1,12}})?, nrcpts=(\d{{1,9}})", re.DOTALL
)
_OPTIONS = re.compile(  # behind the Message-ID, which is a stranger's text: looked for from the end
    r"(?:, bodytype=[^,]{0,20})?(?:, proto=([^,]{0,20}))?(?:, daemon=[^,]{0,20})?(?:, tls_verify=[^,]{0,20})?"
    r"(?:, auth=[^,]{0,30})?$"
)
_LONGEST_OPTIONS = 200
_MESSAGE_ID = ", msgid="
_RELAY = ", relay="
_LOCAL = re.compile(r"([^@ ]{1,100})@(localhost|[^ @\[\]]{1,255})")
_TO = re.compile(  # sendmail cuts its lines at 1024 bytes: no line names more recipients
    rf"to=({MAILBOX}(?:,{MAILBOX}){{0,400}}+)(?:, \[more\])?"
    rf"(?:, ctladdr=(?:{MAILBOX}|))?"  # behind it, in parentheses, the user and the group
    r", delay=([0-9+:]{1,20})(?:, xdelay=[0-9+:]{1,20})?(?:, mailer=([^, ]{1,40}))?(?:, tls_verify=[^, ]{0,20})?"
    r"(?:, pri=-?\d{1,12})?(?:, quarantine=.{0,60}?)?(?:, relay=([^ ,]{0,255})(?: \[([^\] ]{0,60})\])?)?"
    r"(?:, dsn=(\d\.\d{1,3}\.\d{1,3}))?(?:, ntries=\d{1,9})?(, reply=[^,]*+(?:,(?! stat=)[^,]*+)*+)?, stat=(.*)",
    re.DOTALL,
)
_DELAY = re.compile(r"(?:(\d{1,6})\+)?(\d\d):(\d\d):(\d\d)")
_AUTH = re.compile(rf"AUTH=server, relay={PEER}, authid=(.*), mech=([A-Z0-9_-]{{1,20}}), bits=\d{{1,5}}", re.DOTALL)
_TLS = re.compile(rf"STARTTLS=server, relay={PEER}, version=([^ ,]{{1,40}}), ")
_RETURNED = re.compile(
    r"([0-9A-Za-z]{8,20}): (?:return to sender|sender notify|postmaster notify|DSN): (.*)", re.DOTALL
)
_EXPIRED = re.compile(r"(?:Cannot send message|Message could not be delivered) for \d{1,4} [a-z]{1,8}")
_CLONED = re.compile(r"([0-9A-Za-z]{8,20}): clone: owner=(.*)", re.DOTALL)
_LOCAL_MAILERS = frozenset(
    {"local", "prog", "*file*", "*include*", "procmail", "cyrus", "cyrusv2", "lmtp", "error", "discard"}
)


def parse(text: str, clock: Clock) -> Said | Refused | None:
    """Return what a line says. ValueError where a line of sendmail, or its syslog header, cannot be read."""
    line = split(text, clock)
    if line.program != "sendmail" and not line.program.startswith("sm-"):
        return None
    payload = line.payload
    match = _QUEUE_ID.match(payload)
    if match is None:
        return _session(line)
    queue_id, rest = match[1], payload[match.end() :]
    if rest.startswith("to="):
        return _tried(line, queue_id, rest)
    if rest.startswith("from="):
        return _mailed(line, queue_id, rest)
    return _about(line, queue_id, rest)


def _about(line: Line, queue_id: str, rest: str) -> Said | Refused | None:
    if rest.startswith("done; "):
        return Left(line.at, line.host, queue_id)
    returned = _RETURNED.fullmatch(rest)
    if returned is not None:
        return Returned(line.at, line.host, queue_id, returned[1], _EXPIRED.match(returned[2]) is not None)
    cloned = _CLONED.fullmatch(rest)
    if cloned is not None:
        return Cloned(line.at, line.host, cloned[1], _unbracketed(cloned[2]))
    return login_failed(line, rest) if rest.startswith("AUTH") else refused(line, queue_id, rest)


def _unbracketed(text: str) -> str:
    return text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text


def _session(line: Line) -> Said | Refused | None:
    """Return what is told of a client rather than of a message: TLS, a login, a refusal."""
    if line.payload.startswith("AUTH=server, "):
        return _login(line)
    tls = _TLS.match(line.payload)
    if tls is None:
        return refused(line, "", line.payload)
    _, address = peer_of(tls[1], tls[2])
    version = version_of(tls[3])
    return Encrypted(line.at, line.host, line.pid, address, version) if version and address else None


def _login(line: Line) -> LoggedIn:
    match = _AUTH.fullmatch(line.payload)
    if match is None:
        raise ValueError("AUTH=server: a login that cannot be read")
    name, address, mailbox, method = match.groups()
    return LoggedIn(line.at, line.host, line.pid, mailbox, method, *peer_of(name, address))


def _mailed(line: Line, queue_id: str, rest: str) -> Mailed | None:
    head, at = _FROM.match(rest), rest.rfind(_RELAY)
    if head is None or 0 <= at < head.end():
        raise ValueError("a message without sender, size or recipients")
    if not int(head[3]):
        return None
    middle, relay = (rest[head.end() : at], rest[at + len(_RELAY) :]) if at > 0 else (rest[head.end() :], "")
    options = _OPTIONS.search(middle, max(0, len(middle) - _LONGEST_OPTIONS))
    message_id = middle[: options.start() if options else None]
    local, peer = _LOCAL.fullmatch(relay), re.fullmatch(PEER, relay)
    name, address = peer_of(*peer.groups()) if peer is not None else ("", "")
    return Mailed(
        line.at,
        line.host,
        line.pid,
        queue_id,
        bare(head[1]),
        int(head[2]),
        int(head[3]),
        _unbracketed(message_id.removeprefix(_MESSAGE_ID)) if message_id.startswith(_MESSAGE_ID) else "",
        name,
        address,
        local[1] if local is not None and not (options and options[1]) else "",
    )


def _tried(line: Line, queue_id: str, rest: str) -> Tried | None:
    match = _TO.fullmatch(rest)
    if match is None:
        raise ValueError("a delivery without delay or stat")
    recipients, delay, mailer, relay, address, dsn, reply, stat = (part or "" for part in match.groups())
    outcome = _outcome(stat, reply.removeprefix(", reply="), dsn)
    if outcome is None:
        return None
    said = reply.removeprefix(", reply=") or stat.removeprefix("Deferred: ")
    if outcome == "sent":
        said = stat.removeprefix("Sent").strip().removeprefix("(").removesuffix(")")
    mailer = mailer.lower()
    return Tried(
        line.at,
        line.host,
        queue_id,
        tuple(bare(each[0]) for each in _MAILBOXES.finditer(recipients)),
        outcome,
        dsn,
        said[:_LONGEST_REPLY],
        mailer,
        "" if relay.startswith("[") else relay.rstrip("."),
        ip_or_empty((address or relay.removeprefix("[").removesuffix("]")).removeprefix("IPv6:")),
        _milliseconds(delay),
        not mailer or mailer in _LOCAL_MAILERS,
    )


def _outcome(stat: str, reply: str, dsn: str) -> Outcome | None:
    """Return what became of an attempt, None where none was made yet.

    A reply is logged only of what was not sent, and its text is the remote server's: then its code decides, not what
    follows.
    """
    if reply:
        return "bounced" if reply[0] == "5" and dsn[:1] != "4" else "deferred"
    if stat in {"queued", "quarantined", "discarded"}:
        return None
    if stat.startswith("Sent"):
        return "sent"
    return "deferred" if stat.startswith("Deferred") or dsn[:1] == "4" else "bounced"


def _milliseconds(text: str) -> int:
    match = _DELAY.fullmatch(text)
    if match is None:
        raise ValueError(f"a delay of {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
