"""Lists that lose their vote in a pool and have it again: each change is told once, with its kind and its reason."""

import pytest

from schemas.facts import ListFault
from schemas.observations import ListHealthObserved
from schemas.pool_events import IpWithdrawn, ListDistrusted, ListTrusted, PoolEvent
from streams import pool as pools
from tests.pool_scene import MINUTE, T0, A, B, C, D, Scene


def _tested(scene: Scene, minute: float, fault: ListFault = "", reason: str = "") -> list[ListDistrusted | ListTrusted]:
    """Test the list spamcop, and return what the pool says of it."""
    at = T0 + int(minute * MINUTE)
    event = ListHealthObserved(
        id=f"h{minute}", at=at, list="spamcop", healthy=not fault, reason=reason, fault=fault, next_at=0
    )
    scene.pool, decided = pools.step(scene.pool, event)
    return [each for each in decided if isinstance(each, ListDistrusted | ListTrusted)]


def _told(scene: Scene) -> list[PoolEvent]:
    """Return all that is decided of what a scene saw, from the beginning."""
    told: list[PoolEvent] = []
    pool = pools.initial("main", scene.rules)
    for event in scene.seen:
        pool, decided = pools.step(pool, event)
        told += decided
    return told


@pytest.mark.parametrize("fault", ["test_points", "refused", "outside_127", "lists_most", "silent"])
def test_each_loss_and_each_recovery_is_told_once(fault: ListFault) -> None:
    scene = Scene()
    assert _tested(scene, 0) == []
    (lost,) = _tested(scene, 15, fault, "IPv4: 127.0.0.2: it is wrong")
    assert isinstance(lost, ListDistrusted)
    assert (lost.pool, lost.list, lost.fault, lost.ip) == ("main", "spamcop", fault, "")
    assert [each.text for each in lost.evidence] == ["spamcop has no vote: IPv4: 127.0.0.2: it is wrong"]
    assert _tested(scene, 30, fault, "the same in other words") == []
    (back,) = _tested(scene, 45)
    assert isinstance(back, ListTrusted)
    assert (back.list, back.fault) == ("spamcop", fault)
    assert [each.text for each in back.evidence] == ["spamcop has its vote again: what was wrong is over"]
    assert _tested(scene, 60) == []


def test_another_kind_of_fault_is_told_anew() -> None:
    scene = Scene()
    told = [*_tested(scene, 0, "silent", "no answer"), *_tested(scene, 15, "refused", "too many"), *_tested(scene, 30)]
    assert [(type(each).__name__, each.fault) for each in told] == [
        ("ListDistrusted", "silent"),
        ("ListDistrusted", "refused"),
        ("ListTrusted", "refused"),
    ]
    assert len({each.id for each in told}) == 3


def test_an_event_from_before_the_kinds_is_a_failed_test() -> None:
    scene = Scene()
    scene.health(0, "spamcop", healthy=False)
    assert scene.lists == ["ListDistrusted spamcop test_points"]


def test_a_list_that_suddenly_names_most_of_the_pool_is_told_whatever_it_weighs() -> None:
    scene = Scene(ips=4, threshold=5.0)
    scene.round(0, "world", ())
    assert scene.lists == []
    scene.round(15, "world", (A, B, C, D))
    assert scene.lists == ["ListDistrusted world lists_most"]
    assert scene.events == [], "no IP was near its threshold: only this tells"
    scene.round(30, "world", ())
    assert scene.lists == ["ListDistrusted world lists_most", "ListTrusted world lists_most"]


def test_a_flood_that_another_list_agrees_with_is_trusted_again() -> None:
    scene = Scene(ips=4)
    scene.round(0, "world", (A, B, C))
    scene.round(1, "spamcop", (A, B))
    assert scene.lists == ["ListDistrusted world lists_most", "ListTrusted world lists_most"]


def test_what_was_told_is_kept_with_the_pool_and_not_told_again() -> None:
    scene = Scene()
    _tested(scene, 0, "refused", "too many")
    scene.pool = pools.decode(pools.encode(scene.pool), scene.rules)
    assert scene.pool.distrusted == {"spamcop": "refused"}
    assert pools.decide(scene.pool, scene.pool.at) == ()
    assert [type(each) for each in _tested(scene, 15)] == [ListTrusted]
    assert scene.pool.distrusted == {}


def test_a_shadow_pool_says_so() -> None:
    scene = Scene(mode="shadow")
    assert [each.mode for each in _tested(scene, 0, "silent", "no answer")] == ["shadow"]


def test_what_an_operator_distrusts_withdraws_nothing_and_what_it_withdrew_comes_back() -> None:
    scene = Scene(ips=4)
    scene.says(0, A, "not_listed", "zen")
    assert scene.says(0, A, "listed") == ["IpWithdrawn 1"]
    assert scene.on_list(1, "distrust") == ["IpProbationStarted 1"]
    assert scene.lists == ["ListDistrusted spamcop operator"]
    assert scene.says(2, B, "listed") == []
    assert scene.on_list(3, "leave") == ["IpWithdrawn 1", "IpWithdrawn 2"]
    assert scene.lists[1:] == ["ListTrusted spamcop operator"]
    told = [event for event in _told(scene) if isinstance(event, ListDistrusted | ListTrusted)]
    assert [[each.text for each in event.evidence] for event in told] == [
        ["kim: so", "spamcop has no vote: kim: so"],
        ["kim: so", "spamcop has its vote again: no operator distrusts it any more"],
    ]


def test_what_an_operator_trusts_votes_though_it_fails_its_tests_or_names_most() -> None:
    scene = Scene(ips=4, min_active=1)
    scene.health(0, "spamcop", healthy=False, fault="test_points")
    assert scene.says(1, A, "listed") == []
    assert scene.on_list(2, "trust") == ["IpWithdrawn 1"]
    scene.round(15, "world", ())
    assert scene.on_list(16, "trust", "world") == []
    scene.round(30, "world", (A, B, C, D))
    assert [event.ip for event in scene.events if isinstance(event, IpWithdrawn)] == [A, B, C]
    assert scene.lists == ["ListDistrusted spamcop test_points", "ListTrusted spamcop test_points"]


def test_an_operators_word_on_a_list_ends_by_itself() -> None:
    scene = Scene()
    scene.says(0, A, "not_listed")
    scene.on_list(1, "distrust", minutes=30)
    assert scene.says(20, A, "listed") == []
    assert scene.tick(31) == ["IpWithdrawn 1"]
    assert scene.lists == ["ListDistrusted spamcop operator", "ListTrusted spamcop operator"]
    assert pools.decode(pools.encode(scene.pool), scene.rules) == scene.pool
