"""The Overview where somebody is silent, or a question has no answer: what is not known is neither calm nor zero."""

import re
import time
from collections.abc import Iterator

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import counted, moment, queries_cases, queries_delisting, queries_flags
from dashboards.counted import Counted
from dashboards.span import Span
from dashboards.views import urgent
from embedded.clickhouse import ClickHouseServer
from schemas import observations as o
from schemas.delisting_events import DelistingOpened
from schemas.mailbox_events import CaseOpened
from schemas.names import derived_id
from tests.pages.alert_scene import CONFIG, looked
from tests.pages.conftest import Hall, Open, fill, furnish, store
from tests.pages.scene import IPS, MINUTE, PROBATION, WITHDRAWN
from tests.pages.test_dashboard_views import shown, strip, texts

CALM = "Nothing is open: no alert, no case, no mailbox in question, no listing."
HOURS = 60 * MINUTE


def _told(hall: Hall, at: int) -> None:
    """Have the worker and a list say at a moment that all is well."""
    listing = o.ListingObserved(
        id=derived_id("calm", str(at)), at=at, ip=IPS[0], list="spamcop", answer="not_listed", scope="ip"
    )
    ticked = o.ClockTicked(id=derived_id("tick", str(at)), at=at)
    store(hall.client, "pool_observations", [listing, ticked, *looked(at)])


def _furnished(server: ClickHouseServer, factory: pytest.TempPathFactory, name: str) -> Hall:
    made = furnish(server, factory.mktemp(name), name)
    made.config.write_text(made.config.read_text() + CONFIG)
    return made


@pytest.fixture
def calm(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give a database in which nothing ever happened."""
    yield _furnished(clickhouse, tmp_path_factory, "pages_calm")
    clickhouse.connect().command("DROP DATABASE pages_calm")


@pytest.fixture(scope="module")
def old(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give the scene as it was told 40 hours ago; since then there is silence."""
    made = _furnished(clickhouse, tmp_path_factory, "pages_old")
    fill(made.client, made.now - 40 * HOURS)
    return made


def _numbers(test: AppTest) -> dict[str, tuple[str, str]]:
    return {m.label: (m.value, m.delta) for m in test.metric if "in 1 h" not in m.label}


def test_calm_is_said_only_of_now_and_a_moment_in_the_past_was_its_own_now(calm: Hall, opened: Open) -> None:
    opened(calm)
    then = time.time_ns() // 1000 - 40 * HOURS
    _told(calm, then)
    assert CALM in texts(as_of := shown("overview", at=moment.written(then + 1_000_000)))
    assert _numbers(as_of)["mailboxes flagged"] == ("0", "")
    assert _numbers(as_of)["of 6 IPs send"] == ("6", "")
    late = shown("overview", at=moment.written(then + 3 * MINUTE))
    assert "Not known: mailboxes, cases, listings (the worker told nothing for 3 min)" in texts(late)
    test = shown("overview")
    assert CALM not in texts(test)
    assert "mailboxes, cases (the worker told nothing for 2 days), listings (the lists told nothing for 2 days)" in (
        texts(test)
    )
    assert set(_numbers(test).values()) == {("no data", "")}
    assert "Not known, for the worker told nothing for 2 days; as of its last word 6 of 6 IPs send" in texts(test)
    assert strip(test) == [f"gray ? {ip} unknown" for ip in IPS]
    assert "Not known: the worker told nothing for 2 days." in texts(test)
    assert "No mailbox is watched" not in texts(test)
    _told(calm, time.time_ns() // 1000)
    opened(calm)
    assert CALM in texts(shown("overview"))


def test_what_was_bad_stays_visible_and_is_said_to_be_not_of_now(old: Hall, opened: Open) -> None:
    opened(old)
    test = shown("overview")
    assert _numbers(test) == {
        "of 6 IPs send": ("no data", ""),
        "IPs withdrawn": ("1", "not of now"),
        "open delistings": ("no data", ""),
        "mailboxes flagged": ("2", "not of now"),
        "open cases": ("1", "not of now"),
        "dead letters": ("no data", ""),
    }
    found = next(table.value for table in test.dataframe if "urgency" in table.value)
    assert list(found["urgency"]) == ["▲ case", "▲ mailbox", "▲ mailbox"]
    assert "Yes: 5 of 6" not in texts(test)
    shapes = [re.sub(r" (withdrawn|probation|unknown).*", r" \1", each) for each in strip(test)]
    assert {f"red ■ {WITHDRAWN} withdrawn", f"orange ◆ {PROBATION} probation"} < set(shapes)
    assert not [each for each in shapes if each.startswith("green")]


@pytest.mark.parametrize(
    ("table", "name", "rest"),
    [
        ("mailbox_events", "mailboxes", "2 questions were"),
        ("case_events", "cases", "2 questions were"),
        ("delisting_counted", "listings", "1 question was"),
    ],
)
def test_a_question_without_an_answer_is_named_and_is_not_calm(
    calm: Hall, opened: Open, table: str, name: str, rest: str
) -> None:
    _told(calm, time.time_ns() // 1000)
    calm.client.command(f"DROP TABLE {table}")
    opened(calm)
    test = shown("overview")
    assert CALM not in texts(test)
    assert f"? Not known: {name} (not read)" in texts(test)
    (notice,) = [each.value for each in test.warning if "answer" in each.value]
    assert "ClickHouse does not answer" not in notice
    assert notice.startswith(f"{rest} not answered; all others were. Of {rest[0]} nothing was read yet.")
    assert table in "".join(each.value for each in test.text), "the error says which"


def test_what_is_more_than_a_list_holds_is_counted(calm: Hall, opened: Open) -> None:
    now = time.time_ns() // 1000
    _told(calm, now)
    names = [f"club{number}.example" for number in range(120)]
    cases = [
        CaseOpened(id=name, at=now - n, case=name, customer=name, mailboxes=("a", "b")) for n, name in enumerate(names)
    ]
    store(calm.client, "case_events", cases)
    named = [
        DelistingOpened(
            id=f"d{n}", at=now - n, case=f"d{n}", list="spamcop", subject=f"192.0.2.{n}", scope="ip", since=now - n
        )
        for n in range(7)
    ]
    store(calm.client, "delisting_events", named)
    span = Span.last(1, now)
    found = queries_cases.cases(calm.client, span)
    assert (len(found), counted.of(found)) == (100, Counted(120))
    few = queries_delisting.delistings(calm.client, span, 5)
    assert (len(few), counted.of(few)) == (5, Counted(7))
    assert list(few.columns)[-1] == "seconds"
    opened(calm)
    test = shown("overview")
    assert "and 67 or more besides, on their pages" in texts(test)
    assert _numbers(test)["open cases"][0] == "120"
    assert _numbers(test)["open delistings"][0] == "7"


def test_mailboxes_are_counted_beyond_the_list_and_where_only_the_highest_were_asked_at_least(hall: Hall) -> None:
    assert counted.of(queries_flags.flags(hall.client, hall.span, 1)) == Counted(2), "one that is watched is no more"
    frame = pd.DataFrame({"step": ["flag"] * 3, "counted": [3] * 3, "least": [1] * 3})
    least = counted.noted(frame)
    assert counted.of(least) == Counted(3, least=True)
    assert Counted(4012, least=True).word == "≥ 4\u2009012"
    assert urgent.cut(None, least, None, None)
    assert not urgent.cut(None, counted.noted(frame.assign(least=0)), None, None)
