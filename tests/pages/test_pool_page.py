"""The Pool page: which pool it shows, and that what was decided of it is not lost among all else."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import elements, queries_decisions, queries_life, words
from dashboards.span import Span
from dashboards.views.pool_traffic import absences
from embedded.clickhouse import ClickHouseServer
from schemas.events import Event
from schemas.mailbox_events import MailboxFlagged
from schemas.names import derived_id
from schemas.observations import ClockTicked, HookFailed, OperatorActed
from schemas.pool_events import IpRestored, IpWithdrawn, ListDistrusted, ProviderWithdrawn
from schemas.topics import topic_of
from tests.pages.conftest import Hall, Open, furnish, spoken, store
from tests.pages.scene import IPS, MINUTE
from tests.pages.test_dashboard_views import cells, shown, texts, walked

HOUR = 60 * MINUTE
THERE = ("198.51.100.21", "198.51.100.22")
OTHER = f"""
[pool.other]
transports = {{ out21 = "{THERE[0]}", out22 = "{THERE[1]}" }}
"""


def _scene(now: int) -> Iterator[Event]:
    """Yield what fills a list of the newest: mailboxes in question, another pool's decisions, a hook that fails."""
    for number in range(250):
        at = now - number * MINUTE
        yield MailboxFlagged(id=f"f{number}", at=at, mailbox=f"u{number}@customer.example", score=60.0, step="watch")
        yield ProviderWithdrawn(id=f"p{number}", at=at, pool="other", ip=THERE[0], provider="google", until=at)
        yield HookFailed(
            id=f"h{number}", at=at, pool="main", hook="exim", host="mx1", active={}, reason=f"try {number}",
            attempt=number + 1,
        )  # fmt: skip
    yield IpWithdrawn(id=derived_id("day"), at=now - 24 * HOUR, pool="main", ip=IPS[0], until=now + HOUR)
    yield IpWithdrawn(id=derived_id("week"), at=now - 200 * HOUR, pool="main", ip=IPS[1], until=now + HOUR)
    yield IpWithdrawn(id=derived_id("was"), at=now - 300 * HOUR, pool="main", ip=IPS[2], until=now)
    yield IpRestored(id=derived_id("is"), at=now - 290 * HOUR, pool="main", ip=IPS[2])
    yield IpWithdrawn(id=derived_id("only"), at=now - 30 * HOUR, pool="main", ip=IPS[3], until=now, mode="shadow")
    yield IpWithdrawn(id=derived_id("briefly"), at=now - 3 * HOUR, pool="main", ip=IPS[4], until=now)
    yield IpRestored(id=derived_id("again"), at=now - HOUR, pool="main", ip=IPS[4])
    yield ListDistrusted(id=derived_id("still"), at=now - 2 * HOUR, pool="other", list="psbl", fault="silent")
    yield OperatorActed(
        id="o", at=now - 2 * HOUR, operator="ada", action="pin", subject=IPS[5], reason="a test", pool="main"
    )
    yield ClockTicked(id="tick", at=now)


@pytest.fixture(scope="module")
def two(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give two pools, of the first of which little was decided."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("two"), "pages_two")
    hall.config.write_text(hall.config.read_text() + OTHER)
    events = list(_scene(hall.now))
    for table in {topic_of(event).table for event in events}:
        store(hall.client, table, [event for event in events if topic_of(event).table == table])
    return hall


def _ips(test: AppTest) -> set[str]:
    return {
        ip for table in test.dataframe if "share" in table.value and "since" in table.value for ip in table.value["ip"]
    }


def test_what_was_decided_of_a_pool_is_not_lost_among_all_else(two: Hall, opened: Open) -> None:
    opened(two)
    said = texts(shown("pool"))
    assert "Nothing was decided" not in said
    assert f"■ {IPS[0]} withdrawn until" in said
    assert THERE[0] not in said
    one = texts(shown("pool", ip=IPS[0]))
    assert f"■ {IPS[0]} withdrawn until" in one
    assert IPS[4] not in one.partition("Orders")[0]


def test_of_a_hook_that_fails_all_the_time_the_newest_is_told(two: Hall) -> None:
    week = Span.last(168, two.now)
    found = queries_decisions.of_pool(two.client, week, "main")
    assert list(found["type"]) == [
        "hook_failed", "ip_restored", "operator_acted", "ip_withdrawn", "ip_withdrawn", "ip_withdrawn",
    ]  # fmt: skip
    assert (found["reason"][0], found["step"][0], found["relapse"][0]) == ("try 0", "exim", 1)
    assert (found["subject"][2], found["step"][2], found["operator"][2]) == (IPS[5], "pin", "ada")
    assert list(queries_decisions.of_pool(two.client, week, "main", IPS[4])["type"]) == ["ip_restored", "ip_withdrawn"]
    there = queries_decisions.of_pool(two.client, week, "other")
    assert (len(there), set(there["pool"])) == (200, {"other"})
    assert queries_decisions.of_pool(two.client, week, "none").empty


def test_an_ip_is_absent_however_long_ago_it_left(two: Hall) -> None:
    now = pd.Timestamp(two.now, unit="us", tz="UTC")
    begin = now - pd.Timedelta(hours=6)
    moves = queries_life.moves(two.client, two.span, "main")
    found = absences(moves, list(IPS), two.span, now)
    assert {row["ip"]: (row["start"], row["end"]) for row in elements.rows(found)} == {
        IPS[0]: (begin, now),
        IPS[1]: (begin, now),
        IPS[4]: (now - pd.Timedelta(hours=3), now - pd.Timedelta(hours=1)),
    }, "one that is back, and one that left in shadow, are not"
    (when,) = (row["when"] for row in elements.rows(found) if row["ip"] == IPS[1])
    assert when == f"{words.clock(now - pd.Timedelta(hours=200), now)} to {words.clock(now, now)} UTC"
    then = Span.last(6, two.now - 250 * HOUR, past=True)
    assert list(queries_life.moves(two.client, then, "main")["type"]) == ["ip_restored"]


def test_where_no_worker_told_anything_nothing_is_not_told_as_none(two: Hall, empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    assert "No data: no worker told anything yet." in texts(shown("pool"))
    config = two.config.with_name("calm.toml")
    config.write_text(two.config.read_text().replace("[pool.other]", "[pool.calm]"))
    spoken(two)
    opened(replace(two, config=config))
    assert "Nothing was decided within seven days." in texts(shown("pool", pool="calm"))


def test_a_link_that_names_an_ip_alone_shows_the_pool_that_owns_it(two: Hall, opened: Open) -> None:
    opened(two)
    test = shown("pool", ip=THERE[1])
    assert _ips(test) == set(THERE)
    assert f"The life of {words.inert(THERE[1])}" in [str(each.value) for each in test.subheader]
    assert test.query_params["pool"] == "other"
    first = shown("pool", ip=IPS[1])
    assert _ips(first) == set(IPS)
    assert _ips(shown("pool")) == set(IPS)
    assert _ips(shown("pool", ip="203.0.113.9")) == set(IPS), "no pool has it"


def test_whoever_then_chooses_another_pool_sees_it_whole(two: Hall, opened: Open) -> None:
    opened(two)
    test = shown("pool", ip=THERE[1])
    test.segmented_control("pool").set_value("main")
    test.run()
    assert not test.exception
    assert _ips(test) == set(IPS)
    assert "ip" not in test.query_params
    test.run()
    assert _ips(test) == set(IPS)


def test_a_decision_about_a_whole_pool_leads_to_that_pool(two: Hall, opened: Open) -> None:
    opened(two)
    test = walked("time_travel", "pool", decision=derived_id("still"))
    next(button for button in test.button if button.label == "The pool as of then").click()
    test.run()
    assert not test.exception
    assert test.query_params["pool"] == "other"
    assert _ips(test) == set(THERE)
    assert not cells(test) & set(IPS)
