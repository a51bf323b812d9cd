"""A change after which nothing leaves at all: told once, and never of a pool that was quiet before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pool_events import PoolStilled
from streams.load import Load
from tests.pool_scene import MINUTE, A, B, C, Scene


def _busy(scene: Scene, start: int, end: int, *ips: str, messages: int = 4) -> None:
    for minute in range(start, end):
        for ip in ips:
            scene.sends(minute, ip, messages)


def test_a_pool_that_falls_silent_with_a_withdrawal_is_told_once() -> None:
    scene = Scene()
    _busy(scene, -10, 50, A, B, C)
    assert scene.order(50, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.tick(54) == []
    assert scene.tick(55.1) == ["PoolStilled 1"]
    event = scene.events[-1]
    assert isinstance(event, PoolStilled)
    assert event.evidence[0].text == (
        "nothing was seen leaving through any IP for 5 minutes since the change at 2026-03-01 10:50:00 UTC; "
        "in the hour before mail left in 60 of 60 minutes"
    )
    assert scene.tick(60) == scene.tick(120) == []
    assert scene.sends(121, B) == ["WithdrawalVerified 1"]


def test_a_pool_that_goes_on_by_the_others_is_verified() -> None:
    scene = Scene()
    _busy(scene, 0, 50, A, B, C)
    assert scene.order(50, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.sends(51.5, B) == ["WithdrawalVerified 1"]
    assert scene.tick(70) == []


def test_it_falls_silent_with_a_return_too() -> None:
    scene = Scene()
    scene.order(0, "withdraw", A)
    _busy(scene, 1, 70, B, C)
    assert scene.order(70, "restore", A) == ["IpRestored 1"]
    assert scene.tick(76) == ["PoolStilled 1"]


@pytest.mark.parametrize(
    ("until", "messages", "why"),
    [
        (0, 0, "nothing ever left"),
        (20, 4, "it is not steady: twenty minutes of mail in an hour"),
        (40, 4, "it had been silent for ten minutes before the change"),
    ],
)
def test_a_quiet_pool_says_nothing(until: int, messages: int, why: str) -> None:
    scene = Scene()
    if messages:
        _busy(scene, 0, until, A, B, C, messages=messages)
    scene.tick(50)
    assert scene.order(50, "withdraw", A) == ["IpWithdrawn 1"]
    assert [scene.tick(minute) for minute in (56, 70, 200)] == [[], [], []], why


def test_in_shadow_mode_no_change_reaches_an_mta() -> None:
    scene = Scene(mode="shadow")
    _busy(scene, 0, 50, A, B, C)
    assert scene.order(50, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.tick(60) == []


def test_one_burst_is_no_steady_traffic() -> None:
    scene = Scene()
    scene.sends(49.5, A, 5000)
    assert scene.order(50, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.tick(70) == []


def test_where_half_the_minutes_have_mail_silence_must_be_longer() -> None:
    scene = Scene()
    for minute in range(-60, 51, 2):
        scene.sends(minute, B)
    assert scene.order(50, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.tick(63) == []
    assert scene.tick(65.5) == ["PoolStilled 1"]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=80))
def test_the_busy_minutes_are_those_of_the_last_hour_in_any_order(minutes: list[int]) -> None:
    load = Load()
    for minute in minutes:
        load = load.counting((10_000_000 + minute) * MINUTE, 1)
    newest = max(minutes)
    seen, kept = set(), 0
    for minute in minutes:  # what fell out of the hour at its time does not come back
        kept = max(kept, minute)
        if minute > kept - 60:
            seen.add(minute)
    assert load.busy_minutes == len({minute for minute in seen if minute > newest - 60})
