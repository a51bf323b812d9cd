"""What the pages say that an order would do, and which order takes it back."""

import pytest

from dashboards import effect
from dashboards.pools import Standing
from schemas.access_settings import Roles
from schemas.observations import OperatorActed, PoolAction
from schemas.pool_settings import Pool
from streams.api import guarding
from streams.provider_scope import barred as barred_of
from tests.pool_scene import Scene

A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
OUT = Standing("main", C, "withdrawn", share=0.0)


def pool(**more: object) -> Pool:
    return Pool.model_validate({"transports": {"a": A, "b": B, "c": C}, **more})


RESERVE = "The pool has no reserve then: whatever lists say, it withdraws no other IP by itself."
LAST = f"{A} is the last IP that sends: the pool will refuse the order."
UNREAD = "The state of the pool could not be read: what this would do is not known."


def said(action: PoolAction, ip: str, *ips: Standing, named: tuple[str, ...] = (), **rules: object) -> effect.Effect:
    standing = {each.ip: each for each in ips}
    everyone = [standing.get(one, Standing("main", one, "active")) for one in (A, B, C)]
    return effect.of_pool(action, ip, pool(**rules), everyone, named)


def test_capacity_is_counted_alike_or_as_configured_and_by_shares() -> None:
    assert "Capacity falls from 100 % to 67 % (each IP counted alike)." in said("withdraw", A).lines
    rates = {"messages_per_hour": {"a": 100, "b": 100, "c": 800}}
    assert "Capacity falls from 100 % to 20 % (as configured)." in said("withdraw", C, capacity=rates).lines
    some = {"messages_per_hour": {"a": 100}}
    assert "Capacity falls from 100 % to 67 % (each IP counted alike)." in said("withdraw", A, capacity=some).lines
    half = Standing("main", C, "probation", share=0.5)
    assert "Capacity falls from 83 % to 50 % (each IP counted alike)." in said("withdraw", A, half).lines
    assert "Capacity rises from 83 % to 100 % (each IP counted alike)." in said("restore", C, half).lines


@pytest.mark.parametrize(
    ("least", "ips", "below", "last"),
    [
        (1, (), False, "Capacity falls from 100 % to 67 % (each IP counted alike)."),
        (2, (), False, RESERVE),
        (3, (), True, RESERVE),
        (1, (OUT, Standing("main", B, "withdrawn", share=0.0)), True, LAST),
        (1, (Standing("main", C, "unknown"),), True, UNREAD),
    ],
)
def test_what_a_withdrawal_does_to_the_guard(least: int, ips: tuple[Standing, ...], last: str, *, below: bool) -> None:
    told = said("withdraw", A, *ips, min_active=least)
    assert (told.below, told.lines[-1]) == (below, last)


@pytest.mark.parametrize("barred", [(), ("google",), ("google", "yahoo")])
@pytest.mark.parametrize("out", ["", C])
@pytest.mark.parametrize("least", [1, 2, 3])
def test_of_a_provider_the_page_knows_the_guard_as_the_api_does(least: int, out: str, barred: tuple[str, ...]) -> None:
    """B is barred from these providers, C may be withdrawn altogether: A is to leave for Google."""
    scene = Scene(min_active=least)
    scene.tick(0)
    for ip, provider in ((out, ""), *((B, name) for name in barred)):
        if ip:
            scene.order(0, "withdraw", ip, provider=provider)
    out_now = {ip for ip, each in scene.pool.ips.items() if each.place == "withdrawn"}
    told = guarding.shortage(
        scene.pool,
        OperatorActed(
            id="o", at=1, operator="x", reason="y", pool="main", subject=A, action="withdraw", provider="google"
        ),
    )
    ips = [Standing("main", ip, "withdrawn" if ip in out_now else "active") for ip in (A, B, C)]
    there = barred_of(scene.pool).get("google", ())
    would = effect.of_provider("withdraw", A, "google", pool(min_active=least), ips, there, effect.Sent({}, 6))
    assert would.below is bool(told)
    back = effect.of_provider("restore", A, "google", pool(min_active=least), ips, there, effect.Sent({}, 6))
    assert not back.below


def test_of_a_provider_what_is_not_known_is_taken_for_the_worst() -> None:
    ips = [Standing("main", ip, "unknown") for ip in (A, B, C)]
    would = effect.of_provider("withdraw", A, "google", pool(min_active=1), ips, (), effect.Sent({}, 6))
    assert (would.lines, would.below) == ((UNREAD,), True)


def test_what_an_ip_is_now_and_who_names_it_is_told() -> None:
    assert said("withdraw", C, OUT).lines == (
        f"{C} is withdrawn already: it then stays out until it is restored, or the end is over.",
    )
    assert said("pin", C, OUT, named=("spamcop",)).lines == (
        f"{C} stays withdrawn, whatever lists say: nothing moves it by itself, in or out.",
        "It is named by spamcop now.",
    )
    assert said("unpin", A, named=("spamcop",)).lines[-1] == "It is named by spamcop now: it may leave at once."
    assert said("pin", A, mode="shadow").lines[-1].startswith("The pool is in shadow")


@pytest.mark.parametrize(
    ("action", "decision", "back"),
    [
        ("withdraw", "", "restore"),
        ("restore", "", "withdraw"),
        ("pin", "", "unpin"),
        ("unpin", "", "pin"),
        ("suspend", "flagged", "release"),
        ("throttle", "", "release"),
        ("watch", "", "release"),
        ("release", "suspended", "suspend"),
        ("release", "throttled", "throttle"),
        ("release", "suspension proposed", "watch"),
        ("release", "flagged", "watch"),
    ],
)
def test_which_order_takes_one_back(action: str, decision: str, back: str) -> None:
    assert effect.opposite(action, decision) == back


def test_a_mailbox_that_no_hook_holds_is_told_so() -> None:
    assert "nothing holds the mailbox" in effect.of_mailbox("suspend", "", "", barred=False, per_hour=50)[-1]
    assert effect.of_mailbox("throttle", "flag", "flagged", barred=True, per_hour=50) == (
        "Now: flagged, step flag.",
        "It is held to 50 recipients an hour, whatever held it before. No rule loosens that.",
    )


@pytest.mark.parametrize(
    ("name", "groups", "role"),
    [
        ("kim", (), "operator"),
        ("kim", ("boss",), "admin"),
        ("eve", (), "viewer"),
        ("Kim", (), "viewer"),
        ("", ("boss",), ""),
        ("group:boss", (), "viewer"),
    ],
)
def test_the_highest_role_that_fits_counts(name: str, groups: tuple[str, ...], role: str) -> None:
    roles = Roles(viewer=("*",), operator=("kim",), admin=("group:boss",))
    assert roles.of(name, groups) == role
