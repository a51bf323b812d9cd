"""Postfix 2 and 3: smtpd, cleanup, pickup, qmgr, postscreen, postsuper, the delivery agents; syslog or postlogd.

Manual: https://www.postfix.org/smtpd.8.html https://www.postfix.org/qmgr.8.html https://www.postfix.org/smtp.8.html

The program's name tells the daemon (its last part) and the transport (what `syslog_name` put before it):
`postfix/relay1/smtp` is smtp(8) of transport relay1. Read from the left up to where a stranger's text can begin, and
from the right behind it: no text of a client, a remote server or a mail becomes a field. How a client came is told by
`smtpd_tls_loglevel = 1` (the TLS version of its login) and by header_checks(5) that say INFO or WARN (its EHLO name,
and its program by User-Agent and X-Mailer). Ignored by decision: what else is said of sessions (connect, disconnect)
and TLS, address probes, warnings that refuse nothing, what access(5) or a milter does instead of refusing (discard,
filter, hold, redirect, prepend, warn), what postscreen finds before it refuses (its refusal has a line of its own; a
client that it drops has named no sender yet), what one of several servers said before the next was tried, postsuper's
holding and letting go, statistics, and bounce(8), since a notification is a message of Postfix's own with lines of its
own. Spam filters that write to the same file (spamd, amavis, rspamd, MailScanner) are read as their own formats read
them: the join tells whose mail they judged.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.mta import mailscanner, rspamd, spamassassin
from collectors.mta._postfix_refusals import limited, refused
from collectors.mta._postfix_sessions import SESSION, described, secured
from collectors.mta._replies import enhanced_of
from collectors.mta.records import (
    Accepted,
    Attempted,
    Expired,
    Identified,
    LoginTried,
    Proxied,
    Queued,
    Received,
    Record,
    Removed,
)
from collectors.syslog import Clock, Line, split

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome, Outcome

_LONGEST_REPLY = 2000
_ADDRESS = r'(?:<((?:"(?:[^"\\]|\\.)*+"[^>]*+|[^>]*+))>|([^ ,<>]++))'
_DELIVERY = re.compile(
    rf"to={_ADDRESS}, (?:orig_to={_ADDRESS}, )?"
    r"relay=([^ ,\[]++)(?:\[([^\] ]*+)\](?::(\d++))?)?, (?:conn_use=\d++, )?delay=([0-9.]++), "
    r"(?:delays=[0-9./]++, (?:tls=[^ ,]++, )?dsn=([245]\.\d{1,3}\.\d{1,3}), )?status=([A-Za-z-]++)(?: \((.*))?",
    re.DOTALL,
)
_QUEUED = re.compile(r">, size=(\d{1,15}), nrcpt=(\d{1,9}) \(queue [a-z]+\)")
_PEER = r"([^\[ ]*)\[([^\] ]*)\](?::(?:\d{1,5}|unknown))?"  # the port: smtpd_client_port_logging
_CLIENT = re.compile(  # behind sasl_sender=, a word of the client (MAIL FROM … AUTH=), nothing is believed
    rf"client=({_PEER})(?:, sasl_method=([^, ]+), sasl_username=(.+?))?"
    r"(?:, sasl_sender=.*|(?:, orig_queue_id=([0-9A-Za-z]+))?(?:, orig_client=(\S+))?)",
    re.DOTALL,
)
_ACCEPTED = re.compile(r"(?:NOQUEUE: )?proxy-accept: END-OF-MESSAGE: ")
_QUEUED_AS = re.compile(r"queued as ([0-9A-Za-z]{5,24})$")
_SASL = re.compile(
    rf"warning: {_PEER}: SASL (\S+) authentication failed(?:: (.*?))?(?:, sasl_username=(.*))?", re.DOTALL
)
_UNASKED = (
    "connection lost to authentication server",
    "temporary authentication failure",
    "authentication server unavailable",
    "no mechanism available",
    "invalid authentication mechanism",
    "generic failure",
    "internal error",
    "timed out",
)
_NO_IDS = frozenset({"warning", "NOQUEUE"})
_PROBES = frozenset({"deliverable", "undeliverable", "undeliverable-but-not-cached"})
_OUTCOMES: dict[str, "Outcome"] = {
    "sent": "sent",
    "deferred": "deferred",
    "bounced": "bounced",
    "SOFTBOUNCE": "deferred",  # soft_bounce = yes: what would have bounced stays in the queue
}
_EXPIRED = (", status=expired, returned to sender", ", status=force-expired, returned to sender")


def _qmgr(line: Line, _: str) -> Record | None:
    queue_id, found, rest = line.payload.partition(": ")
    if not (found and _is_queue_id(queue_id)):
        return None
    if rest == "removed":
        return Removed(line.at, line.host, queue_id)
    if not rest.startswith("from="):
        return None  # "skipped, still being delivered" and the like
    if rest.endswith(_EXPIRED):
        address = rest[5 : rest.rindex(", status=")]
        return Expired(line.at, line.host, queue_id, address.removeprefix("<").removesuffix(">"))
    at = rest.rfind(">, size=")
    tail = _QUEUED.fullmatch(rest, at) if at > 0 else None
    if tail is None or rest[5] != "<":
        raise ValueError("qmgr: a message without sender, size and recipients")
    return Queued(line.at, line.host, queue_id, rest[6:at], int(tail[1]), int(tail[2]))


def _cleanup(line: Line, _: str) -> Record | None:
    queue_id, found, rest = line.payload.partition(": ")
    if not (found and _is_queue_id(queue_id)):
        return None
    if rest.startswith("message-id="):
        return Identified(line.at, line.host, queue_id, rest[11:].removeprefix("<").removesuffix(">"))
    return described(line, queue_id, rest) or refused(line)


_UID = 10  # digits of 2**32
_REQUEUED = "> orig_id="


def _pickup(line: Line, _: str) -> Record | None:
    queue_id, found, rest = line.payload.partition(": ")
    if not (found and _is_queue_id(queue_id) and rest.startswith("uid=")):
        return None
    _, requeued, origin_id = rest.rpartition(_REQUEUED)
    if requeued and _is_queue_id(origin_id):  # postsuper -r: the uid is Postfix's own; who sent it, the old id tells
        return Received(line.at, line.host, queue_id, origin_id=origin_id)
    uid = rest[4:].partition(" ")[0]
    return Received(
        line.at, line.host, queue_id, uid=uid if uid.isascii() and uid.isdigit() and len(uid) <= _UID else ""
    )


def _postsuper(line: Line, _: str) -> Record | None:
    """Return that a message was deleted. One that is requeued goes on under a new queue id, which pickup tells."""
    queue_id, _, rest = line.payload.partition(": ")
    return Removed(line.at, line.host, queue_id) if rest == "removed" and _is_queue_id(queue_id) else None


def _smtpd(line: Line, _: str) -> Record | None:
    payload = line.payload
    if payload.startswith(("connect from", "lost connection")):
        return None
    if payload.startswith(SESSION):
        return secured(line, _process(line))
    if payload.startswith("warning: "):
        return _sasl_failure(line) or limited(line)
    queue_id, found, rest = payload.partition(": ")
    if found and rest.startswith("client=") and (_is_queue_id(queue_id) or queue_id == "NOQUEUE"):
        return _client(line, queue_id, rest)
    accepted = _ACCEPTED.match(payload)
    if accepted is None:
        return refused(line)
    reply = payload[accepted.end() :].partition("; from=<")[0]  # the filter's words; behind them, the client's
    handed_on = _QUEUED_AS.search(reply, max(0, len(reply) - 40))
    return Accepted(line.at, line.host, _process(line), handed_on[1] if handed_on else "")


def _client(line: Line, queue_id: str, rest: str) -> Received | Proxied:
    match = _CLIENT.fullmatch(rest)
    if match is None:
        raise ValueError("smtpd: a client whose line cannot be read to its end")
    client, name, address, method, mailbox, origin_id, origin = (part or "" for part in match.groups())
    told = ("" if name == "unknown" else name, ip_or_empty(address), method, mailbox)
    if queue_id == "NOQUEUE":
        return Proxied(line.at, line.host, _process(line), client, *told)
    return Received(line.at, line.host, queue_id, *told, origin_id, origin, process=_process(line) if mailbox else "")


def _process(line: Line) -> str:
    """Return what tells a line's process from all others of its host; "" where the line does not tell it."""
    return f"{line.program}[{line.pid}]" if line.pid else ""


def _sasl_failure(line: Line) -> LoginTried | None:
    if " authentication failed" not in line.payload:
        return None
    match = _SASL.fullmatch(line.payload)
    if match is None:
        return None  # the text of another warning
    _, address, method, reason, user = match.groups()
    said = (reason or "").lower()
    outcome: LoginOutcome = "unavailable" if any(words in said for words in _UNASKED) else "failed"
    return LoginTried(
        line.at, line.host, user or "", "smtp", outcome, ip_or_empty(address), method, (reason or "")[:_LONGEST_REPLY]
    )


def _delivery(line: Line, transport: str) -> Record | None:
    queue_id, found, rest = line.payload.partition(": ")
    if not (found and rest.startswith("to=") and _is_queue_id(queue_id)):
        return None  # connections, TLS, and "host … said:" before another server is tried
    match = _DELIVERY.fullmatch(rest)
    if match is None:
        raise ValueError("a delivery without relay, delays, dsn or status")
    to, bare, original, bare_original, relay, address, port, delay, dsn, status, reply = match.groups()
    if status in _PROBES:
        return None
    outcome = _OUTCOMES.get(status)
    if outcome is None:
        raise ValueError(f"a delivery with the status {status[:40]!r}")
    daemon = line.program.rpartition("/")[2]
    return Attempted(
        line.at,
        line.host,
        queue_id,
        to if bare is None else bare,
        original or bare_original or "",
        outcome,
        _enhanced(reply or "") if dsn is None else dsn,
        (reply or "").removesuffix(")")[:_LONGEST_REPLY],
        transport,
        "" if relay == "none" else relay,
        ip_or_empty(address) if address else "",
        int(port) if port and len(port) < 6 else 0,  # noqa: PLR2004 a port has five digits at most
        _milliseconds(delay),
        daemon not in {"smtp", "error", "retry"} or bool(address and not ip_or_empty(address)),
    )


def _enhanced(reply: str) -> str:
    """Return the enhanced status that a remote server's reply begins with: Postfix before 2.3 tells none of its own."""
    return enhanced_of(reply.partition(" said: ")[2] if reply.startswith("host ") else reply)


def _milliseconds(seconds: str) -> int:
    if len(seconds) > 15 or seconds.count(".") > 1 or seconds == ".":  # noqa: PLR2004 longer than any queue lives
        raise ValueError(f"a delay of {seconds[:40]!r}")
    return round(float(seconds) * 1000)


def _is_queue_id(text: str) -> bool:
    """Tell whether a text can be a queue id: short ids are hexadecimal, long ones letters and digits."""
    return 5 <= len(text) <= 24 and text.isascii() and text.isalnum() and text not in _NO_IDS  # noqa: PLR2004


def _refusal(line: Line, _: str) -> Record | None:
    return refused(line)


def _spamassassin(line: Line, _: str) -> Record | None:
    return spamassassin.scored(line)


def _mailscanner(line: Line, _: str) -> Record | None:
    return mailscanner.scored(line)


def _rspamd(line: Line, _: str) -> Record | None:
    return rspamd.scored(line)


_Daemon = Callable[[Line, str], Record | None]
_DAEMONS: dict[str, _Daemon] = {
    "qmgr": _qmgr,
    "nqmgr": _qmgr,
    "cleanup": _cleanup,
    "pickup": _pickup,
    "postsuper": _postsuper,
    "smtpd": _smtpd,
    "qmqpd": _smtpd,
    "postscreen": _refusal,
} | dict.fromkeys(("smtp", "lmtp", "virtual", "local", "pipe", "error", "retry", "discard"), _delivery)
_FILTERS: dict[str, _Daemon] = {
    "spamd": _spamassassin,
    "amavis": _spamassassin,
    "amavisd": _spamassassin,
    "rspamd": _rspamd,
    "MailScanner": _mailscanner,
}
_programs: dict[str, tuple[_Daemon | None, str]] = {}
_MOST_PROGRAMS = 4096


def transport_of(program: str) -> str:
    """Return the transport that a program's name tells: `relay1` of `postfix/relay1/smtp`, `smtp` of `postfix/smtp`."""
    name, _, daemon = program.rpartition("/")
    return name.removeprefix("postfix/") if name not in {"postfix", ""} else daemon


def _reader_of(program: str) -> tuple[_Daemon | None, str]:
    name, found, daemon = program.rpartition("/")
    reader = _DAEMONS.get(daemon) if found and name else _FILTERS.get(program)
    if len(_programs) < _MOST_PROGRAMS:
        _programs[program] = (reader, transport_of(program))
    return reader, transport_of(program)


def parse(text: str, clock: Clock) -> Record | None:
    """Return what a line says. ValueError where a line of Postfix, or its syslog header, cannot be read."""
    line = split(text, clock)
    known = _programs.get(line.program)
    daemon, transport = known if known is not None else _reader_of(line.program)
    return daemon(line, transport) if daemon is not None else None
