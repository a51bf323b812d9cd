"""One cause, one alert: flapping, delays, and the laws that hold whatever comes in whatever order."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.alert_events import AlertRaised, AlertResolved, AlertWorsened
from schemas.observations import HookApplied, HookDrifted
from streams.alerts.book import Book
from streams.alerts.facts import WarehouseLooked, Watched
from streams.alerts.words import text_of
from tests.alerts.scene import IPS, WATCHED, Played, kinds, minute, restored, withdrawn

QUIET_POOL = {"pool_at_minimum": {"enabled": False}}


def test_an_ip_that_flaps_a_hundred_times_in_an_hour_is_one_alert_and_two_messages() -> None:
    played = Played(channel={"noc": {"url_env": "URL"}}, rule=QUIET_POOL)
    for number in range(100):
        begin = number * 0.6
        played.take(withdrawn(begin))
        played.turn(begin + 0.1)
        played.post(begin + 0.2)
        played.take(restored(begin + 0.3))
        played.turn(begin + 0.4)
        played.post(begin + 0.5)
    for number in range(61, 400):
        played.turn(number)
        played.post(number)
    assert [type(each).__name__ for each in played.events if isinstance(each, AlertRaised | AlertResolved)] == [
        "AlertRaised", "AlertResolved",
    ]  # fmt: skip
    (resolved,) = [each for each in played.events if isinstance(each, AlertResolved)]
    assert resolved.count == 100
    assert (resolved.at - minute(59.7)) // 60_000_000 in {120, 121}, "a hundred times: twelve times as calm"
    assert [(post.telling, len(post.alerts)) for post in played.sent] == [("raised", 1), ("resolved", 1)]
    alert = played.book.alerts[resolved.alert]
    text = text_of([alert], played.causes.known, "resolved", played.sent[1].message, {})
    assert "it began 100 times, and is told once" in text.body


def test_what_comes_and_goes_between_two_turns_is_told() -> None:
    played = Played()
    drift = {"pool": "main", "hook": "exim", "host": "mx1", "active": {}}
    for number in range(3):
        played.take(HookDrifted(id=f"d{number}", at=minute(number), reason="x", **drift))  # type: ignore[arg-type]
        played.take(HookApplied(id=f"a{number}", at=minute(number + 0.5), **drift))  # type: ignore[arg-type]
    assert kinds(played.turn(5)) == [("raised", "hook_drift", "exim of main on mx1")]
    (resolved,) = played.turn(40)
    assert isinstance(resolved, AlertResolved)
    assert resolved.count == 3


def test_what_is_over_for_more_than_an_hour_when_the_desk_begins_is_no_news() -> None:
    played = Played()
    played.take(withdrawn(0), restored(1))
    assert kinds(played.turn(62)) == []
    played.take(withdrawn(-5000, IPS[1]))
    assert ("raised", "ip_withdrawn", IPS[1]) in kinds(played.turn(63)), "what is still so is told, however old"


def test_a_delay_is_waited_for_and_a_shorter_cause_is_none() -> None:
    played = Played(rule={"ip_withdrawn": {"delay_minutes": 5}, **QUIET_POOL})
    played.take(withdrawn(0))
    assert kinds(played.turn(4)) == []
    played.take(restored(4.5))
    assert kinds(played.turn(10)) == []
    played.take(withdrawn(10))
    assert kinds(played.turn(15)) == [("raised", "ip_withdrawn", IPS[0])]


def test_a_severity_of_the_configuration_counts_before_that_of_the_sign() -> None:
    played = Played(rule={"ip_withdrawn": {"severity": "critical"}, **QUIET_POOL})
    played.take(withdrawn(0, operator="eve"))
    (raised,) = played.turn(1)
    assert isinstance(raised, AlertRaised)
    assert raised.severity == "critical"


def test_what_is_not_configured_any_more_is_resolved() -> None:
    before = Played()
    before.take(withdrawn(0))
    after = Played(Watched())
    after.write(before.turn(1))
    assert {(each.rule, each.text) for each in after.turn(2)} == {
        ("ip_withdrawn", "it is not watched any more"), ("pool_at_minimum", "it is not watched any more"),
    }  # fmt: skip


def test_an_alert_of_which_nothing_is_known_stays_open() -> None:
    before = Played()
    before.take(withdrawn(0))
    after = Played()
    after.write(before.turn(1))
    assert after.turn(100_000) == []


def test_what_is_over_when_a_new_desk_looks_again_and_again_is_resolved() -> None:
    before = Played()
    before.take(WarehouseLooked(at=minute(0), problem="away"))
    after = Played()
    after.write(before.turn(4))
    told = []
    for number in range(5, 20):
        after.take(WarehouseLooked(at=minute(number)))
        told += [(number, *each) for each in kinds(after.turn(number))]
    assert told == [(15, "resolved", "clickhouse_away", "ClickHouse")]


_STEPS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(IPS), st.booleans()), max_size=40)


def _facts(steps: list[tuple[int, str, bool]]) -> list[tuple[int, object]]:
    at = 0
    found: list[tuple[int, object]] = []
    for wait, ip, out in steps:
        at += wait
        found.append((at, withdrawn(at, ip) if out else restored(at, ip)))
    return found


def _run(steps: list[tuple[int, str, bool]], every: int = 1, delay: float = 0.0) -> Played:
    played = Played(rule={"ip_withdrawn": {"delay_minutes": delay}})
    facts = _facts(steps)
    end = (facts[-1][0] if facts else 0) + 200
    for now in range(end):
        played.take(*(fact for at, fact in facts if at == now))  # type: ignore[arg-type]
        if now % every == 0 or now == end - 1:
            played.turn(now)
    return played


@given(_STEPS)
def test_no_cause_ever_has_two_open_alerts_and_each_ends_once(steps: list[tuple[int, str, bool]]) -> None:
    played = _run(steps)
    open_now: set[tuple[str, str]] = set()
    for event in played.events:
        if isinstance(event, AlertWorsened):
            assert (event.rule, event.subject) in open_now
            continue
        assert isinstance(event, AlertRaised | AlertResolved)
        key = event.rule, event.subject
        assert (key in open_now) is isinstance(event, AlertResolved)
        open_now ^= {key}
    assert {alert.key for alert in played.book.opened()} == open_now
    assert all(played.causes.known[key].on for key in open_now)
    assert len({event.id for event in played.events}) == len(played.events)


@given(_STEPS, st.integers(1, 20), st.sampled_from([0.0, 3.0, 10.0]))
def test_each_cause_that_lasts_beyond_its_delay_is_told_however_seldom_the_desk_looks(
    steps: list[tuple[int, str, bool]], every: int, delay: float
) -> None:
    played = _run(steps, every, delay)
    raised = [each for each in played.events if isinstance(each, AlertRaised) and each.rule == "ip_withdrawn"]
    resolved = {each.alert: each.at for each in played.events if isinstance(each, AlertResolved)}
    for (rule, subject), cause in played.causes.known.items():
        for streak in cause.streaks if rule == "ip_withdrawn" else ():
            until = streak.until or minute(10**6)
            if until - streak.since >= delay * 60_000_000:
                covering = [
                    each for each in raised
                    if each.subject == subject and each.since <= streak.since <= resolved.get(each.alert, until)
                ]  # fmt: skip
                assert covering, (subject, streak)


@given(_STEPS)
def test_a_replay_gives_the_same_events_and_the_book_of_them_is_the_same(steps: list[tuple[int, str, bool]]) -> None:
    one, two = _run(steps), _run(steps)
    assert one.events == two.events
    book = Book()
    for event in one.events:
        again = codec.decode(codec.encode(event))
        assert again == event
        book.take(event)
        book.take(msgspec.structs.replace(event, at=event.at + 5))  # another desk said the same, a little later
    assert book.alerts == one.book.alerts


@given(_STEPS, st.randoms(use_true_random=False))
def test_causes_that_do_not_concern_each_other_may_come_in_any_order(
    steps: list[tuple[int, str, bool]], dice: object
) -> None:
    facts = [fact for _, fact in _facts(steps)]
    apart = {ip: [fact for fact in facts if getattr(fact, "ip", "") == ip] for ip in IPS}
    mixed: list[object] = []
    while any(apart.values()):
        mixed.append(apart[dice.choice([ip for ip in IPS if apart[ip]])].pop(0))  # type: ignore[attr-defined]
    told = []
    for order in (facts, mixed):
        played = Played(WATCHED, rule=QUIET_POOL)
        played.take(*order, WarehouseLooked(at=minute(0)))  # type: ignore[arg-type]
        told.append(played.turn(2000))
    assert told[0] == told[1]
