"""The Delisting page: what is listed, what was done about it, the times of each list; rude texts do nothing."""

import pytest
from streamlit.testing.v1 import AppTest

from embedded.clickhouse import ClickHouseServer
from schemas.delisting_events import (
    DelistingClosed,
    DelistingEvent,
    DelistingNoted,
    DelistingOpened,
    DelistingRequested,
)
from schemas.facts import Evidence
from tests.pages.conftest import Hall, Open, furnish, store
from tests.pages.scene import RUDE_REPLY

HOUR = 3_600_000_000
A, B, C = "192.0.2.11", "192.0.2.12", "192.0.2.13"


def _opened(case: str, ip: str, at: int, relapse: int = 0) -> DelistingOpened:
    return DelistingOpened(
        id=f"{case} opened {relapse}",
        at=at,
        case=case,
        pool="main",
        list="spamcop",
        subject=ip,
        scope="ip",
        since=at,
        ips=(ip,),
        reason=RUDE_REPLY,
        removal="https://www.spamcop.net/bl.shtml",
        lasts_hours=24,
        relapse=relapse,
        evidence=(Evidence(rule="dnsbl/spamcop", text=f"spamcop lists the IP {ip}: {RUDE_REPLY}"),),
    )


def _requested(case: str, ip: str, at: int) -> DelistingRequested:
    return DelistingRequested(
        id=f"{case} requested",
        at=at,
        case=case,
        pool="main",
        list="spamcop",
        subject=ip,
        operator="ada",
        how="form",
        reference="T-17",
        requests=1,
    )


def _closed(case: str, ip: str, at: int, hours: int, waited: int = 0) -> DelistingClosed:
    return DelistingClosed(
        id=f"{case} closed {at}",
        at=at,
        case=case,
        pool="main",
        list="spamcop",
        subject=ip,
        outcome="delisted" if waited else "expired",
        took_seconds=hours * 3600,
        waited_seconds=waited * 3600,
        requests=1 if waited else 0,
    )


def scene(now: int) -> list[DelistingEvent]:
    """Return the delistings of some days before `now`."""
    ago = [now - hours * HOUR for hours in range(100)]
    note = Evidence(rule="pool", text=f"{A} was withdrawn from the pool")
    return [
        _opened("aaaaaaaaaaaa", A, ago[60]),
        _closed("aaaaaaaaaaaa", A, ago[50], 10),
        _opened("aaaaaaaaaaaa", A, ago[4], relapse=1),
        DelistingNoted(
            id="n",
            at=ago[4],
            case="aaaaaaaaaaaa",
            pool="main",
            list="spamcop",
            subject=A,
            kind="withdrawn",
            evidence=(note,),
        ),
        _requested("aaaaaaaaaaaa", A, ago[3]),
        _opened("bbbbbbbbbbbb", B, ago[33]),
        _requested("bbbbbbbbbbbb", B, ago[20]),
        _closed("bbbbbbbbbbbb", B, ago[2], 31, 18),
        _opened("cccccccccccc", C, ago[1]),
    ]


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with delistings, each stored twice, as after a crash of the sink."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("delisting"), "pages_delisting")
    for _ in range(2):
        store(hall.client, "delisting_events", scene(hall.now))
    return hall


def _shown(**query: str) -> AppTest:
    test = AppTest.from_string("from dashboards.views import delisting\ndelisting.page()", default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def test_what_is_open_stands_first_and_each_list_has_its_times(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    told, times = (table.value for table in test.dataframe)
    assert list(zip(told["state"], told["subject"], told["requests"], strict=True)) == [
        ("■ open", C, 0),
        ("◆ requested", A, 1),
        ("● delisted", B, 1),
    ]
    assert told["lasted"][0].endswith(" min so far")
    assert list(told["lasted"][1:]) == ["4 h so far", "31 h"]
    assert list(told["relapse"].fillna(0)) == [0, 1, 0]
    (row,) = times.to_dict("records")
    assert (row["list"], row["opened"], row["relapses"], row["delisted"], row["expired"]) == ("spamcop", 4, 1, 1, 1)
    assert (row["took"], row["longer"], row["waited"], row["says"]) == ("20 h of 2", "no data", "18 h of 1", "24 h")


def test_a_case_tells_its_story_and_strangers_text_is_literal(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(delisting="aaaaaaaaaaaa")
    texts = [str(element.value) for element in test.text]
    assert [text for text in texts if not text.startswith("·")] == [
        "◆ ada asked for removal: form, T-17",
        "◆ withdrawn",
        f"■ spamcop lists {A}, relapse 1",
        "● expired, 10 h after the listing began",
        f"■ spamcop lists {A}",
    ]
    assert f"· spamcop lists the IP {A}: {RUDE_REPLY}" in texts
    assert test.code[0].value == "relaywarden delisting show aaaaaaaaaaaa"
    assert "There is no such delisting." in str([element.value for element in _shown(delisting="x").caption])


def test_nothing_is_no_data(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    test = _shown()
    assert [str(element.value) for element in test.caption] == [
        "○ No data: no list was asked within two days.",
        "○ No data: there was no delisting yet.",
    ]
