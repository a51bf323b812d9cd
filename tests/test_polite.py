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


def test_a_lists_own_interval_counts_before_its_operators_and_that_before_the_general_one() -> None:
    slow = Dnsbl(name="slow", zone="s.example", operator="S", weight=1.0, listed={}, minimum_interval_seconds=3600)
    assert polite.interval(slow, _settings()) == 3600
    assert polite.interval(ZEN, _settings(interval_seconds=60)) == 60
    own = _settings(list={"slow": {"interval_seconds": 1800}})
    assert polite.interval(slow, own) == 1800
    assert list(polite.too_soon([slow], own)) == [
        "dnsbl.list.slow.interval_seconds: 1800: its operator asks for at least 3600 between rounds"
    ]
