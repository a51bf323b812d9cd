"""Where a table is empty: that there was nothing is said only where somebody was there to tell it."""

import pytest

from embedded.clickhouse import ClickHouseServer
from schemas.events import SourceOpened
from tests.pages.conftest import Hall, Open, furnish, spoken, store
from tests.pages.scene import tables
from tests.pages.test_dashboard_views import shown, texts

WORKER, LOG = "No data: no worker told anything yet.", "No data: no log was heard yet."
NO_CASE = "No customer has several mailboxes flagged at once."
NO_LETTER = "Nothing could not be read within the range: each line was an event, or nothing we want."
NO_LOSS = "Nothing was told as lost within the range."
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
