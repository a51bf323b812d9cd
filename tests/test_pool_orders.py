"""The pool in scenes: an operator's orders, and the automat beside them."""

import pytest

from streams import pool as pools
from tests.pool_scene import MINUTE, T0, A, B, C, D, Scene


def test_operator_against_automat() -> None:
    scene = Scene(quarantine_minutes=60)
    scene.says(0, A, "listed")
    assert scene.order(5, "restore", A) == ["IpRestored 1"]
    assert scene.says(10, A, "listed") == [], "this listing was known to the operator"
    scene.says(20, A, "not_listed")
    assert scene.says(30, A, "listed") == ["IpWithdrawn 1"], "listed anew"
    assert scene.order(40, "pin", B) == []
    assert scene.says(41, B, "listed") == [], "pinned"
    assert scene.order(42, "unpin", B) == ["IpWithdrawn 2"]
    assert scene.order(43, "pin", C, expires=60) == []
    assert scene.says(44, A, "not_listed") == []


def test_an_order_with_an_end() -> None:
    scene = Scene(quarantine_minutes=60, probation_shares=())
    scene.tick(0)
    assert scene.order(0, "withdraw", A, expires=30) == ["IpWithdrawn 1"]
    assert scene.events[-1].operator == "ada"  # type: ignore[union-attr]
    assert scene.tick(29) == []
    assert scene.tick(30) == ["IpRestored 1"]
    assert scene.order(40, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.tick(100_000) == [], "without an end it lasts until it is revoked"
    assert scene.order(100_001, "restore", A) == ["IpRestored 1"]
    assert scene.events[-1].operator == "ada"  # type: ignore[union-attr]


def test_an_operator_may_go_below_min_active_but_never_to_nothing() -> None:
    scene = Scene(min_active=3)
    scene.tick(0)
    assert scene.order(0, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.events[-1].evidence[0].text == "ada: told so; 2 stay, fewer than min_active 3"
    assert scene.order(1, "withdraw", B) == ["IpWithdrawn 2"]
    assert scene.order(2, "withdraw", C) == ["WithdrawalRefused 3"]
    assert scene.tick(3) == []
    assert scene.order(4, "restore", A) == ["IpRestored 1"], "what was refused is void"
    assert scene.order(5, "withdraw", C) == ["IpWithdrawn 3"]


def test_who_may_not_go_below_min_active_is_refused_by_the_pool_itself() -> None:
    """Whoever saw the pool whole before two orders met: the second is refused where they meet, and void."""
    scene = Scene(min_active=2)
    scene.tick(0)
    assert scene.order(0, "withdraw", A, within_guard=True) == ["IpWithdrawn 1"]
    assert scene.order(0, "withdraw", B, within_guard=True) == ["WithdrawalRefused 2"]
    assert scene.events[-1].reason == (  # type: ignore[union-attr]
        "only 2 of 3 IPs carry mail, min_active is 2, ada may not go below it"
    )
    assert scene.order(1, "restore", A) == ["IpRestored 1"], "what was refused is void"
    assert scene.order(2, "withdraw", C, within_guard=True) == ["IpWithdrawn 3"]
    assert scene.order(3, "withdraw", A) == ["IpWithdrawn 1"], "who may, goes below it"


def test_the_guard_of_an_order_holds_for_a_provider_too() -> None:
    scene = Scene(min_active=2)
    scene.tick(0)
    assert scene.order(1, "withdraw", A, provider="google", within_guard=True) == ["ProviderWithdrawn 1"]
    assert scene.order(2, "withdraw", B, provider="google", within_guard=True) == ["ProviderRefused 2"]
    assert scene.order(3, "withdraw", B, provider="google") == ["ProviderWithdrawn 2"]


def test_what_a_refused_order_held_is_decided_at_once() -> None:
    scene = Scene(ips=1)
    scene.order(0, "pin", A)
    assert scene.says(1, A, "listed") == []
    assert scene.order(2, "withdraw", A) == ["WithdrawalRefused 1", "WithdrawalRefused 1"]
    reasons = [event.reason for event in scene.events]  # type: ignore[union-attr]  # each a WithdrawalRefused
    assert reasons == ["it is the last IP that carries mail", "only 1 of 1 IPs carry mail, min_active is 1"]


@pytest.mark.parametrize("action", ["withdraw", "restore", "pin", "unpin"])
@pytest.mark.parametrize("known", [True, False])
def test_an_order_of_a_clock_three_hours_ahead_blinds_nothing(action: str, *, known: bool) -> None:
    scene = Scene(ips=4, stale_minutes=60)
    if known:
        scene.tick(0)
    scene.order(180, action, A)
    scene.order(180, "pin", B)
    assert scene.pool.at <= T0, "the pool's time is not an operator's"
    assert "IpWithdrawn 3" in scene.says(0.2, C, "listed"), "a listing of now is fresh"
    assert "WithdrawalVerified 3" in [*scene.sends(1.5, A), *scene.sends(1.6, D)]
    scene.order(2, "unpin", B)
    assert scene.says(3, B, "listed") == ["IpWithdrawn 2"], "an order of now counts, though one was dated later"
    if action == "restore":
        scene.order(4, "withdraw", D)
        scene.order(4, "restore", D)
        assert scene.says(20, A, "listed") == ["IpWithdrawn 1"], "a listing of later is no listing known by then"


def test_an_order_moves_the_time_by_a_minute_at_most() -> None:
    scene = Scene()
    scene.tick(0)
    assert scene.order(1, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.pool.at == T0 + MINUTE
    assert scene.order(2.1, "withdraw", B) == ["IpWithdrawn 2"]
    assert scene.pool.at == scene.events[-1].at == T0 + MINUTE


def test_an_order_that_comes_before_anything_else_waits_until_something_tells_the_time() -> None:
    scene = Scene()
    assert scene.order(180, "withdraw", A) == []
    assert scene.tick(0) == ["IpWithdrawn 1"]
    assert scene.events[-1].at == T0


@pytest.mark.parametrize("minute", [4, 5.5, 6])
def test_a_later_order_of_a_clock_behind_counts(minute: float) -> None:
    scene = Scene()
    scene.tick(0)
    scene.tick(5)
    assert scene.order(5, "withdraw", A) == ["IpWithdrawn 1"]
    assert scene.order(minute, "restore", A) == ["IpRestored 1"]
    assert scene.order(minute - 1, "withdraw", A) == ["IpWithdrawn 1"]


def test_an_order_with_an_end_of_a_clock_behind_lasts_as_long_as_it_says() -> None:
    scene = Scene(quarantine_minutes=60, probation_shares=())
    scene.tick(0)
    scene.tick(180)
    assert scene.order(10, "withdraw", A, expires=40) == ["IpWithdrawn 1"]
    assert scene.tick(209) == []
    assert scene.tick(210) == ["IpRestored 1"]


@pytest.mark.parametrize("minutes_off", [-180, 0, 180])
def test_a_restoration_forgives_what_was_known_when_it_came_and_nothing_later(minutes_off: float) -> None:
    scene = Scene(ips=4)
    scene.tick(0)
    scene.says(0, A, "listed")
    for minute in (5, 9):
        scene.says(minute, A, "listed", "barracuda")
    assert scene.order(10 + minutes_off, "restore", A) == ["IpRestored 1"]
    scene.tick(11)
    assert scene.says(12, A, "listed") == scene.says(12, A, "listed", "barracuda") == []
    assert scene.says(9.9, A, "listed", "late") == ["IpWithdrawn 1"], "dated before, but it came after"


def test_a_restoration_of_an_earlier_release_forgives_by_its_date() -> None:
    scene = Scene()
    scene.tick(0)
    scene.says(0, A, "listed")
    scene.order(5, "restore", A)
    old = pools.encode(scene.pool).replace(b',"marked":true', b"").replace(b',"forgiven":true', b"")
    scene.pool = pools.decode(old, scene.rules)
    assert scene.says(6, A, "listed") == []
