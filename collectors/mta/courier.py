"""Courier, the MTA: what courierd, its delivery modules and courieresmtpd write to syslog.

Manual: https://www.courier-mta.org/courierd.html and https://www.courier-mta.org/esmtpd.html

A delivery is told in several lines: `started`, each line of the reply, and `status`; `Fold` joins them by the message's
id and the recipient, and the sender's login and client by the id (`newmsg`). A message is over when `completed` follows
a round in which nothing was deferred. The outbound IP is not logged: it is that of the transport `esmtp` in the
configuration. Courier does not write how many recipients a message has before it delivers it: 0 is told.
Ignored by decision: the start of a session, what courierd says of itself (`Waiting`, `Loading`, `Purging`), errors of
commands other than MAIL and RCPT and of the protocol (`502 ESMTP command error`), courierfilter, and the module dsn: a
notification is a message with lines of its own. Logins by IMAP and POP3 are the login format `courier_imap`.
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._addresses import ADDRESS, sender_of
from collectors.mta._courier_fold import Ended, Finished, Fold, New, Replied, Started
from collectors.mta.records import LoginTried, Refused, Said
from collectors.syslog import Clock, Line, split

__all__ = ["Fold", "parse"]

_LONGEST_REPLY = 2000
_LONGEST_CLIENT = 700
_ID = r"([0-9A-Fa-f.]{10,60})"
_NEW = re.compile(rf"newmsg,id={_ID}(?:, auth=([^:]*+(?::(?! )[^:]*+)*+))?(?:: (.*))?", re.DOTALL)
_CLIENT = re.compile(r"\((?:([^ ()]{1,255}) )?\[([0-9A-Fa-f:.]{2,45})\]\)$")
_STARTED = re.compile(
    rf"started,id={_ID},from=<({ADDRESS})>,module=([a-z]{{1,20}}),host=([^,]*+(?:,(?!addr=<)[^,]*+)*+),addr=<({ADDRESS})>",
    re.DOTALL,
)
_FINISHED = re.compile(rf"completed,id={_ID}")
_DELIVERY = re.compile(
    rf"id={_ID},from=<({ADDRESS})>,addr=<({ADDRESS})>(?:,size=\d{{1,15}})?"
    r"(?:,status: (success|deferred|failure)|(,success)?: ?(.*))",
    re.DOTALL,
)
_RELAY = re.compile(r"delivered: ([^ ]{0,255}) \[([0-9A-Fa-f:.]{2,45})\]")
_MODULES = {
    "courierd": "local",
    "courieresmtp": "esmtp",
    "courierlocal": "local",
    "courieruucp": "uucp",
    "courierfax": "fax",
}
_PEER = r"error,relay=([0-9A-Fa-f:.]{2,45})(?:,port=\d{1,5})?"
_ERROR = re.compile(
    rf"{_PEER}(?:,ident=[^,:]*)?(?:,from=<([^<>]*)>)?(?:,to=<([^<>]*)>)?"  # brackets inside are written as blanks
    r": (\d{3})([ -])(?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)",
    re.DOTALL,
)
_COMMAND = re.compile(rf'{_PEER}(?:,ident="[^"]*")?,msg="(?:535 (Authentication failed\.?))?.*",cmd: ?(.*)', re.DOTALL)
_AUTH = 4  # words: AUTH, the method, the first answer, the mailbox


def parse(text: str, clock: Clock) -> Said | Refused | LoginTried | None:
    """Return what a line says. ValueError where a line of Courier, or its syslog header, cannot be read."""
    line = split(text, clock)
    module = _MODULES.get(line.program)
    if module is not None:  # what courierd itself has to say of a recipient: there is none here
        return _delivery(line, module) if line.payload.startswith("id=") else _courierd(line)
    if line.program.startswith(("courieresmtpd", "esmtpd")) and line.payload.startswith("error,relay="):
        return _refused(line)
    return None


def _courierd(line: Line) -> Said | None:
    payload = line.payload
    if payload.startswith("newmsg,id="):
        new = _matched(_NEW, payload)
        told = new[3] or ""
        client = _CLIENT.search(told, max(0, len(told) - _LONGEST_CLIENT))
        name, address = (client[1] or "", ip_or_empty(client[2])) if client else ("", "")
        return New(line.at, line.host, new[1], new[2] or "", name, address)
    if payload.startswith("started,id="):
        identity, envelope_from, module, host, recipient = _matched(_STARTED, payload).groups()
        return Started(line.at, line.host, identity, sender_of(envelope_from), recipient, module, host)
    if payload.startswith("completed,id="):
        return Finished(line.at, line.host, _matched(_FINISHED, payload)[1])
    return None


def _matched(pattern: re.Pattern[str], payload: str) -> re.Match[str]:
    match = pattern.fullmatch(payload)
    if match is None:
        raise ValueError(f"cannot be read after {payload[:9]!r}")
    return match


def _delivery(line: Line, module: str) -> Said:
    identity, envelope_from, recipient, status, success, said = _matched(_DELIVERY, line.payload).groups()
    if status is not None:
        return Ended(line.at, line.host, identity, sender_of(envelope_from), recipient, module, status)
    if success is None:
        return Replied(line.at, line.host, identity, recipient, said[:_LONGEST_REPLY])
    relay = _RELAY.fullmatch(said)
    if relay is not None:  # the status follows
        name = "" if relay[1].startswith("[") else relay[1]
        return Replied(line.at, line.host, identity, recipient, "", name, ip_or_empty(relay[2]))
    if module == "esmtp":
        return Replied(line.at, line.host, identity, recipient, said[:_LONGEST_REPLY])
    return Ended(
        line.at, line.host, identity, sender_of(envelope_from), recipient, module, "success", said[:_LONGEST_REPLY]
    )


def _refused(line: Line) -> Refused | LoginTried | None:
    """Return what courieresmtpd refused: an envelope or a login. ValueError where it is neither, nor a command."""
    command = _COMMAND.fullmatch(line.payload)
    if command is not None:
        return _login(line, *command.groups()) if command[2] else None
    match = _ERROR.fullmatch(line.payload)
    if match is None:
        raise ValueError("courieresmtpd: an error that cannot be read")
    address, envelope_from, recipient, code, more, status, said = match.groups()
    if more == "-":
        return None  # the last line of the reply tells it
    return Refused(
        line.at,
        line.host,
        "",
        "RCPT" if recipient is not None else "MAIL",
        "",
        ip_or_empty(address),
        int(code),
        status or "",
        said[:_LONGEST_REPLY],
        envelope_from or "",
        envelope_from is not None,
        recipient or "",
    )


def _login(line: Line, address: str, reason: str, command: str) -> LoginTried:
    """Return a failed login. The first answer of a client may hold his password: it is never taken for a mailbox."""
    words = command[:_LONGEST_CLIENT].split(" ")
    method, mailbox = "", ""
    if words[0] == "AUTH" and len(words) in {_AUTH - 1, _AUTH}:
        method = words[1]
        mailbox = words[-1] if len(words) == _AUTH or "@" in words[-1] else ""  # no base64 has an @
    return LoginTried(line.at, line.host, mailbox, "smtp", "failed", ip_or_empty(address), method, reason.rstrip("."))
