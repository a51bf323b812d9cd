"""The law of every file of the pages: where ClickHouse had more rows than a table may have, its name says so.

ClickHouse is made to have so many: each answer is repeated until its question's LIMIT is reached.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import clickhouse_connect
import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.names import derived_id
from tests.pages import alert_scene, full_hall
from tests.pages.conftest import Hall, Open
from tests.pages.scene import CASE, THIEF, WITHDRAWN
from tests.pages.test_dashboard_views import shown

if TYPE_CHECKING:
    from dashboards.offers import Offer

_LIMIT = re.compile(r"\bLIMIT (?:([0-9]+)|\{limit:UInt32\})\s*\Z")
_MORE = 7
PAGES: dict[str, tuple[dict[str, str], ...]] = {
    "overview": ({},),
    "alerts": ({}, {"show": "all"}, {"alert": alert_scene.GONE}),
    "pool": ({}, {"ip": WITHDRAWN}, {"part": "Lists"}, {"part": "Traffic"}),
    "delisting": ({},),
    "lists": ({}, {"list": "psbl"}),
    "providers": ({},),
    "mailboxes": ({}, {"mailbox": THIEF}, {"case": CASE}),
    "customers": (
        {},
        *(
            {"customer": "4711", "part": part}
            for part in ("Domains", "Complaints", "Bounces", "Cases", "Letters and reports")
        ),
    ),
    "complaints": ({}, {"mailbox": THIEF}),
    "domains": ({}, {"domain": "rude.example"}),
    "reports": ({},),
    "pipeline": ({}, {"section": "Dead letters"}, {"section": "Stored"}, {"section": "Hooks"}),
    "sunset": ({}, {"part": "Stages"}, {"part": "Letters"}, {"part": "Search"}),
    "time_travel": ({}, {"decision": derived_id("h")}, {"decision": derived_id("o")}),
}
_TIMES = "a sum for each time, of which there are so many as the range has"
_CONFIGURED = "a row for each one of the configuration"
_SORTS = "a row for each sort there is, counted from all"
WHOLE: dict[str, str] = {
    **dict.fromkeys(("volume-chart", "traffic-chart", "through-chart", "times-chart", "activity-chart"), _TIMES),
    **dict.fromkeys(("ips", "lists", "plan-chart", "stages"), _CONFIGURED),
    **dict.fromkeys(("ways", "bounce-reasons", "sorts", "providers"), _SORTS),
    **dict.fromkeys(("why", "findings"), "what stands in one event"),
}
"""What is never cut, and why."""


class Brimful:
    """ClickHouse with more rows than any question may have."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def query_df(self, sql: str, parameters: dict[str, object], settings: dict[str, object]) -> pd.DataFrame:
        """Answer a question with as many rows as it may have, and say that there are more."""
        answer = self._client.query_df(sql, parameters=parameters, settings=settings)
        limit = _LIMIT.search(sql)
        most = int(limit[1] or str(parameters["limit"])) if limit else 1
        if answer.empty or most <= 1:
            return answer
        full = pd.concat([answer] * (most // len(answer) + 1), ignore_index=True)[:most]
        for name in {"case", "id"} & set(full):  # what is told apart by it stays so
            full[name] = [f"{each}{place // len(answer) or ''}" for place, each in enumerate(full[name])]
        return full.assign(total=most + _MORE) if "total" in full else full


@pytest.fixture(scope="module")
def hall(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give a hall with all scenes."""
    with full_hall.everything(clickhouse, tmp_path_factory.mktemp("cut"), "pages_cut") as made:
        yield made


@pytest.mark.parametrize(("page", "way"), [(page, way) for page, ways in PAGES.items() for way in ways], ids=str)
def test_every_file_that_is_cut_says_so(
    hall: Hall, opened: Open, monkeypatch: pytest.MonkeyPatch, page: str, way: dict[str, str]
) -> None:
    opened(hall)
    connect = clickhouse_connect.get_client
    monkeypatch.setattr(clickhouse_connect, "get_client", lambda **given: Brimful(connect(**given)))
    offered: dict[str, Offer] = shown(page, range="7d", **way).session_state["offers"]
    whole = {name: len(offer.frame) for name, offer in offered.items() if not offer.cut}
    assert set(whole) <= set(WHOLE), whole
    for name, offer in offered.items():
        assert ("-first-" in offer.file(name, "")) == offer.cut


def test_a_table_of_rows_that_are_counted_says_of_how_many_it_is(
    hall: Hall, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(hall)
    connect = clickhouse_connect.get_client
    monkeypatch.setattr(clickhouse_connect, "get_client", lambda **given: Brimful(connect(**given)))
    for page, name, file in (
        ("alerts", "alerts", "alerts-first-500-of-507.csv"),
        ("customers", "customers", "customers-first-200-of-207.csv"),
    ):
        assert shown(page, range="7d").session_state["offers"][name].file(name, "") == file
