"""What a partition counts reaches the pools: all of it, and each count once, however many one flush holds."""

from msgspec import structs

from schemas import codec
from schemas.mailbox_settings import Mailboxes
from schemas.names import count_id, source_id, source_of
from schemas.observations import TrafficCounted
from schemas.pool_settings import Pool
from schemas.topics import MAIL_EVENTS
from streams.partition import Partition
from streams.pools import Pools
from tests.test_traffic import attempt

IP = "192.0.2.1"
PROVIDERS = 40


def counted() -> list[TrafficCounted]:
    """Return the counts of one flush: each of 40 providers got a mail through one IP."""
    partition = Partition(0, Mailboxes(), "1")
    events = [attempt(1_000_000 + number, IP, provider=f"p{number}") for number in range(PROVIDERS)]
    partition.apply(
        MAIL_EVENTS,
        [
            structs.replace(event, id=f"{source_id('a log')}-{number:012x}-0", recipient=f"r@p{number}.example")
            for number, event in enumerate(events)
        ],
    )
    told = [codec.decode(output.value or b"") for output in partition.flush(2_000_000)[1]]
    return [event for event in told if isinstance(event, TrafficCounted)]


def test_each_count_of_a_flush_counts_and_none_twice() -> None:
    counts = counted()
    assert len(counts) == PROVIDERS
    pools = Pools({"main": Pool(transports={"out1": IP, "out2": "192.0.2.2"}, min_active=1)}, "one", 1)
    for offset in (0, 1):
        pools.apply(offset, counts)
    (senders,) = pools.pools["main"].ips[IP].tallies.short.values()
    assert {name: tally.messages for name, tally in senders.items()} == {"a@example.net": PROVIDERS}


def test_ids_of_a_flush_sort_by_place() -> None:
    series = source_id("traffic", 0)
    ids = [count_id(series, sequence, place) for sequence in (1, 2, 300) for place in (0, 9, 15, 16, 17, 255, 256)]
    assert ids == sorted(ids)
    assert {source_of(identity) for identity in ids} == {series}
