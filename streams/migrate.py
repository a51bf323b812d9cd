"""`relaywarden migrate`: bring ClickHouse to this release's tables, each numbered file once, and to `keep_days`.

ClickHouse has no transactional DDL: a file's statements are idempotent, and a file that was cut off runs again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from clickhouse_connect.driver.client import Client

from schemas.settings import ClickHouse
from schemas.topics import TOPICS

_RECORD = """CREATE TABLE IF NOT EXISTS {database:Identifier}.schema_migrations
(name String, checksum String, time DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'))
ENGINE = ReplacingMergeTree ORDER BY name"""
_APPLIED = "SELECT name, argMax(checksum, time) FROM {database:Identifier}.schema_migrations GROUP BY name"
_KNOWN = "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'"
_LIMITED = "SELECT name, engine_full FROM system.tables WHERE database = {database:String}"
_LIMIT = "ALTER TABLE {table:Identifier} MODIFY TTL toDateTime(fromUnixTimestamp64Micro(at, 'UTC')) + "
_KEEP_DAYS = ClickHouse().keep_days
# What is made of all rows is made beside, as a server does it; the embedded one would wait. Who must wait says so.
_BESIDE = {"mutations_sync": 0}
UPGRADE_SECONDS = 6 * 3600
"""So long a statement of an upgrade may take: some make a column of all rows, and the next needs it."""


@dataclass(frozen=True)
class Migration:
    """A numbered file of DDL."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Return the hash that tells whether the file is the one that was applied."""
        return sha256(self.text.encode()).hexdigest()

    def statements(self) -> Iterator[str]:
        """Yield the statements; each ends with `;` at the end of a line."""
        for part in self.text.rstrip().removesuffix(";").split(";\n"):
            if part.strip():
                yield part


def migrations() -> list[Migration]:
    """Return this release's files in their order."""
    folder = files("schemas") / "clickhouse"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return [Migration(item.name, item.read_text(encoding="utf-8")) for item in found]


def pending(known: list[Migration], applied: dict[str, str]) -> list[Migration]:
    """Return what is still to be applied. ValueError for a file that changed after it was applied, or came too late."""
    changed = [item.name for item in known if applied.get(item.name, item.checksum) != item.checksum]
    if changed:
        raise ValueError(f"schemas/clickhouse: {', '.join(changed)} changed after it was applied; write a new file")
    todo = [item for item in known if item.name not in applied]
    late = [item.name for item in todo if applied and item.name < max(applied)]
    if late:
        raise ValueError(f"schemas/clickhouse: {', '.join(late)} comes before {max(applied)}, which is applied already")
    return todo


def _unseen(_count: int) -> None:
    """Tell nobody of the progress."""


def migrate(
    client: Client,
    database: str,
    *,
    keep_days: int = _KEEP_DAYS,
    dry_run: bool = False,
    progress: Callable[[int], None] = _unseen,
) -> list[str]:
    """Create the database, apply what is pending and return its names; with `dry_run` only say what that would be.

    `progress` is told of each file and each table done.
    """
    names = {"database": database}
    if not dry_run:
        client.command("CREATE DATABASE IF NOT EXISTS {database:Identifier}", parameters=names)
        client.command(_RECORD, parameters=names)
    recorded = client.query(_APPLIED, parameters=names).result_rows if client.command(_KNOWN, parameters=names) else []
    todo = pending(migrations(), {str(name): str(checksum) for name, checksum in recorded})
    previous = client.database
    client.database = previous if dry_run else database
    try:
        if not dry_run:
            _apply(client, todo, progress)
        limited = _unlimited(client, database, keep_days)
        if not dry_run:
            _limit(client, limited, keep_days, progress)
        return [item.name for item in todo] + [f"keep_days = {keep_days} of {table}" for table in limited]
    finally:
        client.database = previous


def _apply(client: Client, todo: list[Migration], progress: Callable[[int], None]) -> None:
    for item in todo:
        for statement in item.statements():
            client.command(statement, settings=_BESIDE)
        client.insert("schema_migrations", [[item.name, item.checksum]], column_names=["name", "checksum"])
        progress(1)


def _interval(days: int) -> str:
    return f"toIntervalDay({days:d})"  # a number in the text: ClickHouse would keep a parameter as a cast


def _unlimited(client: Client, database: str, days: int) -> list[str]:
    """Return the tables of facts that do not keep so many days; what was decided, and what restarts need, stays."""
    rows = client.query(_LIMITED, parameters={"database": database}).result_rows
    engines = {str(name): str(engine) for name, engine in rows}
    limited = [topic.table for topic in TOPICS if topic.events and topic.retention_ms >= 0]
    return [table for table in limited if _interval(days) not in engines.get(table, "")]


def _limit(client: Client, tables: list[str], days: int, progress: Callable[[int], None]) -> None:
    for table in tables:
        client.command(_LIMIT + _interval(days), parameters={"table": table}, settings=_BESIDE)
        progress(1)
