"""UW IMAP 2000 to 2007f and Panda IMAP: the logins of imapd, ipop3d and ipop2d, through syslog.

Manual: https://github.com/uw-imap/imap (docs/CONFIG, src/osdep/unix/env_unix.c)

The server writes the host behind the name, cut to 80 characters: an address that such a cut may have spoilt is left
empty. Failures come with the facility auth, and so into another file than the rest on many systems. Ignored by
decision: `override` (the login that an administrator takes over has a line of its own behind it), failures of APOP,
which the server does not log, anonymous logins, logins passed on to another server, and sessions after the login. No
line of a login tells whether TLS was used.
"""

import re
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.mta.records import LoginTried
from collectors.syslog import Clock, split

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

_SERVICES = {"imapd": "imap", "ipop3d": "pop3", "ipop2d": "pop2"}
_SUCCEEDED = re.compile(r"(?:Admin )?(Login|Authenticated|Auth|APOP|Preauthenticated) user=")
_FAILED = re.compile(
    r"(?:Login (failed|disabled|excessive login failures|SYSTEM BREAK-IN ATTEMPT|failure)|(Excessive login attempts))"
    r" user="
)
_MECHANISM = re.compile(r"AUTHENTICATE ([A-Za-z0-9_-]{1,40}) failure")
_HOST = re.compile(
    r"((?:[^ \[\]]+ )?\[([^ \[\]]*)\]|[^ \[\]]*) ?(?:nmsgs=-?\d+/-?\d+|no mailbox|mech=([A-Za-z0-9_-]{1,80}))?"
)
_METHODS = {"APOP": "APOP", "Preauthenticated": "PREAUTH"}
_LONGEST_HOST = 80


def parse(text: str, clock: Clock) -> LoginTried | None:
    """Return the login that a line tells of. ValueError where a login's line, or its syslog header, cannot be read."""
    line = split(text, clock)
    service = _SERVICES.get(line.program)
    if service is None:
        return None
    outcome: LoginOutcome = "succeeded"
    reason = method = ""
    if (found := _SUCCEEDED.match(line.payload)) is not None:
        method = _METHODS.get(found[1], "")
    elif (found := _FAILED.match(line.payload)) is not None:
        reason = found[1] or found[2]
        outcome = "unavailable" if reason == "disabled" else "failed"
    elif (found := _MECHANISM.match(line.payload)) is not None:
        method, outcome = found[1], "failed"
    if found is None:
        return None
    said, behind, tail = line.payload[found.end() :].rpartition(" host=")
    host = _HOST.fullmatch(tail.rstrip(" ")) if behind else None
    if host is None:
        raise ValueError("a login without host= at its end")
    mailbox = _tried(said) if reason else said
    if method == "PREAUTH" and mailbox.lower() == "anonymous":
        return None
    ip = ip_or_empty(host[2] or "") if len(host[1]) < _LONGEST_HOST else ""
    return LoginTried(line.at, line.host, mailbox, service, outcome, ip, host[3] or method, reason)


def _tried(said: str) -> str:
    """Return the mailbox of a failure: before `auth=` stands whose it is, behind it who asked, mostly the same."""
    half = (len(said) - len(" auth=")) // 2
    if said == f"{said[:half]} auth={said[:half]}":
        return said[:half]
    return said.rpartition(" auth=")[0] or said
