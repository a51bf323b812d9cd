"""Exim: the lines of deliveries: `=>`, `->` and `>>` (sent), `==` (deferred), `**` (given up).

Read from the left: the recipient, our router and transport, the remote server's address, our own; behind them stands
what the server said. Its words and what Exim says itself are told apart: an enhanced status is read where the server's
reply begins, nowhere else.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from collectors.addresses import ip_or_empty
from collectors.mta._exim_client import ADDRESS, IN_BRACKETS, QUOTED
from collectors.mta.records import UNTOLD, Attempted, Expired, Several

if TYPE_CHECKING:
    from schemas.facts import Outcome

_LONGEST_REPLY = 2000
_RECIPIENT = re.compile(rf"({ADDRESS})(?: \((?:{QUOTED}|[^()\"])*+\))?(?: <({IN_BRACKETS})>)?")
_AS_GIVEN = re.compile(r' <"((?:[^"\\]|\\.)*+)"(@[^<> ]*)>', re.DOTALL)
_PLACES = ("|", ">")  # a pipe, an automatic reply
_PLACES_WITHOUT_DOMAIN = ("/", ":", "save ")  # a file, a black hole; an address may begin with a slash
_DISCARDED = ("blackhole (", "discarded (")
_TOP = re.compile(r" <([^<> ]*)>(?= (?:F=<|Q=|P=<|R=|T=|defer \()|: |$)")
_WAY = (
    rf"(?: F=<(?P<sender>{IN_BRACKETS})>)?(?: Q=\S+)?(?: SRS=<{IN_BRACKETS}>)?(?: P=<{IN_BRACKETS}>)?"
    r"(?: R=[^ :]+)?(?: T=(?P<transport>[^ :]+))?(?: S=\S+)?"
)
_SERVER = (
    r"(?: H=(?P<relay>[^ ]+)(?: DS)? \[(?P<ip>[^\] ]*)\](?::(?P<port>\w+))?)?(?: PRX=\[[^\] ]*\](?::?\d+)?)?"
    r"(?: I=\[(?P<own>[^\] ]*)\](?::?\d+)?)?(?: TFO\*?)?\*?"
)
_TLS = rf"(?: X=\S+)?(?: CV=\S+)?(?: DN={QUOTED})?"
_TIMES = r"(?: QT=\S+)?(?: DT=[^ :]+)?"
_SENT = re.compile(
    rf"{_WAY}{_SERVER}(?: H=\S+)?{_TLS}(?: (?!C=\"|QT=|DT=)\S+)*+"
    r"(?: C=\"(?P<said>(?:[^\"\\]|\\.)*+)\")?(?: QT=(?P<age>\S+))?",
    re.DOTALL,
)
_DEFERRED = re.compile(
    rf"{_WAY}(?: routing| transporting)? defer \((?P<error>[^()]{{1,8}})\)(?:: (?P<system>[A-Z][^:=\[\]]{{0,80}}?))?"
    rf"{_SERVER}{_TLS}{_TIMES}(?:: (?P<said>.*))?",
    re.DOTALL,
)
_FAILED = re.compile(rf"{_WAY}{_SERVER}(?: H=[^ :]+)?{_TLS}{_TIMES}(?:: (?P<said>.*))?", re.DOTALL)
_TIMES_BEHIND = re.compile(r"(?: QT=[0-9.wdhms]+)?(?: DT=[0-9.wdhms]+)?$")
_REMOTE = re.compile(
    r"(?:SMTP error from remote mail(?: server|er) after|LMTP error after) (?:pipelined )?(?:sending )?"
    rf"(?:(?:RCPT TO|MAIL FROM):<{IN_BRACKETS}>[^:]*|[A-Za-z][^:]*): (?:host (\S+) \[([^\] ]*)\](?::\d+)?: )?"
)
_STATUS = re.compile(r"[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})(?= |$)")
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.(\d{1,3}))?s)?")
_EXPIRED = "retry timeout exceeded"
_EXPIRED_UNTRIED = re.compile(  # all that is said: behind a server's reply Exim writes none of it
    r"retry time not reached for any host after a long failure period"
    r"|all hosts(?: for '[^']*')? have been failing for a long time"
    r" (?:\(and retry time not reached\)|and were last tried after this message arrived)"
    r"|delivery cancelled; message timed out"
)
_NOTHING_TRIED = frozenset(
    map(str, range(-60, -50))
)  # Exim's ERRNO_RETRY_BASE and below: it was not yet time, or held for a queue runner
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Whom(NamedTuple):
    """Whom a delivery is for, whom the mail was sent to if that is another, and where the line goes on."""

    recipient: str
    original: str
    end: int
    kept: bool = False


def sent(at: int, host: str, queue_id: str, text: str) -> Attempted | None:
    """Return what a line says behind `=> `, None where it tells of no recipient. ValueError where it cannot be read."""
    if text.startswith(_DISCARDED):
        return None
    whom = _whom(text)
    if "@" not in whom.recipient and whom.original:  # log_as_local
        whom = whom._replace(recipient=whom.original, original="")
    match = _SENT.match(text, whom.end)
    if match is None:
        raise ValueError("a delivery that cannot be read")
    reply = _ESCAPED.sub(r"\1", match["said"] or "")
    return _attempted((at, host, queue_id), whom._replace(kept=not match["ip"]), "sent", reply, match)


def deferred(at: int, host: str, queue_id: str, text: str) -> Attempted:
    """Return what a line says behind `== `. ValueError where it tells no error."""
    whom = _whom(text)
    match = _DEFERRED.fullmatch(text, whom.end)
    if match is None:
        raise ValueError("a delivery that is deferred without its error")
    reply = ": ".join(filter(None, (match["system"], match["said"])))
    attempt = _attempted((at, host, queue_id), whom, "deferred", reply, match)
    return structs.replace(attempt, transport="") if match["error"] in _NOTHING_TRIED else attempt


def failed(at: int, host: str, queue_id: str, text: str) -> Attempted | Several:
    """Return what a line says behind `** `. What was tried too long is deferred for the last time, and has expired."""
    whom = _whom(text)
    match = _FAILED.fullmatch(text, whom.end)
    if match is None:
        raise ValueError("a delivery that failed without a reason")
    reply = _TIMES_BEHIND.sub("", match["said"] or "")
    attempt = _attempted((at, host, queue_id), whom, "bounced", reply, match)
    given_up = reply.endswith(_EXPIRED) and not attempt.reply.startswith("5")
    if given_up or _EXPIRED_UNTRIED.fullmatch(reply) is not None:
        attempt = structs.replace(attempt, outcome="deferred")
        return Several(at, host, (attempt, Expired(at, host, queue_id, attempt.envelope_from, has_envelope=False)))
    return attempt


def _whom(text: str) -> _Whom:
    quoted = _quoted(text) if ' <"' in text else None
    if quoted is not None:
        return quoted
    match = _RECIPIENT.match(text)
    if match is None:
        raise ValueError("a delivery without its recipient")
    recipient, original = match[1], match[2] or ""
    if text.startswith(_PLACES) or (text.startswith(_PLACES_WITHOUT_DOMAIN) and "@" not in recipient):
        top = _TOP.search(text)
        if top is not None:
            return _Whom(top[1], "", top.end(), kept=True)
    if recipient.endswith(":") and not original:
        return _Whom(recipient[:-1], "", match.end(1) - 1)
    return _Whom(recipient, original, match.end())


def _quoted(text: str) -> _Whom | None:
    """Return the recipient whose address is in quotes, None where it is not.

    Exim writes it without them, so that it may look like fields, and behind it as it was given: the last place where
    the two agree is where the recipient ends.
    """
    found = None
    for match in _AS_GIVEN.finditer(text):
        plain = _ESCAPED.sub(r"\1", match[1]) + match[2]
        if len(plain) == match.start() and plain.lower() == text[: match.start()].lower():
            found = _Whom(match[0][2:-1], "", match.end())
    return found


def _attempted(
    line: tuple[int, str, str], whom: _Whom, outcome: "Outcome", said: str, match: re.Match[str]
) -> Attempted:
    told = match.groupdict()
    remote = _REMOTE.match(said) if outcome != "sent" else None
    reply = said[remote.end() :] if remote is not None else said
    status = _STATUS.match(reply) if remote is not None or outcome == "sent" else None
    relay, ip, port = told["relay"] or "", told["ip"] or "", told["port"] or ""
    if remote is not None and not relay:  # Exim before 4.83 names the server there
        relay, ip = remote[1] or "", remote[2] or ""
    return Attempted(
        *line,
        whom.recipient,
        whom.original,
        outcome,
        status[1] if status is not None else "",
        reply[:_LONGEST_REPLY],
        told["transport"] or "",
        relay,
        ip_or_empty(ip) if ip else "",
        int(port) if port.isdecimal() and len(port) < 6 else 0,  # noqa: PLR2004 a port has five digits at most
        _milliseconds(told.get("age") or ""),
        whom.kept,
        ip_or_empty(told["own"]) if told["own"] else "",
        envelope_from=told["sender"] or "",  # of a login this line tells nothing: the sender may be another
    )


def _milliseconds(duration: str) -> int:
    """Return a duration as Exim writes it (`3m45s`, `0.012s`); UNTOLD for anything else."""
    match = _DURATION.fullmatch(duration[:40])
    if not duration or match is None:
        return UNTOLD
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:5])
    whole = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    return whole * 1000 + int((match[6] or "0").ljust(3, "0"))
