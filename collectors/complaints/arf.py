"""Feedback reports (RFC 5965), and Hotmail's JMRP mails, which have no feedback part.

Format: https://www.rfc-editor.org/rfc/rfc5965

The sender is who authenticated at our server, as it wrote into the mail's header before the mail left: in the
`Received` directly behind the provider's hop that names Source-IP, or in X-Authenticated-* between the two. A content
filter of ours puts hops over loopback between; they are followed. Whatever lies below may be forged, and the envelope's
sender can be anybody's: without our own word a complaint is known by its IP only.

Where no Source-IP is told, the outbound IP is the one from which the provider says that it took the mail. Whether that
is one of ours, the pool tells. No sender is read then: a provider that takes its own hop out leaves ours on top, and
behind that a stranger's words.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from hashlib import sha256
from ipaddress import ip_address, ip_network

from collectors.addresses import ip_or_empty, is_loopback
from schemas.events import ComplaintReceived
from schemas.names import canonical_mailbox, derived_id

_MOST_PARTS = 200
_LARGEST = 32 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AUTHENTICATED = re.compile(r"\(Authenticated sender: ([^()\s]{1,320})\)")
_QUEUE_ID = re.compile(r"\bid ([0-9A-Za-z]{5,24})\b")
_ADDRESS = re.compile(r"[\[( ](?:IPv6:)?([0-9A-Fa-f:.]{3,45})(?=[\]) ])")
_PRIVATE = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)
_JMRP_SUBJECT = re.compile(r"complaint about message from ([0-9A-Fa-f:.]{3,45})")
_AUTHENTICATED_HEADERS = ("X-Authenticated-Id", "X-Authenticated-Sender")
_FIELD_NAME = re.compile(r"[!-9;-~]+:")

# The parser of `email.policy.default` raises undocumented IndexErrors and AttributeErrors on hostile headers; with
# compat32 headers stay text, and all that is read here is read by expressions of our own.


def parse(message: bytes) -> ComplaintReceived | None:
    """Return the complaint of a feedback report, None for any other mail. ValueError where a report is unreadable."""
    if len(message) > _LARGEST:
        raise ValueError(f"a mail of {len(message)} bytes, more than {_LARGEST}")
    if message.lower().count(b"boundary") > _MOST_PARTS:  # the parser's time grows with the square of their depth
        raise ValueError("a mail of too many nested parts")
    try:
        mail = message_from_bytes(message, policy=compat32)
        parts = list(mail.walk())
    except RecursionError as error:
        raise ValueError("a mail of too many nested parts") from error
    report = next((part for part in parts if part.get_content_type() == "message/feedback-report"), None)
    if report is None:
        if "feedback-report" in _text(mail.get_param("report-type")).lower():
            raise ValueError("a feedback report without its feedback part")
        return _jmrp(message, mail, _original(parts))
    fields = _fields_of(report, "Feedback-Type")
    kind = _first(fields, "Feedback-Type").lower()
    if not kind:
        raise ValueError("a feedback report without Feedback-Type")
    return _complaint(message, mail, kind, fields, _original(parts))


def _jmrp(message: bytes, mail: Message, original: Message) -> ComplaintReceived | None:
    """Return Hotmail's complaint: the original mail attached, or (older) sent again as it was."""
    if mail.get("X-HmXmrOriginalRecipient"):
        original = mail
    recipient = _first(original, "X-HmXmrOriginalRecipient")
    if not recipient:
        return None
    fields = Message(policy=compat32)
    fields["Original-Rcpt-To"] = recipient
    told = _JMRP_SUBJECT.fullmatch(_first(mail, "Subject"))
    if told and original is not mail:  # else the subject is the sender's own
        fields["Source-IP"] = told[1]
    return _complaint(message, mail, "abuse", fields, original)


def _complaint(message: bytes, mail: Message, kind: str, fields: Message, original: Message) -> ComplaintReceived:
    source = ip_or_empty(_first(fields, "Source-IP").strip("[]"))
    ours, above = _our_part(original, source)
    sender, attribution = _sender(ours[-1] if ours else "", above)
    queue_ids = [found[1] for line in reversed(ours) if (found := _QUEUE_ID.search(line))]
    arrived = _time(_first(fields, "Arrival-Date") or _first(fields, "Received-Date"))
    times = (_time(value) for value in (_first(mail, "Date"), _first(mail, "Received").rpartition(";")[2]))
    at = next((time for time in times if time), arrived)
    if not at:
        raise ValueError("a feedback report without a time")
    identifiers = [*_all(fields, "Original-Message-ID"), *_all(original, "Message-ID")]
    envelope = _first(fields, "Original-Mail-From") or _first(original, "Return-Path")
    return ComplaintReceived(
        id=derived_id("arf", sha256(message).hexdigest()),
        at=at,
        feedback_type=kind[:40],
        sender=sender,
        attribution=attribution,
        outbound_ip=source or (_handed_over(original) if original is not mail else ""),
        reporter=parseaddr(_first(mail, "From"))[1].lower()[:320],
        envelope_from=_address(envelope),
        recipient=_address(_first(fields, "Original-Rcpt-To")),
        message_id=identifiers[-1].strip("<>")[:1000] if identifiers else "",
        queue_id=queue_ids[0] if queue_ids else "",
        arrived_at=arrived,
    )


def _our_part(original: Message, source: str) -> tuple[list[str], Message]:
    """Return the `Received` lines that our relay wrote, and the fields that were put above the last of them.

    Ours begin directly behind the topmost hop from our IP, and end with the first that tells a login or is not from
    loopback: what stands below, a stranger may have written (below a hop over loopback, who may submit there without a
    login). Both are empty where that cannot be told: no hop names our IP, or a login is told there or above already.
    """
    ours: list[str] = []
    above, since = Message(policy=compat32), Message(policy=compat32)
    hop_seen = False
    for name, value in original.items():
        line = " ".join(_text(value).split())
        if name.lower() != "received":
            if hop_seen:
                since[name] = line
        elif hop_seen:
            ours.append(line)
            for field, told in since.items():
                above[field] = told
            since = Message(policy=compat32)
            if _AUTHENTICATED.search(line) or not _is_loopback(line):  # a webmail logs in over loopback
                break
        elif _AUTHENTICATED.search(line):
            break
        else:
            hop_seen = bool(source) and source in _addresses_of(line)
    return ours, above


def _handed_over(original: Message) -> str:
    """Return from which IP the provider took the mail: told by its topmost `Received`, or in a field above that."""
    told = ""
    for name, value in original.items():
        line = " ".join(_text(value).split())
        if name.lower() == "x-originating-ip":
            told = told or ip_or_empty(line.strip("[]"))
        elif name.lower() == "received":
            hop = [] if _AUTHENTICATED.search(line) else _addresses_of(line)  # a login: the hop is ours, not theirs
            return next((ip for ip in (told, *reversed(hop)) if ip and not _is_private(ip)), "")
    return ""


def _is_private(ip: str) -> bool:
    address = ip_address(ip)
    return any(address in network for network in _PRIVATE)


def _is_loopback(received: str) -> bool:
    addresses = _addresses_of(received)
    return bool(addresses) and all(map(is_loopback, addresses))


def _addresses_of(received: str) -> list[str]:
    """Return the addresses that a `Received` tells of who sent the mail; the connection's own is the last."""
    found = (ip_or_empty(text) for text in _ADDRESS.findall(received.partition(" by ")[0]))
    return [ip for ip in found if ip]


def _sender(ours: str, above: Message) -> tuple[str, str]:
    told = _AUTHENTICATED.findall(ours)
    if told:
        return (canonical_mailbox(told[0]), "authenticated_sender") if len(told) == 1 else ("", "")
    for name in _AUTHENTICATED_HEADERS if ours else ():
        value = _address(_first(above, name))
        if value:
            return canonical_mailbox(value), name.lower().replace("-", "_")
    return "", ""


def _original(parts: list[Message]) -> Message:
    """Return the header of the mail that was complained of; empty where the report does not hold it."""
    for part in parts:
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers", "text/rfc822-header"}:
            return _fields_of(part, "Received")
    return Message(policy=compat32)


def _fields_of(part: Message, expected: str) -> Message:
    """Return the header that a part holds as its content; some reports put a second header before it."""
    content = part.get_payload()
    inner = content[0] if isinstance(content, list) and content else part
    if inner is not part and isinstance(inner, Message) and inner.get(expected) is not None:
        return inner
    text = inner.get_payload() if isinstance(inner, Message) else content
    if isinstance(text, str) and _FIELD_NAME.match(text.lstrip()):
        return message_from_string(text.lstrip(), policy=compat32)
    return inner if isinstance(inner, Message) else part


def _all(header: Message, name: str) -> Iterator[str]:
    for value in header.get_all(name, []):
        yield " ".join(_text(value).split())


def _first(header: Message, name: str) -> str:
    return next(_all(header, name), "")


def _text(value: object) -> str:
    """Return a header's value as text that can be encoded: bytes outside ASCII become U+FFFD."""
    return str(value or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _address(text: str) -> str:
    """Return the address of `<a@example.net>` or `Name <a@example.net>`, cut to the length addresses have."""
    inner = text.rpartition("<")[2] if "<" in text else text
    return inner.strip().removesuffix(">").strip()[:320]


def _time(text: str) -> int:
    try:
        moment = parsedate_to_datetime(text.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, int((moment - _EPOCH).total_seconds()) * 1_000_000)
