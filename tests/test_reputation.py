"""The reputation of an IP at a provider: a number that few messages cannot spoil."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reputation import HALF_LIFE, Outcomes, blocked_at_least, faded, score, words

COUNTS = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (Outcomes(), 1.0),
        (Outcomes(sent=1000), 1.0),
        (Outcomes(bounced=1, listed=1), 0.793),
        (Outcomes(bounced=10, listed=10), 0.278),
        (Outcomes(bounced=1000, listed=1000), 0.004),
        (Outcomes(sent=90, bounced=10, listed=10), 0.945),
        (Outcomes(sent=50, deferred=50, volume=50), 0.781),
        (Outcomes(sent=50, bounced=50), 1.0),
        (Outcomes(sent=50, bounced=5, listed=50), 0.961),
    ],
)
def test_scores(outcomes: Outcomes, expected: float) -> None:
    assert score(outcomes) == pytest.approx(expected, abs=0.001)


@given(st.builds(Outcomes, **dict.fromkeys(Outcomes.__struct_fields__, COUNTS)))
def test_a_score_is_from_0_to_1_and_a_block_more_never_betters_it(given_now: Outcomes) -> None:
    worse = Outcomes(
        sent=given_now.sent,
        deferred=given_now.deferred,
        bounced=given_now.bounced + 10,
        listed=given_now.listed + 10,
        reputation=given_now.reputation,
        volume=given_now.volume,
    )
    assert 0.0 <= score(worse) <= score(given_now) + 1e-9 <= 1.0 + 1e-9


@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_what_is_sure_is_less_than_what_was_seen(tried: int, bad: int) -> None:
    share = min(bad, tried) / tried
    assert 0.0 <= blocked_at_least(bad, tried) <= share + 1e-12


def test_a_delivery_fades_by_half_in_each_half_life() -> None:
    assert [faded(age) for age in (-5, 0, HALF_LIFE, 2 * HALF_LIFE)] == [1.0, 1.0, 0.5, 0.25]


def test_the_words_have_the_numbers() -> None:
    assert words(Outcomes()) == "nothing was tried lately"
    assert words(Outcomes(sent=50, bounced=50, listed=50)) == "40% at least of 100 blocked (listed 50)"
    assert words(Outcomes(sent=100)) == "0% at least of 100 blocked"
