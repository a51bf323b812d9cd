"""A database with this release's tables, copied from one that was migrated: few tests need to go the whole way."""

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from streams import migrate as releases
from tests.turning import still

_MODEL = "migrated_model"
KEPT = ("default", "system", "information_schema", "INFORMATION_SCHEMA", "_temporary_and_external_tables", _MODEL)
"""What is no test's own."""
_THERE = "SELECT count() FROM system.tables WHERE database = {model:String} AND name = 'schema_migrations'"
_MADE = """SELECT create_table_query FROM system.tables WHERE database = {model:String}
ORDER BY engine = 'MaterializedView', engine = 'View', name"""
_FILLED = "SELECT name FROM system.tables WHERE database = {model:String} AND total_rows > 0"

_COPY = """INSERT INTO {database:Identifier}.{table:Identifier}
SELECT * FROM {model:Identifier}.{table:Identifier}"""


def migrate(client: Client, database: str) -> None:
    """Give the database all tables and views, as `streams.migrate.migrate` does (`tests/test_migrate.py` compares)."""
    model = {"model": _MODEL}
    if not client.command(_THERE, parameters=model):
        releases.migrate(client, _MODEL)
        still(client, _MODEL)
    client.command("CREATE DATABASE IF NOT EXISTS {database:Identifier}", parameters={"database": database})
    made = [str(row[0]) for row in client.query(_MADE, parameters=model).result_rows]
    _create(client, [text.replace(f"{_MODEL}.", f"{database}.") for text in made])
    for (table,) in client.query(_FILLED, parameters=model).result_rows:
        client.command(_COPY, parameters={**model, "database": database, "table": table})
    still(client, database)


def _create(client: Client, made: list[str]) -> None:
    """Create all; a view waits for those that it reads."""
    while made:
        waiting = []
        for text in made:
            try:
                client.command(text)
            except DatabaseError as error:
                if "UNKNOWN_TABLE" not in str(error):
                    raise
                waiting.append(text)
        assert len(waiting) < len(made), waiting[0]
        made = waiting
