"""The counts of each five minutes: right whatever is stored twice, comes late, or is killed in the midst."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client
from msgspec.structs import replace

from dashboards import queries, queries_mailbox, queries_pool
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas.events import DeliveryAttempted
from schemas.names import source_id
from streams.migrate import migrate
from tests.pages.conftest import store
from tests.sink.rig import delivery
from tests.turning import before, cut_off, killed_in_a_turn, turn, turn_until

MINUTE = 60_000_000
DAY = 1440 * MINUTE
SOURCE = source_id("mx1", "/var/log/mail.log")
PROVIDERS = ("google", "microsoft", "example.org")
OUTCOMES = ("sent", "sent", "sent", "deferred", "bounced")
LASTING = "SELECT toInt64(next - first) FROM mail_slots_of(since = {since:Int64}, until = {until:Int64})"
UNCOUNTED = "SELECT count() FROM mail_slot_days WHERE counted = 0"
STORED = "SELECT toInt64(count()), toInt64(uniqExact(id)) FROM mail_events"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """Run a ClickHouse of this test's own, to be killed."""
    with ClickHouseServer(tmp_path / "data") as running:
        yield running


def events(now: int, numbers: range) -> list[DeliveryAttempted]:
    """Return deliveries over the three days before `now`, the later numbers between the earlier."""
    return [
        replace(
            delivery(SOURCE, number),
            at=now - (number * 7919 % 4320) * MINUTE - number,
            provider=PROVIDERS[number % 3],
            outcome=OUTCOMES[number % 5],
            outbound_ip=f"192.0.2.{number % 7}",
            sender=f"user{number % 5}@example.net",
        )
        for number in numbers
    ]


def lasting(client: Client, now: int) -> int:
    """Return of how many microseconds of the last two days the counts are taken."""
    ((length,),) = client.query(LASTING, parameters={"since": now - 2 * DAY, "until": now}).result_rows
    return int(length)


def answers(client: Client, span: Span) -> list[pd.DataFrame]:
    """Return what the pages ask that is answered out of the counts, and what is found by its mailbox."""
    return [
        queries.deliverability(client, span),
        queries.volume(client, span),
        queries.volume(client, span, "google"),
        queries_pool.traffic(client, span),
        queries_mailbox.activity(client, span, "user2@example.net"),
        queries_mailbox.recent_deliveries(client, span, "user2@example.net", 20_000),
    ]


def agree(client: Client, now: int, known: list[DeliveryAttempted]) -> None:
    """Compare the pages' answers with the events themselves, over spans whose ends cut slots."""
    for hours, until in ((72, now), (24, now), (30, now - 20 * 60 * MINUTE - 77_777_777)):
        span = Span.last(hours, until)
        seen = [event for event in known if span.since < event.at <= span.until]
        counts = Counter((one.provider, one.outcome) for one in seen)
        providers, volume, google, traffic, activity, sent = answers(client, span)
        told = providers.set_index("provider")
        assert {(name, each): told.loc[name, each] for name, each in counts} == counts
        assert told["attempts"].sum() == len(seen)
        assert (volume["events"].sum(), len(volume)) == (len(seen), len({bucket(span, one) for one in seen}))
        assert google["sent"].sum() == sum(one.provider == "google" and one.outcome == "sent" for one in seen)
        assert traffic["attempts"].sum() == len(seen)
        of = [one for one in seen if one.sender == "user2@example.net"]
        assert (activity["bounced"].sum(), len(sent)) == (sum(one.outcome == "bounced" for one in of), len(of))


def bucket(span: Span, event: DeliveryAttempted) -> int:
    """Return the bucket of an event, in epoch seconds."""
    return event.at // 1_000_000 // span.bucket_seconds * span.bucket_seconds


def test_replays_late_events_and_kills_change_no_count(server: ClickHouseServer) -> None:
    migrate(server.connect(), "slots")
    client = server.connect("slots")
    client.set_client_setting("deduplicate_insert", "disable")
    client.command("SYSTEM STOP MERGES mail_events")
    now = time.time_ns() // 1000
    known = events(now, range(3000))
    store(client, "mail_events", known)
    turn_until(client, UNCOUNTED)
    assert lasting(client, now) > DAY, "most of it is answered out of the counts"
    agree(client, now, known)
    for _ in range(2):
        store(client, "mail_events", known)  # the same again, in parts of their own
    turn(client)
    assert client.query(STORED).result_rows == [(9000, 3000)]
    agree(client, now, known)
    late = events(now, range(3000, 3500))
    store(client, "mail_events", late)  # into slots that were counted before
    client = killed_in_a_turn(server, "slots", "mail_slots_turn")
    agree(client, now, known + late)
    client.command("OPTIMIZE TABLE mail_events FINAL")
    client.command("OPTIMIZE TABLE mail_slots FINAL")
    agree(client, now, known + late)


def test_what_was_stored_before_is_counted_though_the_upgrade_is_cut_off(server: ClickHouseServer) -> None:
    client = before(server, "grown", "050")
    now = time.time_ns() // 1000
    known = events(now, range(2000))
    store(client, "mail_events", known)
    client = cut_off(server, "grown", "051")
    agree(client, now, known)
    more = events(now, range(2000, 2100))
    store(client, "mail_events", more)
    turn_until(client, UNCOUNTED)
    assert lasting(client, now) > DAY
    agree(client, now, known + more)
    ((rows,),) = client.query(
        "SELECT toInt64(sum(rows)) FROM system.projection_parts WHERE active AND name = 'by_domain'"
        " AND database = 'grown'"
    ).result_rows
    assert rows == len(known + more), "each part has its projection, also those from before"
