"""Each rule of the alerts: what raises it and what ends it, by events and looks as the other parts make them."""

from pathlib import Path

import pytest

from schemas import codec
from schemas.alert_events import AlertDelivered, AlertRaised, asked
from schemas.facts import Evidence
from schemas.mailbox_events import CaseClosed, CaseOpened, MailboxFlagged, MailboxReleased, MailboxSuspended
from schemas.observations import HookApplied, HookDrifted, HookFailed, ListingObserved
from schemas.pool_events import (
    IpProbationStarted,
    ListDistrusted,
    ListTrusted,
    ProviderRestored,
    ProviderWithdrawn,
    WithdrawalDrifted,
    WithdrawalRefused,
    WithdrawalVerified,
)
from schemas.sunset_events import StagesSwitched, StageStep, StageStepped
from streams.alert_channels import link
from streams.alerts import rules
from streams.alerts.facts import LagLooked, LogsLooked, WarehouseLooked
from streams.alerts.rules.source_silent import patience
from streams.sunset.load_heard import Log
from tests.alerts.scene import HOUR, IPS, START, Fact, Played, kinds, minute, restored, withdrawn

DOCS = Path(__file__).resolve().parents[2] / "docs" / "alerts.md"


def _listed(at: float, ip: str, answer: str = "listed", name: str = "zen") -> ListingObserved:
    return ListingObserved(id=f"{at}{ip}", at=minute(at), ip=ip, list=name, answer=answer, scope="ip", weight=1.0)  # type: ignore[arg-type]


def _stays(at: float) -> WithdrawalRefused:
    evidence = (Evidence(rule="dnsbl/zen", text="zen lists the IP"), Evidence(rule="dnsbl/echo", text="echo too"))
    return WithdrawalRefused(
        id="s", at=minute(at), pool="main", ip=IPS[0], reason="only 2 of 3 IPs carry mail", evidence=evidence
    )


def _hook(kind: type, at: float, **more: object) -> Fact:
    return kind(id=f"h{at}", at=minute(at), pool="main", hook="exim", host="mx1", active={}, **more)  # type: ignore[no-any-return]


def _stage(at: float, step: StageStep, operator: str = "") -> StageStepped:
    return StageStepped(
        id=f"p{at}", at=minute(at), sunset="pop", stage=3, step=step, operator=operator, reason="9 tickets"
    )


def _logs(at: float, *silent_hours: float, hours: int = 168) -> LogsLooked:
    newest = [minute(at) - round(each * HOUR) for each in silent_hours]
    return LogsLooked(
        at=minute(at),
        logs=tuple(Log(f"mx{n}", False, each, minute(at) - 168 * HOUR, hours) for n, each in enumerate(newest, 1)),
    )


def _sent(at: float, status: str, attempt: int) -> AlertDelivered:
    return AlertDelivered(
        id=f"d{at}", at=minute(at), message="m", channel="noc", telling="raised", alerts=(), status=status,  # type: ignore[arg-type]
        answer="Unauthorized", attempt=attempt, desk="d",
    )  # fmt: skip


CASES: dict[str, tuple[list[Fact], list[Fact], str, str, str]] = {
    "ip_withdrawn": (
        [withdrawn(1, operator="")],
        [IpProbationStarted(id="p", at=minute(2), pool="main", ip=IPS[0], share=0.1, until=0)],
        IPS[0], "warning", "192.0.2.1 was taken out of the pool main",
    ),
    "pool_at_minimum": (
        [withdrawn(1)], [restored(2)], "main", "critical",
        "2 of 3 IPs of the pool main carry mail, min_active is 2",
    ),
    "withdrawal_refused": (
        [_stays(1)], [_listed(2, IPS[0], "not_listed"), _listed(3, IPS[0], "not_listed", "echo")], IPS[0], "critical",
        "192.0.2.1 should leave the pool main, and stays: only 2 of 3 IPs carry mail",
    ),
    "pool_listed": (
        [_listed(n, ip) for n, ip in enumerate(IPS)], [_listed(5, IPS[1], "unknown"), _listed(6, IPS[1], "not_listed")],
        "main on zen over IPv4", "critical", "zen names all 3 IPv4 addresses of the pool main",
    ),
    "mailbox_flagged": (
        [MailboxFlagged(id="f", at=minute(1), mailbox="a@example.net", score=120.4, step="flag")],
        [MailboxReleased(id="r", at=minute(2), mailbox="a@example.net", score=0)],
        "a@example.net", "warning", "a@example.net looks compromised, score 120",
    ),
    "customer_attacked": (
        [CaseOpened(id="c", at=minute(1), case="1", customer="c-1", mailboxes=("a@example.net", "b@example.net"))],
        [CaseClosed(id="d", at=minute(2), case="1", customer="c-1", mailboxes=("a@example.net", "b@example.net"))],
        "c-1", "warning", "2 mailboxes of c-1 look compromised",
    ),
    "source_silent": (
        [_logs(1, 0.1, 1.5)], [_logs(2, 0.1, 0.2)], "mx2", "warning",
        "the mail log of mx2 is not heard since 2030-03-17T16:17:40+00:00, and spoke in nearly every hour before",
    ),
    "lag": (
        [LagLooked(at=minute(1), behind={"stream": 40, "sink": 0}, minutes=5)],
        [LagLooked(at=minute(2), behind={"stream": 0, "sink": 0}, minutes=5)], "stream", "warning",
        "stream has not done 40 records of 5 minutes ago: decisions come late",
    ),
    "clickhouse_away": (
        [WarehouseLooked(at=minute(1), problem="connection refused"), WarehouseLooked(at=minute(4.5), problem="no")],
        [WarehouseLooked(at=minute(5))], "ClickHouse", "critical", "ClickHouse does not answer: no",
    ),
    "hook_drift": (
        [_hook(HookDrifted, 1, reason="weight is 7")], [_hook(HookApplied, 2)], "exim of main on mx1", "warning",
        "exim on mx1 was changed by somebody else: weight is 7",
    ),
    "list_distrusted": (
        [ListDistrusted(id="l", at=minute(1), pool="main", list="zen", fault="lists_most")],
        [ListTrusted(id="t", at=minute(2), pool="main", list="zen", fault="lists_most")], "zen in main", "notice",
        "zen has no vote in the pool main any more (lists most)",
    ),
    "sunset_paused": (
        [_stage(1, "paused")], [_stage(2, "open", "eve")], "pop stage 3", "critical",
        "stage 3 of the sunset pop is paused: 9 tickets",
    ),
    "channel_failing": (
        [_sent(1, "failed", 2), _sent(1.5, "failed", 3)], [_sent(2, "begun", 4), _sent(3, "sent", 4)],
        "noc", "critical", "the channel noc took no alert in 3 tries: Unauthorized",
    ),
}  # fmt: skip


LINKS = {
    "ip_withdrawn": "/pool?ip=192.0.2.1",
    "pool_at_minimum": "/pool?pool=main",
    "withdrawal_refused": "/pool?ip=192.0.2.1",
    "pool_listed": "/pool?pool=main",
    "mailbox_flagged": "/mailboxes?mailbox=a%40example.net",
    "customer_attacked": "/mailboxes?mailbox=a%40example.net",
    "source_silent": "/pipeline",
    "lag": "/pipeline",
    "clickhouse_away": "/pipeline",
    "hook_drift": "/pool?pool=main",
    "list_distrusted": "/lists?list=zen",
    "sunset_paused": "/sunset?sunset=pop",
    "channel_failing": "/alerts",
}


def test_every_rule_has_its_case_and_its_row() -> None:
    assert set(CASES) == set(LINKS) == set(rules.names())
    text = DOCS.read_text()
    for name in rules.names():
        rule = rules.load(name)
        assert f"| `{name}` | {rule.SEVERITY} | {rule.DELAY_MINUTES:g} | {rule.MEANS} |" in text


@pytest.mark.parametrize("name", sorted(CASES))
def test_it_is_raised_and_resolved(name: str) -> None:
    begin, end, subject, severity, text = CASES[name]
    played = Played()
    assert kinds(played.turn(0)) == []
    played.take(*begin)
    (raised,) = [each for each in played.turn(5) if each.rule == name]
    assert isinstance(raised, AlertRaised)
    assert (raised.subject, raised.severity, raised.text) == (subject, severity, text)
    assert link("https://rw.example", raised) == f"https://rw.example{LINKS[name]}"
    assert [each for each in played.turn(6) if each.rule == name] == []
    played.take(*end)
    assert [each for each in played.turn(7) if each.rule == name] == [], "it has to be calm for ten minutes"
    (resolved,) = [each for each in played.turn(40) if each.rule == name]
    assert (kinds([resolved])[0], resolved.alert) == (("resolved", name, subject), raised.alert)


@pytest.mark.parametrize(
    ("page", "shown", "query"),
    [
        ("pool", "192.0.2.1", {"ip": "192.0.2.1"}),
        ("pool", "2001:db8::1", {"ip": "2001:db8::1"}),
        ("pool", "main", {"pool": "main"}),
        ("pool", "", {}),
        ("lists", "zen", {"list": "zen"}),
        ("", "x", {}),
        ("pipeline", "x", {}),
    ],
)
def test_what_an_alert_is_about_stands_in_the_url(page: str, shown: str, query: dict[str, str]) -> None:
    assert asked(page, shown) == query


def test_an_alert_of_before_still_leads_to_its_page() -> None:
    old = b'{"type":"alert_raised","id":"1","at":1,"alert":"1","rule":"list_distrusted","subject":"zen in main",'
    raised = codec.decode(old + b'"severity":"notice","text":"zen has no vote","since":1,"page":"pool"}')
    assert isinstance(raised, AlertRaised)
    assert link("https://rw.example", raised) == "https://rw.example/pool"


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_that_is_switched_off_says_nothing_and_ends_what_it_said(name: str) -> None:
    off = Played(rule={name: {"enabled": False}})
    off.take(*CASES[name][0])
    assert [each for each in off.turn(5) if each.rule == name] == []
    on = Played()
    on.take(*CASES[name][0])
    off.write(on.turn(5))
    ended = [each for each in off.turn(6) if each.rule == name]
    assert [(type(each).__name__, each.text) for each in ended] == [("AlertResolved", "it is not watched any more")]


def test_what_an_operator_ordered_is_a_notice_and_a_pause_of_his_is_none() -> None:
    played = Played()
    suspended = MailboxSuspended(id="m", at=minute(1), mailbox="a@example.net", score=0, mode="enforce", operator="eve")
    played.take(withdrawn(1, operator="eve"), suspended, _stage(1, "paused", "eve"))
    found = {each.rule: each.severity for each in played.turn(2) if isinstance(each, AlertRaised)}
    assert found == {"ip_withdrawn": "notice", "mailbox_flagged": "notice", "pool_at_minimum": "critical"}


def test_an_ip_at_one_provider_is_a_cause_of_its_own() -> None:
    played = Played()
    played.take(
        withdrawn(1),
        ProviderWithdrawn(id="g", at=minute(1), pool="main", ip=IPS[0], provider="google", until=0),
        ProviderRestored(id="h", at=minute(2), pool="main", ip=IPS[0], provider="google"),
    )
    told = played.turn(3)
    assert ("raised", "ip_withdrawn", "192.0.2.1 to google") in kinds(told)
    assert kinds(each for each in played.turn(15) if each.rule == "ip_withdrawn") == [
        ("resolved", "ip_withdrawn", "192.0.2.1 to google")
    ]


def test_mail_through_a_withdrawn_ip_is_drift_and_two_failures_are_none() -> None:
    played = Played()
    drifted = WithdrawalDrifted(id="d", at=minute(1), pool="main", ip=IPS[1])
    switched = StagesSwitched(id="s", at=minute(1), sunset="pop", hook="exim", host="mx1", problem="no file", attempt=3)
    played.take(_hook(HookFailed, 1, reason="timed out", attempt=2), drifted, switched)
    assert kinds(played.turn(2)) == [
        ("raised", "hook_drift", IPS[1]), ("raised", "hook_drift", "exim of pop on mx1"),
    ]  # fmt: skip
    played.take(WithdrawalVerified(id="v", at=minute(3), pool="main", ip=IPS[1]))
    played.take(_hook(HookFailed, 3, reason="timed out", attempt=3))
    assert kinds(played.turn(4)) == [("raised", "hook_drift", "exim of main on mx1")]
    assert kinds(played.turn(14)) == [("resolved", "hook_drift", IPS[1])]


def test_a_log_is_silent_by_what_is_usual_for_it() -> None:
    week = START + 168 * HOUR
    busy, nightly, office = (Log("mx", False, week, START, hours) for hours in (168, 110, 50))
    assert [patience(log) for log in (busy, nightly, office)] == [1, 26, 80]
    assert patience(Log("new", False, week, week - 10 * HOUR, 10)) == 80


def test_no_log_at_all_is_critical_and_one_of_last_week_is_not_expected() -> None:
    played = Played()
    played.take(_logs(1, 100.0))
    assert kinds(played.turn(1)) == [("raised", "source_silent", "mx1")]
    played.take(LogsLooked(at=minute(2), logs=()))
    (nothing,) = played.turn(2)
    assert isinstance(nothing, AlertRaised)
    assert (nothing.subject, nothing.severity) == ("all logs", "critical")
    (ended,) = played.turn(12)
    assert (ended.subject, ended.text) == ("mx1", "mx1 was not heard for a week, and is not expected any more")


def test_while_clickhouse_is_away_no_silent_log_is_taken_for_one_that_speaks() -> None:
    played = Played()
    played.take(_logs(1, 100.0))
    played.turn(1)
    for number in range(2, 200):
        played.take(WarehouseLooked(at=minute(number), problem="away"))
        played.turn(number)
    assert {alert.raised.rule for alert in played.book.opened()} == {"source_silent", "clickhouse_away"}


def test_answers_may_come_late_the_newest_of_each_ip_counts() -> None:
    answers = [_listed(n, ip) for n, ip in enumerate(IPS)] + [_listed(5, IPS[1], "not_listed"), _listed(6, IPS[1])]
    told = []
    for order in (answers, answers[::-1]):
        played = Played()
        played.take(*order)
        told.append([(each.rule, each.subject) for each in played.turn(7)])
    assert told == [[("pool_listed", "main on zen over IPv4")]] * 2
    played = Played()
    played.take(*answers[:3], answers[3])
    played.take(answers[1])
    assert not played.causes.known["pool_listed", "main on zen over IPv4"].on


def test_a_list_that_names_a_part_of_the_pool_names_not_all_of_it() -> None:
    played = Played()
    played.take(_listed(1, IPS[0]), _listed(1, IPS[1]), _listed(2, IPS[2], "unknown"), _listed(2, IPS[2], name="echo"))
    assert kinds(played.turn(3)) == []
