"""Pool and Time travel where the worker fell silent: what was bad stays, of the others nothing is known."""

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from dashboards import heard, moment
from dashboards.compared import NONE, different, joined
from embedded.clickhouse import ClickHouseServer
from schemas.pool_settings import Pool
from tests.pages.conftest import Hall, Open, fill, furnish, spoken
from tests.pages.scene import IPS, KEPT, MINUTE, PROBATION, THIEF, WITHDRAWN
from tests.pages.test_dashboard_views import shown, texts

AGO = 10 * MINUTE
WHY = r"the worker told nothing for 1\d min"
NONE_DECIDED = "Nothing was decided within seven days."
NOW = pd.Timestamp("2026-03-01 12:00", tz="UTC")
RULES = {"main": Pool(transports={"out1": "192.0.2.1", "out2": "192.0.2.2"})}


@pytest.fixture(scope="module")
def quiet(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give the scene as it was ten minutes ago; since then the worker is silent."""
    made = furnish(clickhouse, tmp_path_factory.mktemp("quiet"), "pages_quiet")
    fill(made.client, made.now - AGO)
    yield made
    clickhouse.connect().command("DROP DATABASE pages_quiet")


def _end(hall: Hall, seconds: int = 0) -> str:
    """Return the moment so many seconds after the worker's last word, which is of a second before the scene's end."""
    return moment.written(hall.now - AGO + (seconds - 1) * 1_000_000)


def _ips(test: AppTest) -> dict[str, dict[str, Any]]:
    found = next(table.value for table in test.dataframe if {"share", "not_to"} <= set(table.value))
    return {str(row["ip"]): {str(name): value for name, value in row.items()} for row in found.to_dict("records")}


def _greens(test: AppTest) -> list[str]:
    return [str(each.value) for each in test.markdown if "green-badge[" in str(each.value)]


def test_the_pool_of_a_silent_worker_shows_what_was_bad_and_calls_no_ip_active(quiet: Hall, opened: Open) -> None:
    opened(quiet)
    test = shown("pool")
    rows = _ips(test)
    assert {ip: (row["state"], row["share"]) for ip, row in rows.items()} == {
        IPS[0]: ("? unknown", "?"),
        IPS[1]: ("? unknown", "?"),
        WITHDRAWN: ("■ withdrawn", "0%"),
        PROBATION: ("◆ probation", "10%"),
        KEPT: ("▲ kept, should leave", "100%"),
        IPS[5]: ("? unknown", "?"),
    }
    assert {ip for ip, row in rows.items() if row["why"].startswith("not of now")} == {WITHDRAWN, PROBATION, KEPT}
    assert rows[IPS[0]]["why"] == rows[IPS[0]]["since"] == ""
    assert {row["not_to"] for row in rows.values()} == {"?"}, "that it sends to all providers nobody knows"
    assert not _greens(test)
    assert re.search(
        rf"\? Not known which IPs send \({WHY}\)\. What was wrong by its last word stays, and is not of now\.",
        texts(test),
    )
    assert f"■ {WITHDRAWN} withdrawn until" in texts(test), "what was decided is still told"


def test_that_nothing_was_decided_is_not_said_while_the_worker_is_silent(quiet: Hall, opened: Open) -> None:
    opened(quiet)
    said = texts(shown("pool", ip=IPS[5]))
    assert NONE_DECIDED not in said
    assert "It was neither listed nor withdrawn in this time." not in said
    assert re.search(rf"○ Not known: {WHY}\.", said)
    said = texts(shown("pool", ip=IPS[5], at=_end(quiet, 120)))
    assert NONE_DECIDED in said, "as of then it was heard"
    assert "It was neither listed nor withdrawn in this time." in said


def test_a_moment_in_the_past_is_judged_by_who_was_heard_then(quiet: Hall, opened: Open) -> None:
    opened(quiet)
    heard_then = shown("pool", at=_end(quiet, 120))
    assert _ips(heard_then)[IPS[0]]["state"] == "● active"
    assert (_ips(heard_then)[IPS[0]]["not_to"], _ips(heard_then)[IPS[0]]["share"]) == ("", "100%")
    assert "not of now" not in texts(heard_then)
    assert len(_greens(heard_then)) == 1
    late = shown("pool", at=_end(quiet, 121))
    assert _ips(late)[IPS[0]]["state"] == "? unknown"
    assert _ips(late)[WITHDRAWN]["state"] == "■ withdrawn"
    assert "? Not known which IPs send (the worker told nothing for 2 min)." in texts(late)
    before = shown("pool", at=moment.written(quiet.now - AGO - 30 * MINUTE))
    assert "? Not known which IPs send (no data of the worker)." in texts(before)


def _state_lane(test: AppTest) -> list[tuple[str, pd.Timestamp]]:
    """Return what the lane of an IP's states shows, and until when, in its order."""
    frames = [
        convert_arrow_bytes_to_pandas_df(each.data.data)
        for chart in test.get("vega_lite_chart")
        for each in chart.proto.datasets
    ]
    lanes = next(frame for frame in frames if {"lane", "end"} <= set(frame))
    states = lanes[lanes["lane"] == "state"]
    return list(zip(states["what"], states["end"], strict=True))


def test_the_life_of_an_ip_ends_at_the_last_word_of_the_worker(quiet: Hall, opened: Open) -> None:
    opened(quiet)
    end = pd.Timestamp(quiet.now - AGO, unit="us", tz="UTC")
    started, last = end - pd.Timedelta(minutes=29), end - pd.Timedelta(seconds=1)
    assert _state_lane(shown("pool", ip=PROBATION)) == [("■ withdrawn", started), ("◆ probation", last)]
    as_of = shown("pool", ip=PROBATION, at=_end(quiet, 60))
    looked_at = last + pd.Timedelta(minutes=1)
    assert _state_lane(as_of) == [("■ withdrawn", started), ("◆ probation", looked_at)]
    unheard = shown("pool", ip=PROBATION, at=moment.written(quiet.now - AGO - 25 * MINUTE))
    told = started + pd.Timedelta(minutes=1)
    assert _state_lane(unheard) == [("■ withdrawn", started), ("◆ probation", told)], "its decision is a word, too"


def _differences(test: AppTest) -> dict[tuple[str, str], tuple[str, str]]:
    told = [table.value for table in test.dataframe if list(table.value) == ["what", "which", "then", "now"]]
    return {(row["what"], row["which"]): (row["then"], row["now"]) for each in told for row in each.to_dict("records")}


def test_time_travel_tells_only_what_is_known_to_differ_from_a_now_that_is_silent(quiet: Hall, opened: Open) -> None:
    then = quiet.now - AGO - 60 * MINUTE
    spoken(quiet, then - MINUTE)
    opened(quiet)
    test = shown("time_travel", at=moment.written(then))
    assert _differences(test) == {
        ("case", "customer.example"): ("·", "■ open, 4 mailboxes, not of now"),
        ("state of the IP", WITHDRAWN): ("● active", "■ withdrawn, not of now"),
        ("state of the IP", PROBATION): ("■ withdrawn", "◆ probation, not of now"),
        ("state of the IP", KEPT): ("● active", "▲ kept, should leave, not of now"),
        ("step of the mailbox", THIEF): ("·", "■ suspend, not of now"),
        **_more(test),
    }, "of the club's mailbox, which was released since, and of the IPs that were active nothing is told"
    assert not [key for key in _differences(test) if "club@verein.example" in key or IPS[0] in key]
    assert re.search(rf"\? Not all of now is known \({WHY}\)", texts(test))
    assert "Not all of then" not in texts(test)
    silent = shown("time_travel", at=moment.written(then + 4 * MINUTE))
    assert "? Not all of then is known (the worker told nothing for 5 min)" in texts(silent)
    assert _differences(silent) == {
        ("state of the IP", PROBATION): ("■ withdrawn, not of then", "◆ probation, not of now")
    }


def _more(test: AppTest) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the two other mailboxes that came into question since."""
    found = {key: said for key, said in _differences(test).items() if key[0].startswith("step") and key[1] != THIEF}
    assert sorted(found.values()) == [("·", "▲ flag, not of now"), ("·", "◆ watch, not of now")]
    return found


def test_who_is_absent_of_a_silent_moment_is_not_known() -> None:
    then = joined((("step", {"a": "flag", "b": "flag"}, False),))
    now = joined((("step", {"a": "suspend", "c": "flag"}, False),), "the worker told nothing for 3 min")
    assert list(different(then, now)) == [
        (("step", "a"), "flag", "suspend"),
        (("step", "c"), NONE, "flag"),
    ], "b may be in question still"


def _feeds(*seconds: float) -> pd.DataFrame:
    rows = [{"feed": "worker", "last": NOW - pd.Timedelta(seconds=each)} for each in seconds]
    return pd.DataFrame(rows, columns=["feed", "last"])


_OUT = {
    "pool": "main", "ip": "192.0.2.1", "type": "ip_withdrawn", "since": NOW, "until": pd.NaT, "share": 0.0,
    "relapse": 0, "reasons": [], "mode": "", "refusal": "", "confirmed": 0, "drifting": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("feeds", "silent", "now", "weighed"),
    [
        (_feeds(120), "", ["withdrawn", "active"], ["withdrawn", "active"]),
        (_feeds(121), "the worker told nothing for 2 min", ["withdrawn", "unknown"], ["withdrawn", "active"]),
        (_feeds(-60), "", ["withdrawn", "active"], ["withdrawn", "active"]),
        (_feeds(-90), "the clock of the worker is 2 min ahead", ["withdrawn", "unknown"], ["withdrawn", "active"]),
        (_feeds(), "no data of the worker", ["withdrawn", "unknown"], ["withdrawn", "unknown"]),
        (None, "not read", ["withdrawn", "unknown"], ["withdrawn", "unknown"]),
    ],
)
def test_how_the_pools_stand_by_when_the_worker_spoke(
    feeds: pd.DataFrame | None, silent: str, now: list[str], weighed: list[str]
) -> None:
    told = heard.told(RULES, pd.DataFrame([_OUT]), feeds, NOW)
    assert told.silent == silent
    assert [ip.state for ip in told.now] == now
    assert [ip.state for ip in told.weighed] == weighed
    assert bool(told.notice) is bool(silent)
    unread = heard.told(RULES, None, feeds, NOW)
    assert {ip.state for ip in (*unread.now, *unread.weighed)} == {"unknown"}
