"""The law of every question of the pages: what happened after a moment changes no answer as of that moment."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

import dashboards
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas.bounce_events import BounceReceived
from schemas.facts import Evidence
from schemas.mailbox_events import MailboxSuspended
from schemas.names import derived_id
from schemas.pool_events import IpWithdrawn, ProviderWithdrawn
from schemas.sunset_events import StagesSwitched, TicketOpened, UserExempted
from tests.pages import sunset_scene as sunsets
from tests.pages import test_delisting_page as delistings
from tests.pages import test_domains_page as domains
from tests.pages import test_providers_page as providers
from tests.pages import test_reports_page as reports
from tests.pages.conftest import Hall, fill, furnish, store
from tests.pages.scene import CASE, IPS, KEPT, MINUTE, RUDE, THIEF

Query = Callable[..., pd.DataFrame]
Answer = list[dict[str, str]]
Before = dict[tuple[tuple[str, str], int], Answer]
DAY = 86_400_000_000  # µs
LATER = 60 * DAY
SAID = "ada: "
VALUES: dict[str, object] = {
    "mailbox": THIEF,
    "search": "",
    "case": CASE,
    "name": "pop",
    "back": 40 * DAY,
    "outcomes": (),
    "ours": IPS,
    "domain": "rude.example",
    "pool": "main",
    "ip": KEPT,
    "list_": "",
    "said": SAID,
    "identity": "x",
    "action": "withdraw",
}
OF: dict[tuple[str, str], dict[str, object]] = {
    ("queries_delisting", "happened"): {"case": "aaaaaaaaaaaa"},
    ("queries_sunset", "uses"): {"mailbox": RUDE},
    ("queries_sunset", "letters"): {"mailbox": "bert@acme.example"},
    ("queries_orders", "of_mailbox"): {"action": "suspend"},
    ("queries_decisions", "one"): {"identity": derived_id("o")},
}
STATES = {("queries_orders", "taken")}  # asks a table of states, which keeps none but the newest
FIXED = {("queries_decisions", "one")}  # what has its id is never told anew
TRIED = (
    *("queries", "queries_bounces", "queries_cases", "queries_complaints", "queries_decisions", "queries_delisting"),
    *("queries_domains", "queries_mailbox", "queries_orders", "queries_own", "queries_pool", "queries_providers"),
    *("queries_reports", "queries_sunset"),
)
"""The modules for whose questions the scene has answers."""
UNTRIED = {
    ("queries_orders", "of_provider"),
    ("queries_orders", "taken_there"),
}  # no order about a provider in the scene
TOOLS = {"frame", "patient", "as_of"}


def questions() -> Iterator[tuple[str, str]]:
    """Yield the module and name of each function that asks the warehouse of a span."""
    for path in sorted(Path(dashboards.__file__).parent.glob("queries*.py")):
        if path.stem not in TRIED:
            continue
        module = import_module(f"dashboards.{path.stem}")
        for name, each in inspect.getmembers(module, inspect.isfunction):
            if (
                each.__module__ == module.__name__
                and not name.startswith("_")
                and name not in TOOLS
                and (path.stem, name) not in UNTRIED
            ):
                parameters = list(inspect.signature(each).parameters)
                if parameters[:1] == ["client"]:
                    assert parameters[1] == "span", f"{path.stem}.{name} does not look at a span"
                    yield path.stem, name


def asked(hall: Hall, place: tuple[str, str], until: int) -> Answer:
    """Return the answer to a question as of a moment, as text, so that all its values can be compared."""
    query: Query = getattr(import_module(f"dashboards.{place[0]}"), place[1])
    given = {**VALUES, "ordered": hall.now - 60 * MINUTE, **OF.get(place, {})}
    parameters = list(inspect.signature(query).parameters.values())[2:]
    values = [given[each.name] for each in parameters if each.default is inspect.Parameter.empty]
    answer = query(hall.client, Span.last(24 * 30, until, past=True), *values)
    return [{str(name): repr(value) for name, value in row.items()} for row in answer.to_dict("records")]


def _scene(client: Client, now: int) -> None:
    fill(client, now)
    for table, events in (
        ("pool_observations", providers.scene(now)),
        ("delisting_events", delistings.scene(now)),
        ("reports", reports.scene(now)),
        ("domain_checks", domains.scene(now)),
    ):
        store(client, table, events)
    sunsets.fill(client, now)
    at, why = now - 2 * MINUTE, (Evidence(rule="operator", text=f"{SAID}a test"),)
    barred = ProviderWithdrawn(id=derived_id("p"), at=at, pool="main", ip=KEPT, provider="google", until=at)
    store(client, "pool_events", [barred])
    store(client, "pool_events", [IpWithdrawn(id=derived_id("o"), at=at, pool="main", ip=KEPT, until=at, evidence=why)])
    held = MailboxSuspended(
        id=derived_id("h"), at=at, mailbox=THIEF, score=170.0, mode="enforce", evidence=why, operator="ada"
    )
    store(client, "mailbox_events", [held])
    back = BounceReceived(
        id=derived_id("b"), at=at, format="rfc3464", action="failed", reason="user_unknown", recipient="x@example.org"
    )
    store(client, "bounces", [back])
    told = (
        StagesSwitched(id="w", at=at, sunset="pop", host="mx1", hook="postfix", off=(1,)),
        TicketOpened(id="t", at=at, sunset="pop", ticket="T1"),
        UserExempted(id="u", at=at, sunset="pop", subject="acme", operator="ada", reason="old printer"),
    )
    sunsets.put(client, "sunset_events", told)


def _later(client: Client, table: str, strings: str) -> None:
    """Store all rows of a table anew as of later, other numbers; with "~" other texts, with "~~" other sunsets."""
    columns = [row[:3] for row in client.query(f"DESCRIBE TABLE {table}").result_rows]
    changed = [f"at + {LATER} AS at", f"concat(id, '~{strings}') AS id"]
    changed += [f"NOT {name} AS {name}" for name, kind, _how in columns if kind == "Bool" and not strings]
    for name, kind, how in columns:
        if how or name in {"at", "id"}:
            continue
        if name == "day":
            changed.append(f"if(day = '', '', toString(toDate(day) + {LATER // DAY})) AS day")
        elif kind in {"Int64", "Float64"}:
            changed.append(f"{name} + 1 AS {name}")
        elif (kind == "String" and strings) or (name in {"sunset", "provider"} and strings == "~~"):
            changed.append(f"concat({name}, '~') AS {name}")
    if {"at", "id"} <= {name for name, *_more in columns}:
        given = f"(SELECT * FROM {table} WHERE NOT endsWith(id, '~'))"  # noqa: S608 our own tables
        client.command(f"INSERT INTO {table} SELECT * REPLACE ({', '.join(changed)}) FROM {given}")  # noqa: S608 likewise


@pytest.fixture(scope="module")
def twice(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hall, Before]]:
    """Give a hall to which more happened after its `now`, and what each question answered before that.

    What happened after is all that it holds, with the opposite of each yes and no, with other texts, with other names.
    """
    hall = furnish(clickhouse, tmp_path_factory.mktemp("law"), "pages_law")
    _scene(hall.client, hall.now)
    places = [*questions()]
    before = {(place, at): asked(hall, place, hall.now + at) for place in places for at in (0, LATER)}
    found = hall.client.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    )
    for (table,) in found.result_rows:
        for strings in ("", "~", "~~"):
            _later(hall.client, str(table), strings)
    yield hall, before
    clickhouse.connect().command("DROP DATABASE pages_law")


@pytest.mark.parametrize("place", list(questions()), ids=".".join)
def test_what_happens_later_changes_no_answer_as_of_a_moment(
    place: tuple[str, str], twice: tuple[Hall, Before]
) -> None:
    hall, before = twice
    assert asked(hall, place, hall.now) == before[place, 0]
    if place not in STATES:
        assert before[place, 0], "nothing was asked of nothing"
        seen = asked(hall, place, hall.now + LATER) != before[place, LATER]
        assert seen or place in FIXED, "later, what happened is seen"
