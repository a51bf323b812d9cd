"""The pool in scenes: the way back, who hinders it, a step back, and the shadow mode."""

import msgspec
import pytest

from schemas.mailbox_events import (
    MailboxDecision,
    MailboxFlagged,
    MailboxReleased,
    MailboxSuspended,
    MailboxThrottled,
)
from schemas.pool_events import IpProbationStarted, IpWithdrawn, ProbationSetBack, ReturnDelayed
from streams import pool as pools
from streams.suspects import judged
from tests.pool_scene import MINUTE, T0, A, B, C, Scene

EVE = "eve@example.net"


def out(**rules: object) -> Scene:
    """Return a pool whose first IP was listed an hour ago, after Eve had sent through it, and is clean now."""
    scene = Scene(ips=3, **{"quarantine_minutes": 60, "probation_shares": (0.1, 0.5), **rules})
    scene.sends(-1, A, 500, EVE)
    scene.says(0, A, "listed")
    scene.says(55, A, "not_listed")
    return scene


def why(scene: Scene) -> list[str]:
    return [item.text for item in scene.events[-1].evidence if item.rule == "culprit"]


def test_no_return_while_a_flagged_culprit_goes_on() -> None:
    scene = out()
    scene.judged(1, EVE, "flag")
    scene.sends(59, B, 10, EVE)
    assert scene.tick(60) == ["ReturnDelayed 1"]
    delayed = scene.events[-1]
    assert isinstance(delayed, ReturnDelayed)
    assert delayed.until == T0 + (60 + 1440) * MINUTE
    last = "last mail at 2026-03-01 10:59:00 UTC"
    assert why(scene) == [f"eve@example.net is flagged since 2026-03-01 10:01:00 UTC, {last}, and still sends"]
    assert scene.tick(61) == [], "told once"
    assert scene.judged(62, EVE, "suspend", "propose") == [], "a proposal keeps nobody from sending"
    assert scene.judged(63, EVE, "suspend", "enforce") == ["IpProbationStarted 1"]
    assert why(scene) == [f"eve@example.net is suspended since 2026-03-01 11:03:00 UTC, {last}, which is enforced"]


@pytest.mark.parametrize(
    ("step", "mode", "said"),
    [("", "", "IpProbationStarted 1"), ("throttle", "enforce", "IpProbationStarted 1"), ("watch", "", "")],
)
def test_what_ends_the_waiting(step: str, mode: str, said: str) -> None:
    scene = out()
    if step != "watch":
        scene.judged(1, EVE, "flag")
        scene.sends(59, B, 10, EVE)
        assert scene.tick(60) == ["ReturnDelayed 1"]
        assert scene.judged(62, EVE, step, mode) == [said]  # type: ignore[arg-type]  # as in the table
    else:
        scene.judged(1, EVE, "watch")
        scene.sends(59, B, 10, EVE)
        assert scene.tick(60) == ["IpProbationStarted 1"], "watched is not flagged"


def test_a_culprit_that_was_quiet_for_an_hour_hinders_nothing() -> None:
    scene = out()
    scene.judged(1, EVE, "flag")
    scene.sends(10, B, 10, EVE)
    assert scene.tick(60) == ["ReturnDelayed 1"]
    scene.says(69, A, "not_listed")
    assert scene.tick(70) == ["IpProbationStarted 1"]
    assert why(scene)[0].endswith("last mail at 2026-03-01 10:10:00 UTC, and was quiet since")


def test_a_suspended_mailbox_that_sends_in_spite_of_it_hinders_it_too() -> None:
    scene = out()
    scene.judged(1, EVE, "suspend", "enforce")
    scene.sends(9, B, 10, EVE)
    assert scene.tick(60) == ["IpProbationStarted 1"], "what was queued may leave"
    other = out()
    other.judged(1, EVE, "suspend", "enforce")
    other.sends(30, B, 10, EVE)
    assert other.tick(60) == ["ReturnDelayed 1"]


def test_an_honest_shop_on_top_of_the_ranking_hinders_nothing() -> None:
    scene = out()
    scene.sends(59, B, 10_000, "shop@example.net")
    scene.sends(59, B, 10, EVE)
    assert scene.tick(60) == ["IpProbationStarted 1"], "neither is in question"


def test_no_culprit_keeps_an_ip_out_for_ever() -> None:
    scene = out(culprits={"most_minutes": 120})
    scene.judged(1, EVE, "flag")
    for minute in range(60, 180, 30):
        scene.sends(minute, B, 10, EVE)
        scene.says(minute, A, "not_listed")
    assert [type(event).__name__ for event in scene.events[1:]] == ["ReturnDelayed", "WithdrawalVerified"]
    scene.sends(179, B, 10, EVE)
    assert scene.tick(180) == ["IpProbationStarted 1"]
    assert why(scene)[0].endswith("and still sends: waited for as long as culprits.most_minutes allows")


def test_what_was_known_before_the_flag_counts_too() -> None:
    scene = out()
    scene.sends(40, C, 10, EVE)
    assert scene.judged(50, EVE, "flag") == []
    assert scene.tick(60) == ["ReturnDelayed 1"], "his last mail was seen, though nobody had asked for it"


def ramp(stage: int) -> Scene:
    """Return a pool whose first IP is on this stage of its probation since minute 60 or 90."""
    scene = Scene(ips=3, quarantine_minutes=60, probation_minutes=60, probation_shares=(0.1, 0.5))
    scene.says(0, A, "listed")
    assert scene.says(60, A, "not_listed") == ["IpProbationStarted 1"]
    if stage:
        scene.says(80, A, "not_listed")
        assert scene.tick(90) == ["IpProbationStarted 1"]
    return scene


def test_a_small_list_sets_a_probation_back_by_a_stage() -> None:
    scene = ramp(1)
    assert scene.says(95, A, "listed", "small", weight=0.3) == ["ProbationSetBack 1"]
    event = scene.events[-1]
    assert isinstance(event, ProbationSetBack)
    assert (event.share, event.until) == (0.1, T0 + 125 * MINUTE)
    assert scene.shares[A] == 0.1
    assert scene.tick(125) == ["ReturnDelayed 1"], "the list still names it"
    assert scene.says(126, A, "not_listed", "small", weight=0.3) == ["IpProbationStarted 1"]
    assert scene.shares[A] == 0.5


def test_an_ip_that_must_stay_is_set_back_all_the_same() -> None:
    scene = Scene(ips=2, min_active=2, probation_minutes=60, probation_shares=(0.1, 0.5))
    scene.tick(0)
    scene.order(0, "withdraw", A, expires=60)
    scene.says(59, A, "not_listed")
    assert scene.tick(60) == ["IpProbationStarted 1"]
    assert scene.tick(90) == ["IpProbationStarted 1"]
    assert scene.says(95, A, "listed") == ["ProbationSetBack 1", "WithdrawalRefused 1"]
    assert scene.shares == {A: 0.1, B: 1.0}


def test_on_the_first_stage_a_small_list_withdraws() -> None:
    scene = ramp(0)
    assert scene.says(65, A, "listed", "small", weight=0.3) == ["IpWithdrawn 1"]
    event = scene.events[-1]
    assert isinstance(event, IpWithdrawn)
    assert event.relapse == 1
    assert event.evidence[-1].text == "it had just come back: any new listing suffices"


def test_a_provider_that_blocks_it_sets_a_probation_back_and_begins_the_first_stage_anew() -> None:
    for stage in (1, 0):
        scene = ramp(stage)
        minute = 95 if stage else 65
        for ip in (A, B, C):
            scene.counts(minute, ip, "google", 0 if ip == A else 50, 50 if ip == A else 0)
        assert scene.tick(minute + 0.1) == ["ProbationSetBack 1", "ProviderWithdrawn 1"]
        event = scene.events[-2]
        assert isinstance(event, ProbationSetBack)
        assert (event.share, event.until) == (0.1, event.at + 30 * MINUTE)


@pytest.mark.parametrize(
    ("providers", "back"),
    [
        (("evil.example",), []),
        (("evil.example", "wicked.example"), []),
        (("mimecast",), []),
        (("cisco", "mimecast"), ["ProbationSetBack 1"]),
    ],
)
def test_no_strangers_domain_sets_a_probation_back(providers: tuple[str, ...], back: list[str]) -> None:
    scene = ramp(1)
    for provider in providers:
        for ip in (A, B, C):
            scene.counts(95, ip, provider, 0 if ip == A else 50, 50 if ip == A else 0)
    assert scene.tick(95.1) == [*back, *["ProviderWithdrawn 1"] * len(providers)]


def test_a_pinned_ip_is_not_set_back() -> None:
    scene = ramp(1)
    scene.order(91, "pin", A)
    assert scene.says(95, A, "listed", "small", weight=0.3) == []
    assert scene.shares[A] == 0.5


@pytest.mark.parametrize("rules", [{"mode": "shadow"}, {"dry_run": True}])
def test_in_shadow_mode_each_decision_says_so_and_mail_through_the_ip_is_no_drift(rules: dict[str, object]) -> None:
    scene = Scene(ips=3, quarantine_minutes=60, **rules)
    assert scene.says(0, A, "listed") == ["IpWithdrawn 1"]
    assert scene.sends(5, A, 10) == []
    assert scene.sends(6, B, 10) == []
    assert scene.says(60, A, "not_listed") == ["IpProbationStarted 1"]
    assert {event.mode for event in scene.events} == {"shadow"}
    live = Scene(ips=3)
    live.says(0, A, "listed")
    assert [event.mode for event in live.events] == [""]


def test_a_decision_about_a_mailbox_is_a_step_for_the_pools() -> None:
    given: list[tuple[MailboxDecision, str, str]] = [
        (MailboxFlagged(id="1", at=1, mailbox=EVE, score=50, step="watch"), "watch", ""),
        (MailboxFlagged(id="2", at=1, mailbox=EVE, score=90, step="flag"), "flag", ""),
        (
            MailboxThrottled(id="3", at=1, mailbox=EVE, score=90, mode="enforce", recipients_per_hour=5),
            "throttle",
            "enforce",
        ),
        (MailboxSuspended(id="4", at=1, mailbox=EVE, score=150, mode="propose"), "suspend", "propose"),
        (MailboxReleased(id="5", at=1, mailbox=EVE, score=0), "", ""),
    ]
    for decision, step, mode in given:
        told = judged(decision)
        assert (told.mailbox, told.step, told.mode, told.decision) == (EVE, step, mode, decision.id)
        assert told == judged(decision), "the same decision has the same id"
    assert len({judged(decision).id for decision, *_ in given}) == 5


def test_what_is_known_of_suspects_and_providers_survives_as_json() -> None:
    scene = out()
    scene.judged(1, EVE, "flag")
    scene.counts(2, B, "google", 10, 10)
    scene.order(3, "withdraw", C, provider="yahoo")
    scene.replies(4, B, "google", 1, named="sorbs")
    again = pools.decode(pools.encode(scene.pool), scene.rules)
    assert again == scene.pool
    assert pools.encode(again) == pools.encode(scene.pool)
    assert pools.barred(again) == {"yahoo": (C,)}


def test_a_state_of_an_earlier_release_is_read() -> None:
    scene = out()
    old = msgspec.json.decode(pools.encode(scene.pool))
    for name in ("load", "suspects", "told"):
        del old[name]
    for standing in old["ips"].values():
        standing["senders"] = {"2953932": {EVE: 500}}
        standing.pop("tallies", None)
    again = pools.decode(msgspec.json.encode(old), scene.rules)
    assert pools.active(again) == {B: 1.0, C: 1.0}
    assert [type(event) for event in pools.decide(again, T0 + 61 * MINUTE)] == [IpProbationStarted]
