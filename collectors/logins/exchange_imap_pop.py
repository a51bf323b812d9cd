"""Exchange Server 2007 to 2019 and SE: the protocol logs of IMAP4 and POP3, tables with a `#Fields:` line.

Manual: https://learn.microsoft.com/exchange/clients/pop3-and-imap4/protocol-logging

A login is the command `login`, `authenticate` (IMAP), `pass` or `auth` (POP3): its context says `R=OK`, or the server's
refusal, and why. The client is that of the front end's log; in the back end's (IMAP4BE, POP3BE) it is the front end.
Ignored by decision: all other commands, the opening and closing of sessions, and HealthMailbox, Exchange's own probes.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from collectors import exchange
from collectors.addresses import ip_or_empty
from collectors.csvlog import parts_of, time_of
from collectors.exchange import parse
from collectors.mta.records import LoginTried, Record

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

__all__ = ["Fold", "parse"]

_NAMES = "dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid"
_LAYOUTS = (_NAMES,)
_NEEDED = ("dateTime", "cIp", "command", "context")
_LOGINS = {"login": "imap", "authenticate": "imap", "pass": "pop3", "auth": "pop3"}
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,30}")
_USER = re.compile(r"(?:\"([^\"]{1,255})\"|([^ \"*]{1,255})) ")
_SAID = re.compile(r'R=(?:"([^"]{0,400})|([A-Za-z]{0,40}))')
_ERROR = re.compile(r'(?:ErrMsg=|Msg="?(?!Proxy:))(?:AuthFailed:)?([A-Za-z]{1,60})')  # Proxy: names the back end only
_REFUSED = {"imap": re.compile(r"\S{1,200} (?:NO|BAD)\b", re.IGNORECASE), "pop3": re.compile(r"-ERR\b", re.IGNORECASE)}
_UNASKED = ("unavailable", "notauthenticated", "proxyfailed", "temporar", "backend")
_TLS_PORTS = frozenset({993, 995, 1993, 1995})
_PROBES = "healthmailbox"
_LONGEST = 200
_FURTHEST = 600  # a back end's name, 255 letters long, stands before the error


def Fold(state: bytes) -> exchange.Fold:  # noqa: N802 a format's fold has this name
    """Return the fold of a log's columns and records."""
    return exchange.Fold(_LAYOUTS, _NEEDED, _told, state)


def _told(row: Mapping[str, str], host: str) -> tuple[Record, ...] | None:
    at = time_of(row.get("dateTime", ""))
    service = _LOGINS.get(row.get("command", "").lower())
    tried = _login(row, at, host, service) if service else None
    return (tried,) if tried is not None else None


def _login(row: Mapping[str, str], at: int, host: str, service: str) -> LoginTried | None:
    """Return a login, None where the line does not tell how it ended, or of a probe."""
    parameters, context = row.get("parameters", ""), row.get("context", "")
    given = _USER.match(parameters) if row["command"].lower() == "login" else None
    mailbox = row.get("user", "") or (given[1] or given[2] if given else "")
    if mailbox.lower().startswith(_PROBES):
        return None
    outcome, reason = _ended(context, service)
    if not outcome:
        return None
    method = parameters if row["command"].lower() in {"authenticate", "auth"} else ""
    _, port = parts_of(row.get("sIp", ""))
    return LoginTried(
        at,
        host,
        mailbox,
        service,
        outcome,
        ip_or_empty(parts_of(row.get("cIp", ""))[0]),
        method.upper() if _METHOD.fullmatch(method) else "",
        reason[:_LONGEST],
        port in _TLS_PORTS,
    )


def _ended(context: str, service: str) -> tuple["LoginOutcome | None", str]:
    """Return how a login ended and why, None where the line does not tell.

    A success is the bare word `R=OK`. What is in quotes begins, for IMAP, with a word that the client chose.
    """
    said = _SAID.match(context)
    if said is None:
        return None, ""
    quoted, bare = (part or "" for part in said.groups())
    if bare.upper() == "OK" or (service == "pop3" and quoted.startswith("+OK")):
        return "succeeded", ""
    if not _REFUSED[service].match(quoted):
        return None, ""
    error = _ERROR.search(context, said.end(), said.end() + _FURTHEST)
    reason = error[1] if error else ""
    quoted = quoted.partition(" ")[2] if service == "imap" else quoted
    return ("unavailable" if any(word in reason.lower() for word in _UNASKED) else "failed"), reason or quoted
