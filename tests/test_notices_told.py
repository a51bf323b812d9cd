"""From a decision in the log to the customer's mail, and to the list of what was sent."""

import gc
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.facts import Evidence
from schemas.mailbox_events import MailboxReleased, MailboxSuspended, NoticeSent
from schemas.settings import parse
from schemas.topics import MAILBOX_SIGNALS
from tests.barring_lab import hooks_running, publish, until
from tests.command.shell import run
from tests.mail_server import Server
from tests.migrated import migrate

# kafka-python leaves the sockets of a broker that went away to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
ALICE = "alice@example.net"


@pytest.fixture(autouse=True)
def _sockets_of_brokers_gone() -> Iterator[None]:
    """Collect them here, where the mark above is in force."""
    yield
    gc.collect()


def _notices(bootstrap: str) -> list[NoticeSent]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    where = [TopicPartition(MAILBOX_SIGNALS.name, number) for number in range(2)]
    consumer.assign(where)
    ends, found = consumer.end_offsets(where), list[NoticeSent]()
    while any(consumer.position(one) < end for one, end in ends.items()):
        for records in consumer.poll(200).values():
            events = (codec.decode(record.value) for record in records)
            found += [event for event in events if isinstance(event, NoticeSent)]
    consumer.close()
    return found


def test_a_decision_becomes_a_mail_and_a_line_in_the_list(
    tmp_path: Path, fresh_broker: Broker, clickhouse: ClickHouseServer, database: str
) -> None:
    server = Server(free_port())
    server.start()
    text = f"""
        data = "{tmp_path}"
        [kafka]
        bootstrap = ["{fresh_broker.bootstrap}"]
        partitions = 2
        [clickhouse]
        host = "{clickhouse.host}"
        port = {clickhouse.port}
        database = "{database}"
        [mailboxes.hooks.customer_mail]
        sender = "abuse@isp.example"
        company = "Example ISP"
        support = "+41 44 000 00 00"
        port = {server.port}
        [customers.customer-1]
        mailboxes = ["example.net"]
        contact = "admin@example.net"
    """
    configuration = parse(text, "test")
    ensure_topics(configuration)
    evidence = (Evidence(rule="complaints", text="an internal word", value=3, points=30),)
    with hooks_running(configuration):
        until((tmp_path / "bars" / "notices.db").exists, "the outbox")
        now = time.time_ns() // 1000 + 1_000_000
        publish(
            configuration,
            MailboxSuspended(id="d1", at=now, mailbox=ALICE, score=140, mode="enforce", evidence=evidence),
        )
        until(lambda: len(server.taken) == 1, "the mail")
        publish(configuration, MailboxReleased(id="d2", at=now + 1, mailbox=ALICE, score=0, operator="ann"))
        until(lambda: len(server.taken) == 2, "the second mail")
        until(lambda: len(_notices(fresh_broker.bootstrap)) == 4, "the events")
    server.stop()
    body = server.taken[0][1].get_body(("plain",))
    assert body is not None
    assert "- 3 complaints from recipients about unwanted mail within a day" in body.get_content().splitlines()
    assert "internal" not in server.taken[0][1].as_string()
    told = _notices(fresh_broker.bootstrap)
    assert [(each.template, each.status, each.decision) for each in told] == [
        ("suspended", "intended", "d1"),
        ("suspended", "sent", "d1"),
        ("released", "intended", "d2"),
        ("released", "sent", "d2"),
    ]

    client = clickhouse.connect(database)
    migrate(client, database)
    client.raw_insert("mailbox_signals", insert_block=b"\n".join(map(codec.encode, told)), fmt="JSONEachRow")
    config = tmp_path / "relaywarden.toml"
    config.write_text(text)
    known = {"RELAYWARDEN_CLICKHOUSE_PASSWORD": clickhouse.password}
    done = run("notice", "list", ALICE, "--config", config, "--json", env=known)
    assert (done.returncode, done.stderr) == (0, "")
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["template"], row["status"]) for row in listed] == [
        ("released", "sent"),
        ("released", "intended"),
        ("suspended", "sent"),
        ("suspended", "intended"),
    ]
    assert listed[0]["recipient"] == "admin@example.net"
    assert (
        run("notice", "list", "bob@example.net", "--config", config, env=known).stdout == "no mail to a customer yet\n"
    )
