"""The pool in scenes: what a list's failed tests say of the withdrawals that it caused."""

import pytest

from schemas.facts import ListFault
from schemas.observations import ListHealthObserved
from streams import pool as pools
from tests.pool_scene import MINUTE, T0, A, Scene


@pytest.mark.parametrize(
    ("fault", "place", "withdrawals"),
    [
        ("test_points", "probation", 0),
        ("outside_127", "probation", 0),
        ("lists_most", "probation", 0),
        ("", "probation", 0),
        ("refused", "withdrawn", 1),
        ("silent", "withdrawn", 1),
    ],
)
def test_only_a_fault_that_proves_a_list_wrong_casts_doubt(fault: ListFault, place: str, withdrawals: int) -> None:
    scene = Scene(quarantine_minutes=120)
    scene.says(0, A, "listed")
    for number in range(1, 5):
        at = T0 + 10 * number * MINUTE
        failed = ListHealthObserved(id=f"f{number}", at=at, list="spamcop", healthy=False, fault=fault, reason="no")
        scene.pool, _ = pools.step(scene.pool, failed)
        scene.says(10 * number + 1, A, "not_listed", "small")
    assert (scene.pool.ips[A].place, scene.pool.ips[A].withdrawals) == (place, withdrawals)
