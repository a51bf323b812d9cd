"""The law of every question of the pages: what happened after a moment changes no answer as of that moment."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

import dashboards
from dashboards import queries_week
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from tests.pages import law_scene
from tests.pages.conftest import Hall, furnish
from tests.pages.law_scene import DAY, SOON, VALUES, WAYS, Place, Ways
from tests.pages.scene import THIEF
from tests.turning import turn

Query = Callable[..., pd.DataFrame]
Answers = list[list[dict[str, str]]]
Before = dict[Place, Answers]
LATER = 60 * DAY
NAMES = {"sunset", "provider", "kafka_cluster"}
FOLDER = Path(dashboards.__file__).parent
TOOLS = {("queries", name) for name in ("frame", "patient", "as_of")}  # they ask whatever SQL they are given
STATES = {
    ("queries_orders", "taken"): {"taken": "1"},
    ("queries_orders", "taken_there"): {"taken": "1"},
    ("queries_list_orders", "in_force"): {"action": "'distrust'"},
    ("queries_list_orders", "taken"): {"taken": "1"},
}  # they ask a table of states, which keeps none but the newest: what they say once it is later has its own test
FIXED = {
    ("queries_decisions", "one"),
    ("queries_letters", "one"),
    ("queries_replies", "counted"),
    ("queries_sunset_orders", "answer"),
    ("queries_sunset_orders", "stored"),
}  # what has its id, and what came first, is never told anew: later they answer the same
UNMERGED = {("queries_pipeline", "doubles"): "rows"}  # how often a fact is stored until a merge has no history
NO_FACTS = {
    **dict.fromkeys(("mailbox_state", "pool_state", "traffic_state", "case_state", "delisting_state"), "the newest"),
    "schema_migrations": "of the tables",
    **dict.fromkeys(
        ("mail_slots", "mail_slots_made", "pool_slots", "pool_slots_made", "customer_hours", "customer_hours_made"),
        "counted from facts",
    ),
    **dict.fromkeys(("old_ways", "new_ways", "heard_hosts"), "counted from facts"),
    **dict.fromkeys(("customer_addresses", "customer_accounts"), "changed as the desk does: law_scene.know"),
}
"""The tables whose rows are no facts with a time and an id, and why they are not told anew as such."""


def questions() -> Iterator[Place]:
    """Yield the module and name of each function of the folder's modules that asks the warehouse."""
    for path in sorted(FOLDER.glob("queries*.py")):
        module = import_module(f"dashboards.{path.stem}")
        for name, each in inspect.getmembers(module, inspect.isfunction):
            own = each.__module__ == module.__name__ and not name.startswith("_")
            if own and (path.stem, name) not in TOOLS and "client" in inspect.signature(each).parameters:
                yield path.stem, name


def asked(hall: Hall, place: Place, until: int, ways: Ways | None = None) -> Answers:
    """Return the answers to a question as of a moment, one for each way to ask it, as text: all values compare."""
    query: Query = getattr(import_module(f"dashboards.{place[0]}"), place[1])
    found: Answers = []
    for way in ways or WAYS.get(place, ({},)):
        given = {**VALUES, "ordered": hall.now - 60 * SOON, "moment": hall.now - 10 * SOON, **way}
        parameters = list(inspect.signature(query).parameters.values())[2:]
        values = {one.name: given[one.name] for one in parameters if one.default is one.empty or one.name in way}
        answer = query(hall.client, Span.last(24 * 30, until, past=True), **values)
        rows = answer.drop(columns=[UNMERGED[place]] if place in UNMERGED else []).to_dict("records")
        found.append([{str(name): repr(value) for name, value in row.items()} for row in rows])
    return found


def _anew(client: Client, table: str, moment: str, number: int, how: str) -> None:
    """Store all first rows of a table anew as of a moment, the same or with other "numbers", "texts", "names"."""
    columns = [row[:3] for row in client.query(f"DESCRIBE TABLE {table}").result_rows]
    changed = [f"{moment} AS at", f"concat(id, '~{number}') AS id"]
    for name, kind, default in columns:
        if default or name in {"at", "id"}:
            continue
        if name == "day":
            changed.append(f"if(day = '', '', toString(toDate(day) + {LATER // DAY})) AS day")
        elif kind == "Bool" and how == "numbers":
            changed.append(f"NOT {name} AS {name}")
        elif kind in {"Int64", "Float64"} and how:
            changed.append(f"{name} + 1 AS {name}")
        elif (kind == "String" and how in {"texts", "names"}) or (name in NAMES and how == "names"):
            changed.append(f"concat({name}, '~') AS {name}")
    given = f"(SELECT * FROM {table} WHERE position(id, '~') = 0)"  # noqa: S608 our own tables
    client.command(f"INSERT INTO {table} SELECT * REPLACE ({', '.join(changed)}) FROM {given}")  # noqa: S608 likewise


def _tables(client: Client) -> dict[str, bool]:
    """Return each table, and whether its rows are facts."""
    sql = """SELECT table, countIf(name IN ('at', 'id')) = 2 FROM system.columns WHERE database = currentDatabase()
             AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase()
                           AND engine LIKE '%MergeTree') GROUP BY table ORDER BY table"""
    return {str(name): bool(facts) for name, facts in client.query(sql).result_rows}


def _happen(hall: Hall) -> None:
    """Let all happen again soon after the moment and long after, with the contrary of some and another directory."""
    soon = f"{hall.now + 1} + toInt64(cityHash64(id) % {SOON})"
    facts = [table for table, are_facts in _tables(hall.client).items() if are_facts]
    law_scene.put(hall.client, law_scene.after(hall.now + SOON))
    law_scene.know(hall, law_scene.CHANGED, hall.now + SOON)
    again = [(soon, how) for how in ("", "numbers", "texts", "names")]
    for number, (moment, how) in enumerate((*again, (f"at + {LATER}", "numbers"), (f"at + {LATER} + 1", "names"))):
        for table in facts:
            _anew(hall.client, table, moment, number, how)
    turn(hall.client)


@pytest.fixture(scope="module")
def first(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give a hall with all scenes, and the counts of each five minutes made."""
    made = furnish(clickhouse, tmp_path_factory.mktemp("law"), "pages_law")
    hall = replace(made, now=law_scene.moment(made.now))
    law_scene.furnished(hall)
    for _ in range(3):
        turn(hall.client)
    yield hall
    clickhouse.connect().command("DROP DATABASE pages_law")


@pytest.fixture(scope="module")
def twice(first: Hall) -> tuple[Hall, Before]:
    """Give the hall to which more happened after its `now`, and what each question answered before that."""
    before = {place: asked(first, place, first.now) for place in questions()}
    _happen(first)
    return first, before


def test_the_scene_has_what_the_questions_are_about(first: Hall) -> None:
    tables = _tables(first.client)
    assert {name for name, facts in tables.items() if not facts} == set(NO_FACTS)
    sources = " ".join(path.read_text() for path in FOLDER.glob("queries*.py"))
    named = [name for name in tables if re.search(rf"\b{name}\b", sources)]
    empty = [name for name in named if not first.client.command(f"SELECT count() FROM {name}")]  # noqa: S608 our own tables
    assert (len(named) > 15, empty) == (True, [])
    counted = "SELECT first, next FROM mail_slots_of(since = {since:Int64}, until = {until:Int64})"
    span = {"since": first.now - DAY, "until": first.now}
    ((begin, end),) = first.client.query(counted, parameters=span).result_rows
    assert begin < end <= first.now < end + 5 * SOON, "counted by five minutes up to the one of the moment"


def test_each_question_looks_at_a_span_and_no_exemption_names_what_is_not_there() -> None:
    places = set(questions())
    assert len(places) > 110
    for module, name in places:
        query = getattr(import_module(f"dashboards.{module}"), name)
        assert list(inspect.signature(query).parameters)[:2] == ["client", "span"], f"{module}.{name}"
    assert {*WAYS, *STATES, *FIXED, *UNMERGED} <= places
    asking = re.compile(r"\bclient\.\w+\(")
    assert [path.name for path in FOLDER.rglob("*.py") if asking.search(path.read_text())] == ["queries.py"]


@pytest.mark.parametrize("place", list(questions()), ids=".".join)
def test_what_happens_later_changes_no_answer_as_of_a_moment(place: Place, twice: tuple[Hall, Before]) -> None:
    hall, before = twice
    assert all(before[place]), "a way to ask that has no answer proves nothing"
    assert asked(hall, place, hall.now) == before[place]
    soon = asked(hall, place, hall.now + SOON)
    seen = [one != other for one, other in zip(before[place], soon, strict=True)]
    assert all(seen) != (place in FIXED | STATES.keys()), "soon after, what happened is seen"


def test_of_the_hour_in_which_the_moment_lies_the_uses_of_an_old_way_are_counted_up_to_it(
    twice: tuple[Hall, Before],
) -> None:
    hall, before = twice
    place = ("queries_sunset_orders", "concerned")
    assert [(row["messages"], row["busy"]) for (row,) in before[place]] == [("2", "1")] * 3, "one then, one before"
    assert [row["messages"] for (row,) in asked(hall, place, hall.now - 3 * SOON)] == ["1"] * 3


def test_what_is_asked_by_its_id_is_not_known_before_it_happened(twice: tuple[Hall, Before]) -> None:
    hall, _before = twice
    for place, ways in law_scene.BY_LATER_ID.items():
        for rows in asked(hall, place, hall.now, ways):
            assert rows in ([], [{"stored": "0"}])
        for rows in asked(hall, place, hall.now + SOON, ways):
            assert len(rows) == 1
            assert rows[0] != {"stored": "0"}


def test_when_the_sink_stored_last_is_told_of_now_alone(first: Hall) -> None:
    for past, told in ((True, 0), (False, 1)):
        ages = queries_week.ages(first.client, Span.last(1, first.now + LATER, past=past))
        assert list(ages["kind"]).count("sink") == told


def test_a_state_that_is_later_than_the_moment_is_not_told_as_of_it(twice: tuple[Hall, Before]) -> None:
    hall, before = twice
    for table in ("mailbox_state", "pool_state"):
        hall.client.command(f"INSERT INTO {table} SELECT * REPLACE (at + 1 AS at) FROM {table} FINAL")  # noqa: S608 our own tables
        hall.client.command(f"OPTIMIZE TABLE {table} FINAL")
    for place, held in STATES.items():
        assert [[row | held == row for row in rows] for rows in before[place]] == [[True]], "the pool held to the order"
        assert asked(hall, place, hall.now) == [[]], "nothing is known of it"
    (course,) = asked(hall, ("queries_logins", "score"), hall.now)
    assert course == [row for row in before["queries_logins", "score"][0] if row["type"] != "'now'"]
    assert len(course) == len(before["queries_logins", "score"][0]) - 1
    (told, _search) = asked(hall, ("queries_mailbox", "scores"), hall.now)
    known_scores = before["queries_mailbox", "scores"][0]
    (flagged,) = asked(hall, ("queries_flags", "flags"), hall.now)
    assert {row["score"] for row in told if row["mailbox"] == repr(THIEF)} == {"nan"}
    calm = [[row["score"] for row in rows if row["mailbox"] == repr(law_scene.CALM)] for rows in (known_scores, told)]
    assert calm == [["3.5"], []], "nothing was decided about it: only its score tells of it"
    assert {row["score"] for row in flagged if row["mailbox"] == repr(THIEF)} == {"170.0"}, "that of the decision"
    (known,) = before["queries_flags", "flags"]
    assert {row["score"] for row in known if row["mailbox"] == repr(THIEF)} == {"148.0"}
