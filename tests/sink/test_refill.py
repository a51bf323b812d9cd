"""A new broker is given back what ClickHouse keeps, and every event type comes back as it was."""

import json
import time
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kafka import KafkaConsumer, TopicPartition

from embedded.broker import Broker
from embedded.clickhouse import ClickHouseServer
from embedded.eventlog import broker_with_topics
from schemas import codec
from schemas.delisting_events import DelistingRequested
from schemas.events import EVENT_TYPES, Event
from schemas.facts import Culprit, Evidence, Fact
from schemas.mailbox_events import (
    CaseOpened,
    CulpritNamed,
    IdentityLeaked,
    MailboxFlagged,
    MailboxReleased,
    StepChanged,
)
from schemas.observations import OperatorActed
from schemas.pool_events import IpWithdrawn
from schemas.topics import (
    CASE_EVENTS,
    CASE_OBSERVATIONS,
    CASE_STATE,
    DELISTING_EVENTS,
    DELISTING_STATE,
    MAILBOX_EVENTS,
    MAILBOX_LEAKS,
    MAILBOX_SIGNALS,
    MAILBOX_STATE,
    POOL_EVENTS,
    POOL_STATE,
    TRAFFIC_STATE,
    Topic,
    place_of,
    topic_of,
)
from streams.refill import events_of, refill
from streams.rows import Record, placed
from tests.migrated import migrate
from tests.sink.rig import Rig, until

NOW = time.time_ns() // 1000


def _values(kind: object) -> st.SearchStrategy[Any]:
    """Return a strategy of the values of a field's type."""
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is tuple:
        return st.lists(_values(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(*map(_values, get_args(kind)), max_size=3)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _structs(kind)
    simple: dict[object, st.SearchStrategy[Any]] = {
        str: st.text(st.characters(exclude_categories=["Cs"])),
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
    }
    return simple[kind]


def _structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    fields = {item.name: _values(item.type) for item in msgspec.structs.fields(kind)}
    if issubclass(kind, Fact):
        fields["at"] = st.integers(NOW - 10**9, NOW + 10**9)  # the tables forget what is old
    return st.builds(kind, **fields)


@pytest.fixture(scope="module")
def tables(clickhouse: ClickHouseServer) -> Client:
    """Return a client of a database with all tables."""
    migrate(clickhouse.connect(), "t_refill")
    return clickhouse.connect("t_refill")


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.__name__)
@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_comes_back_from_its_table(tables: Client, kind: type[Fact], data: st.DataObject) -> None:
    events = data.draw(st.lists(_structs(kind), min_size=1, max_size=12, unique_by=lambda event: event.id))
    topic = topic_of(events[0])
    events = [event for event in events if topic_of(event) is topic]
    tables.command(f"TRUNCATE TABLE {topic.table}")
    lines = [
        placed(codec.encode(event) + b"\n", "c", Record(topic, 0, number, event.at, b""))
        for number, event in enumerate(events)
    ]
    tables.raw_insert(topic.table, insert_block=b"".join(lines), fmt="JSONEachRow")
    events.sort(key=lambda event: event.at)
    assert list(events_of(tables, topic)) == events


def withdrawn(number: int) -> IpWithdrawn:
    """Return a decision of the pool; all of them at one time, so that only the log tells their order."""
    evidence = (Evidence(rule="dnsbl", text='listed by "zen"\n', value=1.0, points=0.75),)
    return IpWithdrawn(
        id=f"{99 - number:02d}w",
        at=NOW,
        pool="main",
        ip=f"192.0.2.{number}",
        until=NOW + 7_200_000_000,
        relapse=number,
        evidence=evidence,
        culprits=(Culprit(sender="eve@example.net", messages=1200),),
    )


TOLD = (MAILBOX_SIGNALS, MAILBOX_LEAKS, CASE_OBSERVATIONS, CASE_EVENTS, DELISTING_EVENTS)
DAY = 24 * 3_600_000_000


def told_to_folds(mailbox: str) -> list[Event]:
    """Return what is told to the folds, by topic: of signals and steps what is older than two days is left alone.

    A leak that was imported for other partitions tells no mailbox any more.
    """
    digest = {"digest": "ab" * 32, "source": "shop"}
    return [
        OperatorActed(id="old", at=NOW - 3 * DAY, operator="kim", action="suspend", subject=mailbox, reason="stolen"),
        OperatorActed(id="o", at=NOW - DAY, operator="kim", action="release", subject=mailbox, reason="called"),
        CulpritNamed(id="c", at=NOW, mailbox=mailbox, pool="main", ip="192.0.2.1", messages=5, share=0.25),
        IdentityLeaked(id="l", at=NOW - 9 * DAY, partition=2, partitions=4, **digest),  # type: ignore[arg-type]  # texts
        IdentityLeaked(id="elsewhere", at=NOW, partition=2, partitions=8, **digest),  # type: ignore[arg-type]  # texts
        StepChanged(id="old step", at=NOW - 3 * DAY, mailbox=mailbox, customer="club", step="flag"),
        StepChanged(id="s", at=NOW, mailbox=mailbox, customer="club", step="", rules=("burst",)),
        CaseOpened(id="k", at=NOW - 9 * DAY, case="1", customer="club", mailboxes=(mailbox, "b@example.net")),
        DelistingRequested(id="d", at=NOW, case="1", pool="main", list="zen", subject="192.0.2.1", operator="ada"),
    ]


def told_key(event: Event) -> bytes:
    """Return the key of an event that is told to a fold."""
    if isinstance(event, IdentityLeaked):
        return f"{event.digest} {event.source}".encode()
    if isinstance(event, DelistingRequested):
        return event.pool.encode()
    mailbox: str = getattr(event, "mailbox", "") or getattr(event, "subject", "")
    return (getattr(event, "customer", "") or mailbox).encode()


def _read(broker: Broker, topic: Topic, partitions: int) -> list[tuple[int, bytes, bytes]]:
    """Return partition, key and value of all that is in a topic."""
    consumer = KafkaConsumer(bootstrap_servers=[broker.bootstrap], enable_auto_commit=False)
    places = [TopicPartition(topic.name, number) for number in range(topic.partitions(partitions))]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    wanted = sum(consumer.end_offsets(places).values())
    found: list[tuple[int, bytes, bytes]] = []
    deadline = time.monotonic() + 10
    while len(found) < wanted and time.monotonic() < deadline:
        for records in consumer.poll(500).values():
            found += [(record.partition, record.key, record.value) for record in records]
    consumer.close(autocommit=False)
    return found


def test_new_broker_goes_on_where_the_old_one_was(rig: Rig, tmp_path: Path) -> None:
    mailbox = "eve@example.net"
    flagged = MailboxFlagged(id="f", at=NOW, mailbox=mailbox, score=120.25, step="flag")
    events: list[Event] = [
        *map(withdrawn, range(20)),
        flagged,
        MailboxReleased(id="a", at=NOW + 1, mailbox=mailbox, score=1.0),
    ]
    told = told_to_folds(mailbox)
    for event in [*events, *told]:
        topic, number = place_of(event, 4)
        rig.producer.send(topic.name, value=codec.encode(event), partition=number)
    box = place_of(flagged, 4)[1]
    of_mailbox: dict[str, object] = {"mailbox": mailbox, "at": NOW, "score": 2.5, "step": "flag", "state": {"é": [1]}}
    states: list[tuple[Topic, int, str, dict[str, object]]] = [
        (MAILBOX_STATE, box, mailbox, of_mailbox),
        (TRAFFIC_STATE, 3, "3", {"partition": 3, "at": NOW, "state": {"sequence": 7}}),
        (POOL_STATE, 0, "main", {"pool": "main", "at": NOW, "state": {"ips": {"192.0.2.1": "withdrawn"}}}),
        (DELISTING_STATE, 0, "main", {"pool": "main", "at": NOW, "state": {"folded": {"pool": "main"}}}),
        (CASE_STATE, 0, "club", {"customer": "club", "at": NOW, "state": {"folded": {"customer": "club"}}}),
    ]
    for topic, number, key, state in states:
        for newest in (False, True):
            value = json.dumps({**state, "at": NOW + newest}).encode()
            rig.producer.send(topic.name, key=key.encode(), value=value, partition=number)
    rig.producer.flush()
    sink = rig.start()
    rig.wait_for(20, "pool_events")
    rig.wait_for(2, "mailbox_events")
    for table in ("pool_state", "traffic_state", "mailbox_state", "case_state", "delisting_state"):
        until(lambda: bool(rig.client.command(f"SELECT count() FROM {table}")), 30, "no state")  # noqa: B023, S608 called here, our own table
    for table, count in (("mailbox_signals", 3), ("mailbox_leaks", 2), ("case_observations", 2), ("case_events", 1)):
        rig.wait_for(count, table)
    rig.wait_for(1, "delisting_events")
    rig.forget_broker()
    rig.broker.stop()
    with broker_with_topics(rig.settings, tmp_path / "second.log") as second:
        rig.broker = second
        filled = {"pool.events": 20, "mailbox.events": 2, "mailbox.leaks": 1, "case.events": 1, "delisting.events": 1}
        filled |= {"mailbox.signals": 2, "case.observations": 1}
        filled |= {"mailbox.state": 1, "traffic.state": 1, "pool.state": 1, "case.state": 1, "delisting.state": 1}
        assert refill(rig.settings) == filled
        assert refill(rig.settings) == {}
        decisions = [codec.decode(value) for _, _, value in _read(second, POOL_EVENTS, 4)]
        assert decisions == events[:20]
        assert {key for _, key, _ in _read(second, POOL_EVENTS, 4)} == {b"main"}
        assert [(number, key, codec.decode(value)) for number, key, value in _read(second, MAILBOX_EVENTS, 4)] == [
            (box, mailbox.encode(), event) for event in events[20:]
        ]
        again = [(number, key, codec.decode(value)) for topic in TOLD for number, key, value in _read(second, topic, 4)]
        kept = [event for event in told if event.id not in {"old", "old step", "elsewhere"}]
        assert again == [(place_of(event, 4)[1], told_key(event), event) for event in kept]
        for topic, number, key, state in states:
            ((at, name, value),) = _read(second, topic, 4)
            assert (at, name, json.loads(value)) == (number, key.encode(), {**state, "at": NOW + 1})
        rig.send(0, "a" * 16, 0, 10)
        rig.producer.flush()
        rig.wait_for(10)
        assert rig.count("pool_events") == (20, 20)
        assert rig.count("mailbox_events") == (2, 2)
        assert sink.poll() is None
        rig.forget_broker()
