"""The pool in scenes: what each observation decides."""

from schemas.observations import TrafficCounted
from schemas.pool_settings import Pool as Rules
from streams import pool as pools
from tests.pool_scene import MINUTE, T0, A, B, C, D, Scene, flat


def test_listed_withdrawn_delisted_probation_active() -> None:
    scene = Scene(quarantine_minutes=120, probation_minutes=60, probation_shares=(0.1, 0.5))
    scene.sends(-30, A, 20, "shop@example.net")
    scene.sends(-1, A, 900, "eve@example.net")
    assert scene.says(0, A, "listed") == ["IpWithdrawn 1"]
    assert scene.shares == {B: 1.0, C: 1.0}
    withdrawn = scene.events[0]
    assert withdrawn.until == T0 + 120 * MINUTE  # type: ignore[union-attr]  # an IpWithdrawn, as told above
    assert [culprit.sender for culprit in withdrawn.culprits] == ["eve@example.net", "shop@example.net"]  # type: ignore[union-attr]
    assert withdrawn.evidence[0].text == "spamcop lists the IP since 2026-03-01 10:00:00 UTC, weight 1"
    assert scene.says(15, A, "not_listed") == []
    assert scene.says(119, A, "not_listed") == []
    assert scene.tick(120) == ["IpProbationStarted 1"]
    assert scene.shares == {A: 0.1, B: 1.0, C: 1.0}
    assert scene.says(149, A, "not_listed") == []
    assert scene.tick(150) == ["IpProbationStarted 1"]
    assert scene.shares[A] == 0.5
    assert scene.tick(180) == ["IpRestored 1"]
    assert scene.shares == {A: 1.0, B: 1.0, C: 1.0}


def test_no_return_while_listed_nor_on_a_stale_answer() -> None:
    scene = Scene(quarantine_minutes=60, stale_minutes=60)
    scene.says(0, A, "listed")
    assert scene.tick(10_000) == ["ReturnDelayed 1"], "the last answer is still listed, however old"
    assert scene.says(10_001, A, "not_listed") == ["IpProbationStarted 1"]
    stale = Scene(quarantine_minutes=120, stale_minutes=60)
    stale.says(0, A, "listed")
    stale.says(30, A, "not_listed")
    assert stale.tick(121) == ["ReturnDelayed 1"], "the answer is 91 minutes old"
    assert stale.says(122, A, "unknown") == [], "refused is no news"
    assert stale.says(123, A, "not_listed") == ["IpProbationStarted 1"]


def test_relapse_doubles_the_time_up_to_the_most_and_is_forgotten() -> None:
    scene = Scene(quarantine_minutes=60, quarantine_max_minutes=200, probation_shares=(0.5,), relapse_memory_days=1)
    lengths = []
    minute = 0.0
    for _ in range(3):
        scene.says(minute, A, "listed")
        withdrawn = scene.events[-1]
        lengths.append((withdrawn.until - withdrawn.at) // MINUTE)  # type: ignore[union-attr]  # an IpWithdrawn
        minute = (withdrawn.until - T0) / MINUTE  # type: ignore[union-attr]  # likewise
        assert scene.says(minute, A, "not_listed") == ["IpProbationStarted 1"]
        minute += 1
    assert lengths == [60, 120, 200]
    minute += 3 * 1440
    scene.says(minute, A, "not_listed")
    scene.says(minute + 1, A, "listed")
    assert scene.events[-1].relapse == 0  # type: ignore[union-attr]  # an IpWithdrawn


def test_a_listing_in_probation_withdraws_again() -> None:
    scene = Scene(quarantine_minutes=60)
    scene.says(0, A, "listed")
    scene.says(60, A, "not_listed")
    assert scene.shares[A] == 0.1
    assert scene.says(70, A, "listed") == ["IpWithdrawn 1"]
    assert scene.events[-1].relapse == 1  # type: ignore[union-attr]  # an IpWithdrawn
    assert A not in scene.shares


def test_whole_pool_listed_keeps_min_active_and_says_so_once() -> None:
    scene = Scene(min_active=2, quarantine_minutes=60)
    assert scene.says(0, A, "listed") == ["IpWithdrawn 1"]
    assert scene.says(0.1, B, "listed") == ["WithdrawalRefused 2"]
    assert scene.events[-1].reason == "only 2 of 3 IPs carry mail, min_active is 2"  # type: ignore[union-attr]
    assert scene.says(0.2, C, "listed") == ["WithdrawalRefused 3"]
    assert scene.tick(5) == []
    assert scene.says(6, B, "listed") == [], "the same cause is told once"
    assert scene.says(6, B, "listed", "barracuda") == ["WithdrawalRefused 2"], "a new cause"
    assert scene.says(50, B, "listed") == []
    assert scene.says(50, B, "listed", "barracuda") == []
    assert scene.says(50, C, "listed") == []
    assert scene.says(60, A, "not_listed") == ["IpProbationStarted 1", "IpWithdrawn 2"]
    assert scene.shares == {A: 0.1, C: 1.0}


def test_a_list_that_names_the_world_withdraws_nothing() -> None:
    scene = Scene(ips=10)
    ips = tuple(scene.pool.ips)
    scene.round(0, "clean", ())
    assert flat(scene.round(1, "dead", ips)) == [f"WithdrawalRefused {ip[-1]}" for ip in sorted(ips)]
    assert len(scene.shares) == 10
    assert scene.events[0].reason == (  # type: ignore[union-attr]  # a WithdrawalRefused
        "dead named 10 of 10 IPs within one round, and no other list agrees: "
        "not believed until it names them for 3 more rounds"
    )
    last = tuple(reversed(ips))
    for left in range(2):
        assert flat(scene.round(2 + left, "dead", last[left:])) == []
    assert flat(scene.round(15, "dead", ())) == [], "it takes all back"
    assert flat(scene.round(30, "dead", ips[:1])) == ["IpWithdrawn 1"], "and has its vote again"


def test_a_list_taking_its_names_back_one_by_one_is_not_believed_about_the_rest() -> None:
    scene = Scene(ips=4)
    scene.round(0, "dead", (A, B, C))
    assert flat(scene.round(1, "dead", (C,))) == []
    assert len(scene.shares) == 4


def test_a_list_silent_about_some_ips_settles_by_time() -> None:
    scene = Scene(ips=4)
    assert flat(scene.round(0, "spamcop", (A,), silent=(D,))) == []
    assert scene.tick(5 / 60) == []
    assert scene.tick(6 / 60) == ["IpWithdrawn 1"]


def test_a_listing_counts_with_the_last_answer_of_its_round() -> None:
    scene = Scene(ips=4)
    assert scene.round(0, "spamcop", (A,)) == [[], [], [], [], ["IpWithdrawn 1"]]


def test_half_of_the_pool_is_no_flood() -> None:
    scene = Scene(ips=4)
    assert scene.round(0, "spamcop", (A, B))[-1] == ["IpWithdrawn 1", "IpWithdrawn 2"]


def test_a_list_that_goes_on_naming_most_of_the_pool_is_believed_after_three_more_rounds() -> None:
    scene = Scene(ips=4, min_active=2)
    for minute in (0, 15, 30, 45):
        said = flat(scene.round(minute, "spamcop", (A, B, C)))
        assert said == (["WithdrawalRefused 1", "WithdrawalRefused 2", "WithdrawalRefused 3"] if minute == 0 else [])
    assert scene.health(60, "spamcop", healthy=False) == [], "it must pass its test, too"
    assert scene.round(75, "spamcop", (A, B, C))[0] == ["IpWithdrawn 1", "IpWithdrawn 2", "WithdrawalRefused 3"]
    withdrawn, _, refused = scene.events[-3:]
    assert withdrawn.evidence[0].text == (
        "spamcop lists the IP since 2026-03-01 10:00:00 UTC, weight 1; spamcop named 3 of 4 IPs within one round, "
        "and is believed as it still does after 3 more with its tests passed"
    )
    assert refused.reason == "only 2 of 4 IPs carry mail, min_active is 2"  # type: ignore[union-attr]


def test_what_a_flood_withdrew_comes_back_at_once_and_is_no_relapse() -> None:
    scene = Scene(ips=4, quarantine_minutes=60, probation_shares=(0.1,), probation_minutes=10)
    scene.round(0, "clean", ())
    scene.round(1, "dead", (A,), silent=(B, C, D))
    assert scene.tick(1.1) == ["IpWithdrawn 1"]
    late = [scene.answers(1, ip, "dead") for ip in (B, C, D)]
    refused = ["WithdrawalRefused 1", "WithdrawalRefused 2", "WithdrawalRefused 3"]
    assert late == [
        ["IpWithdrawn 2"],
        ["IpProbationStarted 1", "IpProbationStarted 2", *refused],
        ["WithdrawalRefused 4"],
    ]
    assert scene.events[3].evidence[0].rule == "doubted/dead"
    assert scene.shares == {A: 0.1, B: 0.1, C: 1.0, D: 1.0}
    scene.round(2, "clean", ())
    scene.round(2, "dead", ())
    assert scene.tick(12) == ["IpRestored 1", "IpRestored 2"]
    assert scene.says(13, A, "listed", "other") == ["IpWithdrawn 1"]
    assert scene.events[-1].relapse == 0  # type: ignore[union-attr]  # an IpWithdrawn


def test_a_list_failing_three_tests_gives_back_what_it_alone_withdrew() -> None:
    scene = Scene(quarantine_minutes=60, probation_shares=(0.1,), probation_minutes=10)
    scene.round(0, "dead", (A,))
    scene.round(1, "clean", ())
    assert scene.health(2, "dead", healthy=False) == []
    assert scene.health(3, "dead", healthy=False) == [], "it may only be slow"
    assert scene.health(4, "dead", healthy=False) == ["IpProbationStarted 1"]
    assert scene.events[-1].evidence[0].text == "dead failed its last 3 tests: what it caused is no relapse"
    assert scene.tick(14) == ["IpRestored 1"]
    assert scene.says(15, A, "listed", "other") == ["IpWithdrawn 1"]
    assert scene.events[-1].relapse == 0  # type: ignore[union-attr]  # an IpWithdrawn


def test_a_flood_that_others_agree_with_is_believed() -> None:
    scene = Scene(ips=4, min_active=1, threshold=2.0)
    assert flat(scene.round(0, "barracuda", (B, C, D))) == []
    said = scene.round(1, "spamcop", (C, D))
    assert said[-1] == ["IpWithdrawn 3", "IpWithdrawn 4"]


def test_names_spread_over_days_are_no_flood() -> None:
    scene = Scene(ips=4)
    assert scene.says(0, A, "listed") == ["IpWithdrawn 1"]
    assert scene.says(300, B, "listed") == ["ReturnDelayed 1", "IpWithdrawn 2"]


def test_an_unhealthy_or_refusing_list_has_no_vote() -> None:
    scene = Scene()
    scene.health(0, "dead", healthy=False)
    assert scene.says(1, A, "listed", "dead") == []
    assert scene.says(2, A, "unknown", "spamcop") == []
    assert scene.health(3, "dead", healthy=True) == ["IpWithdrawn 1"], "its listing counts once it is sound"


def test_weights_add_up_and_networks_count_less() -> None:
    scene = Scene(threshold=1.0)
    assert scene.says(0, A, "listed", "one", weight=0.6) == []
    assert scene.says(0, A, "not_listed", "two", weight=0.6) == [], "two lists disagree: the threshold decides"
    assert scene.says(1, A, "listed", "three", weight=0.4) == ["IpWithdrawn 1"]
    assert scene.says(1, B, "listed", "level2", scope="network") == []
    assert scene.says(1, B, "listed", "level3", scope="as") == []
    assert scene.says(2, B, "listed", "one", weight=0.25) == ["IpWithdrawn 2"], "0.5 + 0.25 + 0.25"


def test_a_stale_listing_withdraws_nothing() -> None:
    scene = Scene(stale_minutes=60)
    scene.says(0, A, "listed", "one", weight=0.6)
    assert scene.says(61, A, "listed", "two", weight=0.6) == []
    assert scene.says(62, A, "listed", "one", weight=0.6) == ["IpWithdrawn 1"]


def test_the_logs_verify_a_withdrawal_once() -> None:
    scene = Scene(verify_seconds=60)
    scene.says(0, A, "listed")
    assert scene.sends(0.5, A) == [], "under way already"
    assert scene.sends(1.0, B) == []
    assert scene.sends(1.5, B) == ["WithdrawalVerified 1"], "60 s after the last mail through it"
    assert scene.sends(3, B) == []


def test_mail_through_a_withdrawn_ip_is_told_once_a_minute() -> None:
    scene = Scene(verify_seconds=60)
    scene.says(0, A, "listed")
    assert scene.sends(2, A) == ["WithdrawalDrifted 1"]
    assert scene.sends(2.5, A) == []
    assert scene.sends(3, A) == ["WithdrawalDrifted 1"]
    assert scene.sends(4, B) == ["WithdrawalVerified 1"], "repaired"
    assert scene.sends(5, A) == ["WithdrawalDrifted 1"]


def test_late_mail_through_a_withdrawn_ip_is_told_before_that_others_sent_since() -> None:
    scene = Scene(verify_seconds=60)
    scene.says(0, A, "listed")
    scene.sends(9, B)
    scene.order(9.5, "pin", A)
    assert scene.events[-1].ip == A
    assert "WithdrawalVerified 1" in [f"{type(event).__name__} {event.ip[-1]}" for event in scene.events]
    assert scene.sends(5, A) == ["WithdrawalDrifted 1"], "told at 9.5"
    assert scene.tick(10) == ["WithdrawalVerified 1"]


def test_complaints_have_no_vote() -> None:
    scene = Scene()
    scene.sends(0, A, 5)
    many = TrafficCounted(id="c", at=T0 + MINUTE, partition=0, ip=A, complaints=100_000)
    after, decided = pools.step(scene.pool, many)
    assert decided == ()
    assert after.ips == scene.pool.ips, "not even as a sign that the IP sends"


def test_what_is_not_its_business_leaves_the_same_pool() -> None:
    scene = Scene()
    before = scene.pool
    scene.says(0, "198.51.100.9", "listed")
    scene.says(1, A, "unknown")
    scene.sends(1, "198.51.100.9")
    scene.order(1, "withdraw", "198.51.100.9")
    scene.order(1, "suspend", A)
    scene.order(1, "unpin", A)
    assert scene.pool is before


def test_state_survives_as_json_and_meets_changed_settings() -> None:
    scene = Scene()
    scene.sends(0, A, 5)
    scene.says(1, A, "listed")
    scene.order(2, "pin", B, expires=90)
    assert pools.decode(pools.encode(scene.pool), scene.rules) == scene.pool
    other = Rules(transports={"out1": A, "out9": "192.0.2.9"})
    changed = pools.decode(pools.encode(scene.pool), other)
    assert pools.active(changed) == {"192.0.2.9": 1.0}
    assert list(changed.ips) == [A, "192.0.2.9"]


def test_decisions_alone_rebuild_who_carries_mail() -> None:
    scene = Scene(quarantine_minutes=60, probation_shares=(0.1, 0.5))
    scene.says(0, A, "listed")
    scene.says(61, A, "not_listed")
    scene.order(62, "withdraw", B)
    scene.says(95, A, "not_listed")
    folded = pools.initial("main", scene.rules)
    for event in scene.events:
        folded = pools.evolve(folded, event)
    assert pools.active(folded) == pools.active(scene.pool) == {A: 0.5, C: 1.0}
