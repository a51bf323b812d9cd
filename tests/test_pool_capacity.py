"""The guard from the traffic really seen: who leaves must leave enough behind for what is expected."""

import pytest

from schemas.pool_events import WithdrawalRefused
from streams.load import Carried, Load
from streams.window import HOUR
from tests.pool_scene import MINUTE, T0, A, B, C, Scene

SLOT = str(T0 // HOUR % 24)


def a_day(scene: Scene, each: int, hours: int = 26) -> float:
    """Let every IP send so much in each hour; return the minute after."""
    for hour in range(hours):
        for ip in scene.pool.ips:
            scene.sends(hour * 60, ip, each)
    return hours * 60.0


def test_without_a_day_of_traffic_only_min_active_holds() -> None:
    scene = Scene(ips=3)
    minute = a_day(scene, 1000, hours=20)
    assert scene.says(minute, A, "listed") == ["IpWithdrawn 1"]
    assert scene.says(minute + 1, B, "listed") == ["IpWithdrawn 2"]


def test_the_least_bad_stays_where_the_rest_could_not_carry_what_is_expected() -> None:
    scene = Scene(ips=3, capacity={"headroom": 2.0})
    minute = a_day(scene, 1000)
    assert scene.says(minute, A, "listed") == ["IpWithdrawn 1"]
    assert scene.says(minute + 1, B, "listed") == ["WithdrawalRefused 2"]
    refused = scene.events[-1]
    assert isinstance(refused, WithdrawalRefused)
    assert refused.reason == (
        "1 of 3 IPs would carry about 1,996 messages an hour, 2,988 are expected in one of the next 3 hours"
    )
    assert scene.tick(minute + 5) == [], "told once"


def test_what_the_configuration_says_counts_before_what_was_seen() -> None:
    scene = Scene(ips=3, capacity={"messages_per_hour": {"out3": 5000}, "headroom": 2.0})
    minute = a_day(scene, 1000)
    assert scene.says(minute, A, "listed") == ["IpWithdrawn 1"]
    assert scene.says(minute + 1, B, "listed") == ["IpWithdrawn 2"]
    low = Scene(ips=3, capacity={"messages_per_hour": {"out1": 900, "out2": 900, "out3": 900}})
    minute = a_day(low, 800, hours=2)
    assert low.says(minute, C, "listed") == ["WithdrawalRefused 3"], "1,800 left, 2,400 expected"


def test_an_operator_may_withdraw_all_the_same_and_is_told_the_numbers() -> None:
    scene = Scene(ips=2, capacity={"headroom": 1.0})
    minute = a_day(scene, 1000)
    assert scene.order(minute, "withdraw", A) == ["IpWithdrawn 1"]
    text = scene.events[-1].evidence[0].text
    assert text.startswith("ada: told so; 1 of 2 IPs would carry about 999 messages an hour, 1,992 are expected")


def test_who_had_to_stay_leaves_as_soon_as_the_load_allows() -> None:
    scene = Scene(ips=2, capacity={"messages_per_hour": {"out1": 1000, "out2": 1000}}, stale_minutes=600)
    for hour in range(25):
        for ip in (A, B):
            scene.sends(hour * 60, ip, 900 if hour in {0, 1} else 100)
    assert scene.says(24 * 60 + 1, A, "listed") == ["WithdrawalRefused 1"], "one cannot carry the 1,800 of 10:00"
    assert scene.tick(26 * 60) == []
    assert scene.tick(27 * 60) == ["IpWithdrawn 1"]


@pytest.mark.parametrize(("failed", "known"), [(0, 500.0), (100, 500.0), (200, 0.0)])
def test_an_hour_counts_as_carried_well_if_most_of_it_was_delivered(failed: int, known: float) -> None:
    carried = Carried().counting(T0, 500, failed).counting(T0 + HOUR, 1, 0)
    assert carried.likely(T0 // HOUR) == known
    assert carried.likely(T0 // HOUR + 30 * 24) == known / 2, "half after a month"


def test_a_thiefs_wave_doubles_what_is_expected_at_most_and_half_of_it_is_forgotten_in_a_week() -> None:
    load = Load()
    for day in range(3):
        load = load.counting(T0 + day * 24 * HOUR, 100_000 if day == 2 else 1000).counting(
            T0 + (24 * day + 1) * HOUR, 1
        )
    assert load.peaks[SLOT].messages == pytest.approx(2 * 1000, rel=0.1)
    assert load.expected(T0 + 9 * 24 * HOUR) == pytest.approx(1000, rel=0.1)
    assert load.expected(T0 + 5 * HOUR) < 1000, "of other hours nothing is said"


def test_a_count_that_comes_late_belongs_to_the_present_hour() -> None:
    load = Load().counting(T0, 5).counting(T0 - 90 * MINUTE, 7)
    assert (load.hour, load.messages) == (T0 // HOUR, 12)
