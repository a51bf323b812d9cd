"""Postfix: the lines with which smtpd, cleanup and postscreen tell that they refused a command.

Manual: https://www.postfix.org/SMTPD_ACCESS_README.html
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta.records import Refused
from collectors.syslog import Line

_LONGEST_REPLY = 2000
_HEAD = re.compile(
    r"(?:(NOQUEUE|[0-9A-Za-z]{5,24}): )?(?:milter-|proxy-)?reject: ([A-Z][A-Z-]{2,19})"
    r"(?: from ([^\[ ]*)\[([^\] ]*)\](?::(?:\d{1,5}|unknown))?)?(?:: |$)"
)
_CONTENT = re.compile(r"([0-9A-Za-z]{5,24}): (?:milter-)?reject: (header|body|mime-header|nested-header|content) ")
_CODE = re.compile(r"(?:([245]\d\d)(?: |$))?(?:([245]\.\d{1,3}\.\d{1,3})(?: |$))?")
_LONGEST_TAIL = 2000
_TAIL = re.compile(  # in Postfix's order; an address ends where the next field begins, whatever the HELO imitates
    r"; (?:(?P<mail>from=<)(?P<sender>(?:(?!>,? (?:to=<|proto=)).)*)>,?(?: |$))?"
    r"(?:to=<(?P<recipient>(?:(?!>,? proto=).)*)>,?(?: |$))?"
    r"(?:proto=[^ ,]+(?: |, |$))?"
    r"(?:helo=<(?P<helo>.*?)>)?(?: sasl_username=<(?P<mailbox>[^<>]*)>)?",
    re.DOTALL,
)
_MARKS = ("; from=<", "; to=<", "; proto=")
_LIMITED = re.compile(
    r"warning: ((Connection concurrency|Connection rate|Message delivery request rate|Recipient address rate"
    r"|New TLS session rate|AUTH command rate) limit exceeded: \d{1,9}"
    r" from ([^\[ ]*)\[([^\] ]*)\](?::(?:\d{1,5}|unknown))? for service [^ ]+)"
)
_LIMITED_STAGES = {"M": "MAIL", "R": "RCPT", "N": "STARTTLS", "A": "AUTH"}


def refused(line: Line) -> Refused | None:
    """Return what was refused, or None where the line tells of no refusal. ValueError where it cannot be read.

    The client, the stage and the code stand before any text of a stranger; the envelope is the client's own word.
    """
    payload = line.payload
    if "reject: " not in payload[:60]:
        return None
    head = _HEAD.match(payload)
    if head is None:
        return _content(line)
    queue_id, stage, name, address = head.groups()
    text = payload[head.end() :]
    code = _CODE.match(text)
    reply, tail = parted(text)
    return Refused(
        line.at,
        line.host,
        "" if queue_id in {None, "NOQUEUE"} else queue_id,
        stage,
        "" if name in {None, "unknown"} else name,
        ip_or_empty(address) if address else "",
        int(code[1]) if code and code[1] else 0,
        (code[2] or "") if code else "",
        reply[:_LONGEST_REPLY],
        tail.get("sender") or "",
        bool(tail.get("mail")),
        tail.get("recipient") or "",
        plain(tail.get("helo") or ""),
        (tail.get("mailbox") or "") if "smtpd" in line.program else "",  # postscreen knows none, nor mends a HELO
    )


def limited(line: Line) -> Refused | None:
    """Return the command that a client asked once too often (smtpd_client_*_limit), None for any other warning.

    Postfix names neither its reply's code nor the envelope there.
    """
    match = _LIMITED.fullmatch(line.payload)
    if match is None:
        return None
    said, limit, name, address = match.groups()
    name = "" if name == "unknown" else name
    stage = _LIMITED_STAGES.get(limit[0], "CONNECT")
    return Refused(line.at, line.host, "", stage, name, ip_or_empty(address), reply=said[:_LONGEST_REPLY])


def parted(text: str) -> tuple[str, dict[str, str | None]]:
    """Return the reply, and what the tail of envelope, protocol and HELO holds.

    Where two tails follow each other, one is imitated: only the login at the very end is Postfix's word then.
    """
    for mark in _MARKS:
        at = text.rfind(mark)
        tail = _TAIL.fullmatch(text, at) if 0 <= at >= len(text) - _LONGEST_TAIL else None
        if tail:
            begun = [first for one in _MARKS if (first := text.find(one, 0, at)) >= 0]
            if begun and text.find(" helo=<", min(begun), at) >= 0:
                return text, {"mailbox": tail["mailbox"]}
            return text[:at], tail.groupdict()
    return text, {}


def plain(helo: str) -> str:
    """Return a HELO, "" for one that imitates fields."""
    return "" if "<" in helo or ">" in helo else helo


def _content(line: Line) -> Refused | None:
    """Return a refusal by header_checks or body_checks: what follows is the mail's own text, so it is only kept."""
    match = _CONTENT.match(line.payload)
    if match is None:
        if line.payload.startswith("NOQUEUE: reject: "):
            raise ValueError("a refusal without its stage")
        return None
    text = line.payload[match.end() :]
    return Refused(line.at, line.host, match[1], match[2], reply=text[:_LONGEST_REPLY])
