"""Postfix: how a client came: the TLS version of its session, and the program that it says it is.

Manual: https://www.postfix.org/TLS_README.html#server_logging https://www.postfix.org/header_checks.5.html

smtpd names the version with `smtpd_tls_loglevel = 1`, cleanup the headers for which header_checks says INFO or WARN.
Headers and EHLO are strangers' text: each is a field of its own, whatever fields it imitates.
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._postfix_refusals import parted, plain
from collectors.mta._tls import version_of
from collectors.mta.records import Described, Secured
from collectors.syslog import Line

SESSION = ("disconnect from ", "Anonymous TLS connection ", "Trusted TLS ", "Untrusted TLS ", "Verified TLS ")
_ESTABLISHED = re.compile(
    r"[A-Z][a-z]+ TLS connection (?:established|reused) from [^\[ ]*\[([^\] ]*)\](?::(?:\d{1,5}|unknown))?: "
    r"((?:TLS|SSL)v[0-9.]+) with cipher "
)
_HEADER = re.compile(r"(?:info|warning): header ([!-9;-~]{1,60}):[ \t]*")
_PROGRAMS = frozenset({"user-agent", "x-mailer"})
_LONGEST = 200


def secured(line: Line, process: str) -> Secured | None:
    """Return that TLS began, or ended with the session; None where the session tells that it had none.

    `disconnect from` ends with counts of commands (Postfix 3): a session without STARTTLS ends no TLS that a later one
    could be taken to have. With smtps, each session has TLS of its own, so that the next begins anew.
    """
    payload = line.payload
    if payload.startswith("disconnect from "):
        over = " starttls=" in payload or " commands=" not in payload
        return Secured(line.at, line.host, process, "", "") if over and process else None
    match = _ESTABLISHED.match(payload)
    if match is None or not process:
        return None
    return Secured(line.at, line.host, process, ip_or_empty(match[1]), version_of(match[2]))


def described(line: Line, queue_id: str, rest: str) -> Described | None:
    """Return what a header that is logged tells of the client, None where the line is none of these.

    A line whose header imitates the fields behind it tells no EHLO name.
    """
    match = _HEADER.match(rest)
    if match is None:
        return None
    text, tail = parted(rest[match.end() :])
    said = text if tail else text.partition("; from=<")[0]
    program = said.rpartition(" from ")[0] or said
    mailer = program.strip()[:_LONGEST] if match[1].lower() in _PROGRAMS else ""
    return Described(line.at, line.host, queue_id, plain(tail.get("helo") or ""), mailer)
