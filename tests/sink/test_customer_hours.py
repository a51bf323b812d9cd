"""What customers sent, kept by hours: right whatever is stored twice, comes late, is killed, or changes owners."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from msgspec.structs import replace

from dashboards import queries_customers
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas.events import DeliveryAttempted
from schemas.names import source_id
from streams.migrate import migrate
from tests.pages.conftest import store
from tests.sink.rig import delivery
from tests.turning import before, cut_off, killed_in_a_turn, turn, turn_until

MINUTE = 60_000_000
HOUR = 60 * MINUTE
SOURCE = source_id("mx1", "/var/log/mail.log")
SENDERS = (
    "ann@bakery.example",
    "ben@bakery.example",
    "ann@shared.example",
    "eve@shared.example",
    "plant",
    "z@no.example",
)
FIRST = {"@bakery.example": "K1", "ann@shared.example": "K2", "plant": "K3"}
SECOND = {**FIRST, "ben@bakery.example": "K2", "@no.example": "K1"}
USED = """SELECT count() FROM customer_hours_state
WHERE fresh AND directory = (SELECT max(greatest(begun, ended)) FROM customer_addresses)"""
LEFT = f"SELECT 24 - least(24, ({USED}))"
_AGAIN = 61.0
"""Seconds for which what is stored is counted by five minutes again with each turn, and the hours after it."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """Run a ClickHouse of this test's own, to be killed."""
    with ClickHouseServer(tmp_path / "data") as running:
        yield running


def all_counted(client: Client) -> None:
    """Have all hours counted, once nothing was stored of late."""
    turn(client)
    time.sleep(_AGAIN)
    turn_until(client, LEFT, 20)


def mails(now: int, numbers: range) -> list[DeliveryAttempted]:
    """Return deliveries of thirty hours, the later numbers between the earlier."""
    dice = random.Random(numbers.start)
    return [
        replace(
            delivery(SOURCE, number),
            at=now - dice.randrange(30 * HOUR),
            sender=dice.choice(SENDERS),
            outcome=dice.choice(("sent", "sent", "deferred", "bounced")),
            local=dice.random() < 0.1,
        )
        for number in numbers
    ]


def owned(client: Client, at: int, first: dict[str, str], then: dict[str, str]) -> None:
    """Store whose addresses are whose from the beginning, and from a moment on."""
    names = ["address", "begun", "ended", "customer", "kind", "mailbox"]
    rows = [(address, 1, 0, customer, "mailbox", "") for address, customer in first.items()]
    rows += [(address, at, 0, customer, "mailbox", "") for address, customer in then.items() if address not in first]
    client.insert("customer_addresses", rows, column_names=names)


def agree(client: Client, until: int, directory: dict[str, str], known: list[DeliveryAttempted]) -> None:
    """Compare the list with the events, over spans whose ends cut hours, and over one search."""
    for hours in (24, 6, 1):
        span = Span.last(hours, until, past=until < time.time_ns() // 1000 - HOUR)
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for one in known:
            if span.since < one.at <= span.until and not one.local:
                domain = one.sender.rpartition("@")[2]
                whose = directory.get(one.sender) or directory.get(f"@{domain}") or domain
                for place, counts in enumerate((True, one.outcome == "sent", one.outcome == "bounced")):
                    sums[whose][place] += counts
        told = queries_customers.needy(client, span, "").set_index("customer")
        assert {name: [row["attempts"], row["delivered"], row["bounces"]] for name, row in told.iterrows()} == sums, (
            hours
        )
        assert {name for name in sums if told["is_known"][name]} == set(sums) & set(directory.values())
        found = queries_customers.needy(client, span, "bakery").set_index("customer")
        assert {name: row["attempts"] for name, row in found.iterrows()} == {
            name: sums[name][0] for name in {directory[one] for one in directory if "bakery" in one}
        }


def test_replays_late_mails_kills_and_another_directory_change_no_answer(server: ClickHouseServer) -> None:
    migrate(server.connect(), "hours")
    client = server.connect("hours")
    client.set_client_setting("deduplicate_insert", "disable")
    client.command("SYSTEM STOP MERGES mail_events")
    now = time.time_ns() // 1000
    owned(client, 1, FIRST, {})
    known = mails(now, range(6000))
    store(client, "mail_events", known)
    agree(client, now, FIRST, known)
    all_counted(client)
    agree(client, now, FIRST, known)
    agree(client, now - 3 * HOUR - 777, FIRST, known)
    store(client, "mail_events", known)  # the same again, in parts of their own
    turn(client)
    agree(client, now, FIRST, known)
    late = mails(now, range(6000, 6300))
    store(client, "mail_events", late)
    client = killed_in_a_turn(server, "hours", "customer_hours_turn")
    agree(client, now, FIRST, known + late)
    all_counted(client)
    agree(client, now, FIRST, known + late)
    changed = time.time_ns() // 1000
    owned(client, changed, FIRST, SECOND)
    assert client.command(USED) == 0, "no hour was counted with this directory"
    agree(client, changed + 1, SECOND, known + late)
    agree(client, now, FIRST, known + late)
    turn(client)
    assert client.command(USED) in range(1, 24)
    agree(client, changed + 1, SECOND, known + late)
    turn_until(client, LEFT, 20)
    agree(client, changed + 1, SECOND, known + late)
    agree(client, now, FIRST, known + late)


def test_an_upgrade_that_is_cut_off_counts_the_hours_that_were_there(server: ClickHouseServer) -> None:
    client = before(server, "grown", "060")
    now = time.time_ns() // 1000
    owned(client, 1, FIRST, {})
    known = mails(now, range(2000))
    store(client, "mail_events", known)
    client = cut_off(server, "grown", "060")
    agree(client, now, FIRST, known)
    all_counted(client)
    agree(client, now, FIRST, known)
