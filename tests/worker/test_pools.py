"""The pools' one writer, begun again from a snapshot: in the same cluster, and in another."""

import msgspec
import pytest

from schemas import codec, pool_settings
from schemas.facts import Culprit
from schemas.mailbox_events import CulpritNamed
from schemas.names import derived_id, event_id, partition_of, source_id
from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    OperatorActed,
    PoolObservation,
    TrafficCounted,
)
from schemas.pool_events import IpWithdrawn
from schemas.topics import MAILBOX_SIGNALS, POOL_EVENTS, POOL_STATE
from streams import pool as fold
from streams.pools import Pools

CONFIGURED = {
    "main": pool_settings.Pool(transports={"out1": "192.0.2.1", "out2": "192.0.2.2"}),
    "spare": pool_settings.Pool(transports={"out3": "192.0.2.3"}),
}
START = 1_780_000_000_000_000


def observations() -> list[PoolObservation]:
    """Return a list in good health that lists 192.0.2.1, with traffic and ticks between."""
    series = source_id("traffic", 0)
    observed: list[PoolObservation] = [
        ListHealthObserved(id="h1", at=START, list="zone", healthy=True),
        ListHealthObserved(id="h2", at=START + 1, list="zone", healthy=True),
    ]
    for number in range(8):
        at = START + number * 1_000_000
        observed.append(
            TrafficCounted(
                id=event_id(series, number),
                at=at,
                partition=0,
                ip="192.0.2.1",
                sent=5,
                first_at=at,
                last_at=at,
                senders=(Culprit(sender="box@example.net", messages=5),),
            )
        )
        observed.append(ClockTicked(id=f"t{number}", at=at + 10))
        if number == 4:
            listed = ListingObserved(
                id="l1", at=at + 20, ip="192.0.2.1", list="zone", answer="listed", scope="ip", weight=1.0
            )
            clean = msgspec.structs.replace(listed, id="l2", ip="192.0.2.2", answer="not_listed")
            observed.extend((listed, clean))
    return observed


def run(pools: Pools, observed: list[PoolObservation], start: int = 0) -> tuple[list[bytes], list[bytes]]:
    """Apply observations as records from offset `start`; return what to write first, and the snapshots."""
    for offset, event in enumerate(observed[start:], start):
        pools.apply(offset, [event])
    decisions, states = pools.flush()
    assert {output.topic.name for output in decisions} <= {POOL_EVENTS.name, MAILBOX_SIGNALS.name}
    assert {output.topic.name for output in states} <= {POOL_STATE.name}
    return [output.value for output in decisions], [output.value for output in states]


def begun(cluster: str, states: list[bytes], decisions: list[bytes]) -> Pools:
    pools = Pools(CONFIGURED, cluster, 4)
    for value in states:
        pools.restore(value)
    pools.catch_up(event for value in decisions if isinstance(event := codec.decode(value), IpWithdrawn))
    return pools


def test_the_listing_withdraws_the_ip_and_names_who_sent_through_it() -> None:
    pools = begun("one", [], [])
    decisions, _ = run(pools, observations())
    withdrawn, named = (codec.decode(value) for value in decisions)
    assert isinstance(withdrawn, IpWithdrawn)
    assert named == CulpritNamed(
        id=derived_id("culprit", withdrawn.id, "box@example.net"),
        at=withdrawn.at,
        mailbox="box@example.net",
        pool="main",
        ip="192.0.2.1",
        messages=withdrawn.culprits[0].messages,
        share=1.0,
        decision=withdrawn.id,
    )
    assert (withdrawn.pool, withdrawn.ip) == ("main", "192.0.2.1")
    assert fold.active(pools.pools["main"]) == {"192.0.2.2": 1.0}
    assert fold.active(pools.pools["spare"]) == {"192.0.2.3": 1.0}


@pytest.mark.parametrize("known", range(1, 20))
@pytest.mark.parametrize("logged", [True, False])
def test_begun_again_in_the_same_cluster_all_is_the_same(known: int, logged: bool) -> None:  # noqa: FBT001
    whole = begun("one", [], [])
    all_decisions, _ = run(whole, observations())
    first = begun("one", [], [])
    decisions, states = run(first, observations()[:known])
    again = begun("one", states, decisions if logged else [])
    more, _ = run(again, observations())
    assert again.pools == whole.pools
    assert [*decisions, *more] == all_decisions


def test_decisions_that_were_logged_before_a_snapshot_was_written_come_again_with_the_same_ids() -> None:
    first = begun("one", [], [])
    _, states = first.flush()
    decisions, _ = run(first, observations())
    again = begun("one", [output.value for output in states], decisions)
    assert run(again, observations())[0] == decisions


def test_in_another_cluster_what_the_snapshot_lacks_comes_from_the_decisions() -> None:
    first = begun("one", [], [])
    _, states = run(first, observations()[:6])
    decisions, _ = run(first, observations(), 6)
    again = begun("two", states, decisions)
    assert fold.active(again.pools["main"]) == {"192.0.2.2": 1.0}
    named, snapshots = run(again, [])
    assert [codec.decode(value).id for value in named] == [codec.decode(decisions[1]).id]
    assert fold.active(begun("two", snapshots, []).pools["main"]) == {"192.0.2.2": 1.0}


def test_counts_told_twice_count_once_whatever_the_cluster() -> None:
    count = observations()[2]
    assert isinstance(count, TrafficCounted)
    first = begun("one", [], [])
    _, states = run(first, [count, count])
    again = begun("two", states, [])
    run(again, [count])
    senders = again.pools["main"].ips["192.0.2.1"].tallies.short
    assert [[one.messages for one in bucket.values()] for bucket in senders.values()] == [[5]]


def test_each_culprit_goes_to_his_own_partition_with_his_share_of_all_that_is_known() -> None:
    counted = TrafficCounted(
        id=event_id(source_id("traffic", 1), 0),
        at=START,
        partition=1,
        ip="192.0.2.1",
        sent=100,
        last_at=START,
        senders=tuple(Culprit(sender=f"box{number}@example.net", messages=10) for number in range(12)),
    )
    pools = begun("one", [], [])
    others = [event for event in observations() if not isinstance(event, TrafficCounted)]
    for offset, observed in enumerate([counted, *others]):
        pools.apply(offset, [observed])
    outputs = [output for output in pools.flush()[0] if output.topic == MAILBOX_SIGNALS]
    assert len(outputs) == 10  # the decision names no more
    for output in outputs:
        event = codec.decode(output.value)
        assert isinstance(event, CulpritNamed)
        assert (output.partition, output.key) == (partition_of(event.mailbox, 4), event.mailbox.encode())
        assert event.share == 0.083


def test_a_withdrawal_by_hand_accuses_nobody_and_what_no_snapshot_knows_neither() -> None:
    pools = begun("one", [], [])
    order = OperatorActed(
        id="o", at=START + 5_000_000, operator="kim", action="withdraw", subject="192.0.2.1", reason="moved"
    )
    decisions, states = run(pools, [*observations()[:6], order])
    assert [type(codec.decode(value)) for value in decisions] == [IpWithdrawn]
    listed, _ = run(begun("one", [], []), observations())
    assert run(begun("two", [], listed), [])[0] == []
    assert fold.active(begun("two", states, []).pools["main"]) == {"192.0.2.2": 1.0}


def test_a_broken_snapshot_is_told() -> None:
    with pytest.raises(ValueError, match="no pool's state"):
        begun("one", [b'{"pool":"main"}'], [])
