"""The pages' questions against a real ClickHouse engine over HTTP: what they answer to the scene, and to nothing."""

from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from dashboards import (
    queries,
    queries_cases,
    queries_complaint_trends,
    queries_flags,
    queries_life,
    queries_logins,
    queries_mailbox,
    queries_own,
    queries_pool,
)
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.events import ComplaintReceived
from schemas.mailbox_events import (
    CaseOpened,
    MailboxDecision,
    MailboxFlagged,
    MailboxReleased,
    MailboxSuspended,
    MailboxThrottled,
)
from schemas.pool_events import PoolEvent, ProviderRestored, ProviderWithdrawn
from tests.migrated import migrate
from tests.pages.conftest import Hall, fill
from tests.pages.scene import CASE, IPS, KEPT, MINUTE, PROBATION, RUDE, THIEF, WITHDRAWN, scene, tables

ALL: list[tuple[Callable[..., pd.DataFrame], tuple[str | float, ...]]] = [
    *((query, ()) for query in (queries.sources, queries.feeds, queries.decisions, queries.deliverability)),
    *((query, ()) for query in (queries.volume, queries_flags.flags, queries.dead_letters, queries_mailbox.scores)),
    *((query, ()) for query in (queries_pool.states, queries_pool.matrix, queries_pool.health, queries_pool.hooks)),
    *((query, ()) for query in (queries_pool.traffic, queries_pool.complaints, queries_pool.unattributed)),
    *((query, (THIEF,)) for query in (queries_mailbox.evidence, queries_mailbox.activity, queries_mailbox.logins)),
    (queries_mailbox.recent_deliveries, (THIEF,)),
    (queries_mailbox.recent_logins, (THIEF,)),
    (queries_mailbox.complaints, (THIEF,)),
    *((query, (THIEF,)) for query in (queries_logins.over_time, queries_logins.programs, queries_logins.places)),
    *((queries_logins.by, (THIEF, what)) for what in queries_logins.BY),
    *((query, (WITHDRAWN,)) for query in (queries_life.runs, queries_life.listings)),
    (queries_complaint_trends.by, ("ip",)),
    (queries_complaint_trends.over_time, (0.7,)),
    (queries_logins.score, (THIEF,)),
    (queries_life.changes, ("main", WITHDRAWN)),
    *((query, ()) for query in (queries_own.identities, queries_own.domains, queries_own.asked)),
    (queries_cases.cases, ()),
    (queries_cases.open_cases, ()),
    (queries_cases.happened, (CASE,)),
]


def deliveries(hall: Hall) -> pd.DataFrame:
    rows = [event for event in scene(hall.now) if type(event).__name__ == "DeliveryAttempted"]
    names = ("at", "sender", "provider", "outcome", "outbound_ip")
    return pd.DataFrame([{name: getattr(row, name) for name in names} for row in rows])


def test_nothing_is_an_empty_frame_with_columns_and_never_a_zero(empty_hall: Hall) -> None:
    for query, values in ALL:
        answer = query(empty_hall.client, empty_hall.span, *values)
        assert answer.empty, query.__name__
        assert len(answer.columns) > 1, query.__name__


def test_rows_stored_twice_count_once(hall: Hall, clickhouse: ClickHouseServer, database: str) -> None:
    """What a crash made the sink store again lies in two parts until ClickHouse merges them."""
    migrate(clickhouse.connect(), database)
    client = clickhouse.connect(database)
    for table in tables(hall.now):
        client.command(f"SYSTEM STOP MERGES {table}")
    client.set_client_setting("deduplicate_insert", "disable")
    for _ in range(2):
        fill(client, hall.now)
    for table in tables(hall.now):
        answer = client.query("SELECT count(), uniqExact(id) FROM {table:Identifier}", parameters={"table": table})
        ((rows, events),) = answer.result_rows
        assert rows == 2 * events > 0, f"the scene lies twice in {table}"
    for query, values in ALL:
        once, twice = (query(each, hall.span, *values) for each in (hall.client, client))
        assert not once.empty, query.__name__
        pd.testing.assert_frame_equal(once, twice, obj=query.__name__)


def test_the_caps_hold(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "CAPS", {**queries.CAPS, "max_result_rows": 10})
    with pytest.raises(DatabaseError, match="TOO_MANY_ROWS"):
        queries_pool.traffic(hall.client, hall.span)


def test_sources_tell_the_age_of_each_log(hall: Hall) -> None:
    logs = queries.sources(hall.client, hall.span)
    newest = pd.Timestamp(hall.now - 2 * MINUTE + 3_000_000, unit="us", tz="UTC")
    assert list(logs["name"]) == ["imap1", "mx1"]
    assert list(logs["last"].isna()) == [True, False]
    assert logs["last"][1] == newest


def test_feeds_tell_what_came_last(hall: Hall) -> None:
    feeds = queries.feeds(hall.client, hall.span).set_index("feed")["last"]
    ages = {name: (pd.Timestamp(hall.now, unit="us", tz="UTC") - last).total_seconds() for name, last in feeds.items()}
    assert ages == {"complaints": 900, "lists": 180, "worker": 1}


def test_deliverability_counts_each_attempt_once(hall: Hall) -> None:
    answer = queries.deliverability(hall.client, hall.span)
    expected = Counter(zip(deliveries(hall)["provider"], deliveries(hall)["outcome"], strict=True))
    assert len(answer) == 6
    for row in answer.to_dict("records"):
        assert all(row[outcome] == expected[row["provider"], outcome] for outcome in ("sent", "deferred", "bounced"))
        assert row["attempts"] == row["sent"] + row["deferred"] + row["bounced"]
    assert list(answer["attempts"]) == sorted(answer["attempts"], reverse=True)


def test_what_is_beyond_the_busiest_providers_is_one_row(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PROVIDERS", 2)
    answer = queries.deliverability(hall.client, hall.span)
    assert list(answer["provider"])[2:] == ["(all others)"]
    assert answer["attempts"].sum() == len(deliveries(hall))


def test_volume_leaves_out_the_buckets_in_which_no_log_was_heard(hall: Hall) -> None:
    answer = queries.volume(hall.client, hall.span)
    assert answer[["sent", "deferred", "bounced"]].to_numpy().sum() == len(deliveries(hall))
    silent = {(hall.now - minute * MINUTE) // 1_000_000 for minute in range(155, 180, 5)}
    assert silent.isdisjoint(answer["bucket"])
    assert silent <= set(hall.span.buckets)
    google = queries.volume(hall.client, hall.span, "google")
    expected = Counter(zip(deliveries(hall)["provider"], deliveries(hall)["outcome"], strict=True))
    assert google["sent"].sum() == expected["google", "sent"]
    assert len(google) == len(answer)


def test_flags_are_those_still_open_the_worst_first(hall: Hall) -> None:
    answer = queries_flags.flags(hall.client, hall.span)
    assert list(zip(answer["mailbox"], answer["step"], answer["score"], strict=True)) == [
        (THIEF, "suspend", 148.0),
        (RUDE, "flag", 96.0),
        ("shop@boutique.example", "watch", 57.5),
    ]
    assert answer["mode"][0] == "propose"
    assert answer["reasons"][0][0] == "41 networks in 10 min, usually 2"
    assert answer["since"][0] == pd.Timestamp(hall.now - 42 * MINUTE, unit="us", tz="UTC")


def throttled(name: str, at: int) -> MailboxThrottled:
    return MailboxThrottled(id=f"2 {name}", at=at, mailbox=name, score=101.0, mode="enforce", recipients_per_hour=20)


def test_who_is_throttled_is_told_so(hall: Hall, clickhouse: ClickHouseServer, database: str) -> None:
    migrate(clickhouse.connect(), database)
    client, at = clickhouse.connect(database), hall.now - 5 * MINUTE
    slow, both, over = "slow@example.net", "both@example.net", "over@example.net"
    events: list[MailboxDecision] = []
    for name in (slow, both, over):
        flagged = MailboxFlagged(id=f"1 {name}", at=at, mailbox=name, score=101.0, step="flag")
        events += [flagged, throttled(name, at)]
    events.append(MailboxSuspended(id="1", at=at, mailbox=both, score=140.0, mode="propose"))
    events.append(MailboxReleased(id="2", at=at + MINUTE, mailbox=over, score=9.0))
    client.raw_insert("mailbox_events", insert_block=b"\n".join(map(codec.encode, events)), fmt="JSONEachRow")
    flags = queries_flags.flags(client, hall.span)
    shown = list(zip(flags["mailbox"], flags["step"], flags["mode"], strict=True))
    assert shown == [(both, "suspend", "propose"), (slow, "throttle", "enforce")]
    scores = queries_mailbox.scores(client, hall.span).set_index("mailbox")
    assert dict(scores["step"]) == {both: "suspend", slow: "throttle", over: ""}
    assert list(queries_mailbox.scores(client, hall.span, "", "throttle")["mailbox"]) == [slow]


def test_decisions_come_newest_first_and_of_one_subject(hall: Hall) -> None:
    everything = queries.decisions(hall.client, hall.span)
    assert len(everything) == 13
    assert everything["type"][0] == "hook_failed"
    assert everything["time"].is_monotonic_decreasing
    one = queries.decisions(hall.client, hall.span, WITHDRAWN)
    assert list(one["type"]) == ["withdrawal_verified", "ip_withdrawn"]
    assert one["culprits"][1] == [
        ("suspend", THIEF, 112, 110, 30, 4, 1, 41, 0.8, 60),
        ("", "user7@customer.example", 9, 0, 0, 0, 0, 0, 0.0, 0),
    ]
    assert one["reasons"][1] == [f"spamhaus_zen lists {WITHDRAWN} (127.0.0.3: CSS)"]


def test_to_which_providers_an_ip_sends_nothing(clickhouse: ClickHouseServer, database: str, hall: Hall) -> None:
    migrate(clickhouse.connect(), database)
    client, at = clickhouse.connect(database), hall.span.until - 1000
    events: list[PoolEvent] = [
        ProviderWithdrawn(id="1", at=at, pool="main", ip=WITHDRAWN, provider="google", until=at),
        ProviderWithdrawn(id="2", at=at, pool="main", ip=WITHDRAWN, provider="yahoo", until=at),
        ProviderRestored(id="3", at=at + 1, pool="main", ip=WITHDRAWN, provider="yahoo"),
        ProviderWithdrawn(id="4", at=at, pool="main", ip="192.0.2.99", provider="apple", until=at, mode="shadow"),
    ]
    client.raw_insert("pool_events", insert_block=b"\n".join(map(codec.encode, events)), fmt="JSONEachRow")
    found = queries_pool.barred(client, hall.span)
    assert found.to_dict("records") == [{"pool": "main", "ip": WITHDRAWN, "providers": ["google"]}]


def test_a_repeated_decision_counts_once(hall: Hall) -> None:
    again = [codec.encode(event) for event in scene(hall.now) if type(event).__name__ == "IpWithdrawn"]
    hall.client.raw_insert("pool_events", insert_block=b"\n".join(again), fmt="JSONEachRow")
    assert len(again) == 2
    assert list(queries.decisions(hall.client, hall.span, WITHDRAWN)["type"]) == ["withdrawal_verified", "ip_withdrawn"]


def test_dead_letters_are_counted(hall: Hall) -> None:
    answer = queries.dead_letters(hall.client, hall.span, 2)
    assert len(answer) == 2
    assert set(answer["total"]) == {3}


def test_states_of_the_ips(hall: Hall) -> None:
    answer = queries_pool.states(hall.client, hall.span).set_index("ip")
    assert answer.loc[WITHDRAWN, "type"] == "ip_withdrawn"
    assert answer.loc[WITHDRAWN, "relapse"] == 1
    assert bool(answer.loc[WITHDRAWN, "confirmed"])
    assert answer.loc[WITHDRAWN, "until"] == pd.Timestamp(hall.now + 215 * MINUTE, unit="us", tz="UTC")
    assert answer.loc[PROBATION, "type"] == "ip_probation_started"
    assert answer.loc[PROBATION, "share"] == pytest.approx(0.1)
    assert answer.loc[KEPT, "refusal"] == "only 3 IPs would stay active, min_active is 3"
    assert set(answer.index) == {WITHDRAWN, PROBATION, KEPT}


def test_the_matrix_has_no_cell_for_what_was_not_asked(hall: Hall) -> None:
    answer = queries_pool.matrix(hall.client, hall.span).set_index(["ip", "list"])
    assert answer.loc[(WITHDRAWN, "spamhaus_zen"), "answer"] == "listed"
    assert answer.loc[(WITHDRAWN, "spamhaus_zen"), "codes"] == ["127.0.0.3"]
    assert answer.loc[(WITHDRAWN, "uceprotect_1"), "answer"] == "unknown"
    assert answer.loc[(WITHDRAWN, "spamcop"), "answer"] == "not_listed"
    assert (IPS[5], "spamcop") not in answer.index
    health = queries_pool.health(hall.client, hall.span).set_index("list")
    assert dict(health["healthy"]) == {
        "spamcop": True,
        "spamhaus_dbl": True,
        "spamhaus_zen": True,
        "uceprotect_1": False,
    }


def test_hooks_and_traffic(hall: Hall) -> None:
    told = queries_pool.hooks(hall.client, hall.span)
    assert list(zip(told["hook"], told["type"], strict=True)) == [
        ("postfix_randmap", "hook_failed"),
        ("postfix_socketmap", "hook_applied"),
    ]
    traffic = queries_pool.traffic(hall.client, hall.span)
    expected = deliveries(hall).groupby("outbound_ip").size()
    assert dict(traffic.groupby("ip")["attempts"].sum()) == dict(expected)


def test_complaints_per_ip_and_those_without_a_sender(hall: Hall) -> None:
    counted = queries_pool.complaints(hall.client, hall.span)
    assert counted.to_numpy().tolist() == [[WITHDRAWN, 2, 1], ["198.51.100.77", 1, 1]]
    listed = queries_pool.unattributed(hall.client, hall.span)
    assert list(listed["reporter"]) == ["feedback0@gmx.example", "feedback1@gmx.example"]
    assert list(listed["ip"]) == [WITHDRAWN, "198.51.100.77"]
    assert listed["message_id"][0] == f"<0.{RUDE}>"
    assert len(queries_pool.unattributed(hall.client, hall.span, 1)) == 1


def test_only_complaints_that_blame_count_against_an_ip(
    hall: Hall, clickhouse: ClickHouseServer, database: str
) -> None:
    """RFC 5965 and 6430: who says "this is no spam", wants to leave a list or reports a signature blames nobody."""
    migrate(clickhouse.connect(), database)
    client = clickhouse.connect(database)
    kinds = ("abuse", "fraud", "virus", "other", "", "not-spam", "opt-out", "auth-failure")
    told = [
        ComplaintReceived(id=str(number), at=hall.now - MINUTE, feedback_type=kind, outbound_ip=WITHDRAWN)
        for number, kind in enumerate(kinds)
    ]
    client.raw_insert("complaints", insert_block=b"\n".join(map(codec.encode, told)), fmt="JSONEachRow")
    assert queries_pool.complaints(client, hall.span).to_numpy().tolist() == [[WITHDRAWN, 5, 5]]


def test_scores_are_searched_literally(hall: Hall) -> None:
    everyone = queries_mailbox.scores(hall.client, hall.span)
    assert list(everyone["mailbox"]) == [THIEF, RUDE, "shop@boutique.example", "club@verein.example"]
    assert list(everyone["step"]) == ["suspend", "flag", "watch", ""]
    assert pd.isna(everyone["score"][3])
    assert list(queries_mailbox.scores(hall.client, hall.span, "ANNA@")["mailbox"]) == [THIEF]
    assert queries_mailbox.scores(hall.client, hall.span, "%' OR 1=1 --").empty
    assert list(queries_mailbox.scores(hall.client, hall.span, "", "flag")["mailbox"]) == [RUDE]


def test_the_evidence_of_a_mailbox(hall: Hall) -> None:
    answer = queries_mailbox.evidence(hall.client, hall.span, THIEF)
    assert list(answer["rule"])[:3] == ["networks", "recipients", "unknown_users"]
    assert (answer["value"][0], answer["usual"][0], answer["points"][0]) == (41, 2, 60)
    assert queries_mailbox.evidence(hall.client, hall.span, RUDE)["text"][0].startswith("<img src=x")


def test_what_a_mailbox_did(hall: Hall) -> None:
    events = [e for e in scene(hall.now) if getattr(e, "sender", getattr(e, "mailbox", "")) == THIEF]
    activity = queries_mailbox.activity(hall.client, hall.span, THIEF)
    submitted = [e for e in events if type(e).__name__ == "MessageSubmitted"]
    assert activity["messages"].sum() == len(submitted)
    assert activity["recipients"].sum() == sum(getattr(e, "recipients", 0) for e in submitted)
    unknown = [e for e in events if getattr(e, "enhanced_status", "") == "5.1.1"]
    assert activity["unknown_users"].sum() == len(unknown) > 0
    logins = queries_mailbox.logins(hall.client, hall.span, THIEF)
    assert logins["network"].nunique() == 42
    assert "198.51.100.0/24" in set(logins["network"])
    assert logins["logins"].sum() == len([e for e in events if type(e).__name__ == "MailboxAuthenticated"])
    assert queries_mailbox.complaints(hall.client, hall.span, THIEF)["reporter"][0] == "feedback@yahoo.example"


def test_a_span_knows_its_buckets() -> None:
    assert Span.last(1, 3600 * 1_000_000).bucket_seconds == 60
    assert Span.last(168, 10**15).bucket_seconds == 7200
    assert len(Span.last(6, 6 * 3600 * 1_000_000).buckets) == 73


def test_cases_are_the_open_ones_and_those_that_changed_lately(hall: Hall) -> None:
    answer = queries_cases.cases(hall.client, hall.span)
    assert list(zip(answer["case"], answer["customer"], answer["state"], answer["count"], strict=True)) == [
        (CASE, "customer.example", "open", 4),
        ("b" * 12, "b" * 12, "closed", 2),
    ]
    assert answer["opened"][0] == pd.Timestamp(hall.now - 30 * MINUTE, unit="us", tz="UTC")
    assert answer["changed"][0] == pd.Timestamp(hall.now - 10 * MINUTE, unit="us", tz="UTC")
    assert list(answer["members"][0])[:2] == [THIEF, RUDE]


def test_open_cases_are_counted_beyond_those_told(hall: Hall, clickhouse: ClickHouseServer, database: str) -> None:
    assert queries_cases.open_cases(hall.client, hall.span).to_numpy().tolist() == [[CASE, "customer.example", 4, 1]]
    migrate(clickhouse.connect(), database)
    client, names = clickhouse.connect(database), [f"club{number}.example" for number in range(4)]
    opened = [
        CaseOpened(id=name, at=hall.now - number, case=name, customer=name, mailboxes=(f"a@{name}", f"b@{name}"))
        for number, name in enumerate(names)
    ]
    client.raw_insert("case_events", insert_block=b"\n".join(map(codec.encode, opened)), fmt="JSONEachRow")
    told = queries_cases.open_cases(client, hall.span, 2)
    assert told.to_numpy().tolist() == [[name, name, 2, 4] for name in names[:2]]


def test_what_happened_in_a_case_the_newest_first(hall: Hall) -> None:
    answer = queries_cases.happened(hall.client, hall.span, CASE)
    assert list(zip(answer["type"], answer["count"], strict=True)) == [("case_grown", 4), ("case_opened", 3)]
    assert [list(reasons)[:1] for reasons in answer["reasons"]] == [
        [],
        ["3 mailboxes of customer.example were flagged within 20 min"],
    ]
