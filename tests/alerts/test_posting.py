"""Who is told what when: groups, quiet hours, repeats, acknowledgement, escalation, back-off."""

from datetime import UTC, datetime, time

import pytest

from schemas.alert_events import AlertDelivered
from schemas.mailbox_events import MailboxFlagged
from schemas.moments import epoch_microseconds
from streams.alerts.posting import due, pause
from streams.alerts.quiet import is_quiet
from tests.alerts.scene import IPS, Played, minute, restored, withdrawn

NOC = {"url_env": "URL"}
OFF = {"pool_at_minimum": {"enabled": False}}
NIGHT = (time(22), time(7))
ZURICH = "Europe/Zurich"


def _at(text: str) -> int:
    return epoch_microseconds(datetime.fromisoformat(text).astimezone(UTC))


def _flag(at: float, name: str) -> MailboxFlagged:
    return MailboxFlagged(id=name, at=minute(at), mailbox=f"{name}@example.net", score=100, step="flag")


def _told(posts: list) -> list[tuple[str, str, int]]:  # type: ignore[type-arg]
    return [(post.channel, post.telling, len(post.alerts)) for post in posts]


@pytest.mark.parametrize(
    ("local", "quiet"),
    [
        ("2027-01-12T21:59:59+01:00", False),
        ("2027-01-12T22:00:00+01:00", True),
        ("2027-01-13T06:59:59+01:00", True),
        ("2027-01-13T07:00:00+01:00", False),
        # The clock is put on in the night of 28 March: 7 o'clock is 5 o'clock UTC from then on.
        ("2027-03-28T04:59:59+00:00", True),
        ("2027-03-28T05:00:00+00:00", False),
        # It is put back on 31 October: 7 o'clock is 6 o'clock UTC again.
        ("2027-10-31T05:59:59+00:00", True),
        ("2027-10-31T06:00:00+00:00", False),
    ],
)
def test_quiet_hours_go_by_the_wall_clock_also_when_it_changes(local: str, quiet: bool) -> None:  # noqa: FBT001
    assert is_quiet(NIGHT, ZURICH, _at(local)) is quiet


@pytest.mark.parametrize(
    ("utc", "quiet"),
    [
        ("2027-10-31T00:29:00+00:00", False),  # 02:29, the first time
        ("2027-10-31T00:30:00+00:00", True),  # 02:30, the first time
        ("2027-10-31T01:29:00+00:00", True),  # 02:29 again: still quiet
        ("2027-10-31T01:44:00+00:00", True),
        ("2027-10-31T01:45:00+00:00", False),  # 02:45, the last time
    ],
)
def test_an_hour_that_comes_twice_is_quiet_from_its_first_to_its_last(utc: str, quiet: bool) -> None:  # noqa: FBT001
    assert is_quiet((time(2, 30), time(2, 45)), ZURICH, _at(utc)) is quiet


def test_an_end_that_the_clock_leaves_out_ends_all_the_same() -> None:
    hours = (time(1), time(2, 30))  # on 28 March 2027 it is 03:00 after 01:59
    assert is_quiet(hours, ZURICH, _at("2027-03-28T01:29:00+00:00"))
    assert not is_quiet(hours, ZURICH, _at("2027-03-28T01:30:00+00:00"))
    assert not is_quiet(None, ZURICH, _at("2027-03-28T01:00:00+00:00"))


def test_what_begins_together_goes_in_one_message_for_each_rule() -> None:
    played = Played(channel={"noc": NOC}, group_seconds=60)
    played.take(*(_flag(0, f"m{number}") for number in range(40)), withdrawn(0))
    played.turn(0)
    assert played.post(0.5) == [], "others may begin"
    assert sorted(_told(played.post(1))) == [("noc", "raised", 1), ("noc", "raised", 1), ("noc", "raised", 40)]
    assert played.post(2) == []


def test_a_channel_gets_its_severities_and_rules_only() -> None:
    channels = {"noc": {**NOC, "severities": ["critical"]}, "abuse": {**NOC, "rules": ["mailbox_flagged"]}}
    played = Played(channel=channels, group_seconds=0)
    played.take(_flag(0, "m"), withdrawn(0))
    played.turn(0)
    rules = {post.channel: {played.book.alerts[each].raised.rule for each in post.alerts} for post in played.post(1)}
    assert rules == {"noc": {"pool_at_minimum"}, "abuse": {"mailbox_flagged"}}


def test_in_quiet_hours_only_what_is_critical_goes_and_the_rest_in_the_morning_also_what_ended() -> None:
    played = Played(channel={"noc": {**NOC, "quiet_hours": "10:00-23:30"}}, group_seconds=0)
    assert is_quiet((time(10), time(23, 30)), "UTC", minute(0)), "the scene begins at 17:46"
    played.take(withdrawn(0), _flag(0, "m"))
    played.turn(0)
    (critical,) = played.post(1)
    assert [played.book.alerts[each].raised.rule for each in critical.alerts] == ["pool_at_minimum"]
    played.take(restored(2))
    played.turn(20)
    assert _told(played.post(20)) == [("noc", "resolved", 1)]
    assert sorted(_told(played.post(6 * 60))) == [("noc", "raised", 1), ("noc", "raised", 1)]
    assert played.post(6 * 60 + 1) == [], "the message said already that it is over"


def test_it_is_told_again_until_somebody_acknowledges() -> None:
    played = Played(channel={"noc": {**NOC, "repeat_hours": 2}}, rule=OFF, group_seconds=0)
    played.take(withdrawn(0))
    played.turn(0)
    played.post(0)
    assert played.post(119) == []
    assert _told(played.post(120)) == [("noc", "repeated", 1)]
    assert _told(played.post(240)) == [("noc", "repeated", 1)]
    assert len({post.message for post in played.sent}) == 3
    played.acknowledge(241)
    assert played.post(2000) == []
    played.take(restored(2001))
    played.turn(2050)
    assert _told(played.post(2051)) == [("noc", "resolved", 1)]


def test_without_acknowledgement_it_goes_to_the_next_channel_also_where_the_first_is_dead() -> None:
    channels = {
        "noc": {**NOC, "escalate_to": ["boss"], "escalate_after_minutes": 30},
        "boss": {**NOC, "severities": []},
    }
    for taken in (True, False):
        played = Played(channel=channels, rule={**OFF, "channel_failing": {"enabled": False}}, group_seconds=0)
        played.take(withdrawn(0))
        played.turn(0)
        played.post(0, taken=taken)
        assert [post for post in due(played.book, played.alerting, "desk", minute(29)) if post.channel == "boss"] == []
        found = [post for post in played.post(30, taken=taken) if post.channel == "boss"]
        assert _told(found) == [("boss", "escalated", 1)]
        if taken:
            assert played.post(31) == []
            played.take(restored(31))
            played.turn(60)
            assert _told(played.post(60)) == [("noc", "resolved", 1), ("boss", "resolved", 1)]


def test_what_is_acknowledged_is_not_escalated() -> None:
    channels = {"noc": {**NOC, "escalate_to": ["boss"]}, "boss": {**NOC, "severities": []}}
    played = Played(channel=channels, rule=OFF, group_seconds=0)
    played.take(withdrawn(0))
    played.turn(0)
    played.post(0)
    played.acknowledge(10)
    assert played.post(1000) == []


def test_a_message_that_was_not_taken_is_tried_again_later_and_later_under_its_number() -> None:
    played = Played(channel={"noc": NOC}, rule=OFF, group_seconds=0)
    played.take(withdrawn(0))
    played.turn(0)
    (first,) = played.post(0, taken=False)
    assert played.post(0.2) == []
    (second,) = played.post(0.25, taken=False)
    assert (second.message, second.attempt) == (first.message, 2)
    played.take(withdrawn(0.3, IPS[1]))
    played.turn(0.3)
    assert [post.attempt for post in played.post(0.3)] == [1], "what comes meanwhile does not wait for it"
    assert [pause(number) // 1_000_000 for number in (1, 2, 3, 7, 8, 9, 100)] == [15, 30, 60, 960, 1800, 1800, 1800]


def test_a_dead_channel_is_told_by_the_other_and_not_by_itself() -> None:
    played = Played(
        channel={"noc": {**NOC, "rules": ["ip_withdrawn", "channel_failing"]}, "boss": NOC}, group_seconds=0
    )
    for attempt in (1, 2, 3):
        played.write([
            AlertDelivered(
                id=f"x{attempt}", at=minute(attempt), message="m", channel="noc", telling="raised", alerts=(),
                status="failed", attempt=attempt, desk="desk", answer="refused",
            )
        ])  # fmt: skip
    played.turn(4)
    posts = [post for post in played.post(4) if post.message != "m"]
    assert _told(posts) == [("boss", "raised", 1)]


def test_a_message_of_another_desk_is_left_to_it_for_ten_minutes() -> None:
    played = Played(channel={"noc": NOC}, rule=OFF, group_seconds=0)
    played.take(withdrawn(0))
    played.turn(0)
    (post,) = due(played.book, played.alerting, "one", minute(1))
    played.write([post.event("one", minute(1)), post.event("two", minute(1.1))])
    assert played.book.messages[post.message].desk == "one", "who said it first"
    assert list(due(played.book, played.alerting, "two", minute(10.9))) == []
    (again,) = due(played.book, played.alerting, "one", minute(1.2))
    assert (again.message, again.attempt) == (post.message, 2), "it was killed, and begins again"
    (other,) = due(played.book, played.alerting, "two", minute(11))
    assert (other.message, other.attempt) == (post.message, 2)
