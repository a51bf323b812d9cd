"""What a small hoster sent, and complaints about it, with whom the log should name for each (test_attribution)."""

import time
from collections.abc import Iterator
from typing import Any

from schemas.events import ComplaintReceived, DeliveryAttempted, Event, MessageSubmitted
from schemas.names import event_id

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = time.time_ns() // 1000 // HOUR * HOUR  # the tables forget what is old
A, B = "192.0.2.1", "192.0.2.2"
ALICE, MALLORY, RIVAL = "alice@example.net", "mallory@example.net", "rival@example.net"
QUOTED = """a'b"c\\d`{e:String}\tf%(g)s@example.net"""
_number = iter(range(1_000_000))


def _id() -> str:
    return event_id("0123456789abcdef", next(_number))


def submitted(at: int, queue_id: str, sender: str, **more: Any) -> MessageSubmitted:  # noqa: ANN401 fields of an event
    given = {"host": "mx1", "sender_kind": "sasl", "envelope_from": sender} | more
    return MessageSubmitted(id=_id(), at=at, queue_id=queue_id, sender=sender, **given)


def delivered(at: int, queue_id: str, sender: str, to: str, **more: Any) -> DeliveryAttempted:  # noqa: ANN401 likewise
    given = {"host": "mx1", "sender_kind": "sasl", "outcome": "sent", "outbound_ip": A, "provider": "google"} | more
    return DeliveryAttempted(id=_id(), at=at, queue_id=queue_id, sender=sender, recipient=to, **given)


def mail(at: int, queue_id: str, sender: str, to: str, message_id: str, **more: Any) -> Iterator[Event]:  # noqa: ANN401 likewise
    known = {name: value for name, value in more.items() if name in {"host", "sender_kind"}}
    yield submitted(at, queue_id, sender, message_id=message_id, **known)
    yield delivered(at + 1_000_000, queue_id, sender, to, **more)


def town() -> list[Event]:
    """Return what was sent by a small hoster: through content filters and relay hosts, too, and by a forger."""
    local = {"outbound_ip": "", "local": True, "provider": ""}
    envelope = {"sender_kind": "envelope"}
    return [
        *mail(NOW - 5 * HOUR, "4REUSED", RIVAL, "bob@gmail.com", "r0@example.net"),
        *mail(NOW - HOUR, "4REUSED", ALICE, "bob@gmail.com", "m1@example.net"),
        *mail(NOW - HOUR, "4REUSED", MALLORY, "eve@gmail.com", "m2@example.net", host="mx2", outbound_ip=B),
        *mail(NOW - HOUR, "4TWICE", ALICE, "bob@gmail.com", "t1@example.net"),
        *mail(NOW - HOUR, "4TWICE", MALLORY, "bob@gmail.com", "t2@example.net", host="mx2"),
        *mail(NOW - 2 * HOUR, "4RIVAL", RIVAL, "friend@gmail.com", "stolen@example.net"),
        *mail(NOW - 2 * HOUR, "4FORGER", MALLORY, "victim@gmail.com", "stolen@example.net"),
        *mail(NOW - HOUR, "4STRANGER", "x@example.org", "bob@gmail.com", "s1@example.net", **envelope),
        *mail(NOW - HOUR, "4NETWORK", "customer 7", "bob@gmail.com", "n1@example.net", sender_kind="network"),
        *mail(NOW - HOUR, "4LOCAL", ALICE, "carol@example.net", "l1@example.net", **local),
        *mail(NOW - 20 * DAY, "4OLD", ALICE, "bob@gmail.com", "old@example.net"),
        submitted(NOW - 30 * HOUR, "4LATE", ALICE, message_id="late@example.net"),
        delivered(NOW - HOUR, "4LATE", ALICE, "bob@gmail.com"),
        *mail(NOW - HOUR, "4QUOTED", ALICE, "bob@gmail.com", QUOTED),
        *mail(NOW - HOUR, "4DOMAIN", ALICE, "dora@kunde.example", "d1@example.net", provider="microsoft"),
        submitted(NOW - HOUR, "4FRONT", ALICE, message_id="f1@example.net"),
        delivered(NOW - HOUR, "4FRONT", ALICE, "bob@gmail.com", queued_as="4BEHIND", **local),
        delivered(NOW - HOUR, "4BEHIND", ALICE, "bob@gmail.com", queued_as="4RELAY", **local),
        delivered(NOW - HOUR, "4RELAY", ALICE, "bob@gmail.com", host="relay1", queued_as="gmail1"),
        submitted(NOW - HOUR, "4SUBMIT", ALICE, message_id="h1@example.net"),
        delivered(NOW - HOUR, "4SUBMIT", ALICE, "bob@gmail.com", queued_as="4APART", **local),
        submitted(NOW - HOUR, "4APART", ALICE, message_id="h1@example.net", host="relay2", **envelope),
        delivered(NOW - HOUR, "4APART", ALICE, "bob@gmail.com", host="relay2", envelope_from=ALICE, **envelope),
        submitted(NOW - HOUR, "4TRICK", MALLORY, message_id="q1@example.net"),
        delivered(NOW - HOUR, "4TRICK", MALLORY, "m@evil.example", queued_as="4RIVAL", **local),
    ]


def complaint(**told: Any) -> ComplaintReceived:  # noqa: ANN401 fields of an event
    given: dict[str, Any] = {"at": NOW, "feedback_type": "abuse", "outbound_ip": A, "recipient": "bob@gmail.com"} | told
    return ComplaintReceived(id="c", **given)


def by_queue(queue_id: str, **told: Any) -> ComplaintReceived:  # noqa: ANN401 likewise
    return complaint(**({"queue_id": queue_id, "host": "mx1.example.net", "arrived_at": NOW - HOUR} | told))


def by_message(message_id: str, **told: Any) -> ComplaintReceived:  # noqa: ANN401 likewise
    return complaint(message_id=message_id, **told)


HEADER: dict[str, Any] = {"attribution": "authenticated_sender", "confidence": 0.8}
UNKNOWN = "the log knows no mail with this Message-ID"
LEFT = "a mail with this Message-ID left, but"
TWO = "2 senders sent such a mail"
CASES: dict[str, tuple[ComplaintReceived, tuple[str, str, float, str], bool]] = {
    # The queue id: host, outbound IP and time agree; it was used four hours before, and by another host.
    "queue id": (by_queue("4REUSED"), (ALICE, "queue_id", 0.9, ""), True),
    "queue id, time before": (
        by_queue("4REUSED", arrived_at=NOW - 5 * HOUR),
        (RIVAL, "queue_id", 0.9, ""),
        True,
    ),
    "queue id, host unknown": (by_queue("4REUSED", host=""), (ALICE, "queue_id", 0.8, ""), True),
    "queue id, another host's name": (
        by_queue("4REUSED", host="mail.hoster.example"),
        (ALICE, "queue_id", 0.8, ""),
        True,
    ),
    "queue id, other IP": (
        by_queue("4TWICE", outbound_ip=B),
        ("", "", 0.0, f"a mail with this queue id left, but not through {B}"),
        False,
    ),
    "queue id of two hosts, told": (by_queue("4TWICE", host="mx2"), (MALLORY, "queue_id", 0.9, ""), True),
    "queue id of two hosts": (by_queue("4TWICE", host=""), ("", "", 0.0, TWO), True),
    "queue id, another time": (
        by_queue("4REUSED", arrived_at=NOW - 12 * HOUR),
        ("", "", 0.0, "the log knows no mail with this queue id"),
        False,
    ),
    "queue id without a time": (
        by_queue("4REUSED", arrived_at=0),
        ("", "", 0.0, "the log knows no mail with this queue id"),
        False,
    ),
    "queue id before Message-ID": (
        by_queue("4FORGER", message_id="r0@example.net", arrived_at=NOW - 2 * HOUR, recipient="victim@gmail.com"),
        (MALLORY, "queue_id", 0.9, ""),
        True,
    ),
    # The Message-ID: the more agrees, the surer.
    "Message-ID, address": (by_message("m1@example.net"), (ALICE, "message_id", 0.9, ""), True),
    "Message-ID, provider": (
        by_message("m1@example.net", recipient="redacted@googlemail.com"),
        (ALICE, "message_id", 0.8, ""),
        True,
    ),
    "Message-ID, domain at a provider": (
        by_message("d1@example.net", recipient="redacted@kunde.example"),
        (ALICE, "message_id", 0.8, ""),
        True,
    ),
    "Message-ID, munged recipient": (by_message("m1@example.net", recipient="x"), (ALICE, "message_id", 0.7, ""), True),
    "Message-ID, no IP": (by_message("m1@example.net", outbound_ip=""), (ALICE, "message_id", 0.7, ""), True),
    "Message-ID only": (
        by_message("m1@example.net", outbound_ip="", recipient=""),
        (ALICE, "message_id", 0.6, ""),
        True,
    ),
    "Message-ID, capital letters": (
        by_message("m1@example.net", recipient="BOB@Gmail.com"),
        (ALICE, "message_id", 0.9, ""),
        True,
    ),
    "Message-ID of odd signs": (by_message(QUOTED), (ALICE, "message_id", 0.9, ""), True),
    "Message-ID, customer network": (by_message("n1@example.net"), ("customer 7", "message_id", 0.9, ""), True),
    "Message-ID, other IP": (
        by_message("m1@example.net", outbound_ip=B),
        ("", "", 0.0, f"{LEFT} not through {B}"),
        False,
    ),
    "Message-ID, other recipient": (
        by_message("m1@example.net", recipient="bob@web.de"),
        ("", "", 0.0, f"{LEFT} not to the reported recipient or its provider"),
        False,
    ),
    "Message-ID, other time": (
        by_message("late@example.net", arrived_at=NOW - 26 * HOUR),
        ("", "", 0.0, f"{LEFT} at another time"),
        False,
    ),
    "Message-ID, too long ago": (by_message("old@example.net"), ("", "", 0.0, UNKNOWN), False),
    "Message-ID unknown": (by_message("none@example.net"), ("", "", 0.0, UNKNOWN), False),
    "Message-ID of a local mail": (
        by_message("l1@example.net", recipient=""),
        ("", "", 0.0, f"{LEFT} not through {A}"),
        False,
    ),
    "Message-ID of an envelope sender": (
        by_message("s1@example.net"),
        ("", "", 0.0, "it left for an envelope sender, which can be anybody's"),
        True,
    ),
    # Over the hops of ours: a content filter, a relay host, a relay host whose log another collector reads.
    "content filter and relay host": (by_message("f1@example.net"), (ALICE, "message_id", 0.9, ""), True),
    "relay host read elsewhere": (by_message("h1@example.net"), (ALICE, "message_id", 0.9, ""), True),
    # Mallory wrote the rival's Message-ID into a mail, and had a server answer with a queue id of the rival's.
    "stolen Message-ID, told recipient": (
        by_message("stolen@example.net", recipient="victim@gmail.com"),
        (MALLORY, "message_id", 0.9, ""),
        True,
    ),
    "stolen Message-ID, munged": (by_message("stolen@example.net", recipient="x"), ("", "", 0.0, TWO), True),
    "stolen Message-ID, provider": (
        by_message("stolen@example.net", recipient="z@gmail.com"),
        ("", "", 0.0, TWO),
        True,
    ),
    "queue id in a stranger's answer": (
        by_message("q1@example.net", recipient="friend@gmail.com"),
        ("", "", 0.0, f"{LEFT} not through {A}"),
        False,
    ),
    # What our own header or an envelope named already.
    "header confirmed": (by_queue("4REUSED", sender=ALICE, **HEADER), (ALICE, "authenticated_sender", 1.0, ""), True),
    "header denied": (
        by_queue("4REUSED", sender=RIVAL, **HEADER),
        (ALICE, "queue_id", 0.9, f"our header in the report names {RIVAL}, not the log"),
        True,
    ),
    "header, log silent": (
        by_message("none@example.net", sender=ALICE, **HEADER),
        (ALICE, "authenticated_sender", 0.8, "the log knows no such mail of this sender"),
        False,
    ),
    "header, two senders": (
        by_message("stolen@example.net", recipient="x", sender=RIVAL, **HEADER),
        (RIVAL, "authenticated_sender", 0.8, "the log knows no such mail of this sender"),
        True,
    ),
    "header, nothing to ask for": (
        complaint(sender=ALICE, **HEADER),
        (ALICE, "authenticated_sender", 0.8, "the log knows no such mail of this sender"),
        True,
    ),
    "header, a Date before the mail": (
        by_message("m1@example.net", sender=ALICE, at=NOW - 14 * DAY, arrived_at=NOW - HOUR, **HEADER),
        (ALICE, "authenticated_sender", 1.0, ""),
        True,
    ),
    "own header denied by queue id": (
        by_queue("4REUSED", sender="kunde-4711", attribution="own_header", confidence=0.8),
        (ALICE, "queue_id", 0.9, "our header in the report names kunde-4711, not the log"),
        True,
    ),
    "own header denied by Message-ID": (
        by_message("m1@example.net", sender=RIVAL, attribution="own_header", confidence=0.8),
        (ALICE, "message_id", 0.9, f"our header in the report names {RIVAL}, not the log"),
        True,
    ),
    "own header of a customer's network": (
        by_message("n1@example.net", sender="customer 7", attribution="own_header", confidence=0.8),
        ("customer 7", "own_header", 1.0, ""),
        True,
    ),
    "own header, log silent": (
        by_message("none@example.net", sender="kunde-4711", attribution="own_header", confidence=0.8),
        ("kunde-4711", "own_header", 0.8, "the log knows no such mail of this sender"),
        False,
    ),
    "signed envelope, log silent": (
        by_message("none@example.net", sender="shop", attribution="verp", confidence=0.9),
        ("shop", "verp", 0.9, "the log knows no such mail of this sender"),
        True,
    ),
    "signed envelope": (
        by_message("m1@example.net", sender="shop", attribution="verp", confidence=0.9),
        ("shop", "verp", 0.9, ""),
        True,
    ),
    "unsigned envelope confirmed": (
        by_message("m1@example.net", sender=ALICE, attribution="verp", confidence=0.5),
        (ALICE, "verp", 1.0, ""),
        True,
    ),
    "unsigned envelope denied": (
        by_message("m1@example.net", sender=RIVAL, attribution="verp", confidence=0.5),
        (ALICE, "message_id", 0.9, f"our header in the report names {RIVAL}, not the log"),
        True,
    ),
    "unsigned envelope, log silent": (
        by_message("none@example.net", sender=ALICE, attribution="verp", confidence=0.5),
        (ALICE, "verp", 0.5, "the log knows no such mail of this sender"),
        False,
    ),
    "nothing": (complaint(), ("", "", 0.0, "it names neither a queue id of ours nor a Message-ID"), True),
}
