"""The pool in scenes: an IP that leaves the configuration and comes back, as the decider and the hooks know it."""

import pytest

from schemas.pool_settings import Pool as Rules
from streams import pool as pools
from streams.keeping import Fold
from tests.pool_scene import A, B, C, D, Scene


def configured(scene: Scene, *ips: str) -> None:
    """Begin anew from the snapshot with these IPs only."""
    transports = {f"out{ip.rpartition('.')[2]}": ip for ip in ips}
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


def test_a_pool_of_which_only_the_withdrawn_stay_brings_the_least_bad_back() -> None:
    scene = Scene(ips=4, quarantine_minutes=60, probation_shares=(0.1,))
    scene.tick(0)
    scene.order(0, "withdraw", A)
    scene.says(0, B, "listed")
    scene.says(5, C, "listed", "barracuda", weight=2.0)
    configured(scene, A, B, C)
    assert scene.shares == {}
    assert scene.tick(10) == ["IpProbationStarted 2", "WithdrawalRefused 2"]
    back, refused = scene.events[-2:]
    assert [item.rule for item in back.evidence] == ["guard", "dnsbl/spamcop"]
    assert back.evidence[0].text == (
        "no other IP is left to carry mail: of 3 withdrawn it is the least bad, with a weight of 1 against it and "
        "50 minutes of its time left"
    )
    assert refused.reason == "only 1 of 3 IPs carry mail, min_active is 1"  # type: ignore[union-attr]
    assert scene.shares == hooks(scene)[0] == {B: 0.1}
    configured(scene, A)
    assert scene.tick(11) == ["IpProbationStarted 1", "WithdrawalRefused 1"], "an operator's word gives way, too"
    configured(scene, A, D)
    assert scene.tick(12) == ["IpWithdrawn 1"], "and holds again"


def test_of_too_many_ips_out_of_the_configuration_the_oldest_are_forgotten_by_the_hooks_too() -> None:
    scene = Scene(ips=80, probation_shares=(0.5,))
    every = tuple(scene.pool.ips)
    scene.tick(0)
    scene.order(0.5, "withdraw", every[0], provider="google")
    for number, ip in enumerate(every[:70]):
        scene.order(1 + number, "withdraw", ip)
    configured(scene, *every[70:])
    told = scene.tick(100)
    assert told == ["ProviderRestored 1", *(f"IpRestored {number}" for number in range(1, 7))]
    assert scene.events[-1].evidence[0].text == (
        "not configured any more, as 64 others that changed later: how it stood is forgotten"
    )
    assert len(scene.pool.gone) == 64
    configured(scene, *every)
    assert scene.tick(101) == []
    assert scene.shares == hooks(scene)[0] == dict.fromkeys((*every[:6], *every[70:]), 1.0)
    assert hooks(scene)[1] == {}
