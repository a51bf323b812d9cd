"""The counts that one partition sends to the pool."""

import pytest
from msgspec.structs import replace

from schemas.events import ComplaintReceived, DeliveryAttempted, MessageExpired
from schemas.facts import Culprit, Outcome
from schemas.names import provider_of
from schemas.observations import TrafficCounted
from streams.traffic import TrafficCounter

A, B = "192.0.2.1", "2001:db8::1"


def attempt(  # noqa: PLR0913 what the tests vary
    at: int,
    ip: str,
    sender: str = "a@example.net",
    outcome: Outcome = "sent",
    *,
    local: bool = False,
    provider: str = "google",
) -> DeliveryAttempted:
    return DeliveryAttempted(
        id=f"d{at}",
        at=at,
        host="mx1",
        queue_id="Q",
        sender=sender,
        recipient="r@example.org",
        outcome=outcome,
        outbound_ip=ip,
        provider=provider,
        local=local,
    )


def test_counts_by_ip_and_provider_with_the_top_senders() -> None:
    counter = TrafficCounter()
    for at in range(10, 18):
        counter.add(attempt(at, A, f"s{at}@example.net"))
    counter.add(attempt(20, A, "s17@example.net", "bounced"))
    counter.add(attempt(5, A, "", "deferred"))
    for _ in range(3):
        counter.add(replace(attempt(19, A, "eve@example.net"), sender_kind="envelope"))
    counter.add(attempt(6, B, provider="yahoo"))
    counter.add(ComplaintReceived(id="c", at=99, feedback_type="abuse", outbound_ip=A))
    quiet, first, second = (event for event in counter.drain(3, 1000) if isinstance(event, TrafficCounted))
    assert (quiet.ip, quiet.provider, quiet.complaints, quiet.sent, quiet.last_at) == (A, "", 1, 0, 0)
    assert (first.ip, first.provider, first.sent, first.deferred, first.bounced) == (A, "google", 11, 1, 1)
    assert (first.partition, first.at, first.first_at, first.last_at) == (3, 1000, 5, 20)
    assert first.senders[0] == Culprit(sender="s17@example.net", messages=2, recipients=1)
    assert [culprit.sender[:3] for culprit in first.senders[1:]] == ["s10", "s11", "s12", "s13"]
    assert (second.ip, second.provider, second.sent) == (B, "yahoo", 1)
    assert len({event.id for event in (quiet, first, second)}) == 3
    assert counter.drain(3, 2000) == ()


def test_what_went_wrong_is_told_by_sender_and_a_bad_one_of_few_messages_is_among_them() -> None:
    counter = TrafficCounter()
    for number in range(60):
        counter.add(attempt(number, A, f"shop{number % 6}@example.net"))
    replies = ("550 5.1.1 user unknown", "550 5.1.1 user unknown", "554 5.7.1 looks like spam")
    for number, reply in enumerate(replies):
        bounced = attempt(number, A, "eve@example.net", "bounced")
        counter.add(replace(bounced, recipient=f"r{number}@example.org", enhanced_status=reply[4:9], reply=reply))
    counter.add(replace(attempt(9, A, "eve@example.net", "deferred"), reply="450 4.2.0 greylisted"))
    sure, doubtful = (
        ComplaintReceived(
            id="c", at=9, feedback_type="abuse", outbound_ip=A, sender=f"{name}@example.net", confidence=confidence
        )
        for name, confidence in (("eve", 1.0), ("shop0", 0.5))
    )
    counter.add(sure)
    counter.add(doubtful)
    complained, count = (
        event
        for event in counter.drain(0, 99, lambda sender: 41 if sender == "eve@example.net" else 0)
        if isinstance(event, TrafficCounted)
    )
    assert [one.sender for one in count.senders] == [
        *(f"shop{number}@example.net" for number in range(5)),
        "eve@example.net",
    ]
    assert count.senders[-1] == Culprit(
        sender="eve@example.net", messages=4, recipients=4, unknown_users=2, refusals=1, networks=41
    )
    assert [(one.sender, one.complaints, one.messages) for one in complained.senders] == [("eve@example.net", 1, 0)]


def test_local_deliveries_unknown_ips_and_other_events_are_skipped() -> None:
    counter = TrafficCounter()
    counter.add(attempt(1, A, local=True))
    counter.add(attempt(1, ""))
    counter.add(ComplaintReceived(id="c", at=1, feedback_type="abuse"))
    counter.add(MessageExpired(id="m", at=1, host="mx1", queue_id="Q"))
    assert counter.drain(0, 1) == ()


@pytest.mark.parametrize("domain", ["a b.example", "*", "x\n0@: 192.0.2.9", "[192.0.2.1]", "a\tb", "", "x..example"])
def test_what_is_no_name_is_no_provider(domain: str) -> None:
    assert provider_of("mx.example.net", f"eve@{domain}") == ""


def test_a_name_is_a_provider() -> None:
    assert [provider_of("", f"eve@{name}") for name in ("b_1.Example", "ä.example")] == ["b_1.example", "ä.example"]
