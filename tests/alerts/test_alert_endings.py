"""Each alert ends by itself, whatever its cause was: by what ends it, or once nobody has told of it for a week."""

import msgspec
import pytest

from schemas.alert_events import AlertDelivered
from schemas.facts import Evidence
from schemas.observations import ListingObserved
from schemas.pool_events import IpRestored, ListDistrusted, ListTrusted, WithdrawalRefused
from streams.alerts import rules
from streams.alerts.deciding import FORGOTTEN_DAYS
from streams.alerts.facts import WarehouseLooked
from tests.alerts.scene import IPS, WATCHED, Fact, Played, kinds, minute, withdrawn

DAY = 24 * 60
NOT_KNOWN = "nobody told of it for 7 days: whether it is over is not known"
RAISED = ("raised", "withdrawal_refused", IPS[0])
RESOLVED = ("resolved", "withdrawal_refused", IPS[0])
ENDED_BY_AN_EVENT = {
    "customer_attacked", "ip_withdrawn", "list_distrusted", "mailbox_flagged", "pool_at_minimum", "sunset_paused",
}  # fmt: skip
"""Rules whose causes are told once: each has an event of its own that ends them, also if it takes a month."""


def _listed(at: float, ip: str, answer: str = "listed", name: str = "zen") -> ListingObserved:
    return ListingObserved(id=f"{at}{ip}", at=minute(at), ip=ip, list=name, answer=answer, scope="ip", weight=1.0)  # type: ignore[arg-type]


def _stays(at: float, *lists: str) -> WithdrawalRefused:
    evidence = tuple(Evidence(rule=f"dnsbl/{name}", text=f"{name} lists the IP") for name in lists)
    return WithdrawalRefused(id=f"s{at}", at=minute(at), pool="main", ip=IPS[0], reason="2 of 3", evidence=evidence)


def _void(at: float) -> WithdrawalRefused:
    """Return the refusal of an operator's order, as `streams.withdrawing` makes it."""
    evidence = (Evidence(rule="operator", text="eve: it smells"),)
    why = "only 2 of 3 IPs carry mail, min_active is 2, eve may not go below it"
    return WithdrawalRefused(id=f"v{at}", at=minute(at), pool="main", ip=IPS[0], reason=why, evidence=evidence)


def _failed(at: float) -> AlertDelivered:
    return AlertDelivered(
        id=f"d{at}", at=minute(at), message="m", channel="noc", telling="raised", alerts=(), status="failed",
        answer="Unauthorized", attempt=3, desk="d",
    )  # fmt: skip


def _asking(*lists: str) -> Played:
    return Played(msgspec.structs.replace(WATCHED, lists=frozenset(lists)))


def test_each_rule_has_an_event_that_ends_it_or_is_told_again_while_it_is_so() -> None:
    assert {name for name in rules.names() if not rules.told_again(name)} == ENDED_BY_AN_EVENT


def test_a_refused_order_of_an_operator_is_no_alert() -> None:
    played = Played(channel={"noc": {"url_env": "NOC", "repeat_hours": 4}, "boss": {"url_env": "BOSS"}})
    played.take(_void(1))
    for hour in range(48):
        assert played.turn(hour * 60) == []
        assert played.post(hour * 60) == []


def test_a_refused_order_does_not_keep_open_what_lists_began() -> None:
    played = Played()
    played.take(_stays(1, "zen", "echo"))
    assert kinds(played.turn(2)) == [RAISED]
    played.take(_void(3), _listed(4, IPS[0], "not_listed"), _listed(5, IPS[0], "not_listed", "echo"))
    assert kinds(played.turn(30)) == [RESOLVED]


def test_of_a_list_that_is_asked_no_more_nothing_is_waited_for() -> None:
    before, after = _asking("zen", "echo"), _asking("zen")
    before.take(_stays(1, "zen", "echo"))
    after.write(before.turn(2))
    after.take(_stays(1, "zen", "echo"))
    assert kinds(after.turn(30)) == [], "zen names it still"
    after.take(_listed(31, IPS[0], "not_listed"))
    assert kinds(after.turn(60)) == [RESOLVED]


def test_what_an_operator_distrusts_ends_it_and_what_he_trusts_again_begins_it_again() -> None:
    played = Played()
    played.take(_stays(1, "zen", "echo"))
    played.turn(2)
    played.take(ListDistrusted(id="zen", at=minute(3), pool="main", list="zen", fault="operator"))
    assert [each for each in played.turn(30) if each.rule == RESOLVED[1]] == [], "echo names it still"
    both = ListDistrusted(id="echo", at=minute(31), pool="main", list="echo", fault="operator")
    played.take(both, _stays(31, "zen", "echo"))  # as the pool says it anew: the list is not believed
    (ended,) = [each for each in played.turn(60) if each.rule == RESOLVED[1]]
    assert ended.text == "an operator distrusts each list that names 192.0.2.1, or it is asked no more"
    played.take(ListTrusted(id="t", at=minute(61), pool="main", list="zen", fault="operator"))
    assert RAISED in kinds(played.turn(62))


@pytest.mark.parametrize("fault", ["silent", "refused"])
def test_a_list_that_lost_its_vote_by_itself_has_not_said_that_it_names_nothing(fault: str) -> None:
    played = Played()
    lost = ListDistrusted(id="l", at=minute(3), pool="main", list="zen", fault=fault)  # type: ignore[arg-type]
    played.take(_stays(1, "zen"), lost, _listed(4, IPS[0], "unknown"))
    assert RAISED in kinds(played.turn(5))
    assert RESOLVED not in kinds(played.turn(300))


def _lasting(rule: str, *, told: Fact | None) -> list[str]:
    """Play thirty days after a rule's cause began, `told` again each day; return with which words the alert ended."""
    begin: dict[str, list[Fact]] = {
        "withdrawal_refused": [_stays(1, "zen")],
        "pool_listed": [_listed(n, ip) for n, ip in enumerate(IPS)],
        "channel_failing": [_failed(1)],
    }
    played = Played()
    played.take(*begin[rule])
    assert [each.rule for each in played.turn(5) if each.rule == rule] == [rule]
    ended = []
    for day in range(1, 31):
        played.take(WarehouseLooked(at=minute(day * DAY)))
        if told is not None:
            again = msgspec.structs.replace(told, id=f"{day}", at=minute(day * DAY))
            played.take(again)
        ended += [each.text for each in played.turn(day * DAY) if each.rule == rule]
    return ended


@pytest.mark.parametrize(
    ("rule", "again"),
    [
        ("withdrawal_refused", _listed(1, IPS[0])),
        ("pool_listed", _listed(1, IPS[2])),
        ("channel_failing", _failed(1)),
    ],
)
def test_what_is_told_again_lasts_and_of_what_nobody_tells_for_a_week_nobody_knows(rule: str, again: Fact) -> None:
    assert _lasting(rule, told=again) == []
    assert _lasting(rule, told=None) == [NOT_KNOWN]
    silent = msgspec.structs.replace(again, answer="unknown") if isinstance(again, ListingObserved) else None
    assert _lasting(rule, told=silent) == [NOT_KNOWN], "a list that cannot be asked tells nothing"
    assert FORGOTTEN_DAYS == 7


def test_a_pool_that_went_to_shadow_mode_is_at_its_minimum_no_more_once_the_ip_is_back() -> None:
    played = Played()
    played.take(withdrawn(1))
    assert ("raised", "pool_at_minimum", "main") in kinds(played.turn(2))
    shadow = msgspec.structs.replace(withdrawn(3, IPS[1]), mode="shadow")
    played.take(shadow, IpRestored(id="r", at=minute(4), pool="main", ip=IPS[0], mode="shadow"))
    assert ("resolved", "pool_at_minimum", "main") in kinds(played.turn(60))
