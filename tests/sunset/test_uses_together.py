"""Three views in place of seven: the same answers of the same events, also replayed, and across the migration."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from msgspec import structs

from embedded.clickhouse import ClickHouseServer
from schemas.events import Event, MailboxAuthenticated, PopCandidate
from schemas.sunset_settings import SunsetKind
from streams.migrate import Migration, migrate, migrations
from streams.sunset.uses import carriers, heard, messages, untold, uses
from tests.sunset.test_uses import DAY, HOUR, LOGINS, MONDAY, OFFICE, keep, login, mail, sunset

KINDS: tuple[SunsetKind, ...] = ("smtp_after_pop", "cleartext_login", "old_tls")
TOGETHER = "040_"
OLD_WAYS = """
SELECT way, hour, mailbox, tls_version, confidence, host, client_ip, helo, message_host, program, uniqMerge(events),
       min(first), max(last)
FROM old_ways GROUP BY ALL ORDER BY ALL
"""
NEW_WAYS = "SELECT way, mailbox, tls_version, max(last) FROM new_ways GROUP BY ALL ORDER BY ALL"
HEARD = "SELECT hour, host, logins, tells, max(last) FROM heard_hosts GROUP BY ALL ORDER BY ALL"
FAILED = """
SELECT hour, uniqCombinedMerge(14)(failed) AS number FROM heard_hosts GROUP BY hour HAVING number > 0 ORDER BY hour
"""
VIEWS = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView' ORDER BY name"
)
FAILED_RAW = """
SELECT toStartOfHour(time) AS hour, uniqExact(id) FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'failed' GROUP BY hour ORDER BY hour
"""


def _together() -> Migration:
    return next(item for item in migrations() if item.name.startswith(TOGETHER))


def _apply(client: Client, *, before: bool = True) -> None:
    """Apply what came before the views were put together, or that."""
    for item in migrations():
        if item.name < TOGETHER if before else item == _together():
            for statement in item.statements():
                client.command(statement)


@pytest.fixture
def older(clickhouse: ClickHouseServer, database: str) -> Iterator[Client]:
    """Yield a database with the seven views of before."""
    name = f"{database}_older"
    clickhouse.connect().command(f"CREATE DATABASE {name}")
    with clickhouse.connect(name) as client:
        _apply(client)
        yield client
    clickhouse.connect().command(f"DROP DATABASE {name}")


@pytest.fixture
def newer(clickhouse: ClickHouseServer, database: str) -> Client:
    migrate(clickhouse.connect(), database)
    return clickhouse.connect(database)


def _logins(rng: random.Random, number: int, at: int, name: str) -> MailboxAuthenticated:
    tls, version, clear = rng.choice([*LOGINS, (True, "TLSv1", True), (False, "SSLv3", True)])
    event = login(at, id=f"l{number}", mailbox=rng.choice([name, name, ""]), client_ip=f"198.51.100.{rng.randrange(3)}")
    return structs.replace(
        event,
        tls=tls,
        tls_version=version,
        cleartext=clear,
        service=rng.choice(["pop3", "imap", "smtp"]),
        outcome=rng.choice(["succeeded", "succeeded", "failed"]),
    )


def _events(seed: int) -> list[Event]:
    """Return events of three days, of every sort that the views look at or leave out."""
    rng = random.Random(seed)
    found: list[Event] = []
    for number in range(300):
        at, name = MONDAY + rng.randrange(3 * DAY), f"m{rng.randrange(9)}@example.net"
        found.append(_logins(rng, number, at, name))
        pair = rng.choice([(), OFFICE, OFFICE, (PopCandidate(mailbox=name, confidence=0.123),)])
        changes: dict[str, Any] = {
            "sender": rng.choice([name, ""]),
            "sender_kind": rng.choice(["pop", "pop", "sasl", "network"]),
            "host": rng.choice(["mx1", "mx2"]),
            "helo": rng.choice(["", "pc", "P\u00e9" * 150]),
            "message_id": rng.choice(["", "abc", "a@PC-7", "a@b@\u00c4.example"]),
            "mailer": rng.choice(["", "Outlook"]),
        }
        found.append(mail(at, id=f"m{number}", candidates=pair, **changes))
    return found


def _told(client: Client) -> Sequence[object]:
    """Return all that is asked of the three tables, and what they hold."""
    span = (MONDAY - HOUR, MONDAY + 4 * DAY)
    asked = [
        (
            list(uses(client, way, *span)),
            messages(client, way, *span),
            carriers(client, way, *span),
            untold(client, way, *span),
        )
        for way in map(sunset, KINDS)
    ]
    return [*asked, heard(client, *span), *(client.query(query).result_rows for query in (OLD_WAYS, NEW_WAYS, HEARD))]


@pytest.mark.parametrize("seed", [1, 2])
def test_three_views_tell_what_seven_told_also_of_what_is_stored_again(older: Client, newer: Client, seed: int) -> None:
    events = _events(seed)
    for client in (older, newer):
        keep(client, events[:400], token="first")
        keep(client, events[:400], token="first")
        keep(client, events[300:])
        keep(client, [*events[10:30], *events[10:30]])
        client.command("OPTIMIZE TABLE old_ways FINAL")
        keep(client, events[500:], token="again")
    told = _told(newer)
    assert told == _told(older)
    assert all(len(part) > 0 for part in told[3:])  # type: ignore[arg-type]  # each is a list or a dict
    assert newer.query(FAILED).result_rows == newer.query(FAILED_RAW).result_rows


def test_a_warehouse_that_is_brought_over_in_the_midst_has_the_same_and_the_failed_logins_of_before(
    older: Client, newer: Client
) -> None:
    now = int(older.command("SELECT toUnixTimestamp64Micro(now64(6))"))  # type: ignore[arg-type]  # a number
    events = [structs.replace(event, at=event.at - MONDAY + now - 4 * DAY) for event in _events(3)]
    keep(newer, events)
    keep(older, events[:300])
    for statement in list(_together().statements())[:-3]:
        older.command(statement)  # it was cut off here
    keep(older, events[250:450])
    for _ in range(2):
        _apply(older, before=False)
    keep(older, events[400:])
    for query in (OLD_WAYS, NEW_WAYS, HEARD, FAILED):
        assert older.query(query).result_rows == newer.query(query).result_rows
    assert sum(number for _, number in older.query(FAILED).result_rows) > 50
    assert older.query(FAILED).result_rows == older.query(FAILED_RAW).result_rows
    assert [name for (name,) in older.query(VIEWS).result_rows] == [
        "heard_hosts_of_events",
        "new_ways_of_events",
        "old_ways_of_events",
    ]
