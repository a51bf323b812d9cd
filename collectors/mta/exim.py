"""Exim 4.60 to 4.98: main log, reject log and syslog, whatever `log_selector` puts into the lines.

Manual: https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html

Read is a message that came (`<=`, `(=`), each delivery (`=>`, `->`, `>>`, `==`, `**`), its end (`Completed`, `removed
by`), refusals (`rejected …`) and logins (`… authenticator failed`, and `no MAIL in SMTP connection` of one who logged
in). A delivery that is ahead of its message (`>>`) waits for that one's line (`Fold`). The sender is the login of `A=`.
The outbound IP is that of `I=` where the line has it (`log_selector = +incoming_interface +outgoing_interface`), else
that of the transport in the configuration. Without `+queue_time` the delay counts from the message's own line; without
`+received_recipients` nothing tells how many recipients it has. Stamps may have milliseconds and a zone, lines a
process id, message ids 16 or 23 characters; behind a syslog header Exim's own stamp may follow or not.

Ignored by decision: connections, TLS, queue runs, retries at other hosts (`H=… SMTP error`), freezing and thawing,
verifications before a refusal, recipients that an ACL discards, deliveries that `-N` only pretends (`*>`), lines of the
panic log, and what has no stamp: the headers of a refused message in the reject log. Exim writes a refusal to the main
log and to the reject log: read one of them, and with syslog set `syslog_duplication = false`.

A line in which a stranger's text (a HELO with blanks, a subject) imitates the fields before it is a dead letter where
nothing tells which of the two Exim wrote: its message then has no sender.
"""

import re
from collections.abc import Callable

from collectors.mta._exim_delivery import deferred, failed, sent
from collectors.mta._exim_fold import CutThrough, Fold
from collectors.mta._exim_received import received
from collectors.mta._exim_refusals import refused, tried
from collectors.mta.records import Record, Removed, Said
from collectors.syslog import Clock, split

__all__ = ["Fold", "parse"]

_LONGEST_LINE = 16 * 1024  # twice what Exim itself writes at most (LOG_BUFFER_SIZE)
_OWN_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: ([+-]\d{4}))? (?:\[[0-9a-z]+\] )?")
_SYSLOG = re.compile(
    r"<\d{1,3}>|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d? \d\d:|\d{4}-\d\d-\d\dT\d\d:"
)
_PART = re.compile(r"\[(\d{1,5})[\\/]\d{1,5}\] ")
_ID = re.compile(r"([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) ")


def _ahead(at: int, host: str, queue_id: str, text: str) -> CutThrough | None:
    attempt = sent(at, host, queue_id, text)
    return CutThrough(at, host, attempt) if attempt is not None else None


_MARKS: dict[str, Callable[[int, str, str, str], Record | Said | None]] = {
    "<= ": received,
    "(= ": received,  # taken, but the client was told that it was refused (fakereject)
    "=> ": sent,
    "-> ": sent,
    ">> ": _ahead,
    "== ": deferred,
    "** ": failed,
}
_REFUSALS = ("H=", "U=", "F=", "DS ", "rejected ")


def parse(text: str, clock: Clock) -> Record | Said | None:
    """Return what a line says. ValueError where a line of Exim, or its syslog header, cannot be read."""
    text = text[:_LONGEST_LINE]
    own = _OWN_STAMP.match(text)
    if own is not None:
        return _said(clock.iso(own[1] + (own[2] or "")), "", text[own.end() :])
    if _SYSLOG.match(text) is None:
        return None
    line = split(text, clock)
    if not line.program.startswith("exim"):
        return None
    payload = line.payload
    part = _PART.match(payload)
    if part is not None:
        if part[1] != "1":
            return None
        payload = payload[part.end() :]
    own = _OWN_STAMP.match(payload)
    return _said(line.at, line.host, payload[own.end() :] if own is not None else payload)


def _said(at: int, host: str, text: str) -> Record | Said | None:
    match = _ID.match(text)
    if match is None:
        return _of_no_message(at, host, "", text)
    queue_id, said = match[1], text[match.end() :]
    reader = _MARKS.get(said[:3])
    if reader is not None:
        return reader(at, host, queue_id, said[3:])
    if said == "Completed" or said.startswith(("Completed QT=", "removed by ")):
        return Removed(at, host, queue_id)
    return _of_no_message(at, host, queue_id, said)


def _of_no_message(at: int, host: str, queue_id: str, text: str) -> Record | None:
    """Return what is told of a client: a refusal, a login, or None."""
    if text.startswith(_REFUSALS):
        return refused(at, host, queue_id, text) if "rejected " in text else None
    return tried(at, host, text)
