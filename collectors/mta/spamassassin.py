"""SpamAssassin: the result lines of spamd 3 and 4 (through syslog or in its own log), and what amavis 2 says of a mail.

Manuals: https://cwiki.apache.org/confluence/display/SPAMASSASSIN/SpamdSyslogFormat and amavis' README.customize

Neither knows who logged in; amavis names the queue id, spamd the Message-ID only, and its score is cut to a whole
number there. A milter's refusal (`Blocked by SpamAssassin`) names no score: it is the MTA's line. Ignored by decision:
`identified spam` and `clean message`, which say the same without naming the mail, spamd's users (recipients, mostly),
and what amavis says of viruses and file names.
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._filters import ADDRESS, queue_id_or_empty
from collectors.mta.records import Scored
from collectors.syslog import Clock, Line, split

_OWN = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4}) \[(\d+)\] [a-z]+: ")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPAMD = re.compile(
    r"(?:spamd: )?result: ([Y.]) +(-?\d{1,6}) - ([A-Za-z0-9_,]*) ?scantime=[\d.]+,size=\d+,(?:user=([^,]*),)?"
    r"(?:uid=-?\d+,)?required_score=(-?\d{1,6}(?:\.\d{1,6})?),(?:rhost=[^,]*,raddr=[^,]*,rport=[^,]*,)?"
    r"mid=(?:<([^ <>]*)>|\(unknown\)),"
)
_AMAVIS = re.compile(
    r"\(\d+-\d+(?:-\d+)?\) (Passed|Blocked) (CLEAN|SPAM|SPAMMY|BAD-HEADER|MTA-BLOCKED|OVERSIZED|UNCHECKED)(?:-\w+)?"
    r"(?: \{[\w,]*\})?, (?:[A-Z][A-Z_/]* )*(?:\[([^\[\] ]*)\](?::\d+)? )?(?:\[[^\[\] ]*\] )?"
    rf"<({ADDRESS})> -> <{ADDRESS}>(?:,<{ADDRESS}>)*(?:, quarantine: [^ ,]+)*(?:, Queue-ID: (\w+))?"
    r"(?:, Message-ID: <([^ <>]*)>)?(?:, Resent-Message-ID: <[^ <>]*>)?(?:, mail_id: [\w+-]+)?"
    r", Hits: (-?\d{1,6}(?:\.\d{1,6})?|-)([+-]\d{1,6}(?:\.\d{1,6})?)?, "
)
_OF_MAIL = re.compile(r"\([\d-]+\) (?:Passed|Blocked) (?:CLEAN|SPAM|SPAMMY|BAD-HEADER|UNCHECKED)\b")
_USUAL = 6.31  # amavis' tag2_level as it comes: its lines do not name the level
_NEXT = 0.001
_LONGEST_ID = 1000


def parse(text: str, clock: Clock) -> Scored | None:
    """Return what a line says of a mail. ValueError where a result, or the line's header, cannot be read."""
    own = _OWN.match(text)
    if own is not None and own[1] in _MONTHS:
        stamp = f"{own[4]}-{_MONTHS.index(own[1]) + 1:02}-{int(own[2]):02}T{own[3]}"
        return scored(Line(clock.iso(stamp), "", "spamd", own[5], text[own.end() :]))
    return scored(split(text, clock))


def scored(line: Line) -> Scored | None:
    """Return what a line of spamd or amavis says of a mail. ValueError where it is a result and cannot be read."""
    if line.program == "spamd":
        return _spamd(line)
    return _amavis(line) if line.program in {"amavis", "amavisd"} else None


def _spamd(line: Line) -> Scored | None:
    if not line.payload.removeprefix("spamd: ").startswith("result: "):
        return None
    result = _SPAMD.match(line.payload)
    if result is None:
        raise ValueError("spamd: a result without its score, its level or its Message-ID")
    _, score, _, _, level, message_id = result.groups()
    return Scored(
        line.at, line.host, "spamassassin", float(score), float(level), message_id=(message_id or "")[:_LONGEST_ID]
    )


def _amavis(line: Line) -> Scored | None:
    if _OF_MAIL.match(line.payload) is None:
        return None
    result = _AMAVIS.match(line.payload)
    if result is None:
        raise ValueError("amavis: a result that cannot be read up to its hits")
    did, category, ip, sender, queue_id, message_id, hits, boost = result.groups()
    if hits == "-":
        return None
    score = round(float(hits) + float(boost or 0), 3)
    return Scored(
        line.at,
        line.host,
        "amavis",
        score,
        _level(score, spam=category in {"SPAM", "SPAMMY"}),
        f"{did} {category}".lower(),
        queue_id_or_empty(queue_id),
        (message_id or "")[:_LONGEST_ID],
        ip_or_empty(ip.removeprefix("IPv6:")) if ip else "",
        "",
        sender,
        has_envelope=True,
    )


def _level(score: float, *, spam: bool) -> float:
    """Return the level from which amavis takes a mail for spam: the usual one, unless its verdict tells another."""
    return min(_USUAL, score) if spam else max(_USUAL, score + _NEXT)
