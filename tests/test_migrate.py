"""The warehouse's tables: made once each, and in step with the events."""

import json
import re
import time
import types
import typing
from typing import Literal, get_args, get_origin

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.events import EVENT_TYPES
from schemas.facts import Culprit, Evidence
from schemas.topics import TOPICS, Topic
from streams.migrate import Migration, migrate, migrations, pending
from tests.migrated import migrate as copied
from tests.turning import VIEWS

PLACE = {"kafka_cluster", "kafka_partition", "kafka_offset"}
LIMITED = (
    "mail_events",
    "complaints",
    "reports",
    "bounces",
    "domain_checks",
    "pool_observations",
    "mailbox_signals",
    "case_observations",
    "dead_letters",
    "dead_retries",
)
AGGREGATES = {"old_ways", "new_ways", "heard_hosts"}
SLOTS = {"mail_slots", "mail_slots_made", "pool_slots", "pool_slots_made", "customer_hours", "customer_hours_made"}
WITH_EVENTS = [topic for topic in TOPICS if topic.events]


@pytest.fixture(scope="module")
def tables(clickhouse: ClickHouseServer) -> Client:
    """Return a client of a database with all tables."""
    migrate(clickhouse.connect(), "t_tables")
    return clickhouse.connect("t_tables")


def test_all_is_applied_once(clickhouse: ClickHouseServer, database: str) -> None:
    client = clickhouse.connect()
    client.command(f"DROP DATABASE {database}")
    names = [item.name for item in migrations()] + [f"keep_days = 400 of {table}" for table in LIMITED]
    assert migrate(client, database, dry_run=True) == names
    assert client.command("EXISTS DATABASE {name:Identifier}", parameters={"name": database}) == 0
    assert migrate(client, database) == names
    assert migrate(client, database) == []
    assert migrate(client, database, dry_run=True) == []
    assert client.database == "default"
    there = clickhouse.connect(database).query(
        "SELECT name, engine FROM system.tables WHERE database = currentDatabase()"
    )
    views = {name for name, engine in there.result_rows if engine == "View"}
    measures = {"sunset_days", "sunset_burndown", "sunset_responses", "sunset_forecasts", "sunset_letters"}
    by_id = {"submitted_by_message_id", "submitted_by_queue_id", "delivered_by_queue_id", "attempted_by_queue_id"}
    slots = {
        "mail_slot_days",
        "mail_slots_of",
        "mail_slots_of_events",
        "pool_slot_days",
        "pool_slots_of",
        "customer_hours_state",
        "customer_hours_due",
    }
    assert views == by_id | measures | slots | {"delisting_counted"}
    fed = {name for name, engine in there.result_rows if engine == "MaterializedView"}
    tables = {row[0] for row in there.result_rows} - views - fed
    turned = set(VIEWS)
    assert turned < fed
    assert {name.partition("_of_")[0] for name in fed - turned} == AGGREGATES
    owners = {"customer_addresses", "customer_accounts"}
    assert tables == {topic.table for topic in TOPICS} | AGGREGATES | SLOTS | owners | {"schema_migrations"}


@pytest.mark.usefixtures("tables")
def test_the_copy_that_other_tests_take_is_what_a_migration_makes(clickhouse: ClickHouseServer, database: str) -> None:
    copied(clickhouse.connect(), database)
    made = "SELECT name, replaceAll(create_table_query, concat(database, '.'), '') FROM system.tables WHERE database = "
    found = [clickhouse.connect().query(f"{made}'{name}' ORDER BY name").result_rows for name in (database, "t_tables")]
    assert len(found[0]) > len(TOPICS)
    assert found[0] == found[1]


def test_keep_days_changes_the_tables_of_facts_and_leaves_what_was_decided(
    clickhouse: ClickHouseServer, database: str
) -> None:
    client, own = clickhouse.connect(), clickhouse.connect(database)
    migrate(client, database, keep_days=100)
    place = '"kafka_cluster":"c","kafka_partition":0,"kafka_offset":0'
    at = time.time_ns() // 1000
    for table in ("mail_events", "complaints", "pool_events"):
        for days in (99, 101, 500):
            line = f'{{"id":"{days}","at":{at - days * 86_400_000_000},{place}}}\n'
            own.raw_insert(table, insert_block=line, fmt="JSONEachRow")
    kept = "SELECT groupArray(id) FROM (SELECT id FROM {table:Identifier} ORDER BY at)"
    assert own.command(kept, parameters={"table": "mail_events"}) == "['99']"
    assert own.command(kept, parameters={"table": "complaints"}) == "['99']"
    assert own.command(kept, parameters={"table": "pool_events"}) == "['500','101','99']"
    changed = [f"keep_days = 200 of {table}" for table in LIMITED]
    assert migrate(client, database, keep_days=200, dry_run=True) == changed
    assert migrate(client, database, keep_days=200) == changed
    assert migrate(client, database, keep_days=200) == []
    line = f'{{"id":"150","at":{at - 150 * 86_400_000_000},{place}}}\n'
    own.raw_insert("mail_events", insert_block=line, fmt="JSONEachRow")
    assert own.command(kept, parameters={"table": "mail_events"}) == "['150','99']"


def test_cut_off_migration_is_taken_up_again(clickhouse: ClickHouseServer, database: str) -> None:
    own = clickhouse.connect(database)
    first = migrations()[0]
    for statement in first.statements():
        own.command(statement)  # applied, but the end came before it was recorded
    assert migrate(clickhouse.connect(), database)[0] == first.name


def test_changed_or_late_file_is_an_error() -> None:
    one, two, three = (Migration(f"00{number}_x.sql", f"SELECT {number}") for number in (1, 2, 3))
    applied = {one.name: one.checksum, three.name: three.checksum}
    with pytest.raises(ValueError, match=r"001_x\.sql changed after it was applied"):
        pending([Migration(one.name, "SELECT 9"), three], applied)
    with pytest.raises(ValueError, match=r"002_x\.sql comes before 003_x\.sql"):
        pending([one, two, three], applied)
    assert pending([one, two, three], {one.name: one.checksum}) == [two, three]


def test_statements_end_at_line_ends() -> None:
    assert list(Migration("x", "-- one; two\nCREATE A 'x;y';\nCREATE B;\n").statements()) == [
        "-- one; two\nCREATE A 'x;y'",
        "CREATE B",
    ]


def _column(kind: object) -> str:
    """Return the ClickHouse type that keeps a field's type."""
    if get_origin(kind) is Literal:
        return "String"
    if get_origin(kind) is tuple:
        return f"Array({_column(get_args(kind)[0])})"
    if get_origin(kind) is dict:
        return f"Map({', '.join(map(_column, get_args(kind)))})"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"Tuple({', '.join(f'{item.name} {_column(item.type)}' for item in msgspec.structs.fields(kind))})"
    return {str: "String", int: "Int64", float: "Float64", bool: "Bool"}[typing.cast("type", kind)]


def _plain(column: str) -> str:
    return re.sub(r"\s*([(),])\s*", r"\1", column.replace("LowCardinality(String)", "String")).replace(",", ", ")


def _wanted(topic: Topic) -> dict[str, str]:
    wanted = {"type": "String"}
    for event in topic.events:
        for item in msgspec.structs.fields(event):
            kind = _column(item.type)
            assert wanted.setdefault(item.name, kind) == kind, f"{event.__name__}.{item.name} differs from another's"
    return wanted


@pytest.mark.parametrize("topic", WITH_EVENTS, ids=lambda topic: topic.name)
def test_columns_are_the_fields(tables: Client, topic: Topic) -> None:
    rows = tables.query(f"DESCRIBE TABLE {topic.table}").named_results()
    columns = {
        row["name"]: _plain(row["type"])
        for row in rows
        if row["default_type"] not in {"ALIAS", "MATERIALIZED"} and row["name"] not in PLACE
    }
    assert columns == _wanted(topic)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_table_keeps_the_place_in_kafka(tables: Client, topic: Topic) -> None:
    at = time.time_ns() // 1000  # the tables forget what is old
    place = '"kafka_cluster":"c","kafka_partition":4294967295,"kafka_offset":18446744073709551615'
    tables.raw_insert(topic.table, insert_block=f'{{"at":{at},{place}}}\n', fmt="JSONEachRow")
    stored = tables.raw_query(
        "SELECT kafka_cluster, kafka_partition, kafka_offset FROM {table:Identifier}",
        parameters={"table": topic.table},
        fmt="JSONEachRow",
    )
    assert json.loads(stored) == json.loads("{" + place + "}")


@pytest.mark.parametrize("event", [*EVENT_TYPES, Evidence, Culprit], ids=lambda event: event.__name__)
def test_defaults_are_empty(event: type[msgspec.Struct]) -> None:
    """A field at its default is left out of the JSON, and ClickHouse fills in its type's empty value."""
    for item in msgspec.structs.fields(event):
        if item.default_factory is not msgspec.NODEFAULT:
            assert not item.default_factory(), item.name
        if item.default is not msgspec.NODEFAULT:
            kind = item.type
            empty = (
                "" if get_origin(kind) is Literal else () if get_origin(kind) is tuple else typing.cast("type", kind)()
            )
            assert item.default == empty, item.name
            assert not isinstance(item.default, types.NoneType), item.name
