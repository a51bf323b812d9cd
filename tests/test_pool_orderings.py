"""What decides nothing about a pool: in which order the answers of a round, and the counts between two ticks, came."""

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from schemas import codec
from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    PoolObservation,
    RepliesCounted,
    TrafficCounted,
)
from schemas.pool_settings import Pool as Rules
from streams import pool as pools
from tests.test_pool_laws import ANSWERS, LISTS, SECOND, ips_of

if TYPE_CHECKING:
    from schemas.pool_events import PoolEvent


@given(data=st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_order_of_a_rounds_answers_decides_nothing(data: st.DataObject) -> None:
    """What two lists begin to name, each list's answers in another order, decides the same for each IP."""
    number = data.draw(st.integers(1, 6))
    transports = {f"out{place}": ip for place, ip in enumerate(ips_of[number])}
    rules = Rules(transports=transports, min_active=data.draw(st.integers(1, number)), quarantine_minutes=1)
    pool = [pools.initial("main", rules)] * 2
    for when in range(1):
        at = (1_772_359_200 + 900 * when) * SECOND
        for dnsbl in LISTS[:2]:
            said = [
                ListingObserved(
                    id=f"{when}{dnsbl}{ip}", at=at, ip=ip, list=dnsbl, answer=data.draw(ANSWERS), scope="ip", weight=1.0
                )
                for ip in ips_of[number]
            ]
            health = ListHealthObserved(
                id=f"{when}{dnsbl}", at=at, list=dnsbl, healthy=data.draw(st.integers(0, 3)) > 0
            )
            settled = ClockTicked(id=f"tick {at}", at=at + 10 * SECOND)
            decided: list[dict[str, PoolEvent]] = [{}, {}]
            for side, order in enumerate((said, data.draw(st.permutations(said)))):
                events_of_round: list[PoolObservation] = [health, *order, settled]
                for event in events_of_round:
                    pool[side], events = pools.step(pool[side], event)
                    decided[side].update({each.id: each for each in events})
            assert decided[0] == decided[1]
        assert pools.encode(pool[0]) == pools.encode(pool[1])


@given(data=st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_order_of_counts_between_two_ticks_decides_nothing(data: st.DataObject) -> None:
    """What is counted between two ticks, is compared at the second, in whatever order it came."""
    ips = ips_of[data.draw(st.integers(2, 5))]
    rules = Rules(transports={f"out{place}": ip for place, ip in enumerate(ips)}, min_active=1)
    start = 1_772_359_200 * SECOND
    counts: list[PoolObservation] = []
    for number, ip in enumerate(ips):
        sent = data.draw(st.integers(0, 300))
        blocked = data.draw(st.integers(0, sent))
        counts += [
            TrafficCounted(id=f"t{number}", at=start, partition=number, ip=ip, provider="google", sent=sent, last_at=1),
            RepliesCounted(
                id=f"r{number}", at=start, partition=number, ip=ip, provider="google", kind="reputation", count=blocked
            ),
        ]
    told = []
    for order in (counts, data.draw(st.permutations(counts))):
        pool = pools.initial("main", rules)
        for event in order:
            pool, decided = pools.step(pool, event)
            assert decided == ()
        pool, decided = pools.step(pool, ClockTicked(id="tick", at=start + SECOND))
        told.append(([codec.encode(event) for event in decided], pools.barred(pool)))
    assert told[0] == told[1]
