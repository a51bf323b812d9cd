"""Where a table is empty: that there was nothing is said only where somebody was there to tell it."""

import time

import pytest

from embedded.clickhouse import ClickHouseServer
from schemas.events import Event, SourceOpened
from schemas.names import derived_id
from schemas.observations import ListingObserved, RepliesCounted, TrafficCounted
from tests.pages.conftest import Hall, Open, furnish, spoken, store
from tests.pages.scene import IPS, MINUTE, tables
from tests.pages.test_dashboard_views import shown, texts

WORKER, LOG = "No data: no worker told anything yet.", "No data: no log was heard yet."
NO_CASE = "No customer has several mailboxes flagged at once."
NO_LETTER = "Nothing could not be read within the range: each line was an event, or nothing we want."
NO_LOSS = "Nothing was told as lost within the range."
NO_NEW = "Each refusal of this time had its like in the seven days before."
NO_UNKNOWN = "Each reply of seven days is known to the table."
NO_LISTING = "No list that is believed names an IP or a domain of ours."
NO_COMPLAINT = "No complaint in this time."


def test_without_a_worker_and_a_log_nothing_is_said_to_be_none(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    mailboxes = texts(shown("mailboxes", mailbox="nobody@example.net", part="Complaints"))
    assert WORKER in mailboxes
    assert NO_CASE not in mailboxes
    assert "No data: no complaint came within seven days." in mailboxes
    assert NO_COMPLAINT not in mailboxes
    for part in ("Dead letters", "Stored"):
        told = texts(shown("pipeline", section=part))
        assert LOG in told, part
        assert NO_LETTER not in told
        assert NO_LOSS not in told
    assert WORKER in texts(shown("time_travel"))


def test_where_they_are_heard_there_is_none(
    clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory, opened: Open
) -> None:
    hall = furnish(clickhouse, tmp_path_factory.mktemp("heard"), "pages_heard")
    opened_once = next(event for event in tables(hall.now)["mail_events"] if isinstance(event, SourceOpened))
    store(hall.client, "mail_events", [opened_once])
    opened(hall)
    assert "Not known: no log was heard for over 1 h." in texts(shown("pipeline", section="Dead letters"))
    for table in ("mail_events", "complaints"):
        store(hall.client, table, tables(hall.now)[table])
    spoken(hall)
    opened(hall)
    assert NO_LETTER in texts(shown("pipeline", section="Dead letters"))
    assert NO_LOSS in texts(shown("pipeline", section="Stored"))
    mailboxes = texts(shown("mailboxes", mailbox="nobody@example.net", part="Complaints"))
    assert NO_CASE in mailboxes
    assert NO_COMPLAINT in mailboxes
    assert "Nothing was decided in this time." in texts(shown("time_travel"))
    clickhouse.connect().command("DROP DATABASE pages_heard")


def _counted(at: int) -> list[Event]:
    """Return what a worker counted: mail, and a refusal that it knows."""
    google = "google"
    return [
        TrafficCounted(
            id=derived_id("t", at), at=at, partition=0, ip=IPS[0], provider=google, sent=20, bounced=5, last_at=at
        ),
        RepliesCounted(
            id=derived_id("r", at), at=at, partition=0, ip=IPS[0], provider=google, kind="reputation", pattern="p",
            text="550 low reputation", count=5, first_at=at, last_at=at,
        ),
    ]  # fmt: skip


def _asked(at: int) -> ListingObserved:
    return ListingObserved(
        id=derived_id("asked", at), at=at, ip=IPS[0], list="spamcop", answer="not_listed", scope="ip"
    )


def test_that_no_reply_is_new_and_nothing_is_listed_is_said_only_while_the_worker_and_lists_are_heard(
    clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory, opened: Open
) -> None:
    hall = furnish(clickhouse, tmp_path_factory.mktemp("counted"), "pages_counted")
    for ago in (30 * 60, 10):
        store(hall.client, "pool_observations", _counted(hall.now - ago * MINUTE))
    store(hall.client, "pool_observations", [_asked(hall.now - 10 * MINUTE)])
    opened(hall)
    providers, delisting = texts(shown("providers")), texts(shown("delisting"))
    assert providers.count("○ Not known: the worker told nothing for 1") == 2
    assert "○ Not known: the worker told nothing for 1" in delisting, "the lists are heard, but nobody judges by them"
    for calm in (NO_NEW, NO_UNKNOWN, NO_LISTING):
        assert calm not in providers + delisting
    spoken(hall)
    opened(hall)
    providers = texts(shown("providers"))
    assert NO_NEW in providers
    assert NO_UNKNOWN in providers
    assert NO_LISTING in texts(shown("delisting"))
    forget = "ALTER TABLE pool_observations DELETE WHERE type = 'listing_observed' SETTINGS mutations_sync = 2"
    hall.client.command(forget)
    store(hall.client, "pool_observations", [_asked(time.time_ns() // 1000 - 61 * MINUTE)])
    opened(hall)
    assert "○ Not known: the lists told nothing for 61 min." in texts(shown("delisting"))
    clickhouse.connect().command("DROP DATABASE pages_counted")
