"""The pool in scenes: an IP that one provider blocks leaves for that provider only."""

import pytest

from schemas.pool_events import ProviderRefused, ProviderRestored, ProviderWithdrawn
from streams import pool as pools
from tests.pool_scene import MINUTE, T0, A, B, C, D, Scene


def blocked(scene: Scene, minute: float, provider: str, *ips: str, of: int = 100) -> list[str]:
    """Let every IP send as much to a provider, which blocks these; then a tick."""
    for ip in scene.pool.ips:
        scene.counts(minute, ip, provider, 0 if ip in ips else of, of if ip in ips else 0)
    return scene.tick(minute + 0.1)


def test_a_blocked_ip_leaves_for_that_provider_only_and_is_back_after_a_while() -> None:
    scene = Scene(ips=3, min_active=2)
    assert blocked(scene, 0, "google", A) == ["ProviderWithdrawn 1"]
    assert scene.shares == {A: 1.0, B: 1.0, C: 1.0}
    assert pools.barred(scene.pool) == {"google": (A,)}
    (event,) = scene.events
    assert isinstance(event, ProviderWithdrawn)
    assert (event.provider, event.until, event.relapse) == ("google", event.at + 240 * MINUTE, 0)
    assert event.evidence[0].text == (
        'google blocks 100 of 100 deliveries through it, and 0 of 200 through 2 others: "5.7.1 poor reputation"'
    )
    assert scene.tick(240) == []
    assert scene.tick(240.1) == ["ProviderRestored 1"]
    assert pools.barred(scene.pool) == {}


def test_a_block_after_the_return_is_a_relapse_and_lasts_twice_as_long() -> None:
    scene = Scene(ips=3, relapse_memory_days=1, quarantine_max_minutes=900)
    lengths, minute = [], 0.0
    for _ in range(3):
        assert blocked(scene, minute, "google", A) == ["ProviderWithdrawn 1"]
        event = scene.events[-1]
        assert isinstance(event, ProviderWithdrawn)
        lengths.append((event.until - event.at) // MINUTE)
        minute = (event.until - T0) / MINUTE
        assert scene.tick(minute) == ["ProviderRestored 1"]
        minute += 1
    assert lengths == [240, 480, 900]
    assert blocked(scene, minute + 2000, "google", A) == ["ProviderWithdrawn 1"]
    assert scene.events[-1].relapse == 0  # type: ignore[union-attr]  # a ProviderWithdrawn, as told above


def test_too_few_messages_or_a_few_blocks_decide_nothing() -> None:
    scene = Scene(ips=3)
    assert blocked(scene, 0, "google", A, of=19) == []
    for ip, bad in ((A, 40), (B, 0), (C, 0)):
        scene.counts(10, ip, "yahoo", 100 - bad, bad)
    assert scene.tick(10.1) == ["ProviderWithdrawn 1"], "between 31 and 50 of a hundred"
    for ip, bad in ((A, 35), (B, 0), (C, 0)):
        scene.counts(20, ip, "microsoft", 100 - bad, bad)
    assert scene.tick(20.1) == [], "as few as 26 of a hundred may be the truth"


def test_nobody_leaves_where_a_provider_blocks_all_alike_and_that_is_told_once_a_day() -> None:
    scene = Scene(ips=4)
    assert blocked(scene, 0, "google", A, B, C, D) == ["ProviderRefused"]
    event = scene.events[-1]
    assert isinstance(event, ProviderRefused)
    assert (event.ip, event.provider) == ("", "google")
    assert event.reason == "google blocks 4 IPs about alike: content or a domain is the likelier cause"
    assert event.evidence[0].text == "google blocks 100 of 100 deliveries through 192.0.2.1"
    assert blocked(scene, 5, "google", A, B, C, D) == []
    assert blocked(scene, 1440, "google", A, B, C, D) == ["ProviderRefused"]
    assert pools.barred(scene.pool) == {}


def test_one_that_is_blocked_more_leaves_and_of_the_rest_it_is_told_that_they_are_alike() -> None:
    scene = Scene(ips=4)
    for ip, bad in ((A, 100), (B, 45), (C, 44), (D, 43)):
        scene.counts(0, ip, "google", 100 - bad, bad)
    assert scene.tick(0.1) == ["ProviderRefused"], "B may be at 55 of a hundred: not half of 96"
    for ip, bad in ((A, 1000), (B, 450), (C, 440), (D, 430)):
        scene.counts(1, ip, "yahoo", 1000 - bad, bad)
    assert scene.tick(1.1) == ["ProviderWithdrawn 1", "ProviderRefused"]
    assert scene.events[-1].reason == "yahoo blocks 3 IPs about alike: content or a domain is the likelier cause"  # type: ignore[union-attr]


def test_without_others_to_compare_with_nothing_is_known() -> None:
    scene = Scene(ips=3)
    scene.counts(0, A, "google", 0, 100)
    assert scene.tick(0.1) == ["ProviderRefused"]
    assert scene.events[-1].reason == "no other IP sent enough to google to compare with"  # type: ignore[union-attr]


def test_the_least_bad_stay_where_too_few_would_be_left() -> None:
    scene = Scene(ips=4, min_active=2)
    for ip, bad in ((A, 90), (B, 80), (C, 70), (D, 0)):
        scene.counts(0, ip, "google", 100 - bad, bad)
    assert scene.tick(0.1) == ["ProviderWithdrawn 1", "ProviderWithdrawn 2", "ProviderRefused 3"]
    assert scene.events[-1].reason == "only 2 IPs send to google, min_active is 2"  # type: ignore[union-attr]
    assert scene.tick(5) == []


def test_what_is_barred_comes_back_when_all_others_leave_the_pool() -> None:
    scene = Scene(ips=3, min_active=1)
    blocked(scene, 0, "google", A)
    scene.says(1, B, "listed")
    assert pools.barred(scene.pool) == {"google": (A,)}
    assert scene.says(2, C, "listed") == ["IpWithdrawn 3", "ProviderRestored 1"]
    assert scene.events[-1].evidence[0].text == "no other IP is left that sends there"
    assert pools.barred(scene.pool) == {}


def test_an_operator_withdraws_and_restores_for_one_provider() -> None:
    scene = Scene(ips=2, min_active=2)
    scene.tick(0)
    assert scene.order(1, "withdraw", A, provider="google") == ["ProviderWithdrawn 1"], "below min_active, too"
    assert scene.events[-1].operator == "ada"  # type: ignore[union-attr]
    assert pools.barred(scene.pool) == {"google": (A,)}
    assert scene.order(2, "withdraw", B, provider="google") == ["ProviderRefused 2"]
    assert scene.events[-1].reason == "it is the last IP that sends there"  # type: ignore[union-attr]
    assert scene.tick(10_000) == [], "until it is revoked"
    assert scene.order(10_001, "restore", A, provider="google") == ["ProviderRestored 1"]
    assert isinstance(scene.events[-1], ProviderRestored)
    assert scene.events[-1].operator == "ada"
    assert scene.tick(10_002) == [], "what was refused is void"
    assert scene.order(10_003, "withdraw", B, provider="google") == ["ProviderWithdrawn 2"]


def test_an_order_about_a_provider_that_ends() -> None:
    scene = Scene(ips=3)
    scene.tick(0)
    assert scene.order(0, "restore", A, provider="google", expires=60) == ["ProviderRestored 1"]
    assert blocked(scene, 1, "google", A) == [], "no block has a vote until then"
    assert scene.tick(60.5) == ["ProviderWithdrawn 1"]
    assert scene.order(62, "withdraw", B, provider="google", expires=90) == ["ProviderWithdrawn 2"]
    assert scene.tick(90) == ["ProviderRestored 2"]


def test_a_pinned_ip_is_left_as_it_is() -> None:
    scene = Scene(ips=3)
    scene.tick(0)
    scene.order(0, "pin", A)
    assert blocked(scene, 1, "google", A) == []
    assert scene.order(2, "unpin", A) == ["ProviderWithdrawn 1"]
    scene.order(3, "pin", A)
    assert scene.tick(1000) == [], "nor does it come back"


def test_counts_are_compared_at_the_next_tick_in_whatever_order_they_came() -> None:
    scene = Scene(ips=3)
    assert scene.replies(0, A, "google", 100) == []
    assert scene.counts(0, A, "google", 0, 0) == []
    scene.counts(0, A, "google", 900)
    for ip in (B, C):
        scene.counts(0, ip, "google", 900)
    assert scene.tick(0.1) == [], "100 of 900 are few; of nothing they would be all"


def test_lists_that_two_trusted_providers_name_add_to_a_vote_but_withdraw_nothing_alone() -> None:
    scene = Scene(ips=3, threshold=1.0, providers={"list_weight": 0.5})
    for provider in ("google", "yahoo"):
        for name in ("barracuda", "sorbs", "cloudmark"):
            assert scene.replies(0, A, provider, 1, named=name) == []
    assert scene.tick(1) == [], "replies alone"
    assert scene.says(2, A, "listed", "spamcop", weight=0.5) == ["IpWithdrawn 1"]
    assert [item.text for item in scene.events[-1].evidence] == [
        "spamcop lists the IP since 2026-03-01 10:02:00 UTC, weight 0.5",
        "replies of google, yahoo name barracuda, weight 0.5",
        "replies of google, yahoo name cloudmark, weight 0.5",
        "replies of google, yahoo name sorbs, weight 0.5",
    ]


def test_no_single_or_unknown_provider_and_no_list_that_speaks_for_itself() -> None:
    scene = Scene(ips=3, threshold=1.0, providers={"list_weight": 0.5})
    scene.replies(0, A, "google", 1, named="barracuda")
    scene.replies(0, A, "rival.example", 1, named="barracuda")
    scene.replies(0, A, "google", 1, named="sorbs")
    scene.replies(0, A, "yahoo", 1, named="sorbs")
    scene.says(1, A, "not_listed", "sorbs")
    assert scene.says(2, A, "listed", "spamcop", weight=0.5) == []
    scene.replies(3, A, "yahoo", 1, named="barracuda")
    assert scene.tick(4) == []
    assert scene.says(5, A, "listed", "spamcop", weight=0.5) == []


def test_the_logs_show_whether_an_ip_stopped_sending_to_a_provider() -> None:
    scene = Scene(ips=3, hooks={"exim": {}}, providers={"quarantine_minutes": 600})
    assert blocked(scene, 0, "google", A) == ["ProviderWithdrawn 1"]
    assert scene.counts(1, A, "google", 5) == [], "hooks have a minute"
    assert scene.counts(1.5, A, "yahoo", 5) == []
    assert scene.counts(2, A, "google", 3) == ["ProviderDrifted 1"]
    assert scene.events[-1].evidence[0].text == (
        "3 deliveries to google left through 192.0.2.1 after 2026-03-01 10:00:06 UTC, though barred there"
    )
    assert [scene.counts(minute, A, "google", 2) for minute in (3, 50)] == [[], []], "told once an hour"
    assert scene.tick(62.1) == ["ProviderDrifted 1"]
    assert scene.events[-1].evidence[0].value == 4
    assert scene.counts(63, B, "yahoo", 9) == []
    assert scene.counts(63, B, "google", 9) == [], "less than a minute after what was told"
    assert scene.counts(64, C, "google", 9) == ["ProviderVerified 1"]
    assert scene.events[-1].evidence[0].text == (
        "others sent to google for 114 s while nothing left for it through 192.0.2.1"
    )
    assert scene.counts(65, A, "google", 1) == []
    assert scene.tick(122.2) == ["ProviderDrifted 1"]
    assert pools.barred(scene.pool) == {"google": (A,)}


@pytest.mark.parametrize(
    ("provider", "told", "rules"),
    [
        ("google", False, {"hooks": {"haproxy": {"backend": "relays"}, "postfix_lmdb": {}}}),
        ("google", True, {"hooks": {"haproxy": {"backend": "relays"}, "kumomta": {}}}),
        ("shop.example", False, {"hooks": {"kumomta": {"sites": {"other.example": ["mx.example.net"]}}}}),
        ("shop.example", True, {"hooks": {"kumomta": {"sites": {"shop.example": ["mx.example.net"]}}}}),
        ("google", False, {"mode": "shadow", "hooks": {"exim": {}}}),
    ],
)
def test_nothing_is_told_where_no_hook_can_bar_the_provider(
    provider: str,
    told: bool,  # noqa: FBT001
    rules: dict[str, object],
) -> None:
    scene = Scene(ips=3, **rules)
    assert blocked(scene, 0, provider, A) == ["ProviderWithdrawn 1"]
    assert scene.counts(2, A, provider, 3) == (["ProviderDrifted 1"] if told else [])
    assert scene.counts(9, B, provider, 3) == (["ProviderVerified 1"] if told else [])
