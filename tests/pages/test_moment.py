"""What all pages share: as of which moment they are, times in UTC with the local one, and what they offer as CSV."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from dashboards import moment, offers
from dashboards.connection import Warehouse
from dashboards.offers import Offer
from dashboards.queries import CUT
from dashboards.span import Span
from schemas.settings import load
from tests.pages.conftest import Hall, Open
from tests.pages.test_dashboard_views import shown, texts
from tests.pages.test_pages_away import Clock

NOW = 1_795_990_800_000_000  # 2026-11-29T22:20:00Z


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-11-29T22:20:00Z", NOW),
        ("2026-11-29T22:20Z", NOW),
        ("2026-11-29T23:20:00+01:00", NOW),
        ("2026-11-29T23:20:00 01:00", NOW),  # a plus that the URL did not escape
        ("2026-11-29T22:19:59.250Z", NOW - 750_000),
    ],
)
def test_a_moment_of_the_url(text: str, micros: int) -> None:
    assert moment.parsed(text, NOW) == micros
    assert moment.parsed(moment.written(micros), NOW) == micros // 1_000_000 * 1_000_000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("yesterday", "is no moment"),
        ("2026-11-29", "is no moment"),
        ("2026-11-29T22:20:00", "is no moment"),
        ("2026-13-29T22:20:00Z", "is no moment"),
        ("2026-11-29T22:20:01Z", "lies in the future"),
        ("1969-07-20T20:17:40Z", "lies before 1970"),
    ],
)
def test_what_is_no_moment_is_told_with_its_value(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"{text!r} {why}"):
        moment.parsed(text, NOW)


def test_a_page_says_what_is_wrong_with_its_moment(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("pool", at="<b>3 o'clock</b>")
    assert "The URL names no moment that can be looked at." in texts(test)
    assert [each.value for each in test.text] == [
        """at: "<b>3 o'clock</b>" is no moment such as 2026-11-28T03:00:00Z"""
    ]
    assert not test.dataframe
    test.button(key="at.now").click().run()
    assert len(test.dataframe)


def test_a_page_as_of_a_moment_says_so_and_steps_on_and_back_to_now(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("overview", at=moment.written(hall.now - 86_400_000_000))
    day_before = pd.Timestamp(hall.now - 86_400_000_000, unit="us", tz="UTC")
    assert f":material/history: **As of {day_before:%d %b %Y %H:%M:%S} UTC**, 24 h ago" in [
        each.value for each in test.markdown
    ]
    test.button(key="at.-3600").click().run()
    assert test.query_params["at"] == moment.written(hall.now - 90_000_000_000)
    test.button(key="at.now").click().run()
    assert "at" not in test.query_params
    assert "As of" not in texts(test)


def test_the_answers_of_a_moment_are_asked_for_again_twice_a_minute(hall: Hall, opened: Open) -> None:
    opened(hall)
    clock, spans = Clock(NOW / 1_000_000), []

    def asked(_client: object, span: Span) -> pd.DataFrame:
        spans.append(span)
        return pd.DataFrame({"one": [len(spans)]})

    warehouse = Warehouse(load(hall.config).clickhouse, clock)
    at = NOW - 3_600_000_000
    for passed in (0, 2, 29, 31):
        clock.now = NOW / 1_000_000 + passed
        warehouse.read(asked, 6, at=at)
    assert spans == [Span.last(6, at, past=True)] * 2
    warehouse.read(asked, 6)
    assert spans[2:] == [Span.last(6, NOW + 31_000_000)], "now is another question"


def test_a_csv_holds_lists_times_and_no_formula() -> None:
    frame = pd.DataFrame(
        {
            "who": ["=cmd|' /C calc'!A0", "anna"],
            "why": [["+1", "b"], np.array(["c"])],
            "codes": [{"a": 1}, (("x", 2), ("y", 3))],
            "time": pd.to_datetime([0, 60], unit="s", utc=True),
        }
    )
    rows = list(csv.DictReader(io.StringIO(offers.as_csv(frame))))
    assert rows == [
        {"who": "'=cmd|' /C calc'!A0", "why": "'+1; b", "codes": "a=1", "time": "1970-01-01T00:00:00Z"},
        {"who": "anna", "why": "c", "codes": "x 2; y 3", "time": "1970-01-01T00:01:00Z"},
    ]


def test_a_file_that_holds_not_all_rows_says_so_in_its_name() -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    assert Offer(frame, "Rows").file("rows", "") == "rows.csv"
    assert Offer(frame, "Rows", cut=True).file("rows", "") == "rows-first-2-of-more.csv"
    assert Offer(frame, "Rows", cut=True, whole=1200).file("rows", "20261128T030000Z") == (
        "rows-first-2-of-1200-as-of-20261128T030000Z.csv"
    )
    assert Offer(frame, "Rows", cut=True, whole=1200).label == "Rows (the first 2 of 1\u2009200)"


def test_every_table_and_chart_of_a_page_is_in_its_menu(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("overview", range="24h")
    labels = [each.label for each in test.download_button]
    assert labels == [
        "What is open",
        "Mailboxes in question",
        "Last week",
        "Volume chart",
        "Providers",
        "Changes of the last hour",
        "Dead letters",
        "Sources",
    ]
    offered = test.session_state["offers"]
    assert "reasons" in offered["flags"].frame, "columns that the table leaves out are there"
    assert list(offered["volume-chart"].frame) == ["bucket", "events", "sent", "deferred", "bounced"]


def test_what_a_query_cut_is_offered_as_a_part() -> None:
    cut = pd.DataFrame({"a": [1, 2]})
    cut.attrs[CUT] = 2
    for frame, part in (
        (cut.assign(b=0), (True, 0)),
        (cut[:1], (False, 0)),
        (pd.DataFrame({"a": [1], "total": [7]}), (True, 7)),
        (pd.DataFrame({"a": [1], "total": [1]}), (False, 0)),
        (offers.part(cut, cut["a"] == 1), (True, 0)),
        (offers.part(cut[:1], cut["a"][:1] == 1), (False, 0)),
    ):
        offer = Offer.of(frame, "rows")
        assert (offer.cut, offer.whole, "total" in offer.frame) == (*part, False)
