"""nginx 1 as a proxy for IMAP, POP3 and SMTP (ngx_mail): logins in its error log, as a file or through syslog.

Manual: https://nginx.org/en/docs/mail/ngx_mail_auth_http_module.html

Needed is `error_log … info`. nginx asks a server of ours (`auth_http`) and logs that server's words where it refuses:
they are the reason. The service is that of the listening port (587, but also 11587 of a container, is SMTP). Read from
the left: what the client gave as its name stands behind its address, before `upstream`. Where the server behind nginx
logs the same logins, read one of the two logs.
Ignored by decision: mail that comes without a login, sessions, TLS, look-ups of names, and lines of an access log.
"""

import re
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.mta.records import LoginTried
from collectors.syslog import Clock, split

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

_STAMP = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \[[a-z]+\] \d+#\d+: (?:\*\d+ )?")
_ACCESS = re.compile(r"[0-9a-fA-F.:]+ - [^\[\]]{1,200} \[\d\d/")
_SAID = re.compile(r'client (?:(logged in)|login failed: "(.*?)" while in http auth state), client: ', re.DOTALL)
_CLIENT = re.compile(
    r'([0-9a-fA-F.:]+|unix:)(?::\d+)?( using starttls)?, server: ([^ ,]+?)(?:, login: "(.*)"(?:, upstream: [^ ",]+)?)?',
    re.DOTALL,
)
_SERVICES = {"587": "smtp", "465": "smtp", "143": "imap", "993": "imap", "110": "pop3", "995": "pop3", "25": "smtp"}
_SECURED = ("465", "993", "995")
_LONGEST = 200


def parse(text: str, clock: Clock) -> LoginTried | None:
    """Return the login that a line tells of. ValueError where a login's line, or its stamp, cannot be read."""
    host = ""
    stamp = _STAMP.match(text)
    if stamp is None:
        if _ACCESS.match(text):
            return None
        line = split(text, clock)
        host, text = line.host, line.payload
        stamp = _STAMP.match(text)
        if stamp is None:
            return None
    year, month, day, time = stamp.groups()
    said = _SAID.match(text, stamp.end())
    if said is None:
        return None
    client = _CLIENT.fullmatch(text, said.end())
    if client is None:
        raise ValueError("a login without its client and its server")
    ip, starttls, server, mailbox = client.groups()
    if not mailbox:
        return None
    outcome: LoginOutcome = "succeeded" if said[1] else "failed"
    port = server.rpartition(":")[2]
    service = next((name for end, name in _SERVICES.items() if port.endswith(end)), "mail")
    at = clock.iso(f"{year}-{month}-{day} {time}")
    tls = bool(starttls) or port.endswith(_SECURED)
    return LoginTried(at, host, mailbox, service, outcome, ip_or_empty(ip), "", (said[2] or "")[:_LONGEST], tls)
