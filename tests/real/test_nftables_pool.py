"""A real kernel in a network namespace: connections leave by the addresses of the map, from the next one on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.pool_hooks import NftablesHook
from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools, differs, perform
from streams.effects import EffectError
from streams.hooks import ActiveSet, Effect, nftables
from tests.parts import require, require_root
from tests.real.network_lab import NetworkLab
from tests.waits import until

pytestmark = pytest.mark.real
IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2", "out3": "192.0.2.3"}
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "hooks-network.md"


def _nobody(_: object) -> None:
    raise AssertionError("no answer was asked for")


NONE = Tools(answer=_nobody)


@pytest.fixture
def lab() -> Iterator[NetworkLab]:
    require("nft", "nftables")
    require("ip", "iproute2")
    require_root("a network namespace")
    with NetworkLab(tuple(IPS.values())) as running:
        yield running


def _effect(lab: NetworkLab, **shares: float) -> Effect:
    active = ActiveSet(pool="main", shares=shares, ips=IPS)
    (effect,) = nftables.effects(active, NftablesHook(command=(*lab.inside, "nft")))
    return effect


def _ruleset(lab: NetworkLab) -> None:
    """Load the manual's table, for the interface of the lab instead of eth0."""
    text = MANUAL.read_text().partition("```nft\n")[2].partition("```")[0]
    lab.run("nft", "-f", "-", text=text.replace('"eth0"', '"ours"'))


def test_new_connections_leave_by_the_active_addresses_only(lab: NetworkLab) -> None:
    perform(_effect(lab, out1=1.0, out2=1.0, out3=1.0), NONE)
    _ruleset(lab)
    assert set(lab.seen(60)) == set(IPS.values())
    perform(_effect(lab, out2=1.0, out3=1.0), NONE)
    after = lab.seen(60)
    assert set(after) == {"192.0.2.2", "192.0.2.3"}
    perform(_effect(lab, out2=1.0, out3=0.1), NONE)
    probation = lab.seen(300)
    assert set(probation) == {"192.0.2.2", "192.0.2.3"}
    assert probation["192.0.2.3"] < 75, "9 of 100 slots: 27 of 300 are expected"
    perform(_effect(lab, out1=1.0), NONE)
    assert set(lab.seen(10)) == {"192.0.2.1"}


def test_the_manuals_ruleset_may_come_first_and_be_loaded_again(lab: NetworkLab) -> None:
    _ruleset(lab)
    effect = _effect(lab, out3=1.0)
    assert differs(effect) == "the map ip relaywarden main holds nothing instead of 100 x 192.0.2.3"
    assert lab.blocked(), "no row, no mail: by the host's own address it would never leave"
    perform(effect, NONE)
    _ruleset(lab)
    assert differs(effect) == ""
    assert set(lab.seen(20)) == {"192.0.2.3"}


def test_a_map_that_somebody_changed_or_lost_is_filled_again(lab: NetworkLab) -> None:
    outcomes: list[Outcome] = []
    applier = Applier("nftables", NONE, outcomes.append, look_seconds=0.05)
    effect = _effect(lab, out1=1.0)
    applier.want(Wanted(ActiveSet(pool="main", shares={"out1": 1.0}, ips=IPS), (effect,)))
    until(lambda: len(outcomes) == 1, "the first set")
    _ruleset(lab)
    place = "element ip relaywarden main"
    lab.run("nft", f"delete {place} {{ 7, 9 }}; add {place} {{ 7 : 192.0.2.2 }}")
    until(lambda: len(outcomes) >= 3, "the repair")
    lab.run("nft", "flush", "ruleset")
    until(lambda: len(outcomes) >= 5, "the repair after the whole ruleset was lost")
    applier.stop(5)
    assert [(outcome.attempt, bool(outcome.reason)) for outcome in outcomes] == [
        (1, False),
        (0, True),
        (1, False),
        (0, True),
        (1, False),
    ]
    assert outcomes[1].reason.endswith("holds 98 x 192.0.2.1, 1 x 192.0.2.2 instead of 100 x 192.0.2.1")
    assert "No such file or directory" in outcomes[3].reason
    assert differs(effect) == ""


def test_what_nft_refuses_is_told_and_the_map_stays(lab: NetworkLab) -> None:
    effect = _effect(lab, out1=1.0)
    perform(effect, NONE)
    lab.run("nft", "delete", "map", "ip", "relaywarden", "main")
    lab.run("nft", "add map ip relaywarden main { type ipv4_addr : ipv4_addr ; }")
    with pytest.raises(EffectError, match=r"^nsenter: ended with 1: .*(exists|mismatch)"):
        perform(effect, NONE)
