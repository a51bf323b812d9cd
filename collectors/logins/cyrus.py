"""Cyrus IMAP 2 and 3: the logins of imapd, pop3d, timsieved, httpd and nntpd, through syslog.

Manual: https://www.cyrusimap.org/imap/reference/admin/monitoring.html

A login is a sentence (`login: host [ip] name method User logged in`, `badlogin: host [ip] method …`), or, as Cyrus'
sources of 2025 and later write it, fields (`event=login.good`, `event=login.bad`). What SASL says of a failure tells a
wrong password from a server that could not ask. A failure names the mailbox with a plain password; through another
method only where pop3d and nntpd of Cyrus 3 write it in parentheses (`PLAIN (bob) [SASL(-13): …]`). Ignored by
decision: anonymous logins, which may hold a password, servers among themselves (lmtp, csync, mupdate, backup), and what
is no login (`accepted connection`, `starttls`, `USAGE`, `audit`).
"""

import re
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.mta._tls import in_the_clear
from collectors.mta.records import LoginTried
from collectors.syslog import Clock, Line, split

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

_PROGRAM = re.compile(r"(?:[^/]+/)*(imap|pop3|sieve|timsieve|managesieve|http|nntp)(?:(s)|[A-Za-z0-9_.-]*)")
_SERVICES = {"timsieve": "sieve", "managesieve": "sieve"}
_HOST = re.compile(r"(?:[^ \[\]]+ ?)?\[([^ \[\]]*)\] ")
_GOOD = re.compile(r"(.+) ([A-Za-z0-9_-]{1,40})(\+TLS)?", re.DOTALL)
_SESSION = re.compile(r" SESSIONID=<[^ <>]*>$")
_METHOD = re.compile(r"([A-Za-z0-9_-]{1,40}) ")
_SASL = re.compile(r"\[?SASL\((-?\d{1,3})\): ")
_FIELD = re.compile(r'([A-Za-z0-9_.]+)=("(?:[^"\\]|\\.)*+"|[^ "=\\]*+)(?: |$)', re.DOTALL)
_ESCAPED = re.compile(r"\\(?:x\{([0-9A-Fa-f]{2})\}|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_ASCII = 0x80
_REFUSED = frozenset({"-13", "-14", "-18", "-19", "-20"})  # password, authorisation, expired, disabled, no such user
_UNASKED = (  # what SASL says without a code
    "generic failure",
    "no mechanism available",
    "mechanism too weak",
    "encryption needed",
    "remote authentication server unavailable",
    "another step is needed",
    "can't request info",
)
_UNNAMED = ("((null)) [", "(-notset-) [")
_LONGEST = 200


def parse(text: str, clock: Clock) -> LoginTried | None:
    """Return the login that a line tells of. ValueError where a login's line, or its syslog header, cannot be read."""
    line = split(text, clock)
    program = _PROGRAM.fullmatch(line.program)
    if program is None:
        return None
    service, tls = _SERVICES.get(program[1], program[1]), bool(program[2])
    kind, found, said = line.payload.partition(": ")
    if found and kind == "login":
        return _good(line, service, said, tls=tls)
    if found and kind == "badlogin":
        return _bad(line, service, said, tls=tls)
    if line.payload.startswith(("event=login.good ", "event=login.bad ")):
        return _fields(line, service, tls=tls)
    return None


def _good(line: Line, service: str, said: str, *, tls: bool) -> LoginTried | None:
    host = _HOST.match(said)
    if host is None:
        raise ValueError("a login without its client's address")
    rest = said[host.end() :]
    if rest.startswith("anonymous "):
        return None
    found = _GOOD.fullmatch(_SESSION.sub("", rest).rstrip(" ").removesuffix(" User logged in"))
    if found is None:
        raise ValueError("a login without its mailbox and its method")
    ip, tls = ip_or_empty(host[1]), tls or bool(found[3])
    clear = not tls and in_the_clear(ip, found[2])
    return LoginTried(line.at, line.host, found[1], service, "succeeded", ip, found[2], "", tls, cleartext=clear)


def _bad(line: Line, service: str, said: str, *, tls: bool) -> LoginTried | None:
    """Return a failure. What a client called itself ends at the last `SASL(`: it cannot become a shorter name."""
    host = _HOST.match(said)
    if host is None:
        raise ValueError("a failed login without its client's address")
    rest = said[host.end() :]
    if rest == "anonymous login refused":
        return None
    method = _METHOD.match(rest)
    why = rest[method.end() :] if method is not None else rest
    mailbox = ""
    if method is not None and method[1] == "plaintext":
        mailbox, found, reason = why.rpartition(" SASL(")
        why = f"SASL({reason}" if found else why
        if not found:
            mailbox = why.removesuffix(" invalid user") if why.endswith(" invalid user") else ""
            why = "invalid user" if mailbox else why
    elif why[:1] == "(":
        mailbox, why = _in_parentheses(why)
    ip, name = ip_or_empty(host[1]), method[1] if method is not None else ""
    reason = why.strip("[] ")[:_LONGEST]
    return LoginTried(line.at, line.host, mailbox, service, _outcome(why), ip, name, reason, tls)


def _in_parentheses(said: str) -> tuple[str, str]:
    """Return mailbox and reason of `(bob) [SASL(-13): …]`, the mailbox empty where SASL did not come to know it.

    A name may hold `) [`: it ends at the last one. Where there is no name the reason may hold it, as SASL repeats who
    was not found; if its first words refuse, nothing behind them makes it a server that could not ask.
    """
    for unnamed in _UNNAMED:
        if said.startswith(unnamed) and _outcome(said[len(unnamed) :]) == "failed":
            return "", said[len(unnamed) :]
    name, found, why = said[1:].rpartition(") [")
    if not found:
        return "", said
    return "" if f"({name}) [" in _UNNAMED else name, why


def _outcome(why: str) -> "LoginOutcome":
    """Return what became of a login by what SASL says of it: its code, or else its words."""
    code = _SASL.match(why)
    if code is None:
        return "unavailable" if why.lstrip("[").lower().startswith(_UNASKED) else "failed"
    return "failed" if code[1] in _REFUSED else "unavailable"


def _fields(line: Line, service: str, *, tls: bool) -> LoginTried | None:
    fields: dict[str, str] = {}
    at = 0
    while at < len(line.payload):
        found = _FIELD.match(line.payload, at)
        if found is None:
            raise ValueError("a login whose fields cannot be read")
        fields.setdefault(found[1], _plain(found[2]))
        at = found.end()
    host = _HOST.fullmatch(fields.get("r.clienthost", "") + " ")
    if host is None:
        raise ValueError("a login without its client's address")
    if "login.anonymous" in fields:
        return None
    method = fields.get("login.mech") or fields.get("login.scheme", "")
    good = fields["event"] == "login.good"
    why = fields.get("error", "")
    ip = ip_or_empty(host[1])
    return LoginTried(
        line.at,
        line.host,
        fields.get("u.username", ""),
        service,
        "succeeded" if good else _outcome(why),
        ip,
        method,
        "" if good else why[:_LONGEST],
        tls or fields.get("login.tls") == "1",
        cleartext=good and not tls and fields.get("login.tls") == "0" and in_the_clear(ip, method),
    )


def _plain(value: str) -> str:
    """Return a field's value without its quotes and escapes; what Cyrus wrote for no value is empty."""
    if value == "~null~":
        return ""
    if value[:1] != '"':
        return value
    return _ESCAPED.sub(_character, value[1:-1]).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _character(escaped: re.Match[str]) -> str:
    """Return what an escape stands for; a byte of UTF-8 as Python's own stand-in for it."""
    if escaped[1] is None:
        return _ESCAPES.get(escaped[2], escaped[2])
    byte = int(escaped[1], 16)
    return chr(byte if byte < _ASCII else 0xDC00 + byte)
