"""A mailbox's logins by what the log tells, the map of where it was used, its score over time."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import charts_map, queries_logins, queries_mailbox
from dashboards.span import Span
from tests.pages.conftest import Hall, Open
from tests.pages.scene import MINUTE, RUDE, THIEF
from tests.pages.test_dashboard_views import cells, shown, texts

UNTOLD = "(the log does not tell it)"


def _by(hall: Hall, what: str) -> dict[str, tuple[int, int, int]]:
    found = queries_logins.by(hall.client, hall.span, THIEF, what)
    return {
        row["value"]: (int(row["succeeded"]), int(row["failed"]), int(row["networks"])) for _, row in found.iterrows()
    }


def test_logins_are_told_apart_by_what_the_log_tells(hall: Hall) -> None:
    assert _by(hall, "country") == {
        "BR": (34, 4, 38),
        "": (34, 4, 38),
        "NG": (33, 4, 37),
        "VN": (32, 5, 37),
        "DE": (6, 0, 1),
    }
    assert _by(hall, "AS") == {
        "AS28573": (34, 4, 38),
        "": (34, 4, 38),
        "AS37148": (33, 4, 37),
        "AS45899": (32, 5, 37),
        "AS3320": (6, 0, 1),
    }
    assert _by(hall, "protocol") == {"submission": (139, 17, 42)}
    assert _by(hall, "method") == {"LOGIN": (139, 17, 42)}
    networks = _by(hall, "network")
    assert len(networks) == 42
    assert networks["198.51.100.0/24"] == (6, 0, 1)
    times = queries_logins.over_time(hall.client, hall.span, THIEF)
    assert (int(times["succeeded"].sum()), int(times["failed"].sum()), int(times["unavailable"].sum())) == (139, 17, 0)


def test_places_are_kept_apart_from_countries_and_from_the_unknown(hall: Hall) -> None:
    found = queries_logins.places(hall.client, hall.span, THIEF)
    told = {
        (row["kind"], row["country"], row["latitude"], row["longitude"]): row["number"] for _, row in found.iterrows()
    }
    assert told["good", "BR", -23.6, -46.6] == 34, "a tenth of a degree"
    assert told["failed", "VN", 10.8, 106.6] == 5
    assert told["sent", "NG", 0.0, 0.0] == 37
    assert told["good", "", 0.0, 0.0] == 34
    assert {kind for kind, *_ in told} == {"good", "failed", "sent"}
    assert sum(told.values()) == 2 * 156


def test_the_score_is_known_at_decisions_and_now_and_not_after_the_moment(hall: Hall) -> None:
    found = queries_logins.score(hall.client, hall.span, THIEF)
    assert list(zip(found["type"], found["score"], strict=True)) == [
        ("mailbox_flagged", 62.0),
        ("mailbox_flagged", 110.0),
        ("mailbox_suspended", 155.0),
        ("now", 148.0),
    ]
    then = queries_logins.score(hall.client, Span.last(6, hall.now - 35 * MINUTE), THIEF)
    assert list(then["score"]) == [62.0, 110.0]


def test_programs_say_of_themselves_what_they_like(hall: Hall) -> None:
    found = queries_logins.programs(hall.client, hall.span, THIEF)
    assert list(zip(found["program"], found["messages"], found["networks"], strict=True)) == [
        (RUDE, 150, 41),
        ("Thunderbird", 6, 1),
    ]


@pytest.mark.parametrize(
    ("country", "near"), [("DE", (10, 51)), ("RU", (100, 62)), ("AU", (134, -26)), ("FJ", (178, -18))]
)
def test_a_country_has_its_middle_where_it_is(country: str, near: tuple[float, float]) -> None:
    place = charts_map.middle(country)
    assert place is not None
    assert place == pytest.approx(near, abs=2)


def test_an_unknown_country_has_no_place() -> None:
    assert charts_map.middle("") is None
    assert charts_map.middle("ZZ") is None


def test_the_map_has_the_land_and_looks_closer_at_the_places() -> None:
    row = {"longitude": 13.4, "latitude": 52.5, "what": "● login", "number": 3, "place": "x", "networks": 1}
    frame = pd.DataFrame([{**row, "systems": "", "last": ""}])
    spec = charts_map.places(frame, closer=True).to_dict()
    assert spec["layer"][0]["data"]["format"] == {"feature": "land", "type": "topojson"}
    assert len(charts_map.world()["land"]["arcs"]) == 130
    assert spec["projection"]["fit"]["geometry"]["coordinates"] == [[7.4, 46.5], [19.4, 58.5]]
    assert "fit" not in charts_map.places(frame, closer=False).to_dict()["projection"]


def _alts(test: AppTest) -> str:
    return json.dumps([chart.proto.spec for chart in test.get("vega_lite_chart")])


def test_the_page_shows_the_map_and_says_what_has_no_place(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("mailboxes", mailbox=THIEF)
    assert {"Brazil (-23.6, -46.6)", "Nigeria, the country only", "country not known", "■ failed login"} <= cells(test)
    assert "The larger, the more; 76 logins and mails have no known place. Outline: Natural Earth." in texts(test)
    assert '\\"topojson\\"' in _alts(test)
    assert "equirectangular" not in _alts(test)
    assert "equirectangular" in _alts(shown("mailboxes", mailbox=THIEF, map="Closer"))
    assert "Marks: decisions, and the newest score." in texts(test)
    assert "someone@google.example" in cells(test), "the messages are the first part"


def test_the_logins_part_tells_them_by_what_the_url_says(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("mailboxes", mailbox=THIEF, part="Logins", by="country")
    assert {"Brazil", "Viet Nam", UNTOLD} <= cells(test) or {"Brazil", "Vietnam", UNTOLD} <= cells(test)
    assert {"AS28573", "■ failed", RUDE, "Thunderbird"} <= cells(test)
    assert "someone@google.example" not in cells(test)


def test_without_geoip_the_map_says_so_calmly(hall: Hall, empty_hall: Hall, opened: Open, tmp_path: Path) -> None:
    opened(hall)
    club = shown("mailboxes", mailbox="club@verein.example")
    assert "No data: no login and no mail of it in this time." in texts(club)
    opened(empty_hall)
    assert "No data: nothing was decided about it in this time." in texts(shown("mailboxes", mailbox=THIEF))
    config = tmp_path / "geo.toml"
    config.write_text(f'{hall.config.read_text()}\n[geoip]\ndatabases = ["/var/lib/GeoIP/GeoLite2-City.mmdb"]\n')
    opened(replace(hall, config=config))
    assert "places by GeoLite2\\-City. Outline" in texts(shown("mailboxes", mailbox=THIEF))


def test_the_scores_of_a_moment_are_those_decided_until_then(hall: Hall) -> None:
    then = queries_mailbox.scores(hall.client, Span.last(1, hall.now - 35 * MINUTE)).set_index("mailbox")
    assert (then.loc[THIEF, "step"], then.loc[THIEF, "decision"]) == ("flag", "mailbox_flagged")
    assert then["score"].isna().all(), "only the newest score is kept, and it is younger"
    now = queries_mailbox.scores(hall.client, hall.span).set_index("mailbox")
    assert (now.loc[THIEF, "step"], now.loc[THIEF, "score"]) == ("suspend", 148.0)
