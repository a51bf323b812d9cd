"""What time it is in a pool: no clock that runs ahead moves it, and what it dated is told."""

from typing import TYPE_CHECKING

import pytest

from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    PoolObservation,
    RepliesCounted,
    SenderJudged,
    TrafficCounted,
)
from schemas.pool_events import ClockDistrusted, PoolEvent
from schemas.pool_settings import Pool as Rules
from streams import pool as pools
from streams.pool import Pool
from tests.pool_scene import DAY, MINUTE, T0, A, B, C, D, Scene

if TYPE_CHECKING:
    from schemas.facts import Answer

SECOND = 1_000_000
YEAR = 365 * DAY
RULES = Rules(transports={"out1": A, "out2": B, "out3": C, "out4": D}, probation_shares=(0.5,), probation_minutes=10)


def minutes(first: int, last: int) -> list[PoolObservation]:
    """Return what a pool is told in these minutes: each a round of a list, then a tick every five seconds, and mail.

    The list names A in the first two hours, and B from the fourth on.
    """
    told: list[PoolObservation] = []
    for minute in range(first, last):
        at = T0 + minute * MINUTE
        ticks = [ClockTicked(id=f"t{minute}.{n}", at=at + n * 5 * SECOND + 9) for n in range(12)]
        told.append(ListHealthObserved(id=f"h{minute}", at=at, list="zen", healthy=True))
        told += [_answer(minute, at + place, ip) for place, ip in enumerate(RULES.ips)]
        told += [*ticks[:6], *(_count(minute, at + 30 * SECOND, ip) for ip in RULES.ips if ip != A), *ticks[6:]]
    return told


def _answer(minute: int, at: int, ip: str) -> ListingObserved:
    named = A if minute < 120 else B if minute >= 240 else ""
    answer: Answer = "listed" if ip == named else "not_listed"
    return ListingObserved(id=f"l{minute}{ip}", at=at, ip=ip, list="zen", answer=answer, scope="ip", weight=1.0)


def _count(minute: int, at: int, ip: str) -> TrafficCounted:
    return TrafficCounted(id=f"c{minute}{ip}", at=at, partition=0, ip=ip, provider="google", sent=9, last_at=at)


def told_by(events: list[PoolObservation]) -> tuple[Pool, list[PoolEvent]]:
    pool, decided = pools.initial("main", RULES), list[PoolEvent]()
    for event in events:
        pool, more = pools.step(pool, event)
        decided += more
    return pool, decided


def moves(decided: list[PoolEvent]) -> list[tuple[str, str, int]]:
    """Return who moved and in which minute, without the words about clocks."""
    return [
        (type(event).__name__, event.ip, (event.at - T0) // MINUTE)
        for event in decided
        if not isinstance(event, ClockDistrusted)
    ]


HISTORY = minutes(0, 5) + minutes(119, 122) + minutes(179, 182) + minutes(239, 242)
USUAL = moves(told_by(HISTORY)[1])
AHEAD: list[tuple[str, PoolObservation]] = [
    ("lists", ListingObserved(id="x", at=T0 + YEAR, ip=C, list="x", answer="not_listed", scope="ip", weight=1.0)),
    ("lists", ListingObserved(id="x", at=1 << 61, ip=C, list="x", answer="not_listed", scope="ip", weight=1.0)),
    ("lists", ListHealthObserved(id="x", at=T0 + YEAR, list="x", healthy=True)),
    ("logs", TrafficCounted(id="x", at=T0 + YEAR, partition=1, ip=D, provider="google", sent=1, last_at=T0 + YEAR)),
    ("logs", RepliesCounted(id="x", at=T0 + YEAR, partition=1, ip=D, provider="google", kind="reputation", count=1)),
    ("mailboxes", SenderJudged(id="x", at=T0 + YEAR, mailbox="a@example.net", step="flag")),
    ("worker", ClockTicked(id="x", at=T0 + YEAR)),
]


def test_the_history_withdraws_two_and_brings_one_back() -> None:
    assert USUAL == [
        ("IpWithdrawn", A, 0),
        ("WithdrawalVerified", A, 1),
        ("IpProbationStarted", A, 120),
        ("IpRestored", A, 179),
        ("IpWithdrawn", B, 240),
        ("WithdrawalDrifted", B, 241),
    ]


@pytest.mark.parametrize(("clock", "ahead"), AHEAD)
@pytest.mark.parametrize("place", [0, 3, 22, 70])
def test_one_observation_a_year_ahead_changes_nothing_and_is_told(
    clock: str, ahead: PoolObservation, place: int
) -> None:
    """First of all; in the first round, before any tick; in a later round; amid the ticks of a quarantine."""
    pool, decided = told_by([*HISTORY[:place], ahead, *HISTORY[place:]])
    late = 1 if place == 0 and clock == "worker" else 0  # nothing else had told the time: that takes a minute
    assert [(what, ip) for what, ip, _ in moves(decided)] == [(what, ip) for what, ip, _ in USUAL]
    assert all(then - usual in {0, late} for (*_, then), (*_, usual) in zip(moves(decided), USUAL, strict=True))
    assert pool.at < T0 + 242 * MINUTE
    (word,) = (event for event in decided if isinstance(event, ClockDistrusted))
    assert word.clock == clock or (word.clock == "pool" and place <= 3), "before any tick it moves the time, up to that"


def test_the_words_say_what_was_dated_how_far_ahead() -> None:
    scene = Scene(mode="shadow")
    scene.tick(0)
    for minute in (3 * 60, 24 * 60):
        event = ListingObserved(
            id="x", at=T0 + minute * MINUTE, ip=A, list="zen", answer="listed", scope="ip", weight=1.0
        )
        scene.pool, decided = pools.step(scene.pool, event)
        assert decided == ()
    assert scene.tick(0.1) == ["ClockDistrusted"], "once a day and clock"
    (word,) = scene.events
    (item,) = word.evidence
    assert (item.rule, item.value) == ("clock/lists", 10_794.0)
    assert item.text == (
        "zen's answer about 192.0.2.1 is dated 2026-03-01 13:00:00 UTC, 3 hours ahead of the other clocks: "
        "it counts as of 2026-03-01 10:00:06 UTC"
    )
    assert word.mode == "shadow"
    assert scene.pool.ips[A].listings["zen"].at == T0 + 6 * SECOND


def test_after_an_outage_what_waited_counts_as_it_is_dated() -> None:
    scene = Scene(quarantine_minutes=60)
    scene.tick(0)
    answers: tuple[tuple[str, Answer], ...] = ((A, "listed"), (B, "not_listed"), (C, "not_listed"))
    waiting = [
        ListingObserved(id=f"l{ip}", at=T0 + 180 * MINUTE, ip=ip, list="zen", answer=answer, scope="ip", weight=1.0)
        for ip, answer in answers
    ]
    for event in waiting:
        scene.pool, decided = pools.step(scene.pool, event)
        assert (decided, scene.pool.at) == ((), T0)
    assert pools.decode(pools.encode(scene.pool), scene.rules) == scene.pool
    assert scene.tick(180.1) == ["IpWithdrawn 1"]
    assert scene.events[0].at == T0 + 180 * MINUTE


def test_of_too_many_that_wait_the_oldest_count_at_once() -> None:
    scene = Scene()
    scene.tick(0)
    for number in range(1100):
        event = ListHealthObserved(id=f"h{number}", at=T0 + (9 + number) * MINUTE, list=f"list{number}", healthy=True)
        scene.pool, _ = pools.step(scene.pool, event)
    assert (len(scene.pool.held), len(scene.pool.health)) == (1000, 100)
    assert {health.at for health in scene.pool.health.values()} == {T0}


def test_nothing_is_later_than_its_record_was_written() -> None:
    scene = Scene(ips=1)
    listing = ListingObserved(id="l", at=T0 + YEAR, ip=A, list="zen", answer="listed", scope="ip", weight=1.0)
    pool, decided = pools.step(scene.pool, listing, T0)
    assert [type(event).__name__ for event in decided] == ["ClockDistrusted", "WithdrawalRefused"]
    assert pool.at == decided[1].at == T0
    assert pools.step(scene.pool, listing)[0].at == T0 + YEAR, "in a log without any tick time is the log's"


def test_a_worker_whose_clock_was_ahead_for_an_hour_is_corrected_within_a_minute() -> None:
    """The quarantine that began by the wrong clock ends as long after as it would have."""
    scene = Scene(quarantine_minutes=60)
    scene.tick(0)
    wrong = 3 * 24 * 60
    for minute in range(60):
        scene.tick(wrong + minute)
    scene.says(wrong + 60, A, "listed")
    assert scene.pool.ips[A].until == T0 + (wrong + 120) * MINUTE
    for seconds in range(0, 60, 5):
        assert scene.tick(60 + seconds / 60) == []
    assert scene.tick(61) == ["ClockDistrusted"]
    assert scene.pool.at == T0 + 61 * MINUTE
    assert scene.pool.ips[A].until == T0 + 121 * MINUTE
    assert scene.says(120, A, "not_listed") == []
    assert scene.tick(121) == ["IpProbationStarted 1"]


@pytest.mark.parametrize("minutes_off", [-180, 3 * 24 * 60])
def test_one_tick_of_a_wrong_clock_moves_no_time(minutes_off: int) -> None:
    scene = Scene()
    for minute in range(3):
        scene.tick(minute)
    scene.pool, decided = pools.step(scene.pool, ClockTicked(id="x", at=T0 + minutes_off * MINUTE))
    assert (decided, scene.pool.at) == ((), T0 + 2 * MINUTE)
    assert scene.tick(3) == (["ClockDistrusted"] if minutes_off > 0 else [])
    assert scene.pool.at == T0 + 3 * MINUTE


def test_what_left_is_dated_no_later_than_its_count() -> None:
    scene = Scene()
    scene.tick(0)
    scene.pool, _ = pools.step(scene.pool, TrafficCounted(id="c", at=T0, partition=0, ip=A, sent=1, last_at=T0 + YEAR))
    assert scene.pool.ips[A].last_mail == T0


def test_a_clock_a_minute_ahead_keeps_no_tick_from_counting() -> None:
    scene = Scene(ips=2)
    scene.tick(0)
    scene.counts(0.9, B, "google", sent=200)
    scene.counts(0.9, A, "google", sent=100, blocked=100)
    assert scene.tick(0.1) == ["ProviderWithdrawn 1"]
