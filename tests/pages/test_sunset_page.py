"""The Sunset page: figures, forecast, stages, letters and searches as the events tell; what is not known is no zero."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import charts_sunset, elements, queries_sunset, stages
from embedded.broker import free_port
from embedded.clickhouse import ClickHouseServer
from schemas.settings import load
from schemas.sunset_events import Stage
from streams.stage_orders import Action, Book, ordered, rows
from tests.pages import sunset_scene as scene
from tests.pages.conftest import Hall, Open, furnish
from tests.pages.scene import RUDE, RUDE_REPLY


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with a sunset under way."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("sunset"), "pages_sunset")
    hall.config.write_text(hall.config.read_text() + scene.config(hall.now))
    scene.fill(hall.client, hall.now)
    return hall


def _shown(**query: str) -> AppTest:
    test = AppTest.from_string("from dashboards.views import sunset\nsunset.page()", default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def _texts(test: AppTest) -> list[str]:
    shown = (*test.caption, *test.text, *test.warning, *test.markdown, *test.code)
    return [str(each.value) for each in shown]


def test_where_it_stands_is_told_with_its_age_and_what_the_forecast_is_made_of(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    ends = scene.today(desk.now) + timedelta(days=21)
    left = scene.still(0, "de") + scene.still(0, "fr")
    assert {each.label: each.value for each in test.metric if each.label != "nothing left"} == {
        "open": str(left),
        "done": str(125 - left - 4),
        "exempt": "4",
        "relapsed": "2",
        "customers who still use it": str(scene.still(0, "de") // 2 + scene.still(0, "fr") // 2),
        "messages of the week": str(7 * left),
        f"ends on {ends:%d %b %Y}": "in 21 days",
    }
    (nothing,) = [each.value for each in test.metric if each.label == "nothing left"]
    told = queries_sunset.forecast(desk.client, desk.span, "pop")
    day = date.fromisoformat(told["nothing_left"][0])
    assert nothing == f"{day:%d %b %Y}"
    assert timedelta(days=60) < day - scene.today(desk.now) < timedelta(days=110), "a twentieth a day of 21 to a half"
    texts = _texts(test)
    said = [text for text in texts if "made from" in text]
    assert "20 days of the last 28" in said[0].replace("\\", "")
    assert "5.0% fewer each day" in said[0].replace("\\", "")
    assert any(f"figures of {scene.today(desk.now)}" in text for text in texts)


def test_the_burn_down_has_each_week_and_language_and_marks_what_was_not_read(desk: Hall, opened: Open) -> None:
    opened(desk)
    weeks = queries_sunset.weeks(desk.client, desk.span, "pop")
    parts = charts_sunset.parts_of(weeks)
    newest = parts[parts["monday"] == parts["monday"].max()]
    assert dict(zip(newest["language"], newest["open"], strict=True)) == {
        "de": scene.still(0, "de"),
        "fr": scene.still(0, "fr"),
    }
    assert list(newest["top"]) == [scene.still(0, "de"), scene.still(0, "de") + scene.still(0, "fr")]
    gaps = {scene.today(desk.now) - timedelta(days=ago) for ago in scene.UNREAD}
    for row in parts.to_dict("records"):
        end = date.fromisoformat(row["counted"])
        unread = sum(timedelta() <= end - gap < timedelta(days=7) for gap in gaps)
        assert (row["unheard"], row["known"]) == (unread, not unread)
    assert not parts["known"].all()
    drawn = _shown()
    table = drawn.dataframe[0].value
    assert {log[0] for log in table["log"]} == {"●", "?"}
    assert list(table["open"]) == list(weeks["open"])


def test_the_forecast_is_drawn_from_the_newest_count_to_the_day_that_nothing_is_left() -> None:
    told = {"counted": "2027-01-04", "open": 40, "slope": -0.05, "level": 3.7, "days": 28, "nothing_left": "2027-04-07"}
    line = charts_sunset.line_of(told, None)
    assert line["day"].iloc[0].startswith("2027-01-04")
    assert list(line["day"])[-1].startswith("2027-02-01"), "four weeks, where no end is known"
    assert list(charts_sunset.line_of(told, date(2027, 5, 1))["day"])[-1].startswith("2027-04-07")
    assert line["open"].iloc[0] == pytest.approx(40.4, abs=0.1)
    assert line["open"].iloc[1] == pytest.approx(28.5, abs=0.1)
    assert charts_sunset.line_of({**told, "nothing_left": ""}, None).empty


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"days": 3}, "only 3 of the last 28 days were counted"),
        ({"slope": 0.01}, "the open mailboxes of 20 days do not fall"),
        ({"slope": float("nan")}, "the open mailboxes of 20 days do not fall"),
        ({"slope": -0.00001}, "more than ten years"),
    ],
)
def test_why_no_day_can_be_told(change: dict[str, float], why: str) -> None:
    from dashboards.views import sunset  # noqa: PLC0415 as the page is loaded

    told = {"counted": "2027-01-04", "open": 40, "slope": -0.05, "level": 3.7, "days": 20, "nothing_left": ""}
    left, said = sunset.outlook({**told, **change})
    assert left == "cannot be told"
    assert why in said
    assert sunset.outlook(None)[0] == "no data"


def test_what_is_done_is_the_least_that_it_may_be_where_a_log_was_not_read() -> None:
    from dashboards.views import sunset  # noqa: PLC0415 as the page is loaded

    counts = {"open": 5, "done": 1234, "unheard": 0}
    assert [sunset.figure(counts, name) for name in ("open", "done")] == ["5", "1\u2009234"]
    unread = {**counts, "unheard": 2}
    assert [sunset.figure(unread, name) for name in ("open", "done")] == ["5", "at least 1\u2009234"]
    assert sunset.figure(None, "open") == "no data"


def test_what_a_letter_brought_is_not_final_until_it_is_known(desk: Hall, opened: Open) -> None:
    opened(desk)
    told = _shown().dataframe[1].value
    columns = ("number", "letters", "sent", "mailboxes", "stopped")
    assert list(zip(*(told[column] for column in columns), strict=True)) == [
        (1, 1, 1, 2, 1),
        (2, 2, 1, 2, 0),
        (3, 1, 0, 1, 0),  # the other was withdrawn: it asked nobody
    ]
    assert list(told["share"]) == ["50.0 %", "0.0 %", "0.0 %"]
    assert list(told["state"]) == [
        "● to its end",
        "? not yet, so far: more may stop",
        "? not yet, so far: more may stop",
    ]


def test_a_share_that_may_still_grow_is_called_so_in_the_chart() -> None:
    told = pd.DataFrame(
        {
            "number": [1, 2],
            "language": ["de", "de"],
            "mailboxes": [2, 2],
            "stopped": [1, 0],
            "settled": [True, False],
            "state": ["", ""],
        }
    )
    drawn = charts_sunset.responses(told).to_dict()
    names = [row["named"] for rows in drawn["datasets"].values() for row in rows]
    assert sorted(set(names)) == ["0 % so far", "50 %"]


def test_each_share_has_a_line_of_its_own_in_the_chart_and_room_beside_its_bar() -> None:
    """On a phone names stood in one another, where all of a letter stood side by side."""
    languages = ["", "de", "fr", "rm"]
    told = pd.DataFrame(
        {
            "number": [10] * 4 + [9] * 4,
            "language": languages * 2,
            "mailboxes": [4] * 8,
            "stopped": [4, 3, 2, 1] * 2,
            "settled": [True] * 8,
            "state": [""] * 8,
        }
    )
    drawn = charts_sunset.responses(told).to_dict()
    (place,) = {str(layer["encoding"]["y"]["sort"]) for layer in drawn["layer"]}
    each = ["de", "fr", "unknown", "rm"]
    assert place == str([f"{number} {name}" for number in (9, 10) for name in each])
    assert drawn["height"]["step"] > drawn["layer"][-1]["mark"]["fontSize"]
    edges = [layer["encoding"]["x"]["scale"]["domain"][1] for layer in drawn["layer"]]
    assert all(edge == pytest.approx(100 / 0.7) for edge in edges)
    assert drawn["layer"][0]["encoding"]["x"]["axis"]["values"] == [0, 25, 50, 75, 100]


_WEEK = 7 * scene.DAY
_CLOSES = 1_796_083_200_000_000  # 2026-12-01 00:00 UTC


@pytest.mark.parametrize(
    ("ends", "edge"),
    [
        (date(2027, 2, 22), "2027-02-25T00:00:00+00:00"),
        (date(2026, 11, 1), "2026-12-11T00:00:00+00:00"),
        (None, "2026-12-11T00:00:00+00:00"),
    ],
    ids=["it ends later", "it ended before", "it is configured no more"],
)
def test_a_closed_stage_is_closed_to_the_end_of_the_chart(ends: date | None, edge: str) -> None:
    every = [stages.Standing(Stage(number=number, closes=_CLOSES + number * _WEEK)) for number in (0, 1)]
    drawn = charts_sunset.plan(every, _CLOSES, ends).to_dict()
    rows = [row for rows in drawn["datasets"].values() for row in rows if row.get("what") == "■ closed"]
    assert {row["end"] for row in rows} == {edge}
    assert {row["start"] for row in rows} == {"2026-12-01T00:00:00+00:00", "2026-12-08T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("state", "entry"), [("delivered", 107), ("nobody to write to", 170)], ids=["short names", "long names"]
)
def test_a_legend_has_as_many_columns_as_there_is_room_for(state: str, entry: int) -> None:
    told = pd.DataFrame({"week": [1, 1], "state": ["sent", state], "letters": [1, 1]})
    drawn = charts_sunset.letters(told).to_dict()
    assert drawn["layer"][0]["encoding"]["color"]["legend"]["columns"] == {"expr": f"max(1, floor(width / {entry}))"}


def test_each_stage_has_its_step_its_evidence_and_the_hosts_that_have_it_otherwise(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(part="Stages")
    told = test.dataframe[0].value
    assert list(zip(told["stage"], told["step"], told["cut"], strict=True)) == [
        (1, "■ closed", "the first to before c"),
        (2, "▲ paused", "c to before m"),
        (3, "● open", "m to the last"),
    ]
    assert told["next"][2] == "held by a pause"
    assert told["why"][1] == "the load is high; 3 tickets within an hour: the limit is 2"
    assert told["otherwise"][0] == f"▲ mx2 postfix_access: {RUDE_REPLY}"
    texts = _texts(test)
    assert "planned by ada" in texts
    assert "· 3 tickets within an hour: the limit is 2" in texts
    assert [text for text in texts if text.startswith("relaywarden")] == [
        f"relaywarden sunset stage {order} 2 --reason '…'" for order in ("close", "resume", "rollback")
    ]
    assert {each.label: each.value for each in test.metric if "tickets" in each.label} == {
        "tickets of the last hour, of 2 at most": "2",
        "tickets of the last day": "3",
    }
    other = [text for text in _texts(_shown(part="Stages", stage="3")) if text.startswith("relaywarden")]
    assert other == [f"relaywarden sunset stage {order} 3 --reason '…'" for order in ("close", "rollback")]


def test_the_page_and_the_command_tell_the_same_of_stages(desk: Hall) -> None:
    now = desk.now
    book = Book("pop", load(desk.config).sunset["pop"])
    for event in sorted([*scene.people(now), *scene.staged(now)], key=lambda each: each.at):
        book.take(event)
    told = elements.rows(queries_sunset.steps(desk.client, desk.span, "pop"))
    switches = elements.rows(queries_sunset.switches(desk.client, desk.span, "pop"))
    every = stages.standings(told)
    ours = [
        (each.stage.number, each.step, "; ".join(stages.otherwise(each, switches, now)).replace("; ", ", "))
        for each in every
    ]
    assert ours == [(row["stage"], row["step"], row["otherwise_at"]) for row in rows(book, book.ledger.stages, now)]
    for each in every:
        works = [order for order in stages.ORDERS if _works(book, order, each.stage.number, now)]
        assert stages.possible(each, every, now) == works


def _works(book: Book, order: Action, number: int, at: int) -> bool:
    try:
        return bool(ordered(book, order, number, at, reason="why", operator="ada"))
    except ValueError:
        return False


def _row(kind: str, stage: int = 0, step: str = "", until: int = 0, plan: str = "") -> dict[str, object]:
    told = {"type": kind, "at": 5, "stage": stage, "step": step, "until_at": until, "operator": "", "reason": "night"}
    return {**told, "reasons": [], "plan": plan, "id": plan, "follows": ""}


def test_a_stage_keeps_its_step_in_a_later_plan_only_with_the_same_mailboxes() -> None:
    plans = [f'[{{"number":1,"beyond":"{cut}"}},{{"number":2,"first":"{cut}"}}]' for cut in ("k", "k", "m")]
    told = [_row("stages_planned", plan=plans[0]), _row("stage_stepped", 1, "closed")]
    assert [each.step for each in stages.standings([*told, _row("stages_planned", plan=plans[1])])] == [
        "closed",
        "open",
    ]
    assert [each.step for each in stages.standings([*told, _row("stages_planned", plan=plans[2])])] == ["open", "open"]
    assert stages.origin(told) == (5, "planned by the desk: night")


@pytest.mark.parametrize(
    ("step", "others", "orders"),
    [
        ("open", "open", ["close", "pause", "rollback"]),
        ("brownout", "open", ["open", "close", "pause", "rollback"]),
        ("closed", "open", ["pause", "rollback"]),
        ("paused", "open", ["close", "resume", "rollback"]),
        ("rolled_back", "open", ["close", "resume"]),
        ("rolled_back", "paused", ["close"]),
        ("open", "paused", ["close", "rollback"]),
    ],
)
def test_only_orders_of_effect_are_told(step: str, others: str, orders: list[str]) -> None:
    one = stages.Standing(Stage(number=1), step, at=1, until=100)
    assert stages.possible(one, [one, stages.Standing(Stage(number=2), others)], 50) == orders
    assert (
        stages.command("close 1", "old tls; rm")
        == "relaywarden sunset stage close 1 --sunset 'old tls; rm' --reason '…'"
    )


def test_the_letters_of_each_week_and_whom_they_did_not_reach(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(part="Letters")
    summed, failed = (each.value for each in test.dataframe)
    states = ("delivered", "sent", "waiting", "withdrawn", "refused", "nobody to write to")
    assert list(zip(summed["week"], *(summed[state] for state in states), strict=True)) == [
        (1, 1, 0, 0, 0, 0, 1),
        (2, 0, 1, 0, 0, 1, 0),
        (3, 0, 0, 1, 1, 0, 0),
    ]
    assert list(zip(failed["shape"], failed["customer"], failed["words"], strict=True)) == [
        ("■ refused", RUDE, RUDE_REPLY),
        ("▲ nobody to write to", "nobody", "nobody has no address"),
    ]


def test_a_search_finds_by_customer_and_mailbox_and_tells_the_state(desk: Hall, opened: Open) -> None:
    opened(desk)
    told = _shown(part="Search", search="ACME").dataframe[0].value
    assert list(zip(told["mailbox"], told["state"], strict=True)) == [
        ("anna@acme.example", "◆ open"),
        ("bert@acme.example", "● done"),
        ("carl@acme.example", "▲ back: it was done before"),
    ]
    until = scene.today(desk.now) + timedelta(days=5)
    (far,) = _shown(part="Search", search="fax@").dataframe[0].value.to_dict("records")
    assert (far["state"], far["sure"]) == (f"○ exempt until {until}: a fax machine", "probably, 62%")
    (rude,) = _shown(part="Search", search=RUDE[:20]).dataframe[0].value.to_dict("records")
    assert (rude["mailbox"], rude["customer"], rude["sure"]) == (RUDE, RUDE, "perhaps, 33%")
    assert any("No such mailbox" in text for text in _texts(_shown(part="Search", search="%_' OR 1")))


def test_a_mailbox_shows_its_clients_and_its_letters(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(part="Search", mailbox="bert@acme.example")
    uses, letters = (each.value for each in test.dataframe)
    assert {(row["ip"], row["helo"], row["program"]) for row in uses.to_dict("records")} == {
        ("203.0.113.9", "OFFICE-PC", "Outlook 2010"),
        ("203.0.113.10", RUDE, RUDE),
    }
    assert list(zip(letters["letter"], letters["state"], letters["words"], strict=True)) == [
        ("3 of 6, with thanks", "· waiting", ""),
        ("2 of 6", "○ sent", "250 ok"),
        ("1 of 6", "● delivered", "250 in"),
    ]


def test_the_preview_is_the_letter_that_the_command_writes(desk: Hall, opened: Open) -> None:
    opened(desk)
    texts = _texts(_shown(part="Preview", form="Text", number="2"))
    assert any("To: customer@example.net" in text for text in texts)
    assert any("smtp.isp.example" in text and "Example ISP" in text for text in texts)
    own = _texts(_shown(part="Preview", form="Text", customer="acme"))
    assert any("anna@acme.example" in text and "OFFICE-PC" in text for text in own)
    refused = _texts(_shown(part="Preview", customer="nobody knows"))
    assert "This letter cannot be shown here." in refused
    assert any("no such letter of pop was decided" in text for text in refused)


def test_where_no_letters_are_configured_the_page_says_so(desk: Hall, opened: Open, tmp_path: Path) -> None:
    config = tmp_path / "dumb.toml"
    whole = desk.config.read_text()
    config.write_text(whole[: whole.index("[sunset.pop.mail]")])
    opened(Hall(desk.client, config, desk.now))
    assert any("No letters are configured" in text for text in _texts(_shown(part="Preview")))
    gone = tmp_path / "gone.toml"
    gone.write_text(whole[: whole.index("[sunset.pop]")])
    opened(Hall(desk.client, gone, desk.now))
    test = _shown()
    assert "The configuration has this sunset no more" in str([each.value for each in test.warning])
    assert {each.label: each.value for each in test.metric}["ends"] == "not known"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("Burn-down", "No data: it was never counted."),
        ("Stages", "No stages are planned."),
        ("Letters", "No data: no letter was decided in this time."),
    ],
)
def test_nothing_is_no_data(part: str, said: str, empty_hall: Hall, opened: Open, tmp_path: Path) -> None:
    opened(empty_hall)
    assert any("No data: the configuration has no table" in text for text in _texts(_shown()))
    config = tmp_path / "begun.toml"
    config.write_text(empty_hall.config.read_text() + scene.config(empty_hall.now))
    opened(Hall(empty_hall.client, config, empty_hall.now))
    test = _shown(part=part)
    assert {each.value for each in test.metric[:6]} == {"no data"}
    assert any(said in text for text in _texts(test))


@pytest.mark.parametrize("part", ["Burn-down", "Stages", "Letters", "Search"])
def test_without_clickhouse_it_says_so(part: str, desk: Hall, opened: Open, tmp_path: Path) -> None:
    config = tmp_path / "away.toml"
    port = next(line for line in desk.config.read_text().splitlines() if line.startswith("port"))
    config.write_text(desk.config.read_text().replace(port, f"port = {free_port()}", 1))
    opened(Hall(desk.client, config, desk.now))
    texts = _texts(_shown(part=part, search="acme"))
    assert "ClickHouse does not answer; nothing was read yet." in texts
    assert any("Not read yet" in text for text in texts)
    assert not any("No data" in text for text in texts)
