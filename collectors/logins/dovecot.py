"""Dovecot 2.2 to 2.4: the lines of imap-login, pop3-login, submission-login and managesieve-login.

Manual: https://doc.dovecot.org/latest/core/config/logging.html

`login_log_format_elements` must have `user=<…>` and `rip=…`, as it comes; without them a login is a dead letter. A
proxy's login succeeds when the server behind it has taken it. Behind `rip=`, `%k` (2.4: `%{ssl_security}`) tells the
TLS version. Neither `TLS` nor `secured` is a password in the clear only where the elements are those it comes with:
without `%c` (2.4: `%{secured}`) nothing would tell. Ignored by decision: auth and auth-worker (the same failure stands
in the login's own line, with its address; their lines may hold passwords), what a proxy says of a login that failed
(its client's line follows), connections without an attempt, attempts that gave no password, and sessions after the
login.
"""

import re
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.mta._tls import in_the_clear, version_of
from collectors.mta.records import LoginTried
from collectors.syslog import Clock, split

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

_LINE = re.compile(r"(imap|pop3|submission|managesieve)-login: (?:(?:Info|Warning|Error): )?(?:pid=\d+: )?")
_SUCCEEDED = ("Login: ", "Logged in: ")
_PROXIED = re.compile(r"proxy\([^()]*\): [Ss]tarted proxying to (?:(?!\): ).)+", re.DOTALL)
_ENDED = ("Disconnected", "Aborted login", "Login aborted")
_REFUSED = (
    "auth failed",
    "authorization failed",
    "user disabled",
    "password expired",
    "login disabled",
    "proxy dest auth failed",
    "proxy dest authentication failure",
)
_UNASKED = (
    "auth service reported temporary failure",
    "auth process communication failure",
    "internal failure",
    "connection limit reached",
    "proxy dest connection failed",
    "proxy dest internal failure",
    "proxy dest remote failure",
    "proxy dest protocol failure",
    "proxy dest temporary authentication failure",
)
_WHY = re.compile(rf"\((({'|'.join((*_REFUSED, *_UNASKED))})(?:, (\d{{1,9}}) attempts)?(?=[,) ])[^()]*)\)")
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
    outcome: LoginOutcome = "succeeded"
    reason, attempts = "", 0
    if not (said.startswith(_SUCCEEDED) or _PROXIED.fullmatch(said.partition(": user=<")[0])):
        why = _WHY.search(said.partition("user=<")[0]) if said.startswith(_ENDED) else None
        if why is None:
            return None
        outcome = "failed" if why[2] in _REFUSED else "unavailable"
        reason, attempts = why[1][:_LONGEST], int(why[3] or 0)
    mailbox, method, ip, others = _fields(said)
    service = _SERVICES.get(service, service)
    several = attempts if attempts > 1 else 0
    tls = any(part == "TLS" or part.startswith("TLS: ") for part in others)
    version = next((version_of(part) for part in others if " with cipher " in part), "")
    clear = not tls and not version and _tells(others) and in_the_clear(ip, method)
    return LoginTried(
        line.at, line.host, mailbox, service, outcome, ip, method, reason, tls or bool(version), several, version, clear
    )


def _tells(others: list[str]) -> bool:
    """Tell whether a line without TLS says by that that there was none: the way is not called secured, either.

    Its elements are those that Dovecot comes with, in their order (lip, mpid, %c, session), of which only %c is empty.
    """
    names = tuple(part.partition("=")[0] for part in others)
    return names in {("lip", "session"), ("lip", "mpid", "session")}


def _fields(said: str) -> tuple[str, str, str, list[str]]:
    """Return mailbox, method, address, and what stands behind the address.

    What the client named itself stands between the first `user=<` and the last `rip=`: it can imitate neither.
    """
    _, found, rest = said.partition("user=<")
    head, address, tail = rest.rpartition(", rip=")
    if not (found and address):
        raise ValueError("a login without user= and rip=")
    named = _METHOD.fullmatch(head)
    mailbox, method = (named[1], named[2]) if named else (head.removesuffix(">"), "")
    ip, _, others = tail.partition(", ")
    return mailbox, method, ip_or_empty(ip), others.split(", ")
