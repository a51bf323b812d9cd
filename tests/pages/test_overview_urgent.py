"""The Overview: one list by urgency, the last hour against that of last week, capacity, the age of each source."""

import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import queries_week
from dashboards.urgency import ordered
from dashboards.views.last_hour import _change
from embedded.clickhouse import ClickHouseServer
from schemas.events import DeliveryAttempted, Event
from tests.pages.alert_scene import CONFIG, alerts, looked
from tests.pages.conftest import Hall, Open, fill, furnish, spoken, store
from tests.pages.scene import IPS, MINUTE, THIEF, WITHDRAWN
from tests.pages.test_dashboard_views import cells, shown, texts, unfolded

WEEK = 7 * 24 * 60
DNSBL = '[dnsbl]\nlists = ["spamhaus_zen", "barracuda"]\n'
CAPACITY = "[pool.main.capacity.messages_per_hour]\n" + "".join(f"out{n} = 1000\n" for n in range(11, 17))
NOW = pd.Timestamp("2026-03-01T12:00:00Z")


def _delivery(now: int, number: int, minutes: float, outcome: str, provider: str = "google") -> Event:
    at = now - round(minutes * MINUTE)
    return DeliveryAttempted(
        id=f"{minutes}{number}{outcome}", at=at, host="mx1", queue_id=f"Q{number}", sender="a@customer.example",
        sender_kind="sasl", envelope_from="", recipient="b@c.example", provider=provider, outcome=outcome,  # type: ignore[arg-type]
        enhanced_status="", reply="", outbound_ip=IPS[0],
    )  # fmt: skip


@pytest.fixture(scope="module")
def weeks(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give the scene with alerts, and the same hour of last week, in which all of 100 mails to google arrived."""
    made = furnish(clickhouse, tmp_path_factory.mktemp("weeks"), "pages_weeks")
    fill(made.client, made.now)
    store(made.client, "alert_events", alerts(made.now))
    then = [_delivery(made.now, number, WEEK + 30, "sent") for number in range(100)]
    store(made.client, "mail_events", [*then, _delivery(made.now, 1, WEEK + 61, "bounced")])
    made.config.write_text(made.config.read_text() + CAPACITY + DNSBL + CONFIG)
    return made


@pytest.fixture
def test(weeks: Hall, opened: Open) -> AppTest:
    opened(weeks)
    spoken(weeks)
    store(weeks.client, "pool_observations", looked(time.time_ns() // 1000))
    return shown("overview")


def _urgent(test: AppTest) -> list[tuple[str, str, str]]:
    table = next(table.value for table in test.dataframe if "urgency" in table.value)
    return [(row["urgency"], row["what"][:41], row["seen to"]) for row in table.to_dict("records")]


def test_all_that_is_open_stands_in_one_list_by_urgency_and_each_once(test: AppTest) -> None:
    found = _urgent(test)
    assert found[0] == ("■ critical", "3 of 6 IPs of the pool main carry mail, m", "")
    assert ("▲ warning", f"{WITHDRAWN} was taken out of the pool main", "") in found
    assert found[-1][::2] == ("● warning", "eve"), "what somebody sees to comes last"
    assert sum(THIEF in what for _, what, _ in found) == 1, "its alert and its flag are one thing"
    assert ("▲ case", "4 mailboxes of customer.example are under", "") in found
    assert "Not known" not in texts(test)


def test_it_says_what_the_pool_carries_and_could_carry(test: AppTest) -> None:
    said = texts(test).replace("\\", "").replace("\u2009", "").replace(" 000", "000").replace(" 100", "100")
    assert "Capacity 68% of 6000 messages/h: 4100. In the last hour it delivered" in said


def test_the_last_hour_stands_against_that_of_last_week(test: AppTest, weeks: Hall) -> None:
    found = queries_week.hour(weeks.client, weeks.span).set_index("provider")
    assert list(found.loc["google", ["attempts_then", "sent_then", "bounced_then"]]) == [100, 100, 0]
    assert set(found["heard_then"]) == {100}, "of an hour and a minute ago a week back nothing counts"
    metrics = {m.label: (m.value, m.delta) for m in test.metric if "in 1 h" in m.label}
    value, delta = metrics["delivered in 1 h"]
    assert delta == f"{float(value.removesuffix(' %')) - 100:+.1f} points"
    assert "a week ago: 100 attempts" in texts(test)
    assert "· no data last week" in cells(test)
    assert any(cell.startswith("■ -") and cell.endswith("points") for cell in cells(test))


def test_no_data_last_week_is_said_and_is_no_change(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("overview")
    assert [m.delta for m in test.metric if "in 1 h" in m.label] == [""] * 3
    assert "a week ago: no data, no log was heard" in texts(test)
    assert "points" not in " ".join(cells(test))


def test_every_source_has_its_age(test: AppTest) -> None:
    unfolded(test, "sources")
    table = next(table.value for table in test.dataframe if "source" in table.value and "age" in table.value)
    ages = {(row["kind"], row["source"]): row["age"] for row in table.to_dict("records")}
    kinds = {kind for kind, _ in ages}
    assert kinds == {"log", "lists", "worker", "complaints", "sink", "list", "hook", "reporter", "alerts"}
    assert ages["list", "barracuda"] == "▲ no data", "it is asked, and was never heard"
    assert ages["list", "spamhaus_zen"].startswith("● ")
    assert ages["sink", "sink"].startswith("● ")
    assert ages["log", "imap1"] == "▲ nothing for over 1 h"
    assert "barracuda: no data" in texts(test)
    assert "feedback0@gmx.example" not in texts(test).replace("\\", ""), "a reporter's name stands in the table alone"


def test_a_clickhouse_that_is_away_is_not_calm(weeks: Hall, opened: Open, tmp_path: Path) -> None:
    config = tmp_path / "away.toml"
    config.write_text(weeks.config.read_text().replace("port = ", "port = 1 #", 1))
    opened(replace(weeks, config=config))
    test = shown("overview")
    assert "Nothing is open" not in texts(test)
    assert "? Not known: mailboxes, cases, listings, alerts (not read)" in texts(test)


def _frame(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_the_order_is_by_urgency_then_the_newest_and_what_was_not_read_has_no_part() -> None:
    assert ordered(None, None, None, None) == []
    flags = _frame(
        mailbox=["a", "b", "c"], step=["flag", "suspend", "watch"], score=[80.0, 150.0, 30.0], since=[NOW] * 3
    )
    hour = pd.Timedelta(hours=1)
    delistings = _frame(
        list=["zen", "echo"], subject=["192.0.2.1"] * 2, requests=[0, 1], since=[NOW, NOW - hour], case=["x", "y"]
    )
    found = ordered(None, flags, None, delistings)
    assert [(each.what.split()[0], each.page, each.seen_to) for each in found] == [
        ("b", "mailboxes", ""), ("a", "mailboxes", ""), ("zen", "delisting", ""),
        ("echo", "delisting", "removal was asked for"),
    ]  # fmt: skip
    assert found[2].query == {"delisting": "x"}


@pytest.mark.parametrize(
    ("attempts", "now", "then", "said"),
    [
        ((100, 100), 90.0, 100.0, "■ -10.0 points"),
        ((100, 100), 96.0, 99.0, "▲ -3.0 points"),
        ((100, 100), 99.0, 98.0, "● +1.0 points"),
        ((19, 100), 0.0, 100.0, "· too few to compare"),
        ((100, 0), 90.0, None, "· no data last week"),
        ((0, 100), None, 90.0, "· nothing in this hour"),
    ],
)
def test_a_change_is_told_by_its_shape_and_of_a_few_mails_nothing(
    attempts: tuple[int, int], now: float | None, then: float | None, said: str
) -> None:
    assert _change({"attempts": attempts[0], "attempts_then": attempts[1]}, now, then) == said
