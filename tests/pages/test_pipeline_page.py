"""The Pipeline page: lag as Kafka tells it, what is not known, dead letters literally, try again by who may."""

import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.audit import Audit
from schemas.events import DeadLetter, Event, SourceOpened
from schemas.names import derived_id, event_id, opening_id, source_id
from schemas.observations import HookApplied, HookDrifted, HookFailed
from schemas.pool_events import WithdrawalVerified
from schemas.retry_events import LetterTried, RetryOrdered
from schemas.topics import DEAD_RETRIES
from tests.chromium import chromium
from tests.pages.browsing import PHONE, Visitor
from tests.pages.conftest import Hall, Open, store
from tests.pages.hands_scene import LOCAL, Desk, configured, desk
from tests.pages.scene import IPS, MINUTE, RUDE
from tests.pages.serving import serving
from tests.pages.test_dashboard_views import cells, shown, texts

SOURCE = source_id("pipeline", "mx2")
LINE = event_id(SOURCE, 4711)
DONE = event_id(SOURCE, 9000)
SINK = derived_id("sink letter")


def letters(now: int) -> list[DeadLetter]:
    """Return a line that nobody tried yet, one that was recovered, one of the sink, and what an input lost."""
    at = now - 5 * MINUTE
    said = "a delivery with the status '{}'"
    return [
        DeadLetter(id=LINE, at=at, name="mx2", format="postfix", reason=said.format("x1"), text=RUDE, place="mx2/4711"),
        DeadLetter(id=DONE, at=at, name="mx2", format="postfix", reason=said.format("y2"), text="y", place="mx2/9000"),
        DeadLetter(id=SINK, at=at, name="sink", format="complaints", reason="no event", text="{}", place="c/0/7"),
        DeadLetter(
            id=derived_id("loss"), at=at, name="web", format="http", reason="the spool is full (3 times)",
            text="a line", place="input.web",
        ),
    ]  # fmt: skip


def tried(now: int) -> list[Event]:
    """Return an order of yesterday's second shift, and its answer."""
    order = RetryOrdered(
        id="order1", at=now - 3 * MINUTE, operator="ada", reason="a new parser", letters=(DONE,), until=now
    )
    answer = LetterTried(
        id="answer1", at=now - 2 * MINUTE, order="order1", letter=DONE, name="mx2", format="postfix", host="mx2",
        operator="ada", outcome="recovered", count=2, events=("{}",), ids=(DONE,),
    )  # fmt: skip
    return [order, answer]


def hooks(now: int) -> list[Event]:
    """Return a hook in force, one that failed and drifted before."""
    active = dict.fromkeys(IPS, 1.0)
    at = now - 30 * MINUTE
    return [
        HookApplied(
            id="h1", at=at, hook="haproxy", host="mx1", took_ms=1200, decision="d1", pool="main", active=active
        ),
        HookDrifted(
            id="h2", at=at + MINUTE, hook="nft", host="mx9", reason="somebody flushed it", pool="main", active=active
        ),
        HookFailed(
            id="h3", at=at + 2 * MINUTE, hook="nft", host="mx9", reason=RUDE, attempt=3, pool="main", active=active
        ),
    ]


def fill(hall: Hall) -> None:
    """Store the scene of this page."""
    opened = SourceOpened(
        id=opening_id(SOURCE), at=hall.now - 60 * MINUTE, source=SOURCE, name="mx2", host="mx2", inode=77, path="/l"
    )
    store(hall.client, "mail_events", [opened])
    store(hall.client, "dead_letters", letters(hall.now))
    store(hall.client, "dead_retries", tried(hall.now))
    store(hall.client, "pool_observations", hooks(hall.now))
    verified = WithdrawalVerified(id="v1", at=hall.now - MINUTE, pool="main", ip=IPS[0])
    store(hall.client, "pool_events", [verified])


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages with a broker."""
    with desk(clickhouse, tmp_path_factory.mktemp("pipeline"), "pages_pipeline") as made:
        fill(made.hall)
        yield made


def drawn(noc: Desk, opened: Open, role: str, **query: str) -> AppTest:
    opened(configured(noc.hall, LOCAL.format(role=role), role))
    return shown("pipeline", **query)


def ordered(noc: Desk) -> list[RetryOrdered]:
    consumer = KafkaConsumer(bootstrap_servers=noc.broker.bootstrap, enable_auto_commit=False)
    place = TopicPartition(DEAD_RETRIES.name, 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end, found = consumer.end_offsets([place])[place], []
    while consumer.position(place) < end:
        found += [codec.decode(record.value) for batch in consumer.poll(500).values() for record in batch]
    consumer.close()
    return [event for event in found if isinstance(event, RetryOrdered)]


def metrics(test: AppTest) -> dict[str, str]:
    return {each.label: str(each.value) for each in test.metric}


def test_lag_is_what_kafka_tells_and_unknown_is_not_zero(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "viewer")
    for _ in range(40):
        if metrics(test):
            break
        time.sleep(0.25)
        test.run()
    assert set(metrics(test).values()) == {"0 records"}
    assert texts(test).count("● Nothing waits.") == 2
    assert {"mail.events", "nothing committed", "● keeps up"} <= cells(test)


def test_what_kafka_does_not_tell_is_not_known(hall: Hall, opened: Open) -> None:
    opened(hall)
    test = shown("pipeline")
    for _ in range(40):
        if "Kafka does not answer" in texts(test):
            break
        time.sleep(0.25)
        test.run()
    assert "? Not known: Kafka does not answer, and told nothing yet." in texts(test)
    assert metrics(test) == {}


def test_rates_and_sources_say_what_no_event_tells(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "viewer")
    tables = {next(iter(table.value.columns)): table.value for table in test.dataframe}
    by_topic = tables["topic"].set_index("topic")
    assert by_topic.loc["complaints", "events"] == 3
    assert [by_topic.loc["sunset.events", name] for name in ("rate", "usual", "age")] == [
        "no data", "no data", "no data in the range",
    ]  # fmt: skip
    sources = tables["name"].set_index("source")
    row = sources.loc[SOURCE]
    assert (row["name"], row["host"], row["inode"], row["path"]) == ("mx2", "mx2", "77", "/l")
    assert (row["offset"], row["checkpoint"], row["age"]) == ("no data", "not told to the log", "no data in the range")
    read = sources.loc[source_id("mx1", "/var/log/mail.log"), "offset"]
    assert str(read).isdecimal()
    assert str(read) > "120"


def test_dead_letters_are_grouped_searched_and_literal(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "viewer", section="Dead letters")
    groups, listed = (table.value for table in test.dataframe)
    kinds = dict(zip(groups["kind"], zip(groups["letters"], groups["recovered"], strict=True), strict=True))
    assert kinds["a delivery with the status …"] == (2, 1)
    assert kinds["no time"] == (3, 0)
    assert len(listed) == 7
    test = drawn(noc, opened, "viewer", section="Dead letters", log="mx2", kind="a delivery with the status …")
    assert set(test.dataframe[1].value["state"]) == {"▲ unread", "● recovered"}
    test = drawn(noc, opened, "viewer", section="Dead letters", search="SPOOL is full")
    assert list(test.dataframe[1].value["reason"]) == ["the spool is full (3 times)"]
    test = drawn(noc, opened, "viewer", section="Dead letters", letter=LINE)
    assert test.code[0].value == RUDE
    assert [button.label for button in test.button] == ["Close"]
    test = drawn(noc, opened, "viewer", section="Dead letters", letter=DONE)
    assert "● recovered 2 events at" in texts(test)
    assert "by ada (a new parser)" in texts(test)


def test_try_again_is_previewed_ordered_with_a_reason_and_audited(
    noc: Desk, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "relaywarden.audit")
    test = drawn(noc, opened, "operator", section="Dead letters", letter=LINE)
    test.button("retry.preview.0").click().run()
    (preview,) = ordered(noc)
    assert (preview.operator, preview.preview, preview.letters) == ("kim", True, (LINE,))
    assert preview.id in test.query_params["asked"]
    answer = LetterTried(
        id="a2", at=preview.at + 1, order=preview.id, letter=LINE, name="mx2", format="postfix", host="mx2",
        operator="kim", preview=True, outcome="recovered", count=1, events=('{"type":"x"}',),
    )  # fmt: skip
    store(noc.hall.client, "dead_retries", [preview, answer])
    test = drawn(noc, opened, "operator", section="Dead letters", letter=LINE, asked=preview.id)
    assert "Preview: nothing is done yet. 1 of 1 answered." in texts(test)
    assert '{"type":"x"}' in texts(test)
    give = next(button for button in test.button if button.label == "Try again: 1 events of 1 letters")
    give.click().run()
    assert "It needs a reason: it is kept with the order." in texts(test)
    test.text_input("retry.reason").set_value("the parser knows it now")
    next(button for button in test.button if button.label.startswith("Try again: 1")).click().run()
    given = ordered(noc)[-1]
    assert (given.operator, given.preview, given.letters, given.reason) == (
        "kim", False, (LINE,), "the parser knows it now",
    )  # fmt: skip
    assert given.until > noc.hall.now
    told = [msgspec.json.decode(each.getMessage(), type=Audit) for each in caplog.records if "audit" in each.name]
    assert [(line.action, line.outcome, line.subject, line.id) for line in told] == [
        ("preview again", "ordered", LINE, preview.id),
        ("try again", "ordered", LINE, given.id),
    ]


def test_what_no_parser_reads_is_not_offered(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "operator", section="Dead letters", letter=SINK)
    assert "○ No parser reads this again: it is no line of a log and no mail." in texts(test)
    assert [button.label for button in test.button] == ["Close"]


def test_hooks_losses_and_doubles(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "viewer", section="Hooks")
    table = test.dataframe[0].value.set_index("hook")
    assert (table.loc["nft", "state"], table.loc["nft", "applied"], table.loc["nft", "set"]) == (
        "■ failed", "never", "no data",
    )  # fmt: skip
    assert (table.loc["nft", "reason"], table.loc["nft", "failed"], table.loc["nft", "drifted"]) == (RUDE, 1, 1)
    assert (table.loc["haproxy", "slowest"], table.loc["haproxy", "decision"]) == ("1200 ms", "d1")
    assert f"● {IPS[0]} sends no more (pool main)" in texts(test)
    store(noc.hall.client, "dead_letters", letters(noc.hall.now)[:1])
    test = drawn(noc, opened, "viewer", section="Stored")
    doubles = test.dataframe[0].value.set_index("table")
    assert (doubles.loc["complaints", "facts"], doubles.loc["complaints", "twice"]) == (3, 0)
    assert doubles.loc["dead_letters", "twice"] in {0, 1}  # ClickHouse may have merged them already
    assert list(test.dataframe[1].value["reason"]) == ["the spool is full (3 times)"]


def test_nothing_is_no_data(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    for section, said in (
        ("Flow", "○ No data: no log was opened yet."),
        ("Dead letters", "○ No data: no log was heard yet."),
        ("Stored", "○ No data: nothing was stored within the range."),
        ("Hooks", "○ No data: no hook told anything yet."),
    ):
        assert said in texts(shown("pipeline", section=section))


@pytest.mark.slow
def test_on_a_phone_and_on_the_wall(noc: Desk, clickhouse: ClickHouseServer, tmp_path: Path) -> None:
    hall = configured(noc.hall, LOCAL.format(role="operator"), "browser")
    with serving(hall, clickhouse.password, tmp_path / "log") as (_process, port), chromium() as browser:
        for name, width, height in (("phone", PHONE, 844), ("wall", 1920, 1080)):
            pictures = Path(os.environ.get("RELAYWARDEN_SCREENSHOTS", tmp_path)) / f"pipeline-{name}"
            pictures.mkdir(parents=True, exist_ok=True)
            page = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
            visitor = Visitor(page, f"http://127.0.0.1:{port}", pictures)
            visitor.go("/pipeline", "Pipeline")
            expect(page.get_by_text("Kafka told this")).to_be_visible()
            visitor.picture("flow")
            for section, text in (("Hooks", "haproxy"), ("Stored", "complaints"), ("Dead letters", "no time")):
                page.get_by_role("radio", name=section).click()
                visitor.table(0, text)
                visitor.picture(section.replace(" ", "-").lower())
            assert "section=Dead" in page.url
            visitor.go(f"/pipeline?section=Dead+letters&letter={LINE}", "Pipeline")
            expect(page.get_by_role("button", name="Try again: preview")).to_be_visible()
            expect(page.get_by_test_id("stCode")).to_have_text(RUDE)
            visitor.picture("letter")
            visitor.unhurt()
            page.close()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_in_the_past_nothing_is_tried_again_and_lag_is_not_known(noc: Desk, opened: Open) -> None:
    at = f"{datetime.fromtimestamp(noc.hall.now / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"
    test = drawn(noc, opened, "operator", section="Dead letters", letter=LINE, at=at)
    assert test.code[0].value == RUDE
    assert not any("again" in button.label for button in test.button)
    assert "○ Not known of the past: Kafka tells only how far all are now." in texts(
        drawn(noc, opened, "operator", at=at)
    )
