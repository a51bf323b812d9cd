"""The pool in scenes: which lists an IP waits for before it returns, and for how long."""

import pytest

from schemas.facts import ListFault, Scope
from schemas.pool_events import ReturnDelayed
from streams import pool as pools
from tests.pool_scene import MINUTE, T0, A, B, Scene

HOUR = 60


def delayed(scene: Scene) -> ReturnDelayed:
    event = scene.events[-1]
    assert isinstance(event, ReturnDelayed)
    return event


@pytest.mark.parametrize(
    ("began", "weight", "scope", "said", "until"),
    [
        (-1500, 0.05, "as", "IpProbationStarted", 90),
        (5, 0.2, "ip", "IpProbationStarted", 90),
        (-1500, 0.9, "network", "IpProbationStarted", 90),
        (-1500, 0.9, "ip", "IpProbationStarted", 90),
        (-30, 0.9, "ip", "ReturnDelayed", 260),
        (5, 0.5, "network", "ReturnDelayed", 260),
        (5, 1.0, "ip", "ReturnDelayed", None),
    ],
)
def test_what_would_not_withdraw_it_bars_a_return_only_if_it_began_about_then(
    began: float, weight: float, scope: Scope, said: str, until: int | None
) -> None:
    scene = Scene(quarantine_minutes=60, quarantine_max_minutes=200, probation_minutes=60)
    for minute in sorted({began, 0, 6, 50}):
        if not minute:
            scene.says(minute, A, "listed")
        if minute >= began:
            scene.says(minute + 0.5, A, "listed", "other", weight=weight, scope=scope)
    scene.says(55, A, "not_listed")
    assert scene.tick(60) == [f"{said} 1"]
    event = scene.events[-1]
    assert [item.rule for item in event.evidence if "other" in item.rule] == ["dnsbl/other"]
    assert event.until == (T0 + until * MINUTE if until else 0)  # type: ignore[union-attr]  # both have one
    assert scene.tick(61) == [], "told once"


def test_what_is_too_little_to_withdraw_it_is_not_waited_for_for_ever() -> None:
    scene = Scene(quarantine_minutes=60, quarantine_max_minutes=200, probation_minutes=60)
    scene.says(0, A, "listed")
    for minute in range(5, 255, 50):
        scene.says(minute, A, "listed", "small", weight=0.3)
        scene.says(minute, A, "not_listed")
    assert delayed(scene).evidence[0].text == "small lists the IP since 2026-03-01 10:05:00 UTC, weight 0.3"
    assert scene.tick(259) == []
    assert scene.tick(260) == ["IpProbationStarted 1"]
    assert scene.events[-1].evidence[-1].text.endswith("weight 0.3: too little to wait for")
    scene.says(289, A, "listed", "small", weight=0.3)
    scene.says(289, A, "not_listed")
    assert scene.tick(290) == ["IpProbationStarted 1"], "and it stops no step of the probation"


def test_each_list_that_comes_to_those_it_waits_for_is_told() -> None:
    scene = Scene(quarantine_minutes=60)
    scene.says(0, A, "listed")
    assert scene.says(60, A, "listed") == ["ReturnDelayed 1"]
    assert scene.says(70, A, "listed", "other") == ["ReturnDelayed 1"]
    assert [item.rule for item in delayed(scene).evidence] == ["dnsbl/other", "dnsbl/spamcop"]
    assert scene.says(80, A, "not_listed") == scene.says(90, A, "listed") == []
    again = pools.decode(pools.encode(scene.pool), scene.rules)
    assert again.ips[A].waits == ("other", "spamcop")


def test_a_list_that_nobody_asks_any_more_bars_nothing_once_others_had_a_day_of_rounds() -> None:
    scene = Scene(quarantine_minutes=60)
    scene.round(0, "removed", (A,))
    scene.round(15, "removed", (A,))
    told = [scene.round(hour * HOUR, "spamcop", ())[0] for hour in range(1, 26)]
    assert told[0] == ["ReturnDelayed 1"]
    assert not any(told[1:-1])
    assert told[-1] == ["IpProbationStarted 1"]
    assert scene.events[-1].evidence[-1].text == (
        "removed is not asked any more, last about this IP at 2026-03-01 10:15:00 UTC: what it named bars nothing"
    )


def test_of_a_poller_that_stands_still_no_list_is_gone() -> None:
    scene = Scene(quarantine_minutes=60)
    scene.round(0, "one", (A,))
    scene.round(15, "two", ())
    assert scene.tick(60) == ["ReturnDelayed 1"]
    assert scene.tick(6 * 24 * HOUR) == []


@pytest.mark.parametrize(("fault", "bars"), [("silent", True), ("refused", True), ("test_points", False)])
def test_silence_is_not_taken_for_clean_but_bars_no_longer_than_the_longest_quarantine(
    fault: ListFault, *, bars: bool
) -> None:
    scene = Scene(quarantine_minutes=60, quarantine_max_minutes=300)
    scene.round(0, "mute", (A,))
    told = []
    for minute in range(30, 301, 30):
        told += scene.health(minute, "mute", healthy=False, fault=fault) if bars or minute == 30 else []
        told += [said for each in scene.round(minute, "other", ()) for said in each]
    assert told[0] == ("ReturnDelayed 1" if bars else "IpProbationStarted 1")
    if bars:
        assert told == ["ReturnDelayed 1"]
        assert delayed(scene).until == T0 + 300 * MINUTE
        assert scene.tick(301) == ["IpProbationStarted 1"]
        assert scene.events[-1].evidence[-1].text == (
            "mute has not answered since 2026-03-01 10:00:00 UTC: waited for as long as quarantine_max_minutes"
        )


@pytest.mark.parametrize(("weight", "said"), [(0.9, "IpProbationStarted 2"), (1.0, "ReturnDelayed 2")])
def test_what_an_operator_withdrew_until_an_end_returns_unless_it_would_be_withdrawn_now(
    weight: float, said: str
) -> None:
    scene = Scene()
    scene.tick(0)
    scene.order(0, "withdraw", B, expires=60)
    scene.says(30, B, "listed", "some", weight=weight)
    assert scene.tick(60) == [said]
    assert scene.says(61, B, "not_listed", "some", weight=weight) == (
        [] if said.startswith("Ip") else ["IpProbationStarted 2"]
    )
