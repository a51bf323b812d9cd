"""A recorded log of a pool, folded twice, and through restarts at any moment: the same decisions, byte for byte."""

from collections.abc import Iterator
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec, pool_settings
from schemas.facts import Culprit
from schemas.names import event_id, source_id
from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    OperatorActed,
    PoolObservation,
    RepliesCounted,
    SenderJudged,
    TrafficCounted,
)
from schemas.pool_events import PoolEvent
from streams.pools import Pools

SECOND = 1_000_000
START = 1_772_359_200 * SECOND
YEAR = 365 * 86_400 * SECOND
IPS = tuple(f"192.0.2.{number}" for number in range(1, 6))
SENDERS = tuple(f"user{number}@example.net" for number in range(6))
CONFIGURED = {
    "main": pool_settings.Pool(
        transports={f"out{number}": ip for number, ip in enumerate(IPS)},
        min_active=2,
        quarantine_minutes=20,
        probation_minutes=20,
        stale_minutes=30,
        providers=pool_settings.Providers(quarantine_minutes=30),
        culprits=pool_settings.Culprits(quiet_minutes=20, most_minutes=60),
    )
}


def recorded(rounds: int = 48) -> list[bytes]:
    """Return eight hours of a pool as Kafka would hold them: every kind of observation, late and a year ahead, too."""
    chance = Random(7)
    series = source_id("traffic", 0)
    lines = []
    for number in range(rounds):
        for place, event in enumerate(_round(chance, number, series)):
            late = chance.choice((0, 0, 0, 3)) * SECOND
            lines.append(codec.encode(_dated(event, START + number * 600 * SECOND + place * SECOND // 4 - late)))
            if number % 11 == 5 and isinstance(event, ListingObserved):
                lines.append(codec.encode(msgspec.structs.replace(event, id=f"y{event.id}", at=START + YEAR)))
    return lines


def _dated(event: PoolObservation, at: int) -> PoolObservation:
    return msgspec.structs.replace(event, at=at)


def _round(chance: Random, number: int, series: str) -> Iterator[PoolObservation]:
    for dnsbl in ("zen", "spamcop"):
        healthy = chance.random() > 0.1
        yield ListHealthObserved(id=f"h{dnsbl}{number}", at=1, list=dnsbl, healthy=healthy)
        named = {ip for ip in IPS if chance.random() < (0.9 if number % 17 == 16 else 0.12)}
        for ip in IPS:
            answer = "listed" if ip in named else "not_listed"
            identity = f"l{dnsbl}{ip}{number}"
            yield ListingObserved(id=identity, at=1, ip=ip, list=dnsbl, answer=answer, scope="ip", weight=0.6)  # type: ignore[arg-type]
    blocked = {ip for ip in IPS if chance.random() < 0.15}
    for place, ip in enumerate(IPS):
        senders = tuple(
            Culprit(sender=name, messages=chance.randint(1, 90), unknown_users=chance.randint(0, 9), networks=2)
            for name in chance.sample(SENDERS, 3)
        )
        identity, at = event_id(series, number, 2 * place), START + number * 600 * SECOND
        count = chance.randint(50, 200)
        yield TrafficCounted(
            id=identity, at=1, partition=0, ip=ip, provider="google", sent=count, last_at=at, senders=senders
        )
        if ip in blocked:
            identity = event_id(series, number, 2 * place + 1)
            yield RepliesCounted(
                id=identity, at=1, partition=0, ip=ip, provider="google", kind="reputation", count=count, named="sorbs"
            )
    step = chance.choice(("", "flag", "flag", "suspend"))
    mode = "enforce" if step == "suspend" else ""
    yield SenderJudged(id=f"j{number}", at=1, mailbox=chance.choice(SENDERS), step=step, mode=mode)  # type: ignore[arg-type]
    if number % 9 == 4:
        action, provider = chance.choice((("withdraw", ""), ("restore", ""), ("pin", ""), ("withdraw", "google")))
        yield OperatorActed(
            id=f"o{number}",
            at=1,
            operator="ada",
            action=action,  # type: ignore[arg-type]  # one of those above
            subject=chance.choice(IPS),
            reason="drill",
            provider=provider,
            expires_at=START + (number + 3) * 600 * SECOND,
        )
    yield ClockTicked(id=f"t{number}", at=1)


LOG = recorded()


def begun(states: list[bytes], decisions: list[bytes]) -> Pools:
    pools = Pools(CONFIGURED, "one", 4)
    for value in states:
        pools.restore(value)
    known = (codec.decode(value) for value in decisions)
    pools.catch_up(event for event in known if isinstance(event, PoolEvent))
    return pools


def folded(pools: Pools, start: int, end: int) -> tuple[list[bytes], list[bytes]]:
    """Apply records from one offset to another; return what is written first, and the snapshots."""
    for offset in range(start, end):
        event = codec.decode(LOG[offset])
        assert isinstance(event, PoolObservation)
        pools.apply(offset, [event])
    decisions, states = pools.flush()
    return [output.value for output in decisions], [output.value for output in states]


WHOLE = folded(begun([], []), 0, len(LOG))
DECIDED = [value for value in WHOLE[0] if b"culprit_named" not in value[:40]]


def test_the_log_holds_every_observation_that_decides_and_leads_to_every_kind_of_decision() -> None:
    assert {type(codec.decode(line)) for line in LOG} == {
        ClockTicked,
        ListHealthObserved,
        ListingObserved,
        OperatorActed,
        RepliesCounted,
        SenderJudged,
        TrafficCounted,
    }
    decided = {type(codec.decode(value)).__name__ for value in WHOLE[0]}
    assert {
        "IpWithdrawn",
        "IpProbationStarted",
        "IpRestored",
        "ProbationSetBack",
        "WithdrawalRefused",
        "ReturnDelayed",
        "ProviderWithdrawn",
        "ProviderRestored",
        "ProviderRefused",
        "ClockDistrusted",
        "CulpritNamed",
    } <= decided


def test_the_same_log_gives_the_same_decisions_and_state_byte_for_byte() -> None:
    assert folded(begun([], []), 0, len(LOG)) == WHOLE


@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 700), st.sampled_from(["all", "no snapshot", "half of the decisions"])), max_size=4
    )
)
def test_begun_again_at_any_moment_the_decisions_are_the_same(lives: list[tuple[int, str]]) -> None:
    """A worker that ends before its snapshot is written reads again from the one before; each decision is told once."""
    states: list[bytes] = []
    written: dict[str, bytes] = {}
    start = 0
    for length, ends in [*lives, (len(LOG), "all")]:
        pools = begun(states, list(written.values()))
        states = [output.value for output in pools.flush()[1]] or states  # written before the first record is read
        decisions, snapshots = folded(pools, start, min(len(LOG), start + length))
        if ends == "half of the decisions":
            decisions = decisions[: len(decisions) // 2]
        for value in decisions:
            assert written.setdefault(codec.decode(value).id, value) == value
        if ends == "all":
            states, start = snapshots or states, min(len(LOG), start + length)
    assert [value for value in written.values() if b"culprit_named" not in value[:40]] == DECIDED
    assert set(written.values()) == set(WHOLE[0])
    assert states == WHOLE[1]
