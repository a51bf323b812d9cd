"""The Lists page: health, trust, latency and listings of each list; nothing known never looks like healthy."""

from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import elements, listbook, queries_lists
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas.observations import ANSWER_MS
from tests.pages.conftest import Hall, Open, furnish, spoken, store
from tests.pages.lists_scene import CONFIG, MINUTE, SIX, A, decided, observed
from tests.pages.scene import RUDE_REPLY


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with the lists, each row stored twice, as after a crash of the sink."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("lists"), "pages_lists")
    for _ in range(2):
        store(hall.client, "pool_observations", observed(hall.now))
        store(hall.client, "pool_events", decided(hall.now))
    with hall.config.open("a") as config:
        config.write(CONFIG)
    return hall


def _shown(**query: str) -> AppTest:
    test = AppTest.from_string("from dashboards.views import lists\nlists.page()", default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def _rows(test: AppTest) -> dict[str, dict[str, Any]]:
    return {row["list"]: row for row in elements.rows(test.dataframe[0].value)}


def test_each_list_tells_its_health_its_trust_and_how_fast_it_answers(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    rows = _rows(test)
    assert [(name, row["state"]) for name, row in rows.items()] == [
        ("spamcop", "▲ refuses"),
        ("dronebl", "? never asked"),
        ("psbl", "◐ IPv6: silent"),
        ("spamhaus_dbl", "? never asked"),
        ("spamhaus_zen", "● healthy"),
    ]
    zen, cop, psbl = rows["spamhaus_zen"], rows["spamcop"], rows["psbl"]
    assert (zen["half"], zen["most"], zen["slowest"], zen["questions"]) == ("≤ 2 ms", "≤ 7 ms", "9.5 ms", "100")
    assert (cop["half"], cop["refused"], cop["unanswered"]) == ("≤ 20 ms", 5, "6.7 %")
    assert (psbl["half"], psbl["slowest"], psbl["unanswered"]) == ("no data", "no data", "no data")
    assert (zen["healthy"], cop["healthy"], psbl["healthy"]) == ("100.0 % of 12", "58.3 % of 12", "85.7 % of 7")
    assert str(psbl["trust"]).startswith("■ distrusted: main since ")
    assert psbl["note"] == f"127.0.0.2: {RUDE_REPLY}; psbl has no vote: {RUDE_REPLY}"
    assert str(cop["note"]).startswith(f"127.0.0.2: {RUDE_REPLY}; asked again ")
    assert [metric.value for metric in test.metric] == ["5", "1", "2", "2"]
    texts = [str(element.value) for element in test.text]
    assert "▲ pool main did not believe the clock of lists: an answer of spamcop is dated 9 min ahead" in texts


def test_what_was_never_asked_is_no_data_and_neither_healthy_nor_zero(desk: Hall, opened: Open) -> None:
    opened(desk)
    row = _rows(_shown())["dronebl"]
    assert {row[name] for name in ("trust", "names", "healthy", "half", "slowest", "unknown", "agreed")} == {
        "no data",
        listbook.NO_DATA,
    }
    assert pd.isna(row["withdrawals"])
    assert pd.isna(row["refused"])


def test_of_lists_that_nobody_asked_of_late_none_is_said_to_name_nobody(
    clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory, opened: Open
) -> None:
    hall = furnish(clickhouse, tmp_path_factory.mktemp("lists"), "pages_lists_silent")
    ended = hall.now - 12 * 60 * MINUTE
    store(hall.client, "pool_observations", observed(ended))
    store(hall.client, "pool_events", decided(ended))
    spoken(hall, ended)
    with hall.config.open("a") as config:
        config.write(CONFIG)
    opened(hall)
    rows = _rows(_shown(range="24h"))
    told = {name: rows[name]["names"] for name in ("psbl", "spamcop", "spamhaus_zen", "dronebl")}
    assert told == {
        "psbl": "■ 1 IPv4, 1 IPv6, not of now",
        "spamcop": "? not of now",
        "spamhaus_zen": "■ 1 IPv4, not of now",
        "dronebl": "no data",
    }
    assert rows["psbl"]["withdrawals"] == 2, "what was told of this time stays"
    assert pd.isna(rows["spamcop"]["withdrawals"]), "and that there were none a silent worker does not tell"
    said = [str(each.value) for each in _shown(range="24h", list="spamcop").caption]
    assert "No pool ever took its vote." not in " ".join(said)
    assert any(each.startswith("○ Not known: the worker told nothing for 12 h") for each in said)
    assert any(each.startswith("○ Not known: the lists told nothing for 12 h") for each in said)


def test_what_rests_on_a_list_and_whether_others_agreed(desk: Hall, opened: Open) -> None:
    opened(desk)
    spoken(desk)
    rows = _rows(_shown())
    told = {name: (row["withdrawals"], row["taken_back"], row["agreed"]) for name, row in rows.items()}
    assert told["spamhaus_zen"] == (1, 0, "1 of 1"), "psbl named it, too"
    assert told["psbl"] == (2, 1, "2 of 2"), "the other by a reply; what a shadow decided does not count"
    assert told["spamcop"] == (0, 0, "named none")
    assert [rows[name]["names"] for name in ("psbl", "spamcop", "spamhaus_zen", "spamhaus_dbl")] == [
        "■ 1 IPv4, 1 IPv6",
        "? unknown",
        "■ 1 IPv4",
        "? unknown",
    ]
    assert rows["spamhaus_zen"]["unknown"] == "8.3 %"


def test_one_list_tells_from_when_to_when_it_named_what(desk: Hall, opened: Open) -> None:
    opened(desk)
    found = queries_lists.listings(desk.client, desk.span, "spamhaus_zen").to_dict("records")
    times = [tuple(pd.Timestamp(desk.now - ago * MINUTE, unit="us", tz="UTC") for ago in (45, 285, 75))]
    assert [(row["subject"], row["began"], bool(row["seen_begin"])) for row in found] == [
        (A, times[0][0], True),
        (A, times[0][1], True),
    ]
    assert pd.isna(found[0]["until"])
    assert found[1]["until"] == times[0][2], "an unknown answer in between did not end it"
    begun = queries_lists.listings(desk.client, desk.span, "psbl").to_dict("records")
    assert {(row["subject"], bool(row["seen_begin"])) for row in begun} == {(A, False), (SIX, False)}
    test = _shown(list="spamhaus_zen")
    assert list(test.dataframe[1].value["state"]) == ["■ names it", "● ended"]
    assert test.dataframe[1].value["reason"][0] == f"CSS: {RUDE_REPLY}"
    assert list(test.dataframe[2].value["answer"]) == ["■ listed", "? unknown"]
    texts = [str(element.value) for element in test.text]
    assert "Removal: https://spamhaus_zen.example/removal" in texts
    assert "Ends by itself: 72 h after the last hit" in texts


def test_the_history_has_gaps_where_nobody_asked_and_the_time_of_each_distrust(desk: Hall) -> None:
    rounds = queries_lists.history(desk.client, desk.span, "psbl")
    strip = listbook.spells(rounds, desk.span)
    assert list(strip["state"]) == [
        listbook.NO_DATA,
        listbook.HEALTHY,
        listbook.NO_DATA,
        listbook.HEALTHY,
        listbook.HALF,
    ]
    minutes = [(pd.Timestamp(desk.now, unit="us", tz="UTC") - each).total_seconds() / 60 for each in strip["start"]]
    assert minutes == [360, 345, 180, 75, 15], "a round holds for two and a half times the usual gap"
    lost = listbook.distrust(queries_lists.turns(desk.client, desk.span, "psbl"), desk.span)
    assert [(row.start, row.end) for row in lost.itertuples()] == [
        tuple(pd.Timestamp(desk.now - ago * MINUTE, unit="us", tz="UTC") for ago in times)
        for times in ((360, 330), (45, 0))
    ]


def test_the_past_knows_nothing_of_what_came_later(desk: Hall) -> None:
    then = Span.last(6, desk.now - 200 * MINUTE)
    (cop,) = queries_lists.rounds(desk.client, then).query("list == 'spamcop'").to_dict("records")
    assert (bool(cop["votes"]), cop["refused"], cop["rounds"]) == (True, 0, 5)
    trust = queries_lists.trust(desk.client, then).to_dict("records")
    assert [(row["list"], bool(row["lost"])) for row in trust] == [("psbl", False)]


@pytest.mark.parametrize(
    ("times", "share", "said"),
    [
        ((), 0.5, "no data"),
        ((0, 0), 0.95, "no data"),
        ((1,), 0.95, "≤ 0.5 ms"),
        ((19, 1), 0.95, "≤ 0.5 ms"),
        ((18, 2), 0.95, "≤ 1 ms"),
        ((*[0] * len(ANSWER_MS), 1), 0.5, "> 5000 ms"),
    ],
)
def test_a_share_of_the_answers_came_within(times: tuple[int, ...], share: float, said: str) -> None:
    assert listbook.within(times, share) == said


def test_a_list_that_is_asked_no_more_is_not_known_whatever_it_said_last() -> None:
    last = pd.Timestamp("2026-03-01 10:00", tz="UTC")
    row = {"last": last, "usual": 900e6, "again": pd.NaT, "votes": True, "wrong": "", "version": 0}
    assert listbook.state(row, last + pd.Timedelta(minutes=40)) == listbook.HEALTHY
    assert listbook.state(row, last + pd.Timedelta(minutes=50)) == "? not asked for 50 min"
    refused = {**row, "votes": False, "wrong": "refused", "again": last + pd.Timedelta(hours=2)}
    assert listbook.state(refused, last + pd.Timedelta(minutes=50)) == "▲ refuses"
    assert listbook.state(refused, last + pd.Timedelta(hours=3)) == "? not asked for 3 h"


def test_nothing_is_no_data(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    test = _shown(list="spamcop")
    captions = [str(element.value) for element in test.caption]
    assert "○ No list is configured, and none was asked within seven days." in captions
    assert "○ No data: this list was not asked." in captions
    assert len(test.metric) == len(test.dataframe) == 0
