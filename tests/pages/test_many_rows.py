"""Where there are more rows than a page asks for, what it counts is counted by ClickHouse, or said to be at least."""

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import queries_delisting
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas import events as e
from schemas.delisting_events import DelistingClosed, DelistingOpened
from schemas.names import derived_id, event_id, source_id
from tests.pages.conftest import Hall, Open, fill, furnish, store
from tests.pages.scene import MINUTE
from tests.pages.test_dashboard_views import shown, texts

LOGS, REPORTERS = 503, 61
OPEN, ENDED, GIVEN_UP = 502, 30, 5


def _logs(now: int) -> Iterator[e.SourceOpened]:
    for number in range(LOGS):
        source = source_id("many", number)
        yield e.SourceOpened(id=event_id(source, 0), at=now - 90 * MINUTE, source=source, name=f"log{number}", host="h")


def _complaints(now: int) -> Iterator[e.ComplaintReceived]:
    for number in range(REPORTERS):
        reporter = f"feedback{number}@many.example"
        yield e.ComplaintReceived(
            id=derived_id("many", number), at=now - number * MINUTE, feedback_type="abuse", reporter=reporter
        )


def _delistings(now: int) -> Iterator[DelistingOpened | DelistingClosed]:
    for number in range(OPEN + ENDED + GIVEN_UP):
        case, at, subject = f"{number:012x}", now - 50 * MINUTE - number, f"10.0.{number // 250}.{number % 250}"
        yield DelistingOpened(
            id=f"{case} o", at=at, case=case, pool="main", list="spamcop", subject=subject, scope="ip", since=at
        )
        if number >= OPEN:
            outcome = "expired" if number < OPEN + ENDED else "given_up"
            yield DelistingClosed(
                id=f"{case} c", at=now - MINUTE, case=case, pool="main", list="spamcop", subject=subject,
                outcome=outcome,  # type: ignore[arg-type]  # one of the two that exist
            )  # fmt: skip


@pytest.fixture(scope="module")
def hall(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give the scene, and more logs, reporters and delistings than any page asks for."""
    made = furnish(clickhouse, tmp_path_factory.mktemp("many"), "pages_many")
    fill(made.client, made.now)
    store(made.client, "mail_events", _logs(made.now))
    store(made.client, "complaints", _complaints(made.now))
    store(made.client, "delisting_events", _delistings(made.now))
    yield made
    clickhouse.connect().command("DROP DATABASE pages_many")


def _badges(test: AppTest) -> list[str]:
    """Return what the badges of a page say."""
    return [said for each in test.markdown for said in re.findall(r":\w+-badge\[([^\]]*)\]", each.value)]


def test_the_ages_of_more_logs_and_reporters_than_are_asked_for_say_of_how_many(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("overview")
    offer = test.session_state["offers"]["sources"]
    logs, reporters = (int((offer.frame["kind"] == kind).sum()) for kind in ("log", "reporter"))
    assert (logs, reporters) == (500, 50)
    further = LOGS + 2 - 500 + REPORTERS + 3 - 50  # the scene has two logs and three reporters besides
    assert offer.whole == len(offer.frame) + further
    assert offer.file("sources", "") == f"sources-first-{len(offer.frame)}-of-{offer.whole}.csv"
    assert list(offer.frame) == ["age", "kind", "source"]
    label = f"How old the newest word of each source is: {len(offer.frame)} of {offer.whole} sources"
    assert label in [fold.label for fold in test.expander]
    assert "? 5 more logs are not looked at" in _badges(test)


def test_delistings_are_counted_by_clickhouse_where_the_table_has_the_first(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("delisting")
    assert len(test.dataframe[0].value) == 500
    assert f"**{OPEN + ENDED + GIVEN_UP} delistings**" in [each.value for each in test.markdown]
    assert _badges(test) == [f"■ open: {OPEN}", f"▲ given up: {GIVEN_UP}", f"● expired: {ENDED}"]
    assert "The first 500 of 537. What is open" in texts(test)
    assert test.session_state["offers"]["delistings"].file("delistings", "") == "delistings-first-500-of-537.csv"


def test_the_way_to_a_pools_delistings_says_that_there_are_more(hall: Hall, opened: Open) -> None:
    opened(hall)
    (way,) = (each.label for each in shown("pool").button if each.key == "delistings.all")
    assert way == "All 500 or more delistings"


def test_states_are_those_of_all_delistings_however_few_are_asked_for(hall: Hall) -> None:
    found = queries_delisting.delistings(hall.client, Span.last(1, hall.now), 3)
    assert len(found) == 3
    assert [dict(each) for each in found["states"]] == [{"open": OPEN, "expired": ENDED, "given_up": GIVEN_UP}] * 3
    assert list(found["total"]) == [OPEN + ENDED + GIVEN_UP] * 3
