"""The life of one IP: its states and lists over time, who sent through it before each listing, the refusals it got."""

import pandas as pd
import pytest

from dashboards import charts_life, elements, queries_life, queries_replies, words
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from tests.pages.conftest import Hall, Open, fill, furnish, spoken, store
from tests.pages.life_scene import LISTED_SINCE, life
from tests.pages.scene import IPS, MINUTE, RUDE, THIEF, WITHDRAWN
from tests.pages.test_dashboard_views import cells, shown, texts


@pytest.fixture(scope="module")
def past(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give the scene with what lists said over time, each answer stored twice, as after a crash of the sink."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("life"), "pages_life")
    fill(hall.client, hall.now)
    for _ in range(2):
        store(hall.client, "pool_observations", life(hall.now))
    return hall


def _ago(hall: Hall, minutes: int) -> int:
    return hall.now - minutes * MINUTE


def test_a_run_begins_where_the_answer_changes(past: Hall) -> None:
    found = queries_life.runs(past.client, past.span)
    told = {(row["ip"], row["list"]): row for row in elements.rows(found)}
    assert [tuple(run) for run in told[WITHDRAWN, "spamhaus_zen"]["runs"]] == [
        (_ago(past, 350), "not_listed", ""),
        (_ago(past, LISTED_SINCE), "listed", "127.0.0.3"),
    ]
    assert [answer for _at, answer, _codes in told[WITHDRAWN, "spamcop"]["runs"]] == [
        *("listed", "not_listed", "listed", "unknown", "listed", "not_listed"),
    ]
    assert told[WITHDRAWN, "spamhaus_zen"]["asked"] == 35, "33 rounds, a change between two, the scene's: each once"
    assert (IPS[5], "spamcop") not in told, "never asked: no row"
    one = queries_life.runs(past.client, past.span, WITHDRAWN, 2)
    assert set(one["ip"]) == {WITHDRAWN}
    assert {len(runs) for runs in one["runs"]} == {2}


def test_listings_are_told_with_their_ends_and_no_answer_ends_none(past: Hall) -> None:
    found = queries_life.listings(past.client, past.span, WITHDRAWN)
    assert list(zip(found["list"], found["at"], found["seen_coming"], strict=True)) == [
        ("spamhaus_zen", _ago(past, LISTED_SINCE), True),
        ("spamcop", _ago(past, 200), True),
        ("spamcop", _ago(past, 350), False),
    ]
    ends = [None if pd.isna(time) else int(time.timestamp() * 1e6) for time in found["ended"]]
    assert ends == [None, _ago(past, 90), _ago(past, 300)]
    assert found["reason"][1] == f"{RUDE} is why"


def test_who_sent_before_a_listing_is_ranked_with_what_is_known_of_each(past: Hall) -> None:
    moment = _ago(past, LISTED_SINCE)
    found = queries_life.senders(past.client, past.span, WITHDRAWN, moment)
    first = found.iloc[0]
    assert (first["sender"], first["step"], first["complaints"]) == (THIEF, "suspend", 1)
    assert (first["clients"], first["recipients"]) == (42, 6)
    assert first["attempts"] == found["attempts"].max() == 18 * 6 + 1 + 6, "stolen, the minute of the moment, before"
    assert int(found["of"].iloc[0]) > int(found["attempts"].sum()), "some of the senders are not among the first twenty"
    assert int(first["total"]) == 24
    assert set(found["step"][1:]) == {""}
    earlier = queries_life.senders(past.client, past.span, WITHDRAWN, _ago(past, 200))
    assert THIEF not in set(earlier["sender"][:5]), "he came later"
    assert queries_life.senders(past.client, past.span, "198.51.100.9", moment).empty


def test_nothing_after_the_moment_looked_at_counts(past: Hall) -> None:
    then = Span.last(6, _ago(past, LISTED_SINCE + 1))
    found = queries_life.listings(past.client, then, WITHDRAWN)
    assert list(found["list"]) == ["spamcop", "spamcop"]
    assert queries_life.changes(past.client, then, "main", WITHDRAWN).empty
    assert queries_life.senders(past.client, then, WITHDRAWN, then.until).iloc[0]["complaints"] == 0


def test_refusals_are_new_where_a_week_had_none_alike(past: Hall) -> None:
    found = queries_replies.texts(past.client, past.span, WITHDRAWN)
    assert list(zip(found["kind"], found["number"], found["before"], strict=True)) == [
        ("listed", 12, 0),
        ("reputation", 30, 4),
        ("unknown", 3, 0),
    ]
    new = queries_replies.texts(past.client, past.span, "", "", True)
    assert list(new["provider"]) == ["microsoft", "yahoo"]
    begun = queries_replies.counted(past.client, past.span)["since"].iloc[0]
    assert int(begun.timestamp() * 1e6) == _ago(past, 2880)
    assert words.earlier(0, begun, past.span) == "new"
    assert words.earlier(4, begun, past.span) == "4"
    assert words.earlier(0, begun, Span.last(168, past.now)) == "? not counted"


def test_the_history_of_a_cell_in_words() -> None:
    now = pd.Timestamp("2026-03-01 12:00", tz="UTC")
    at = int(pd.Timestamp("2026-03-01 10:00", tz="UTC").timestamp() * 1e6)
    given = [(at - 86_400_000_000, "not_listed", ""), (at, "listed", "127.0.0.3")]
    said = "■ listed 127.0.0.3 since 10:00, before: ○ not listed since 28 Feb 10:00 (7 answers)"
    assert words.runs(given, 7, now) == said


def test_the_page_shows_an_ips_life(past: Hall, opened: Open) -> None:
    opened(past)
    spoken(past)
    test = shown("pool", ip=WITHDRAWN)
    assert f"The life of {words.inert(WITHDRAWN)}" in [str(each.value) for each in test.subheader]
    assert {"■ named by spamhaus_zen", "■ already named by spamcop", "■ withdrawn", "still"} <= cells(test)
    assert "further lists never named it" not in texts(test), "each of the three named it, or did not answer"
    assert {THIEF, "■ suspend", "■ poor name", "new"} <= cells(test)
    assert "The busiest 20 of 24 senders. Pick a row to see its mailbox." in texts(test)
    assert f"In the 6 hours before {_clock(past, 25)} UTC (withdrawn):" in texts(test), "the newest moment at first"
    listing = f"{_ago(past, 200)}.spamcop"
    other = shown("pool", ip=WITHDRAWN, moment=listing)
    assert f"In the 6 hours before {_clock(past, 200)} UTC (named by spamcop):" in texts(other)
    plain = shown("pool", ip=IPS[5])
    assert "It was neither listed nor withdrawn in this time." in texts(plain)
    assert "No data: nothing was decided about it, and no list named it in this time." in texts(plain)
    assert "No data: no refusal of mail through it was counted in this time." in texts(plain)


def _clock(hall: Hall, minutes: int) -> str:
    now = pd.Timestamp.now("UTC")
    return words.clock(pd.Timestamp(_ago(hall, minutes), unit="us", tz="UTC"), now)


def test_an_ip_that_no_pool_has_is_not_shown(past: Hall, opened: Open) -> None:
    opened(past)
    test = shown("pool", ip=RUDE)
    assert not [each for each in test.subheader if str(each.value).startswith("The life of")]


def test_stretches_bear_shapes_where_there_is_room(past: Hall) -> None:
    start = pd.Timestamp(past.span.since, unit="us", tz="UTC")
    rows = [("state", "● active", 0, 300), ("zen", "■ listed", 300, 305)]
    frame = pd.DataFrame(
        [
            {
                "lane": lane,
                "what": what,
                "start": start + pd.Timedelta(minutes=a),
                "end": start + pd.Timedelta(minutes=b),
            }
            for lane, what, a, b in rows
        ]
    ).assign(when="", said="")
    spec = charts_life.stretches(frame, past.span, ["state", "zen"]).to_dict()
    bars, signs = (spec["datasets"][layer["data"]["name"]] for layer in spec["layer"])
    assert [row["lane"] for row in bars] == ["state", "zen"]
    assert [row["sign"] for row in signs] == ["●"], "five minutes of six hours have no room"
    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["● active", "■ listed"]
