"""The figures of a report, asked of a real ClickHouse: of all, and of each customer his own."""

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.settings import Settings
from streams.directory.found import Directory
from streams.directory.kept import load
from streams.report_due import batches, question
from streams.report_figures import told
from streams.reports.figures import Change, Checked, Counts, Figures, Heard, Step, Using, withdrawn_hours
from tests.migrated import migrate
from tests.reports.scene import DAY, HOUR, NOW, SINCE, UNTIL, attempt, heard, keep, mails, settings, week


@pytest.fixture
def warehouse(clickhouse: ClickHouseServer, database: str) -> Client:
    migrate(clickhouse.connect(), database)
    return clickhouse.connect(database)


def figures(client: Client, **report: Any) -> dict[str, Figures]:  # noqa: ANN401 settings of a report
    configured = settings(**report)
    own = configured.report["week"]
    directory = people(configured) if own.audience == "customer" else None
    (batch,) = batches("week", own, directory, NOW)
    return told(client, question(configured, own, batch, directory), directory, NOW)


def people(configured: Settings) -> Directory:
    return load(configured, lambda _: None)


def test_of_all_everything_is_counted_once_though_it_is_stored_twice(warehouse: Client) -> None:
    keep(warehouse, week())
    keep(warehouse, week())
    found = figures(warehouse)[""]
    assert found.traffic.providers == {
        "google": Counts(97, 1, 11),
        "microsoft": Counts(40, 0, 0),
        "evil.example": Counts(5, 0, 5),
    }
    assert found.traffic.before == {"google": Counts(97, 0, 3)}
    assert found.traffic.reasons == {"user_unknown": Counts(0, 0, 16), "rate": Counts(0, 1, 0)}
    days = {(slot * 1_000_000 - SINCE) // DAY: counts for slot, counts in found.traffic.slots.items()}
    assert days == {
        0: Counts(90, 0, 10),
        1: Counts(0, 1, 0),
        2: Counts(40, 0, 0),
        4: Counts(7, 0, 1),
        5: Counts(5, 0, 5),
    }
    assert found.heard == Heard(
        newest=SINCE + 7 * DAY + 6 * HOUR,
        slots=frozenset((SINCE + day * DAY) // 1_000_000 for day in range(7)),
        before=True,
    )
    assert [(each.list, each.answers, each.unknown) for each in found.reputation.lists] == [
        ("silent", 1, 1),
        ("zen", 2, 0),
    ]
    assert [(each.ip, each.list, each.since, each.still) for each in found.reputation.listings] == [
        ("192.0.2.2", "zen", SINCE + HOUR, False)
    ]
    assert found.reputation.hours == {"192.0.2.2": 30.0}
    assert found.reputation.ips == ("192.0.2.1", "192.0.2.2")
    assert found.reputation.traffic == {"192.0.2.1": Counts(142, 1, 16)}
    assert found.cases.steps == (
        Step("box@bakery.example", SINCE + DAY, "mailbox_flagged", ""),
        Step("box@bakery.example", SINCE + DAY + HOUR, "mailbox_suspended", "enforce"),
    )
    assert (found.cases.before, [each.customer for each in found.cases.cases]) == (1, ["bakery"])
    assert [(each.name, each.weeks[0].open, each.weeks[0].found) for each in found.endings] == [("pop", 1, 2)]
    assert found.domains is not None
    assert [each.domain for each in found.domains.seen] == ["alpine.example", "bakery.example"]
    assert found.domains.unseen == ("chalet.example",)


def test_a_customer_has_only_what_is_his(warehouse: Client) -> None:
    keep(warehouse, week())
    found = figures(warehouse, audience="customer")
    assert set(found) == {"alpine", "bakery", "chalet"}
    assert found["alpine"].traffic.providers == {"google": Counts(90, 1, 10), "microsoft": Counts(40, 0, 0)}
    assert found["bakery"].traffic.providers == {"google": Counts(7, 0, 1)}
    assert found["chalet"].traffic.providers == {}
    assert found["alpine"].cases.steps == ()
    assert [each.mailbox for each in found["bakery"].cases.steps] == ["box@bakery.example"] * 2
    assert [each.endings[0].using for each in (found["alpine"], found["bakery"])] == [
        (Using("old@alpine.example", SINCE + DAY),),
        (),
    ]
    assert (found["bakery"].endings[0].done, found["chalet"].endings) == (1, ())
    own = found["alpine"].domains
    assert own is not None
    assert own.seen == (Checked("alpine.example", "absent", "pass", "absent", "pass", "pass"),)
    assert [each.domain for each in own.looks] == ["alpine.example"]
    assert all(each.cases.cases == () and each.reputation.ips == () for each in found.values())


@pytest.mark.parametrize("kind", ["envelope", ""])
def test_what_only_an_envelope_says_is_no_customers_but_of_the_whole(warehouse: Client, kind: str) -> None:
    forged = [
        attempt(number, SINCE + at, "box@alpine.example", outcome, sender_kind=kind, reason=reason, provider="evil")
        for at in (-DAY, DAY)
        for number, (outcome, reason) in enumerate([("sent", ""), ("bounced", "spam"), ("deferred", "rate")], 50)
    ]
    keep(warehouse, [*week(), *forged])
    own = figures(warehouse, audience="customer")["alpine"].traffic
    assert own.providers == {"google": Counts(90, 1, 10), "microsoft": Counts(40, 0, 0)}
    assert own.before == {"google": Counts(97, 0, 3)}
    assert own.reasons == {"user_unknown": Counts(0, 0, 10), "rate": Counts(0, 1, 0)}
    assert {(slot * 1_000_000 - SINCE) // DAY: counts for slot, counts in own.slots.items()} == {
        0: Counts(90, 0, 10),
        1: Counts(0, 1, 0),
        2: Counts(40, 0, 0),
    }
    whole = figures(warehouse)[""].traffic
    assert (whole.providers["evil"], whole.before["evil"]) == (Counts(1, 1, 1), Counts(1, 1, 1))


def test_where_no_log_was_read_nothing_is_known(warehouse: Client) -> None:
    found = figures(warehouse)[""]
    assert (found.heard, found.traffic.providers) == (Heard(), {})


def test_the_first_moment_of_the_next_week_is_not_of_this_one(warehouse: Client) -> None:
    keep(warehouse, [*heard(range(14)), *mails("alpine", sent=1, bounced=0, at=UNTIL)])
    assert figures(warehouse)[""].traffic.providers == {}
    keep(warehouse, mails("alpine", sent=1, bounced=0, at=UNTIL - 1))
    assert figures(warehouse)[""].traffic.providers == {"google": Counts(1, 0, 0)}


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        ([], {}),
        ([Change("a", SINCE - DAY, "ip_withdrawn")], {"a": 168.0}),
        ([Change("a", SINCE - DAY, "ip_withdrawn"), Change("a", SINCE - HOUR, "ip_restored")], {}),
        ([Change("a", SINCE + HOUR, "ip_withdrawn"), Change("a", SINCE + 2 * HOUR, "ip_withdrawn")], {"a": 167.0}),
        (
            [Change("a", SINCE + HOUR, "ip_withdrawn"), Change("a", SINCE + 3 * HOUR, "ip_probation_started")],
            {"a": 2.0},
        ),
        ([Change("a", SINCE + HOUR, "ip_restored")], {}),
    ],
)
def test_an_ip_is_withdrawn_from_one_decision_to_the_other(changes: list[Change], hours: dict[str, float]) -> None:
    assert withdrawn_hours(changes, SINCE, UNTIL) == hours
