"""OpenSMTPD 6 and 7: sessions, messages and deliveries of smtpd(8), through syslog.

Manual: https://man.openbsd.org/smtpd.8

A client's address stands only in the line that opens its session, and a message's sender in the lines of its envelopes:
`Fold` joins them by the session. A message is known by its `msgid`, the first half of each envelope's `evpid`; it is
over when all its envelopes are. The outbound IP is the `source` of a delivery. Also read: the older form of these lines
(`smtp event=…`, until 6.4), and `relay: Expire for …`.
Ignored by decision: TLS, filters, connections to remote servers and their errors, `bad-input`, refused commands other
than MAIL, RCPT and DATA, notifications (they are messages with lines of their own), and what is not about a mail.
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._addresses import ADDRESS
from collectors.mta._opensmtpd_fold import (
    Connected,
    Delivered,
    Disconnected,
    Fold,
    Gone,
    Listed,
    LoggedIn,
    Named,
    Spurned,
)
from collectors.mta.records import Said
from collectors.syslog import Clock, Line, split
from schemas.facts import LoginOutcome, Outcome

__all__ = ["Fold", "parse"]

_LONGEST_REPLY = 2000
_ID = re.compile(
    r"([0-9a-f]{16}) (smtp|mta|mda) (?:event=)?(connected|disconnected|closed|message|envelope|delivery"
    r"|authentication|failed-command)(?: |$)"
)
_CONNECTED = re.compile(r"address=([^ ]+) host=([^ ]+)")
_RESULT = " result="
_OLD_CLIENT = re.compile(r" address=[^ ]+ host=[^ ]+$")
_LONGEST_CLIENT = 400
_MESSAGE = re.compile(r"msgid=([0-9a-f]{8}) size=(\d{1,15}) nrcpt=(\d{1,9}) proto=[^ ]+")
_ENVELOPE = re.compile(rf"evpid=([0-9a-f]{{16}}) from=<({ADDRESS})> to=<({ADDRESS})>")
_OLD_MESSAGE = re.compile(
    rf"(?:address=[^ ]+ host=[^ ]+ )?msgid=([0-9a-f]{{8}}) from=<({ADDRESS})> to=<({ADDRESS})> size=(\d{{1,15}})"
    r" ndest=(\d{1,9}) proto=[^ ]+"
)
_COMMAND = re.compile(r'(?:address=[^ ]+ host=[^ ]+ )?command="(?=(MAIL|RCPT|DATA)(?![A-Za-z]))', re.IGNORECASE)
_AGAIN = '" result="'
_PATH = re.compile(rf"(?i:(?:MAIL FROM|RCPT TO): ?)<({ADDRESS})>")
_REPLY = re.compile(r"([245]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})(?:[ :]|$))?")
_DELIVERY = re.compile(
    rf"evpid=([0-9a-f]{{16}}) from=<({ADDRESS})> to=<({ADDRESS})>(?: rcpt=<({ADDRESS})>)?"
    r'(?: (?:user|method)=[^ ]*| source="([^"]*)"| relay="([^"]*)")*'
    r' delay=([0-9a-z]{1,30}) result="?([A-Za-z]{1,20})"? stat=(.*)',
    re.DOTALL,
)
_RELAY = re.compile(r"\[?(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]? \(([^ ()]*)\)")
_EXPIRED = re.compile(rf"(?:relay|delivery): Expire for ([0-9a-f]{{16}}): from=<({ADDRESS})>, to=<.*", re.DOTALL)
_OUTCOMES: dict[str, Outcome] = {"Ok": "sent", "TempFail": "deferred", "PermFail": "bounced", "LoopDetected": "bounced"}
_LOGINS: dict[str, LoginOutcome] = {"ok": "succeeded", "permfail": "failed", "tempfail": "unavailable"}
_DELAY = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?")


def parse(text: str, clock: Clock) -> Said | None:
    """Return what a line says. ValueError where a line of OpenSMTPD, or its syslog header, cannot be read."""
    line = split(text, clock)
    if line.program not in {"smtpd", "opensmtpd"}:
        return None
    head = _ID.match(line.payload)
    if head is None:
        return _expired(line) if line.payload.startswith(("relay: Expire for ", "delivery: Expire for ")) else None
    session, kind, event = head.groups()
    rest = line.payload[head.end() :]
    if event == "delivery":
        return _delivery(line, session, rest, local=kind == "mda")
    return _smtp(line, session, event, rest) if kind == "smtp" else None


def _smtp(line: Line, session: str, event: str, rest: str) -> Said | None:
    match event:
        case "message":
            return _message(line, session, rest)
        case "failed-command":
            return _refused(line, session, rest)
        case "connected":
            client = _matched(_CONNECTED, rest, event)
            name = "" if client[2] == "<unknown>" else client[2]
            return Connected(line.at, line.host, session, _ip(client[1]), name, client[1] == "local")
        case "authentication":
            return _login(line, session, rest)
        case "envelope":
            envelope = _matched(_ENVELOPE, rest, event)
            return Named(line.at, line.host, session, envelope[1][:8], envelope[2], envelope[1])
    return Disconnected(line.at, line.host, session)


def _login(line: Line, session: str, rest: str) -> LoggedIn:
    """Return a login, read from its end: the name is the client's text."""
    front, _, result = rest.rpartition(_RESULT)
    outcome = _LOGINS.get(result)
    if outcome is None or not front.startswith("user="):
        raise ValueError("smtp authentication: cannot be read")
    client = _OLD_CLIENT.search(front, max(5, len(front) - _LONGEST_CLIENT))
    return LoggedIn(line.at, line.host, session, front[5 : client.start() if client else len(front)], outcome)


def _message(line: Line, session: str, rest: str) -> Said:
    old = _OLD_MESSAGE.fullmatch(rest)
    if old is not None:
        return Named(line.at, line.host, session, old[1], old[2], "", int(old[4]), int(old[5]))
    message = _matched(_MESSAGE, rest, "message")
    return Listed(line.at, line.host, session, message[1], int(message[2]), int(message[3]))


def _matched(pattern: re.Pattern[str], rest: str, event: str) -> re.Match[str]:
    match = pattern.fullmatch(rest)
    if match is None:
        raise ValueError(f"smtp {event}: cannot be read")
    return match


def _refused(line: Line, session: str, rest: str) -> Spurned | None:
    """Return a refused command: the client's words, and ours behind them, which may repeat what he wrote.

    Where that makes two ends possible, neither is believed.
    """
    head = _COMMAND.match(rest)
    if head is None:
        return None
    command, found, result = rest[head.end() :].partition(_AGAIN)
    stage = head[1].upper()
    if not found or _AGAIN in result:
        return Spurned(line.at, line.host, session, stage)
    path, reply = _PATH.match(command), _REPLY.match(result)
    return Spurned(
        line.at,
        line.host,
        session,
        stage,
        int(reply[1]) if reply else 0,
        (reply[2] or "") if reply else "",
        result.removesuffix('"')[reply.end() if reply else 0 :][:_LONGEST_REPLY],
        path[1] if path else "",
    )


def _delivery(line: Line, session: str, rest: str, *, local: bool) -> Delivered:
    match = _matched(_DELIVERY, rest, "delivery")
    evpid, envelope_from, to, rcpt, source, relay, delay, result, stat = (part or "" for part in match.groups())
    stat = stat.removeprefix('"').removesuffix('"')
    outcome = _OUTCOMES.get(result)
    if outcome is None:
        raise ValueError(f"a delivery with the result {result!r}")
    peer, status = _RELAY.fullmatch(relay), _REPLY.match(stat)
    return Delivered(
        line.at,
        line.host,
        session,
        evpid,
        envelope_from,
        to,
        rcpt if rcpt not in {"-", to} else "",
        outcome,
        (status[2] or "") if status else "",
        stat[:_LONGEST_REPLY],
        _ip(source),
        peer[2] if peer else "",
        _ip(peer[1]) if peer else "",
        _milliseconds(delay),
        local,
    )


def _ip(text: str) -> str:
    return ip_or_empty(text.removeprefix("[").removesuffix("]").removeprefix("IPv6:"))


def _milliseconds(text: str) -> int:
    match = _DELAY.fullmatch(text)
    if match is None:
        raise ValueError(f"a delay of {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000


def _expired(line: Line) -> Gone:
    match = _matched(_EXPIRED, line.payload, "expiry")
    return Gone(line.at, line.host, match[1], "" if match[2] == "@" else match[2])
