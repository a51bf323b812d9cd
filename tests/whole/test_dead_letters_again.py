"""A line that no parser can read today, read by the parser of tomorrow: once in ClickHouse, whatever is killed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from kafka import KafkaConsumer, TopicPartition
from streamlit.testing.v1 import AppTest

from dashboards.checkpoints import kept_here
from schemas import codec
from schemas.events import DeliveryAttempted
from schemas.lag import Lag
from schemas.retry_events import RECOVERED
from schemas.topics import MAIL_EVENTS
from tests.command.shell import run
from tests.pages.test_dashboard_views import shown
from tests.whole.lab import ROOT, TRANSPORTS, Lab, until

LINES = """{day}T10:00:01.000000+00:00 mx1 postfix/submission/smtpd[11]: 4F0000001z: client=c[198.51.100.7], \
sasl_method=PLAIN, sasl_username=anna@example.net
{day}T10:00:02.000000+00:00 mx1 postfix/qmgr[13]: 4F0000001z: from=<anna@example.net>, size=1234, nrcpt=1 (queue active)
{day}T10:00:03.000000+00:00 mx1 postfix/out1/smtp[14]: 4F0000001z: to=<x@example.org>, relay=mx.example.org\
[203.0.113.5]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=handed-over (250 2.0.0 Ok)
{day}T10:00:04.000000+00:00 mx1 postfix/qmgr[13]: 4F0000001z: removed
"""
TOMORROW = """
import sys
from collectors.mta import postfix
today = postfix.parse
postfix.parse = lambda text, clock: today(text.replace("status=handed-over", "status=sent"), clock)
import relaywarden
sys.argv = ["relaywarden", "collect", "--config", sys.argv[1]]
relaywarden.main()
"""
ROWS = "SELECT id, sender, sender_kind, outcome, outbound_ip FROM mail_events WHERE type = 'delivery_attempted'"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Give a log with one line that cannot be read, its collector and a sink."""
    log = tmp_path / "mail.log"
    log.write_text(LINES.format(day=datetime.now(UTC).date() - timedelta(days=1)))
    config = {
        "mta": {"mx1": {"format": "postfix", "log": str(log), "host": "mx1"}},
        "pool": {"main": {"transports": TRANSPORTS}},
        "dashboard": {"access": {"name": "kim", "role": "operator"}},
    }
    with Lab(tmp_path, config) as made:
        made.config.write_text(made.config.read_text().replace("[kafka]\n", '[kafka]\nconfirm = "sink"\n'))
        yield made


@pytest.fixture
def tomorrow(lab: Lab) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Give what starts the collector with a parser that reads the line."""
    with ExitStack() as ended, (lab.folder / "tomorrow.log").open("ab") as log:

        def start() -> subprocess.Popen[bytes]:
            process = ended.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", TOMORROW, str(lab.config)],
                    cwd=ROOT,
                    env={**os.environ, **secret(lab)},
                    stdout=log,
                    stderr=log,
                )
            )
            ended.callback(process.kill)
            return process

        yield start


def read_and_stored(lab: Lab) -> bool:
    """Tell whether the checkpoint stands behind the last line: with confirm = "sink" all of it is stored then."""
    size = (lab.folder / "mail.log").stat().st_size
    return size in {each.offset for each in kept_here(lab.settings.data)}


def killed(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def secret(lab: Lab) -> dict[str, str]:
    return {lab.settings.clickhouse.password_env: lab.clickhouse.password}


def drawn(lab: Lab, patch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """Return the page as the operator kim sees it."""
    patch.setenv(lab.settings.clickhouse.password_env, lab.clickhouse.password)
    patch.setenv("RELAYWARDEN_CONFIG", str(lab.config))
    st.cache_resource.clear()
    return shown("pipeline", section="Dead letters", **query)


def late(lab: Lab) -> list[DeliveryAttempted]:
    """Return the events of dead letters that are in Kafka, each as often as it was published."""
    consumer = KafkaConsumer(bootstrap_servers=lab.broker.bootstrap, enable_auto_commit=False)
    places = [TopicPartition(MAIL_EVENTS.name, number) for number in range(4)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    found = []
    while any(consumer.position(place) < ends[place] for place in places):
        for batch in consumer.poll(200).values():
            found += [e for r in batch if RECOVERED in dict(r.headers) for e in codec.decode_chunk(r.value)]
    consumer.close()
    return [event for event in found if isinstance(event, DeliveryAttempted)]


@pytest.mark.slow
def test_a_line_that_is_read_tomorrow_is_stored_once_whatever_is_killed(
    lab: Lab, tomorrow: Callable[[], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sink", "stream", "collect"):
        lab.run(name)
    until(lambda: lab.value("SELECT count() FROM dead_letters") == 1, 60, "the dead letter")
    until(lambda: lab.value("SELECT count() FROM mail_events WHERE type = 'message_submitted'") == 1, 60, "who sent it")
    until(lambda: read_and_stored(lab), 60, "the checkpoint behind all lines")
    lab.kill("collect")
    (letter,) = lab.rows("SELECT id, at, name, reason FROM dead_letters")
    assert letter[2:] == ("mx1", "a delivery with the status 'handed-over'")

    collector = tomorrow()
    asked = ("dead-letters", "retry", "--log", "mx1", "--preview", "--wait", 60, "--json", "--config", lab.config)
    preview = json.loads(run(*asked, env=secret(lab)).stdout)
    assert (preview["letter"], preview["outcome"], preview["events"]) == (letter[0], "recovered", 1)
    told = "SELECT outcome, count, events, preview FROM dead_retries WHERE type = 'letter_tried' ORDER BY at"
    ((outcome, count, events, previewed),) = lab.rows(told)
    assert (outcome, count, previewed, len(lab.rows(ROWS))) == ("recovered", 1, True, 0)
    assert isinstance(event := codec.decode(events[0].encode()), DeliveryAttempted)
    assert (event.sender, event.recipient, event.outcome) == ("anna@example.net", "x@example.org", "sent")

    (asked_for,) = lab.rows("SELECT id FROM dead_retries WHERE type = 'retry_ordered'")
    page = drawn(lab, monkeypatch, letter=letter[0], asked=asked_for[0])
    lab.kill("sink")  # what is published is not told as done until it is stored
    page.text_input("retry.reason").set_value("a new parser")
    next(button for button in page.button if button.label == "Try again: 1 events of 1 letters").click().run()
    until(lambda: len(late(lab)) == 1, 60, "its event in Kafka")
    killed(collector)
    collector = tomorrow()
    until(lambda: len(late(lab)) == 2, 60, "its event in Kafka once more")
    lab.run("sink")
    until(lambda: len(lab.rows(told)) == 2, 60, "what became of it")
    assert lab.rows(told)[1][:2] == ("recovered", 1)
    said = [str(each.value) for each in drawn(lab, monkeypatch, letter=letter[0]).text]
    assert [text[:21] for text in said if "a new parser" in text] == ["● recovered 1 events "]
    assert [text for text in said if text.endswith("by kim (a new parser)")]
    expected = [(letter[0], "anna@example.net", "sasl", "sent", "192.0.2.11")]
    assert lab.rows(ROWS) == expected
    with Lag(lab.settings) as lag:  # the worker passes it over: it decides nothing by what is hours old
        until(lambda: lag.behind(lab.settings.kafka.group, lag.ends([MAIL_EVENTS])) == 0, 60, "the worker has seen it")
    assert lab.rows("SELECT id FROM pool_observations WHERE type = 'traffic_counted'") == []
    assert "Traceback" not in lab.log("stream")

    killed(collector)
    for checkpoint in (lab.folder / "state" / "checkpoints").glob("*.json"):
        checkpoint.unlink()
    before = lab.value("SELECT count() FROM dead_retries")
    collector = tomorrow()  # and reads its log from the beginning
    again = ("dead-letters", "retry", letter[0], "--reason", "once more", "--wait", 60, "--config", lab.config)
    assert "recovered" in run(*again, env=secret(lab)).stdout
    until(lambda: lab.value("SELECT count() FROM dead_retries") == before + 2, 60, "the second answer")
    until(lambda: read_and_stored(lab), 60, "the checkpoint behind all lines, once more")
    killed(collector)
    assert lab.rows(ROWS) == expected
    assert lab.value("SELECT count() FROM dead_letters FINAL") == 1
