"""Dovecot 2.2 to 2.4: the lines of imap-login, pop3-login, submission-login and managesieve-login.

Manual: https://doc.dovecot.org/latest/core/config/logging.html

Ignored by decision: auth and auth-worker (the same failure stands in the login's own line, with its address; their
lines may hold passwords), connections without an attempt, and sessions after the login.
"""

import re
from typing import Literal

from collectors.addresses import ip_or_empty
from collectors.mta.records import LoginTried
from collectors.syslog import Clock, split

_LINE = re.compile(r"(imap|pop3|submission|managesieve)-login: (?:(?:Info|Warning|Error): )?(?:pid=\d+: )?")
_SUCCEEDED = ("Login: ", "Logged in: ")
_ENDED = ("Disconnected", "Aborted login", "Login aborted")
_WHY = re.compile(r"\((auth failed[^()]*|auth service reported temporary failure[^()]*|internal failure[^()]*)\)")
_METHOD = re.compile(r"(.*)>, method=([A-Za-z0-9_-]+)", re.DOTALL)
_SERVICES = {"managesieve": "sieve"}
_LONGEST = 200


def parse(text: str, clock: Clock) -> LoginTried | None:
    """Return the login that a line tells of. ValueError where a login's line, or its syslog header, cannot be read."""
    line = split(text, clock)
    payload = line.payload
    if line.program.endswith("-login"):
        payload = f"{line.program}: {payload}"
    elif line.program != "dovecot":
        return None
    match = _LINE.match(payload)
    if match is None:
        return None
    service, said = match[1], payload[match.end() :]
    outcome: Literal["succeeded", "failed", "unavailable"]
    reason = ""
    if said.startswith(_SUCCEEDED):
        outcome = "succeeded"
    elif said.startswith(_ENDED):
        why = _WHY.search(said.partition("user=<")[0])
        if why is None:
            return None
        outcome, reason = "failed" if why[1].startswith("auth failed") else "unavailable", why[1][:_LONGEST]
    else:
        return None
    mailbox, method, ip, tls = _fields(said)
    service = _SERVICES.get(service, service)
    return LoginTried(line.at, line.host, mailbox, service, outcome, ip, method, reason, tls)


def _fields(said: str) -> tuple[str, str, str, bool]:
    """Return mailbox, method, address and whether TLS was used.

    What the client named itself stands between the first `user=<` and the last `rip=`: it can imitate neither.
    """
    _, found, rest = said.partition("user=<")
    head, address, tail = rest.rpartition(", rip=")
    if not (found and address):
        raise ValueError("a login without user= and rip=")
    named = _METHOD.fullmatch(head)
    mailbox, method = (named[1], named[2]) if named else (head.removesuffix(">"), "")
    ip, _, others = tail.partition(", ")
    tls = any(part == "TLS" or part.startswith("TLS: ") for part in others.split(", "))
    return mailbox, method, ip_or_empty(ip), tls
