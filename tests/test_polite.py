"""Manners towards the lists: how fast, how often, and for how long an answer holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import polite
from collectors.dnsbl import Dnsbl
from collectors.polite import Bucket
from schemas.dnsbl_settings import Dnsbl as Settings

ZEN = Dnsbl(name="zen", zone="z.example", operator="Zen", weight=1.0, listed={})


def _settings(**table: object) -> Settings:
    return Settings.model_validate(table)


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_a_bucket_never_gives_more_than_its_rate_and_one_second_ahead(rate: float, gaps: list[float]) -> None:
    bucket, now, taken = Bucket(rate), 0.0, 0
    for gap in gaps:
        now += gap
        pause = bucket.take(now)
        assert pause == 0.0 or 0 < pause <= 1 / rate + 0.001
        taken += not pause
    assert taken <= rate * now + max(1.0, rate) + 1e-6


def test_who_waits_as_long_as_told_may_go() -> None:
    bucket = Bucket(10.0)
    assert [bucket.take(0.0) for _ in range(11)] == [*[0.0] * 10, pytest.approx(0.1)]
    assert bucket.take(0.1001) == 0.0
    bucket.spend(0.1001)
    assert bucket.take(0.15) == pytest.approx(0.15), "what is sent again counts: a token is owed"


@pytest.mark.parametrize(
    ("ttl", "listed", "seconds"),
    [
        (2100, True, 2100),
        (86_400, True, 3600),
        (0, True, 30),
        (2100, False, 600),
        (150, False, 150),
        (5, False, 30),
    ],
)
def test_an_answer_holds_for_its_ttl_within_bounds(ttl: int, listed: bool, seconds: int) -> None:  # noqa: FBT001
    settings = _settings(ttl_min_seconds=30, clean_ttl_max_seconds=600)
    assert polite.holds(ttl, settings, listed=listed) == seconds


def test_the_upper_bound_wins() -> None:
    settings = _settings(ttl_min_seconds=30, clean_ttl_max_seconds=0)
    assert polite.holds(150, settings, listed=False) == 0


@pytest.mark.parametrize(
    ("refusals", "draw", "seconds"),
    [(0, 0.0, 900), (0, 1.0, 990), (1, 0.0, 1800), (2, 0.5, 3780), (5, 0.0, 21_600), (5000, 1.0, 23_760)],
)
def test_the_pause_doubles_with_each_refusal_and_is_never_quite_the_same(
    refusals: int, draw: float, seconds: int
) -> None:
    assert polite.pause(900, refusals, 21_600, draw) == pytest.approx(seconds)


def test_a_pause_is_never_shorter_than_the_interval() -> None:
    assert polite.pause(90_000, 3, 21_600, 0.0) == 90_000


def test_a_list_rests_over_the_ip_version_that_it_refuses_and_over_no_other() -> None:
    restraint = polite.Restraint(900, 21_600)
    assert restraint.after({4: False, 6: True}, 0.0, 0.0) == 900
    assert (set(restraint.resting(900)), restraint.due(6)) == ({6}, 1800.0)
    assert restraint.after({4: False}, 900, 0.0) == 1800
    assert restraint.resting(1800) == frozenset(), "it takes part in the first round that may ask again"
    assert restraint.after({4: True, 6: True}, 1800, 0.0) == 3600, "over IPv6 it was the second time"
    assert restraint.resting(3600) == {6}
    assert restraint.after({4: True}, 3600, 0.0) == 5400, "the first that is due of those that refused as often"
    assert restraint.resting(5400) == {4}
    assert restraint.after({6: True}, 5400, 0.0) == 7200
    assert restraint.after({4: True}, 7200, 0.0) == 12_600


def test_the_first_round_waits_a_little_by_chance() -> None:
    assert [polite.start(every, 1.0) for every in (1, 60, 900, 86_400)] == [0.1, 6, 10, 10]
    assert polite.start(900, 0.25) == 2.5


def test_a_lists_own_interval_counts_before_its_operators_and_that_before_the_general_one() -> None:
    slow = Dnsbl(name="slow", zone="s.example", operator="S", weight=1.0, listed={}, minimum_interval_seconds=3600)
    assert polite.interval(slow, _settings()) == 3600
    assert polite.interval(ZEN, _settings(interval_seconds=60)) == 60
    own = _settings(list={"slow": {"interval_seconds": 1800}})
    assert polite.interval(slow, own) == 1800
    assert list(polite.too_soon([slow], own)) == [
        "dnsbl.list.slow.interval_seconds: 1800: its operator asks for at least 3600 between rounds"
    ]
