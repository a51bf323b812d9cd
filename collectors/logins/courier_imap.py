"""Courier IMAP 2 to 5, Courier 0.45 to 1.4: the logins of imapd, pop3d and sqwebmail, through syslog.

Manual: https://www.courier-mta.org/imap/documentation.html

Read from the right: behind the name that a client gave, Courier writes address, port, protocol and STARTTLS. Failures
through AUTHENTICATE (AUTH in POP3) name the method only. A failure that fills the 1,023 bytes to which Courier cuts its
lines is a dead letter: its end may be the client's. Ignored by decision: sessions (Connection, LOGOUT, DISCONNECTED,
TIMEOUT), authdaemond (the same failure stands in the server's own line, with its address; its debugging lines hold
passwords), and `authentication error`, which follows a failure without name or address where authdaemond could not be
asked: such a failure counts as one.
"""

import re
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.mta.records import LoginTried
from collectors.syslog import Clock, split

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

_SERVICES = {
    "imapd": "imap",
    "imaplogin": "imap",
    "imapd-ssl": "imap",
    "pop3d": "pop3",
    "pop3d-ssl": "pop3",
    "pop3login": "pop3",
    "courierpop3login": "pop3",
    "courierpop3d": "pop3",
    "webmaild": "webmail",
    "sqwebmail": "webmail",
    "sqwebmaild": "webmail",
}
_HEAD = re.compile(r"(?:INFO: )?LOGIN( FAILED)?, ")
_CLIENT = re.compile(r"([^\[\], ]*)\](?:, port=\[\d{0,5}\])?(?:, protocol=[A-Za-z0-9]+)?(, stls=1)?")
_METHOD = re.compile(r"method=([A-Za-z0-9_-]{0,40})")
_CUT = 1017  # bytes of a failure that fills Courier's buffer of 1,024, without its `INFO: `


def parse(text: str, clock: Clock) -> LoginTried | None:
    """Return the login that a line tells of. ValueError where a login's line, or its syslog header, cannot be read."""
    line = split(text, clock)
    service = _SERVICES.get(line.program)
    head = _HEAD.match(line.payload) if service else None
    if service is None or head is None:
        return None
    who, found, tail = line.payload[head.end() - 2 :].rpartition(", ip=[")
    client = _CLIENT.fullmatch(tail) if found else None
    if client is None:
        raise ValueError("a login without ip=[] at its end")
    if head[1] and len(line.payload.encode()) >= _CUT:
        raise ValueError("a failed login that Courier has cut")
    mailbox, method = _named(who.removeprefix(", "))
    outcome: LoginOutcome = "failed" if head[1] else "succeeded"
    # Without stls=1 it may have had TLS: older versions tell of STARTTLS when a session ends, not at its login.
    tls = line.program.endswith("-ssl") or bool(client[2])
    return LoginTried(line.at, line.host, mailbox, service, outcome, ip_or_empty(client[1]), method, "", tls)


def _named(who: str) -> tuple[str, str]:
    """Return the mailbox and the method, of which a line names one; Courier before 4 named neither of a failure."""
    if who.startswith("user="):
        return who.removeprefix("user="), ""
    method = _METHOD.fullmatch(who)
    if method is None and who:
        raise ValueError("a login with neither user= nor method=")
    return "", method[1] if method else ""
