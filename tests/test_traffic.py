"""The counts that one partition sends to the pool."""

from schemas.events import ComplaintReceived, DeliveryAttempted, MessageExpired
from schemas.facts import Culprit, Outcome
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
    counter.add(attempt(6, B, provider="yahoo"))
    counter.add(ComplaintReceived(id="c", at=99, feedback_type="abuse", outbound_ip=A))
    quiet, first, second = (event for event in counter.drain(3, 1000) if isinstance(event, TrafficCounted))
    assert (quiet.ip, quiet.provider, quiet.complaints, quiet.sent, quiet.last_at) == (A, "", 1, 0, 0)
    assert (first.ip, first.provider, first.sent, first.deferred, first.bounced) == (A, "google", 8, 1, 1)
    assert (first.partition, first.at, first.first_at, first.last_at) == (3, 1000, 5, 20)
    assert first.senders[0] == Culprit(sender="s17@example.net", messages=2)
    assert [culprit.sender[:3] for culprit in first.senders[1:]] == ["s10", "s11", "s12", "s13"]
    assert (second.ip, second.provider, second.sent) == (B, "yahoo", 1)
    assert len({event.id for event in (quiet, first, second)}) == 3
    assert counter.drain(3, 2000) == ()


def test_local_deliveries_unknown_ips_and_other_events_are_skipped() -> None:
    counter = TrafficCounter()
    counter.add(attempt(1, A, local=True))
    counter.add(attempt(1, ""))
    counter.add(ComplaintReceived(id="c", at=1, feedback_type="abuse"))
    counter.add(MessageExpired(id="m", at=1, host="mx1", queue_id="Q"))
    assert counter.drain(0, 1) == ()
