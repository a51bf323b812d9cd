"""A real HAProxy at whose runtime socket the pool is changed: weights, draining, maintenance, a restart."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from schemas.pool_hooks import HaproxyHook
from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools, differs, perform
from streams.effects import EffectError
from streams.hooks import ActiveSet, Effect, haproxy
from tests.parts import require
from tests.real.haproxy_lab import HaproxyLab
from tests.waits import until

pytestmark = pytest.mark.real
IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2", "out3": "192.0.2.3"}


def _nobody(_: object) -> None:
    raise AssertionError("no answer was asked for")


NONE = Tools(answer=_nobody)


@pytest.fixture
def lab() -> Iterator[HaproxyLab]:
    require("haproxy", "haproxy")
    with HaproxyLab(tuple(IPS)) as running:
        yield running


def _effect(place: str, shares: dict[str, float], backend: str = "relays") -> Effect:
    active = ActiveSet(pool="main", shares=shares, ips=IPS)
    (effect,) = haproxy.effects(active, HaproxyHook(socket=place, backend=backend))
    return effect


@pytest.mark.parametrize("by_port", [False, True])
def test_connections_go_where_the_set_says(lab: HaproxyLab, by_port: bool) -> None:  # noqa: FBT001
    bring = partial(_effect, f"127.0.0.1:{lab.admin_port}" if by_port else lab.socket)
    perform(bring({"out1": 1.0, "out2": 1.0, "out3": 1.0}), NONE)
    assert lab.seen(30) == {"out1": 10, "out2": 10, "out3": 10}
    perform(bring({"out1": 1.0, "out3": 1.0}), NONE)
    assert lab.seen(20) == {"out1": 10, "out3": 10}
    perform(bring({"out1": 1.0, "out2": 0.1, "out3": 1.0}), NONE)
    probation = lab.seen(210)
    assert (probation["out2"], probation.total()) == (10, 210)
    perform(bring({"out2": 0.01}), NONE)
    assert lab.seen(10) == {"out2": 10}


def test_what_somebody_put_into_maintenance_stays_there(lab: HaproxyLab) -> None:
    assert lab.order("set server relays/out1 state maint") == ""
    both = _effect(lab.socket, {"out1": 1.0, "out2": 1.0})
    perform(both, NONE)
    assert differs(both) == ""
    assert lab.seen(10) == {"out2": 10}
    perform(_effect(lab.socket, {"out2": 1.0}), NONE)
    assert lab.order("set server relays/out1 state ready") == ""
    assert differs(_effect(lab.socket, {"out2": 1.0})) == ("relays/out1 has the weight 100 instead of being drained"), (
        "now it is nobody's but the pool's"
    )


def test_a_restart_and_a_hand_are_seen_and_made_good(lab: HaproxyLab) -> None:
    outcomes: list[Outcome] = []
    applier = Applier("haproxy", NONE, outcomes.append, pause=lambda _: 0.05, look_seconds=0.05)
    shares = {"out2": 1.0, "out3": 0.5}
    effect = _effect(lab.socket, shares)
    applier.want(Wanted(ActiveSet(pool="main", shares=shares, ips=IPS), (effect,)))
    until(lambda: len(outcomes) == 1, "the first set")
    lab.order("set server relays/out1 state ready")
    until(lambda: len(outcomes) == 3, "what a hand did made good")
    lab.stop()
    until(lambda: any(outcome.attempt >= 2 for outcome in outcomes), "a second failure while HAProxy is away")
    lab.start()
    until(lambda: not outcomes[-1].reason, "the set after the restart")
    applier.stop(5)
    drifts = [outcome.reason for outcome in outcomes if not outcome.attempt]
    assert drifts[0] == "relays/out1 has the weight 100 instead of being drained"
    assert len(drifts) == 2
    assert drifts[1].startswith(f"{lab.socket}: ")
    assert set(lab.seen(30)) == {"out2", "out3"}
    assert differs(effect) == ""


@pytest.mark.parametrize(
    ("backend", "names", "reason"),
    [
        ("nowhere", IPS, "backend nowhere: Can't find backend."),
        ("relays", {**IPS, "out9": "192.0.2.9"}, "backend relays: no server out9; there are out1, out2, out3"),
    ],
)
def test_a_backend_that_is_another_is_told(lab: HaproxyLab, backend: str, names: dict[str, str], reason: str) -> None:
    active = ActiveSet(pool="main", shares={"out1": 1.0}, ips=names)
    (effect,) = haproxy.effects(active, HaproxyHook(socket=lab.socket, backend=backend))
    with pytest.raises(EffectError) as failed:
        perform(effect, NONE)
    assert str(failed.value) == f"{lab.socket}: {reason}"
    assert lab.seen(9) == {"out1": 3, "out2": 3, "out3": 3}, "nothing was changed"


def test_an_algorithm_that_knows_no_other_weights_is_told() -> None:
    require("haproxy", "haproxy")
    with HaproxyLab(tuple(IPS), balance="static-rr") as lab, pytest.raises(EffectError) as failed:
        perform(_effect(lab.socket, {"out1": 0.5, "out2": 1.0}), NONE)
    assert "set server relays/out1 weight 50: Backend is using a static LB algorithm" in str(failed.value)


def test_a_socket_that_nobody_serves_is_told(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match=r"/admin\.sock: No such file or directory$"):
        perform(_effect(f"{tmp_path}/admin.sock", {"out1": 1.0}), NONE)
