"""qmail 1.03, netqmail, notqmail and s/qmail: what qmail-send writes, and who was refused in front of qmail-smtpd.

Manual: https://github.com/notqmail/notqmail/blob/main/qmail-log.5 and, for the stamps, https://cr.yp.to/libtai/tai64.html

As splogger gave it to syslog (the second stamp is the precise one), as multilog wrote it (tai64n), and through
tai64nlocal. Messages and deliveries have numbers that are used again: `Fold` joins the number of a delivery to its
message and its recipient. A blank is written as an underscore there, and a line's end as a slash: a reply has its
blanks back, and its underscores are lost. The system user of a message (`uid`) is that of qmail-smtpd for all that came
by SMTP, so it names no sender. Beside qmail-send, also under the tags smtpd and submission: refusals by rblsmtpd,
spamdyke, chkuser and patches for DNSBLs, logins that vpopmail's vchkpw checked, and those that spamdyke saw fail (where
it asks vchkpw, both tell of the same one). A delivery whose beginning is not in the log makes no event.
Ignored by decision: status lines, `new msg`, `bounce msg` (the notification has lines of its own), warnings and alerts
of qmail-send, tcpserver, spamdyke's `FILTER_` lines (each tells why the `DENIED_` line behind it comes), and what is
accepted.
"""

import re

from collectors.mta._addresses import sender_of
from collectors.mta._qmail_fold import Began, Ended, Fold, Removed, Taken
from collectors.mta._qmail_refusals import refused
from collectors.mta.records import LoginTried, Refused, Said
from collectors.syslog import Clock, split
from schemas.facts import Outcome

__all__ = ["Fold", "parse"]

_TAI = re.compile(r"@([0-9a-f]{16})([0-9a-f]{8}) ")
_TAI_EPOCH = 2**62 + 10  # multilog adds ten seconds to the system's clock, and no leap seconds
_LATEST = 2**33
_NANO = 1_000_000_000
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{9} ")
_SPLOGGER = re.compile(r"(\d{9,10})\.(\d{6}) ")
_PROGRAMS = frozenset({"qmail", "qmail-send"})
_BEFORE = frozenset({"rblsmtpd", "spamdyke", "vpopmail"})
_SERVICES = frozenset({"qmail-smtpd", "smtpd", "submission", "qmail-submission"})  # as splogger(8) is told to call them
_INFO = re.compile(r"info msg (\d{1,20}): bytes (\d{1,15}) from <([^ ]*)> qp \d{1,10} uid \d{1,10}")
_BEGAN = re.compile(r"starting delivery (\d{1,20}): msg (\d{1,20}) to (local|remote) ([^ ]*)")
_ENDED = re.compile(r"delivery (\d{1,20}): (?:(success|failure|deferral): (.*)|report mangled, will defer)", re.DOTALL)
_END = re.compile(r"end msg (\d{1,20})")
_OUTCOMES: dict[str, Outcome] = {"success": "sent", "failure": "bounced", "deferral": "deferred"}


def parse(text: str, clock: Clock) -> Said | Refused | LoginTried | None:
    """Return what a line says. ValueError where a line of qmail, or its stamp, cannot be read."""
    at, host, program, payload = _split(text, clock)
    if program in _BEFORE:
        return refused(at, host, f"{program}: {payload}")
    service = program in _SERVICES
    if not service and program and program not in _PROGRAMS:
        return None
    stamp = _SPLOGGER.match(payload)
    if stamp is not None:
        at, payload = int(stamp[1]) * 1_000_000 + int(stamp[2]), payload[stamp.end() :]
    if not service:
        return _sent(at, host, payload)
    return refused(at, host, payload) or refused(at, host, f"qmail-smtpd: {payload}")


def _split(text: str, clock: Clock) -> tuple[int, str, str, str]:
    """Return time, host, program and the rest; multilog names neither host nor program."""
    tai = _TAI.match(text)
    if tai is not None:
        seconds, nano = int(tai[1], 16) - _TAI_EPOCH, int(tai[2], 16)
        if not (0 <= seconds < _LATEST and nano < _NANO):
            raise ValueError(f"no time: {text[:25]!r}")
        return seconds * 1_000_000 + nano // 1000, "", "", text[tai.end() :]
    local = _LOCAL.match(text)
    if local is not None:
        return clock.iso(local[0].rstrip()), "", "", text[local.end() :]
    line = split(text, clock)
    return line.at, line.host, line.program, line.payload


def _sent(at: int, host: str, payload: str) -> Said | Refused | LoginTried | None:
    """Return what a line of qmail-send says, or one that shares its log."""
    if payload.startswith("info msg "):
        info = _matched(_INFO, payload)
        return Taken(at, host, info[1], int(info[2]), sender_of(info[3]))
    if payload.startswith("starting delivery "):
        began = _matched(_BEGAN, payload)
        return Began(at, host, began[1], began[2], began[4], began[3] == "local")
    if payload.startswith("delivery "):
        ended = _matched(_ENDED, payload)
        return Ended(at, host, ended[1], _OUTCOMES[ended[2] or "deferral"], ended[3] or "report mangled")
    if payload.startswith("end msg "):
        return Removed(at, host, _matched(_END, payload)[1])
    return refused(at, host, payload)


def _matched(pattern: re.Pattern[str], payload: str) -> re.Match[str]:
    match = pattern.fullmatch(payload)
    if match is None:
        raise ValueError(f"qmail-send: cannot be read after {payload[:24]!r}")
    return match
