"""Alerts that get worse, floods of them, clocks that jump, servers that hang, and causes that nobody tells of."""

import msgspec
import pytest

from schemas.alert_events import AlertRaised, AlertResolved, AlertWorsened
from schemas.mailbox_events import CaseClosed, CaseGrown, CaseOpened, MailboxFlagged, MailboxReleased
from schemas.observations import HookFailed
from schemas.pool_events import ListDistrusted
from streams.alerts.deciding import FORGOTTEN_DAYS
from streams.alerts.facts import LagLooked, PoolWatched, WarehouseLooked, Watched
from streams.alerts.posting import Post, due
from streams.alerts.words import Text, text_of
from tests.alerts.scene import IPS, WATCHED, Played, kinds, minute, restored, withdrawn

NOC: dict[str, object] = {"url_env": "URL"}
ONLY_IPS = {"pool_at_minimum": {"enabled": False}}
CHAIN: dict[str, dict[str, object]] = {
    "noc": {**NOC, "escalate_to": ["boss"], "escalate_after_minutes": 30},
    "boss": {**NOC, "severities": []},
}
DAY = 24 * 60


def _flag(at: float, name: str) -> MailboxFlagged:
    return MailboxFlagged(id=name, at=minute(at), mailbox=f"{name}@example.net", score=100, step="flag")


def _failed(at: float) -> HookFailed:
    return HookFailed(
        id=f"h{at}", at=minute(at), pool="main", hook="exim", host="mx1", active={}, reason="timed out", attempt=3
    )


def _text(played: Played, post: Post) -> Text:
    alerts = [played.book.alerts[each] for each in post.alerts]
    return text_of(alerts, played.causes.known, post.telling, post.message, {})


def test_what_was_acknowledged_and_gets_worse_is_told_again_and_handed_on() -> None:
    channels = {"noc": {**CHAIN["noc"], "repeat_hours": 1}, "boss": CHAIN["boss"]}
    played = Played(channel=channels, rule=ONLY_IPS, group_seconds=0)
    played.take(withdrawn(0, operator="ada"))
    played.turn(0)
    played.post(0)
    played.acknowledge(1)
    assert played.post(100) == []
    played.take(withdrawn(101))
    assert [type(each) for each in played.turn(101)] == [AlertWorsened]
    post, handed = played.post(101)
    assert (post.channel, post.telling) == ("noc", "worsened")
    assert _text(played, post).title == "WARNING worse: 192.0.2.1 was taken out of the pool main"
    assert (handed.channel, handed.telling) == ("boss", "escalated")
    assert (played.turn(102), played.post(102)) == ([], [])
    played.acknowledge(103)
    played.take(withdrawn(104))
    assert played.turn(104) == [], "as bad as it was"
    assert played.post(1000) == []


def test_a_pool_near_its_minimum_is_a_warning_at_it_is_critical_and_each_ip_fewer_is_worse() -> None:
    ips = [f"192.0.2.{number}" for number in range(1, 6)]
    played = Played(Watched(pools={"main": PoolWatched(frozenset(ips), 2)}), rule={"ip_withdrawn": {"enabled": False}})
    told = []
    for number, ip in enumerate(ips):
        played.take(withdrawn(number, ip))
        told += [(type(each).__name__, each.severity, each.text) for each in played.turn(number)]  # type: ignore[union-attr]
    assert told == [
        ("AlertRaised", "warning", "3 of 5 IPs of the pool main carry mail, min_active is 2"),
        ("AlertWorsened", "critical", "2 of 5 IPs of the pool main carry mail, min_active is 2"),
        ("AlertWorsened", "critical", "1 of 5 IPs of the pool main carry mail, min_active is 2"),
        ("AlertWorsened", "critical", "0 of 5 IPs of the pool main carry mail, min_active is 2"),
    ]
    played.take(restored(10, ips[0]), withdrawn(11, ips[0]))
    assert played.turn(12) == [], "it was as bad before"


def test_a_case_is_worse_each_time_that_it_doubled_and_a_message_tells_how_it_is_now() -> None:
    played = Played(channel={"noc": {**NOC, "repeat_hours": 2}}, group_seconds=0)
    boxes = tuple(f"m{number}@example.net" for number in range(9))
    played.take(CaseOpened(id="c", at=minute(0), case="1", customer="c-1", mailboxes=boxes[:2]))
    played.turn(0)
    played.post(0)
    told = []
    for many in range(3, 10):
        played.take(CaseGrown(id=f"g{many}", at=minute(many), case="1", customer="c-1", mailboxes=boxes[:many]))
        told += [each.text for each in played.turn(many)]
        played.post(many)
    assert told == ["4 mailboxes of c-1 look by now compromised", "8 mailboxes of c-1 look by now compromised"]
    assert [post.telling for post in played.sent] == ["raised", "worsened", "worsened"]
    (again,) = played.post(140)
    assert (again.telling, "now: 9 mailboxes of c-1 look" in _text(played, again).body) == ("repeated", True)
    played.take(CaseClosed(id="d", at=minute(141), case="1", customer="c-1", mailboxes=boxes))
    assert kinds(played.turn(200)) == [("resolved", "customer_attacked", "c-1")]


def test_an_acknowledgement_that_is_taken_back_counts_no_more() -> None:
    played = Played(channel={**CHAIN, "noc": {**CHAIN["noc"], "repeat_hours": 2}}, rule=ONLY_IPS, group_seconds=0)
    played.take(withdrawn(0))
    played.turn(0)
    played.post(0)
    played.acknowledge(1)
    assert played.post(200) == []
    played.unacknowledge(201)
    assert [alert.acknowledged for alert in played.book.opened()] == [None]
    assert [(post.channel, post.telling) for post in played.post(201)] == [("noc", "repeated"), ("boss", "escalated")]


def test_what_begins_one_after_the_other_within_group_seconds_is_one_message() -> None:
    played = Played(channel={"noc": NOC}, group_seconds=30)
    for second in range(60):
        played.take(_flag(second / 60, f"m{second}"))
        played.turn(second / 60)
        played.post(second / 60)
    assert [len(post.alerts) for post in played.sent] == [31], "the first waited 30 s, and all others go with it"
    for second in range(60):
        name = f"m{second}@example.net"
        played.take(MailboxReleased(id=f"r{second}", at=minute(5 + second / 120), mailbox=name, score=0))
    for second in range(0, 1200, 5):
        played.turn(10 + second / 60)
        played.post(10 + second / 60)
    assert [(post.telling, len(post.alerts)) for post in played.sent[1:]] == [
        ("raised", 29), ("resolved", 60),
    ]  # fmt: skip


def test_ten_thousand_causes_at_once_are_two_messages_and_none_is_too_large_for_the_log() -> None:
    played = Played(channel={"noc": NOC}, group_seconds=0)
    played.take(*(_flag(0, f"m{number}") for number in range(10_000)))
    assert len(played.turn(0)) == 10_000
    posts = list(due(played.book, played.alerting, "desk", minute(0)))
    assert [len(post.alerts) for post in posts] == [5000, 5000]
    assert len({post.message for post in posts}) == 2
    assert max(len(msgspec.json.encode(post.event("desk", 0))) for post in posts) < 512 * 1024
    assert _text(played, posts[0]).title.endswith(" and 4999 more")


def test_the_worst_goes_first_and_stands_in_the_title() -> None:
    played = Played(channel={"noc": NOC}, group_seconds=0)
    played.take(withdrawn(0, IPS[1], operator="ada"), withdrawn(0, IPS[2]), withdrawn(0, IPS[0], operator="ada"))
    played.turn(0)
    first, second = played.post(0)
    assert [played.book.alerts[post.alerts[0]].raised.rule for post in (first, second)] == [
        "pool_at_minimum", "ip_withdrawn",
    ]  # fmt: skip
    assert _text(played, second).title == "WARNING 192.0.2.3 was taken out of the pool main and 2 more"


def test_a_server_that_hangs_keeps_nothing_new_from_being_handed_on() -> None:
    played = Played(channel=CHAIN, rule={"channel_failing": {"enabled": False}}, group_seconds=0)
    for number in range(100):
        played.take(_flag(number, f"m{number}"))
        played.turn(number)
        played.post(number, taken=False)
    played.take(withdrawn(100))
    played.turn(100)
    first = next(post for post in due(played.book, played.alerting, "desk", minute(100)) if post.channel == "noc")
    assert first.attempt == 1
    assert {played.book.alerts[each].raised.rule for each in first.alerts} == {"pool_at_minimum"}
    played.post(100, taken=False)
    handed = [post for post in due(played.book, played.alerting, "desk", minute(131)) if post.channel == "boss"]
    rules = {played.book.alerts[each].raised.rule for post in handed for each in post.alerts}
    assert rules == {"mailbox_flagged", "pool_at_minimum", "ip_withdrawn"}


def test_what_was_given_up_and_is_still_so_has_a_new_message() -> None:
    played = Played(channel={"noc": NOC}, rule=ONLY_IPS, group_seconds=0)
    played.take(withdrawn(0))
    played.turn(0)
    (post,) = played.post(0, taken=False)
    begun = post.event("desk", minute(DAY))
    played.write([
        msgspec.structs.replace(begun, attempt=9), msgspec.structs.replace(begun, attempt=9, status="given_up"),
    ])  # fmt: skip
    (again,) = played.post(DAY + 1)
    assert (again.telling, again.attempt, again.message != post.message) == ("raised", 1, True)
    assert played.post(DAY + 2) == []


@pytest.mark.parametrize("back", [5.0, 600.0, 400_000.0])
def test_a_clock_that_is_put_back_keeps_no_message_and_no_retry(back: float) -> None:
    played = Played(channel={"noc": {**NOC, "repeat_hours": 1}}, rule=ONLY_IPS)
    played.take(withdrawn(0))
    played.turn(0)
    (post,) = due(played.book, played.alerting, "desk", minute(-back))
    assert post.attempt == 1
    late = post.event("desk", minute(0))
    played.book.take(late)
    played.book.take(msgspec.structs.replace(late, status="failed"))
    (again,) = due(played.book, played.alerting, "desk", minute(-back))
    assert again.message == post.message


def test_a_look_after_a_clock_was_put_back_counts() -> None:
    played = Played()
    played.take(LagLooked(at=minute(500_000), behind={"stream": 7}, minutes=5))
    played.turn(500_000)
    for number in range(30):
        played.take(LagLooked(at=minute(number), behind={"stream": 0}, minutes=5))
    assert kinds(played.turn(30)) == [("resolved", "lag", "stream")]


def test_what_flaps_faster_than_its_delay_is_told_and_a_longer_pause_ends_it() -> None:
    played = Played()
    told = []
    for number in range(30):
        problem = "" if number % 3 == 2 else "away"
        played.take(WarehouseLooked(at=minute(number), problem=problem))
        told += kinds(played.turn(number))
    assert told == [("raised", "clickhouse_away", "ClickHouse")]
    calm = Played()
    for number in range(60):
        calm.take(WarehouseLooked(at=minute(number), problem="away" if number % 6 < 2 else ""))
        assert calm.turn(number) == [], "two minutes away, four there"


def test_however_long_the_calm_is_an_alert_ends() -> None:
    played = Played(rule=ONLY_IPS, calm_minutes=2 * DAY)
    played.take(withdrawn(0))
    played.turn(0)
    played.take(restored(1))
    ended = []
    for number in range(1, 5 * DAY, 60):
        ended += kinds(played.turn(number))
        played.causes.forget(minute(number), played.book.open)
    assert ended == [("resolved", "ip_withdrawn", IPS[0])]


def test_of_which_nobody_tells_for_a_week_is_closed_as_not_known_and_only_where_clickhouse_was_asked() -> None:
    played = Played()
    played.take(_failed(0))
    (raised,) = played.turn(0)
    assert isinstance(raised, AlertRaised)
    for day in range(1, FORGOTTEN_DAYS + 3):
        assert played.turn(day * DAY) == [], "nobody was asked"
    late = (FORGOTTEN_DAYS + 3) * DAY
    played.take(WarehouseLooked(at=minute(late)))
    (ended,) = [each for each in played.turn(late) if isinstance(each, AlertResolved)]
    assert (ended.alert, ended.until) == (raised.alert, 0)
    assert ended.text == "nobody told of it for 7 days: whether it is over is not known"
    assert [each for each in played.turn(late + 1) if each.rule == "hook_drift"] == []
    played.take(_failed(late + 2))
    assert kinds(played.turn(late + 2)) == [], "the streak of the alert that was closed goes on"
    assert kinds(played.turn(late + 70)) == [("raised", "hook_drift", "exim of main on mx1")]


def test_what_a_new_desk_knows_nothing_of_is_closed_after_a_week_and_an_ip_that_is_out_for_a_month_is_not() -> None:
    before = Played(rule=ONLY_IPS)
    before.take(_failed(0), withdrawn(0))
    after = Played(rule=ONLY_IPS)
    after.write(before.turn(0))
    after.take(withdrawn(0))
    for day in range(FORGOTTEN_DAYS):
        after.take(WarehouseLooked(at=minute(day * DAY)))
        assert after.turn(day * DAY) == []
    after.take(WarehouseLooked(at=minute(30 * DAY)))
    assert kinds(after.turn(30 * DAY)) == [("resolved", "hook_drift", "exim of main on mx1")]


def test_a_pool_that_was_out_of_the_configuration_for_a_while_is_alerted_again() -> None:
    played = Played(rule=ONLY_IPS)
    played.take(withdrawn(0))
    played.turn(0)
    gone = Played(Watched(), rule=ONLY_IPS)
    gone.write(played.events)
    played.write(gone.turn(10))
    assert kinds(played.turn(60)) == [], "two desks with two configurations do not quarrel by the second"
    assert kinds(played.turn(71)) == [("raised", "ip_withdrawn", IPS[0])]


def test_a_list_that_is_asked_no_more_is_not_watched() -> None:
    listed = ListDistrusted(id="l", at=minute(0), pool="main", list="zen", fault="silent")
    there = Played(msgspec.structs.replace(WATCHED, lists=frozenset({"zen"})))
    gone = Played(msgspec.structs.replace(WATCHED, lists=frozenset({"echo"})))
    there.take(listed)
    gone.write(there.turn(0))
    gone.take(listed)
    assert [each.text for each in gone.turn(1)] == ["it is not watched any more"]


def test_messages_of_alerts_that_are_forgotten_are_forgotten_and_never_tried_again() -> None:
    played = Played(channel={"noc": NOC}, rule=ONLY_IPS, group_seconds=0)
    played.take(withdrawn(0), withdrawn(0, IPS[1]))
    played.turn(0)
    (post,) = played.post(0, taken=False)
    assert len(post.alerts) == 2
    played.take(restored(1), restored(1, IPS[1]))
    played.turn(20)
    for at in (8 * DAY, 9 * DAY):
        played.book.forget(minute(at))
    assert (dict(played.book.messages), list(due(played.book, played.alerting, "desk", minute(9 * DAY)))) == ({}, [])
