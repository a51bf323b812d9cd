"""From what a format reads in a report to the complaint that it makes.

The sender is told by our own word in the header of the reported mail (`collectors/hops.py`), or by an envelope sender
that we made for it; else only the log can tell it (`collectors/attribution.py`): the envelope's sender can be anybody.

Where the report names no IP, the outbound IP is the one from which the provider says that it took the mail. Whether
that is one of ours, the pool tells. No header is believed then: a provider that takes its own hop out leaves ours on
top, and behind that a stranger's words.
"""

from dataclasses import dataclass
from email.message import Message
from hashlib import sha256
from typing import TypedDict, TypeVar

from msgspec.structs import replace

from collectors import headers, hops
from collectors.addresses import ip_or_empty
from collectors.hops import OurPart
from collectors.ways import NO_WAYS, Ways
from schemas.attribution import HEADER, SIGNED, UNSIGNED
from schemas.bounce_events import BounceReceived
from schemas.events import ComplaintReceived
from schemas.names import canonical_mailbox, derived_id

Received = TypeVar("Received", ComplaintReceived, BounceReceived)
_IPV6 = "ipv6:"  # https://www.rfc-editor.org/rfc/rfc5321#section-4.1.3
_AUTHENTICATED_HEADERS = ("X-Authenticated-Id", "X-Authenticated-Sender")


@dataclass(frozen=True)
class Report:
    """A report as its format reads it: the mail, what it tells in the fields of RFC 5965, the reported mail's header.

    `original` is the mail itself where a report is that mail sent back: then its From is the reported mail's, and its
    Return-Path the reporter's.
    """

    message: bytes
    mail: Message
    fields: Message
    original: Message
    kind: str = "abuse"
    url: str = ""


class _Sender(TypedDict, total=False):
    sender: str
    attribution: str
    confidence: float


class _Failure(TypedDict, total=False):
    auth_failure: str
    reported_domain: str
    alignment: str
    delivery_result: str
    auth_results: str


def complaint(report: Report, ways: Ways = NO_WAYS) -> ComplaintReceived:
    """Return the complaint that a report makes; `at` is 0 where it tells no time: `dated` then sets it."""
    mail, fields, original = report.mail, report.fields, report.original
    source = _source_of(fields)
    ours = hops.our_part(original, source)
    taken_from = hops.handed_over(original) if not source and original is not mail else ("", 0)
    told = headers.time(headers.first(fields, "Arrival-Date") or headers.first(fields, "Received-Date"))
    arrived = told or ours.taken_over or taken_from[1]
    identifiers = [*headers.values(fields, "Original-Message-ID"), *headers.values(original, "Message-ID")]
    host, queue_id = ours.queue
    return ComplaintReceived(
        id=derived_id("arf", sha256(report.message).hexdigest()),
        at=_time_of(report, arrived),
        feedback_type=report.kind[:40],
        **(_in_our_word(ours, ways) or _in_the_envelope(report, ways) or {}),
        outbound_ip=source or taken_from[0],
        reporter=headers.mailbox(headers.first(mail, "Return-Path" if original is mail else "From")).lower()[:320],
        envelope_from=_envelope_from(fields, headers.empty() if original is mail else original),
        recipient=headers.address(headers.first(fields, "Original-Rcpt-To")),
        message_id=identifiers[-1].strip("<>")[:1000] if identifiers else "",
        queue_id=queue_id,
        host=host,
        arrived_at=arrived,
        report_url=report.url,
        **(_failure(fields) if report.kind == "auth-failure" else {}),
    )


def dated(received: Received, latest: int, earliest: int = 0) -> Received:
    """Return a complaint or a bounce with its time within these: what a report's Date says is anybody's word.

    One that tells no time has the latest, which is that of its arrival.
    """
    return replace(received, at=max(earliest, min(received.at or latest, latest)))


def _source_of(fields: Message) -> str:
    """Return the IP of Source-IP, "" where it has none; some write it as an address literal, or a name behind it."""
    told = headers.first(fields, "Source-IP").partition("(")[0].strip().strip("[]")
    return ip_or_empty(told[len(_IPV6) :] if told.lower().startswith(_IPV6) else told)


def _failure(fields: Message) -> _Failure:
    """Return what a report of an authentication failure (RFC 6591, RFC 9991) says of it."""
    return {
        "auth_failure": headers.first(fields, "Auth-Failure").lower()[:40],
        "reported_domain": headers.first(fields, "Reported-Domain").lower()[:253],
        "alignment": headers.first(fields, "Identity-Alignment").lower()[:40],
        "delivery_result": headers.first(fields, "Delivery-Result").lower()[:40],
        "auth_results": headers.first(fields, "Authentication-Results")[:1000],
    }


def _time_of(report: Report, arrived: int) -> int:
    """Return when the report was sent; of a mail sent back, whose Date is its sender's, when we received it; else 0."""
    told = [headers.first(report.mail, "Date"), headers.first(report.mail, "Received").rpartition(";")[2]]
    if report.original is report.mail:
        told.reverse()
    return next((time for time in map(headers.time, told) if time), arrived)


def _in_our_word(ours: OurPart, ways: Ways) -> _Sender:
    """Return whom our relay named in the header, in a field of ours, else as the login in its line; else nothing."""
    if not ours.lines:
        return {}
    logins = hops.AUTHENTICATED.findall(ours.lines[-1])
    told = {
        "own_header": headers.first(ours.above, ways.header) if ways.header else "",
        "authenticated_sender": logins[0] if len(logins) == 1 else "",
    }
    if not logins:
        told |= {name.lower().replace("-", "_"): headers.first(ours.above, name) for name in _AUTHENTICATED_HEADERS}
    for way, text in told.items():
        sender = canonical_mailbox(headers.address(text))
        if sender:
            return {"sender": sender, "attribution": way, "confidence": HEADER}
    return {}


def _in_the_envelope(report: Report, ways: Ways) -> _Sender:
    """Return whom an envelope sender of ours names, else nothing.

    Without a signature only what the provider says of the envelope counts: in its report, or above its first hop.
    """
    verp = ways.verp
    if verp is None:
        return {}
    original = report.original if verp.signed else _above_the_hops(report.original)
    mailbox = canonical_mailbox(verp.mailbox(_envelope_from(report.fields, original)))
    confidence = SIGNED if verp.signed else UNSIGNED
    return {"sender": mailbox, "attribution": "verp", "confidence": confidence} if mailbox else {}


def _envelope_from(fields: Message, original: Message) -> str:
    return headers.address(headers.first(fields, "Original-Mail-From") or headers.first(original, "Return-Path"))


def _above_the_hops(original: Message) -> Message:
    found = headers.empty()
    for name, value in original.items():
        if name.lower() == "received":
            break
        found[name] = headers.text(value)
    return found
