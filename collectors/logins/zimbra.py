"""Zimbra 6 to 10: the logins of mailboxd by IMAP, POP3, the web and ActiveSync, in audit.log or mailbox.log.

Manual: https://zimbra.github.io/adminguide/latest/ (Monitoring, Log Files)

audit.log has every login (`security - cmd=Auth; account=…; protocol=…`), mailbox.log only what failed by SOAP: read one
of the two. The client is `oip` (of several the last, which our own proxy saw), else `ip`. A client names its program in
front of what happened (`ua`), and itself behind it: a line that tells of a login twice is a dead letter.
Ignored by decision: logins by SMTP that succeeded (Postfix's own line has them; of a failure that has no name on many
systems), an administrator's view of another mailbox (DelegateAuth), and all else that the two logs hold.
"""

import re
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.mta.records import LoginTried
from collectors.syslog import Clock, split

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

_HEAD = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) [A-Z]+ +\[")
_EVENT = re.compile(r"\] (?:security - cmd=|SoapEngine - handler exception: authentication failed for \[)")
_THREAD = re.compile(r"[^ ]*\] \[")
_AUDIT = re.compile(
    r"(?:Admin)?Auth; account=((?:[^;]|;;)*+);(?: protocol=([a-z0-9_]+);)?(?: error=((?:[^;]|;;)*+);)?", re.DOTALL
)
_SOAP = re.compile(r"(.*)\](?:, ([a-z ]+))?", re.DOTALL)
_SERVICES = {"soap": "web", "http_basic": "web", "zsync": "activesync"}
_UNASKED = ("temporary", "system failure", "connection", "maintenance")
_LONGEST = 200


def parse(text: str, clock: Clock) -> LoginTried | None:
    """Return the login that a line tells of. ValueError where a login's line, or its stamp, cannot be read."""
    head = _HEAD.match(text)
    if head is None:
        split(text, clock)  # another program's line, or none at all
        return None
    events = list(_EVENT.finditer(text, head.end()))
    if not events:
        return None
    if len(events) > 1:
        raise ValueError("a line that tells of a login twice")
    thread = _THREAD.match(text, head.end())
    if thread is None or thread.end() > events[0].start() + 1:
        raise ValueError("a login without its context")
    context = _context(text[thread.end() : events[0].start()])
    tried = _audited if text[events[0].start() + 2 :].startswith("security") else _refused
    found = tried(text[events[0].end() :])
    if found is None:
        return None
    mailbox, protocol, error = found
    service = context.get("oproto") or protocol
    if service == "smtp" and error is None:
        return None
    outcome: LoginOutcome = "succeeded"
    if error is not None:
        outcome = "unavailable" if any(word in error.lower() for word in _UNASKED) else "failed"
    ip = ip_or_empty((context.get("oip") or context.get("ip", "")).rpartition(",")[2].strip())
    at = clock.iso(head[1])
    return LoginTried(at, "", mailbox, _SERVICES.get(service, service), outcome, ip, "", (error or "")[:_LONGEST])


def _context(text: str) -> dict[str, str]:
    """Return what stands before the name that a client gives its program, each field as it was told first."""
    fields: dict[str, str] = {}
    for part in f";{text}".partition(";ua=")[0].split(";"):
        name, _, value = part.partition("=")
        fields.setdefault(name, value)
    return fields


def _audited(said: str) -> tuple[str, str, str | None] | None:
    """Return mailbox, protocol and error of what audit.log says; None of another command."""
    if not said.startswith(("Auth; ", "AdminAuth; ")):
        return None
    found = _AUDIT.fullmatch(said.rstrip())
    if found is None:
        raise ValueError("a login whose fields cannot be read")
    account, protocol, error = found.groups()
    return account.replace(";;", ";"), protocol or "soap", None if error is None else error.replace(";;", ";")


def _refused(said: str) -> tuple[str, str, str | None]:
    """Return mailbox, protocol and error of a failure by SOAP."""
    found = _SOAP.fullmatch(said.rstrip())
    if found is None:
        raise ValueError("a failed login whose words cannot be read")
    return found[1], "soap", found[2] or "authentication failed"
