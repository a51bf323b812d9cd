"""What each materialized view over mail_events costs the sink: `python -m bench.views [ROWS] [BLOCK] [ROUNDS]`.

Blocks as the sink's go into an embedded ClickHouse with no view, with all, with each alone, and with all but each; told
is the CPU of ClickHouse a row, its merges included: the median of the rounds, which take turns. Two mixes: days of the
simulated hoster, and logins of many mailboxes with some mails.
"""

import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, cycle, islice
from pathlib import Path

import psutil
from clickhouse_connect.driver.client import Client
from msgspec.structs import replace

from collectors.reading import LogReader
from embedded.clickhouse import ClickHouseServer
from embedded.hoster.past import Plan, write
from schemas import codec
from schemas.events import Event, MailboxAuthenticated, MessageSubmitted, PopCandidate
from streams.migrate import migrate
from tests.sink.rig import delivery

_TRANSPORTS = {f"out{number}": f"192.0.2.{number}" for number in range(1, 5)}
_LOGS = {"mail": "postfix", "dovecot": "dovecot", "rspamd": "rspamd"}
_START = time.time_ns() // 1000 - 30 * 86_400_000_000  # noqa: TID251 the tables forget what is old
_TLS = (("", False), ("", False), ("", True), ("TLSv1.2", True), ("TLSv1.3", True), ("TLSv1.3", True), ("TLSv1", True))
_SENT, _DELIVERED = 17, 18
_TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
_VIEWS = """
SELECT name, create_table_query FROM system.tables
WHERE database = currentDatabase() AND engine = 'MaterializedView' ORDER BY name
"""


def _read(folder: Path, name: str) -> Iterator[Event]:
    reader = LogReader(
        name[:1] * 16,
        name=name,
        format=_LOGS[name],
        host="mx1",
        zone="UTC",
        outbound_ips=_TRANSPORTS,
        networks={},
        reference=datetime.now(UTC),  # noqa: TID251 the log's year is this one or the last
    )
    offset = 0
    for line in (folder / f"{name}.log").read_bytes().splitlines():
        yield from reader.read(line, offset)
        offset += len(line) + 1


def hoster() -> Iterator[Event]:
    """Yield the events of a day of the simulated hoster, over and over by other ids, but a thousand a second."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "past", Plan(1, _START, 1.0, _TRANSPORTS))
        day = sorted(
            (event for name in _LOGS for event in _read(Path(folder) / "past", name)), key=lambda each: each.at
        )
    for number, event in zip(count(), cycle(day)):
        yield replace(event, id=f"{event.id}{number}", at=_START + number * 1000)


def logins() -> Iterator[Event]:
    """Yield logins of 200,000 mailboxes, a thousand events a second; one in 20 fails, three in 20 are mails."""
    rng = random.Random(1)  # noqa: S311 the same each time
    for number in count():
        at, ident, kind = _START + number * 1000, f"{number:024x}", number % 20
        mailbox, ip = f"user{rng.randrange(200_000)}@example.net", f"198.51.{rng.randrange(256)}.{rng.randrange(256)}"
        if kind >= _DELIVERED:
            yield replace(delivery("0" * 16, number), id=ident, at=at)
        elif kind == _SENT:
            others = [f"user{rng.randrange(200_000)}@example.net" for _ in range(rng.randrange(3))]
            candidates = tuple(PopCandidate(mailbox=each, confidence=0.33) for each in [mailbox, *others])
            pop = {"sender_kind": "pop", "candidates": candidates} if number % 40 == _SENT else {"sender_kind": "sasl"}
            sent = MessageSubmitted(id=ident, at=at, host="mx1", queue_id=ident[12:], sender=mailbox, client_ip=ip)
            yield replace(sent, message_id=f"{ident}@pc{number % 50}", helo="pc", mailer="Outlook", **pop)
        else:
            version, tls = rng.choice(_TLS)
            login = MailboxAuthenticated(
                id=ident,
                at=at,
                host=f"pop{number % 4}",
                mailbox=mailbox,
                service=("imap", "pop3", "smtp")[number % 3],
                outcome="failed" if kind == 0 else "succeeded",
                client_ip=ip,
                method="PLAIN",
            )
            yield replace(login, tls=tls, tls_version=version, cleartext=not tls and number % 2 == 0)


def blocks(events: Iterator[Event], rows: int, size: int) -> list[bytes]:
    """Return so many events as the sink's blocks."""
    place = b'{"kafka_cluster":"c","kafka_partition":0,"kafka_offset":%d,'
    return [
        b"".join(place % number + codec.encode(event)[1:] + b"\n" for event in islice(events, size))
        for number in range(rows // size)
    ]


def stored(client: Client, pid: int, lines: list[bytes]) -> float:
    """Store blocks as the sink does; return the CPU seconds of ClickHouse until its merges rest."""
    tables = client.query(_TABLES).result_rows
    for (table,) in tables:
        client.command("TRUNCATE TABLE {table:Identifier}", parameters={"table": table})
    process = psutil.Process(pid)
    before = process.cpu_times()
    for block in lines:
        settings = {
            "insert_deduplication_token": secrets.token_hex(8),
            "deduplicate_blocks_in_dependent_materialized_views": 1,
            "async_insert": 0,
        }
        client.raw_insert("mail_events", insert_block=block, fmt="JSONEachRow", settings=settings)
    while client.command("SELECT count() FROM system.merges"):
        time.sleep(0.2)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


def measure(client: Client, pid: int, lines: list[bytes], rounds: int) -> Iterator[tuple[str, float]]:
    """Yield the median CPU seconds with no view, with all, with each alone, and with all but each."""
    views = {str(name): str(made) for name, made in client.query(_VIEWS).result_rows}
    cases = {"no view": set(), "all views": set(views)}
    cases |= {name: {name} for name in views} | {f"all but {name}": set(views) - {name} for name in views}
    took: dict[str, list[float]] = {name: [] for name in cases}
    stored(client, pid, lines)
    for _ in range(rounds):
        for name, wanted in cases.items():
            _keep(client, views, wanted)
            took[name].append(stored(client, pid, lines))
    _keep(client, views, set(views))
    yield from ((name, statistics.median(seconds)) for name, seconds in took.items())


def _keep(client: Client, views: dict[str, str], wanted: set[str]) -> None:
    there = {str(name) for name, _ in client.query(_VIEWS).result_rows}
    for name in there - wanted:
        client.command("DROP VIEW {name:Identifier}", parameters={"name": name})
    for name in wanted - there:
        client.command(views[name])


def main(rows: int = 640_000, size: int = 32_000, rounds: int = 3) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ClickHouseServer(Path(folder) / "data") as server:
        migrate(server.connect(), "bench")
        client = server.connect("bench")
        for mix in (hoster, logins):
            lines = blocks(mix(), rows, size)
            print(f"{mix.__name__}: {len(lines)} blocks of {size} rows")
            for name, seconds in measure(client, server.pid, lines, rounds):
                print(f"  {name}: {seconds / rows * 1e6:.2f} µs of CPU a row", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
