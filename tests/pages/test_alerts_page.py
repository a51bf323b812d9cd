"""The page Alerts: what is open by urgency, the search, one alert with all that happened, acknowledgement, its undo."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition

from dashboards import queries_alerts
from dashboards.access import Deed, Person, may
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.alert_events import AlertAcknowledged, AlertUnacknowledged
from schemas.audit import Audit
from schemas.events import Event
from schemas.moments import moment_of
from schemas.topics import ALERT_EVENTS
from tests.pages.alert_scene import CONFIG, GHOST, GONE, OVER, QUIET, THEFT, WORSE, alerts, looked
from tests.pages.conftest import Hall, Open, furnish, store
from tests.pages.hands_scene import LOCAL, Desk, configured, desk
from tests.pages.scene import MINUTE, RUDE, THIEF, WITHDRAWN
from tests.pages.test_dashboard_views import cells, shown, texts, walked
from tests.pages.test_hands import order


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give pages with alerts, and a broker that takes orders."""
    with desk(clickhouse, tmp_path_factory.mktemp("alerts"), "pages_alerts") as made:
        store(made.hall.client, "alert_events", alerts(made.hall.now))
        made.hall.config.write_text(made.hall.config.read_text() + CONFIG)
        yield made


def _words(noc: Desk) -> list[Event]:
    consumer = KafkaConsumer(bootstrap_servers=noc.broker.bootstrap, enable_auto_commit=False)
    place = TopicPartition(ALERT_EVENTS.name, 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    found: list[Event] = []
    while consumer.position(place) < end:
        polled = consumer.poll(timeout_ms=1000)
        found += [codec.decode(record.value) for records in polled.values() for record in records]
    consumer.close()
    return found


def _list(noc: Desk, opened: Open, role: str = "operator", **query: str) -> list[tuple[str, str]]:
    opened(configured(noc.hall, LOCAL.format(role=role), role))
    test = shown("alerts", **query)
    tables = [table.value for table in test.dataframe if "urgency" in table.value]
    known = {
        row["text"]: row["alert"] for row in queries_alerts.ended(noc.hall.client, noc.hall.span).to_dict("records")
    }
    return [(row["urgency"], known[row["what"]]) for table in tables for row in table.to_dict("records")]


def test_open_alerts_stand_by_urgency_and_what_two_desks_raised_stands_once(noc: Desk, opened: Open) -> None:
    assert _list(noc, opened) == [
        ("■ critical", WORSE), ("▲ warning", GONE), ("◆ notice", QUIET), ("● warning", THEFT),
    ]  # fmt: skip
    test = shown("alerts")
    table = next(table.value for table in test.dataframe if "urgency" in table.value)
    worse, gone, quiet, _ = table.to_dict("records")
    assert [gone[each] for each in ("handed", "told", "again", "seen to")] == [
        "boss", "boss: failed, noc: sent", 1, "",
    ]  # fmt: skip
    assert quiet["told"] == "nobody yet"
    assert ":green-badge[● warning, seen to: 1]" in "".join(each.value for each in test.markdown)
    assert worse["seen to"] == "", "it got worse after it was acknowledged"
    assert worse["what"] == "3 of 6 IPs of the pool main carry mail, min_active is 3"
    assert ("○ ended", OVER) in _list(noc, opened, show="all")
    assert ("○ ended", OVER) not in _list(noc, opened, show="all", range="1h")


@pytest.mark.parametrize(
    ("search", "found"),
    [("MAIN CARRY", [WORSE]), ("eve", [THEFT]), ("boss", [GONE]), ("list_dis", [QUIET]), ("' OR 1=1", []), ("%", [])],
)
def test_the_search_finds_literally(noc: Desk, opened: Open, search: str, found: list[str]) -> None:
    assert [alert for _, alert in _list(noc, opened, search=search)] == found


def test_one_alert_has_its_evidence_its_story_and_the_way_to_its_page(noc: Desk, opened: Open) -> None:
    opened(noc.hall)
    test = shown("alerts", alert=GONE)
    assert "· zen lists the IP since 2 h ('spam')" in texts(test)
    assert {"▲ boss did not take it (try 1)", "HTTP 503", "● told again to noc: taken"} <= cells(test)
    assert "Where it is shown: Pool" in [button.label for button in test.button]
    worse = shown("alerts", alert=WORSE)
    assert "◆ acknowledged by ada: one to spare" in cells(worse)
    assert "■ critical: worse: 3 of 6 IPs of the pool main carry mail, min_active is 3" in cells(worse)
    assert "no evidence was told" in texts(worse)
    ended = shown("alerts", alert=OVER)
    assert "it began 100 times" in texts(ended)
    assert "Orders" not in [each.value for each in ended.subheader], "what ended needs nobody"
    assert "There is no such alert." in texts(shown("alerts", alert=GHOST))
    assert "There is no such alert." in texts(shown("alerts", alert="nonesuch"))


@pytest.mark.parametrize(
    ("alert", "label", "name", "value"),
    [(GONE, "Pool", "ip", WITHDRAWN), (WORSE, "Pool", "pool", "other"), (QUIET, "Lists", "list", "zen")],
)
def test_the_button_leads_to_what_the_alert_is_about(  # noqa: PLR0913, PLR0917 a row of the table
    noc: Desk, opened: Open, alert: str, label: str, name: str, value: str
) -> None:
    hall = configured(noc.hall, '[pool.other]\ntransports = { out21 = "198.51.100.21" }\n', "two")
    opened(hall)
    test = walked("alerts", label.lower(), alert=alert)
    next(button for button in test.button if button.label == f"Where it is shown: {label}").click()
    test.run()
    assert not test.exception
    assert test.query_params[name] == value


def test_a_strangers_text_is_shown_literally(noc: Desk, opened: Open) -> None:
    opened(noc.hall)
    for alert in (QUIET, THEFT):
        test = shown("alerts", alert=alert)
        spoken = [*test.markdown, *test.caption, *test.subheader, *test.header]
        assert not [each for each in spoken if "<img" in str(each)]
        assert RUDE in texts(test)


def test_an_acknowledgement_is_an_event_with_the_operators_name_and_is_taken_back(
    noc: Desk, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "relaywarden.audit")
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test = shown("alerts", alert=GONE)
    assert "It is told no more to noc, until it gets worse or ends." in texts(test)
    assert "It is not handed on to boss." in texts(test)
    order(test, "I asked the list")
    (said,) = _words(noc)
    assert isinstance(said, AlertAcknowledged)
    assert (said.alert, said.operator, said.reason) == (GONE, "kim", "I asked the list")
    assert f"acknowledge {WITHDRAWN} was taken out of the pool main: I asked the list" in texts(test)
    assert "the warehouse does not have it yet" in texts(test)
    store(noc.hall.client, "alert_events", [said])
    assert ("● warning", GONE) in _list(noc, opened)
    test = shown("alerts", alert=GONE)
    assert "kim acknowledged it already: this will not count." in texts(test)
    test.radio("hand.alert.action").set_value("take back")
    test.run()
    assert "That kim sees to it counts no more" in texts(test)
    order(test, "it was the other one")
    back = _words(noc)[-1]
    assert isinstance(back, AlertUnacknowledged)
    assert (back.alert, back.operator, back.reason) == (GONE, "kim", "it was the other one")
    store(noc.hall.client, "alert_events", [back])
    assert ("▲ warning", GONE) in _list(noc, opened)
    lines = [msgspec.json.decode(line.getMessage(), type=Audit) for line in caplog.records if "audit" in line.name]
    assert [(line.who, line.action, line.subject, line.outcome, line.id) for line in lines] == [
        ("kim", "acknowledge", GONE, "ordered", said.id), ("kim", "take back", GONE, "ordered", back.id),
    ]  # fmt: skip


def test_a_viewer_acknowledges_nothing_and_a_reason_is_needed(noc: Desk, opened: Open) -> None:
    before = len(_words(noc))
    opened(configured(noc.hall, LOCAL.format(role="viewer"), "viewer"))
    assert not [button for button in shown("alerts", alert=QUIET).button if button.label.startswith("Order")]
    deed: Deed = "acknowledge"
    assert [may(Person("kim", role), deed) for role in ("viewer", "operator", "admin")] == [False, True, True]
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test = shown("alerts", alert=QUIET)
    order(test, "  ")
    assert "It needs a reason" in texts(test)
    assert len(_words(noc)) == before


def test_without_alerts_the_page_says_why(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    test = shown("alerts")
    assert "No alerts are configured" in texts(test)
    assert not test.dataframe


def test_no_alert_is_said_only_where_somebody_looked(
    noc: Desk, clickhouse: ClickHouseServer, tmp_path: Path, opened: Open
) -> None:
    hall = furnish(clickhouse, tmp_path, "pages_unwatched")
    quiet = configured(hall, CONFIG, "alerting")

    def said(what: Hall = quiet, **query: str) -> str:
        opened(what)  # anew, with nothing that was read before
        return texts(shown("alerts", **query))

    never = "? Not known: nobody has looked for alerts in the last 7 days (is `relaywarden desk` running?)"
    assert never in said()
    assert "No alert" not in said()
    assert queries_alerts.looked(hall.client, hall.span).empty
    store(hall.client, "pool_observations", looked(hall.now - 40 * MINUTE))
    late = f"? Not known: nobody has looked for alerts since {moment_of(hall.now - 40 * MINUTE):%H:%M} UTC"
    assert late in said()
    assert "No alert" not in said(show="all")
    assert "No alert that matches." in said(search="x")
    store(hall.client, "pool_observations", looked(time.time_ns() // 1000))
    assert "No alert that is open." in said()
    assert "Not known" not in said()
    assert "? Not known: nobody has looked for alerts" in said(noc.hall), "also above alerts that are open"


def test_no_alert_is_said_and_the_past_is_as_it_was(noc: Desk, empty_hall: Hall) -> None:
    assert queries_alerts.alerts(empty_hall.client, empty_hall.span).empty
    client, now = noc.hall.client, noc.hall.now
    then = type(noc.hall.span)(noc.hall.span.since, now - 60 * MINUTE)
    found = queries_alerts.alerts(client, then).set_index("alert")
    assert list(found.index) == [GONE, WORSE]
    assert (found.loc[WORSE, "severity"], found.loc[WORSE, "operator"]) == ("warning", "ada")
    assert THIEF not in set(found["subject"])
