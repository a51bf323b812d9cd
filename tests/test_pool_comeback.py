"""The pool in scenes: an IP that leaves the configuration and comes back, as the decider and the hooks know it."""

import pytest

from schemas.pool_settings import Pool as Rules
from streams import pool as pools
from streams.keeping import Fold
from tests.pool_scene import A, B, C, Scene


def configured(scene: Scene, *ips: str) -> None:
    """Begin anew from the snapshot with these IPs only."""
    transports = {f"out{ip[-1]}": ip for ip in ips}
    scene.rules = Rules.model_validate({**scene.rules.model_dump(), "transports": transports})
    scene.pool = pools.decode(pools.encode(scene.pool), scene.rules)


def hooks(scene: Scene) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    """Return what the hooks fold from the log's beginning: the shares, and what is barred."""
    fold = Fold("main", scene.rules, "")
    fold.take(tuple(scene.events))
    kept = fold.kept(scene.rules.ips)
    return kept.active, kept.barred


def test_an_ip_put_back_into_the_configuration_is_as_it_was_and_finds_its_way_back() -> None:
    scene = Scene(quarantine_minutes=60, probation_shares=(0.5,))
    assert scene.says(0, A, "listed") == ["IpWithdrawn 1"]
    configured(scene, B, C)
    assert scene.tick(5) == []
    assert scene.shares == {B: 1.0, C: 1.0}
    configured(scene, B, C)
    configured(scene, A, B, C)
    assert scene.shares == hooks(scene)[0] == {B: 1.0, C: 1.0}
    assert scene.says(60, A, "not_listed") == ["IpProbationStarted 1"]
    assert scene.shares == hooks(scene)[0] == {A: 0.5, B: 1.0, C: 1.0}


def test_an_ip_put_back_is_barred_from_a_provider_until_its_time_is_over() -> None:
    scene = Scene()
    for ip in (A, B, C):
        scene.counts(0, ip, "google", 0 if ip == A else 100, 100 if ip == A else 0)
    assert scene.tick(0.1) == ["ProviderWithdrawn 1"]
    configured(scene, B, C)
    configured(scene, A, B, C)
    assert pools.barred(scene.pool) == hooks(scene)[1] == {"google": (A,)}
    assert scene.tick(240.1) == ["ProviderRestored 1"]
    assert pools.barred(scene.pool) == hooks(scene)[1] == {}


@pytest.mark.parametrize(("provider", "told"), [("", "IpRestored 1"), ("google", "ProviderRestored 1")])
def test_a_restoration_of_what_is_active_is_told_once(provider: str, told: str) -> None:
    scene = Scene()
    scene.tick(0)
    since = scene.pool.ips[A].since
    assert scene.order(1, "restore", A, provider=provider) == [told]
    assert scene.tick(2) == []
    assert scene.pool.ips[A].since == since, "nothing changed"
    assert scene.order(3, "restore", A, provider=provider) == [told]
    assert len({event.id for event in scene.events}) == 2
