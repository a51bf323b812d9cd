"""The sink stores each event exactly once, whatever is killed, sent again, poisoned or away."""

import random
import signal
import time
from pathlib import Path
from subprocess import Popen

import pytest
from kafka import KafkaConsumer, TopicPartition

from embedded.eventlog import broker_with_topics
from schemas import codec
from schemas.facts import Evidence
from schemas.mailbox_events import MailboxFlagged
from schemas.observations import ClockTicked
from schemas.topics import MAIL_EVENTS, MAILBOX_EVENTS, MAILBOX_STATE, POOL_OBSERVATIONS, TOPICS
from streams.rows import Record, placed
from tests.sink.flow import EVENTS, SOURCES, Flow
from tests.sink.rig import Rig, until

KILLS = 10


def committed(rig: Rig) -> dict[str, int]:
    """Return the sum of the sink's commits of each topic."""
    consumer = KafkaConsumer(
        bootstrap_servers=[rig.broker.bootstrap], group_id=f"{rig.settings.kafka.group}-sink", enable_auto_commit=False
    )
    try:
        places = [
            TopicPartition(topic.name, number)
            for topic in TOPICS
            for number in range(topic.partitions(rig.settings.kafka.partitions))
        ]
        sums: dict[str, int] = {}
        for place in places:
            sums[place.topic] = sums.get(place.topic, 0) + (consumer.committed(place) or 0)
        return sums
    finally:
        consumer.close(autocommit=False)


@pytest.mark.slow
@pytest.mark.timeout(900)  # a minute on an idle machine; each of twelve sinks has to begin
def test_each_event_once_through_ten_kills_and_an_outage(rig: Rig) -> None:
    chance = random.Random(20261121)
    kept: list[tuple[int, int]] = []
    flow = Flow(rig, random.Random(7), 0.05)
    flow.start()
    for kill in range(KILLS):
        before, sink = rig.count()[0], rig.start()
        flow.let(2 * kill + 1, 2 * KILLS)
        if kill % 4:  # it is killed at work: while more is being sent, after it has stored some
            until(lambda before=before: rig.count()[0] > before, 240, "no rows")  # type: ignore[misc] # a default binds it
        else:  # while it begins
            time.sleep(chance.random())
        flow.let(2 * kill + 2, 2 * KILLS)
        enough = EVENTS * (2 * kill + 1 + 0.8 * chance.random()) / (2 * KILLS)
        until(lambda enough=enough: flow.sent > enough, 240, "nothing is sent")  # type: ignore[misc] # likewise
        sink.kill()
        sent = flow.sent
        sink.wait()
        kept.append((rig.count()[0], sent))
        if kill == 4:
            rig.server.stop()
            rig.start()
            time.sleep(5)
            rig.server.start()
            time.sleep(1)
            rig.end_sinks()
    flow.join()
    last = rig.start()
    rig.send(0, SOURCES[0], EVENTS // 4 - 100, EVENTS // 4 + 1)
    rig.producer.flush()
    rig.wait_for(EVENTS + 1)
    last.send_signal(signal.SIGTERM)
    assert last.wait(timeout=15) == 0
    assert rig.count() == (EVENTS + 1, EVENTS + 1)
    assert committed(rig)[MAIL_EVENTS.name] > 0
    assert len({rows for rows, _ in kept if 0 < rows < EVENTS}) >= 7, "the kills did not meet a sink at work"
    assert sum(0 < rows < sent for rows, sent in kept) >= 4, "nothing was under way when it was killed"


def _rows(rig: Rig, numbers: range, offset: int) -> bytes:
    record = Record(MAIL_EVENTS, 0, offset, 1, b"")
    return placed(b"".join(codec.encode(rig.event(SOURCES[0], n)) + b"\n" for n in numbers), "relaywarden", record)


def test_half_stored_block_is_completed(rig: Rig) -> None:
    """As when sink and ClickHouse end in the midst of an insert that touches two days."""
    for start in (0, 100, 200):
        rig.send(0, SOURCES[0], start, start + 100)
    rig.producer.flush()
    stored = _rows(rig, range(50), 0) + _rows(rig, range(150, 200), 1)
    rig.client.raw_insert("mail_events", insert_block=stored, fmt="JSONEachRow")
    rig.start()
    rig.wait_for(300)
    rig.send(0, SOURCES[0], 250, 350)
    rig.producer.flush()
    rig.wait_for(350)
    assert rig.count() == (350, 350)


def test_noted_token_without_its_rows_loses_nothing(rig: Rig) -> None:
    """As when ClickHouse is killed after it noted an insert and before it kept the rows."""
    rig.send(0, SOURCES[0], 0, 100)
    rig.producer.flush()
    token = {"insert_deduplication_token": "relaywarden:mail.events:0:0-0"}
    rows = _rows(rig, range(100), 0)
    rig.client.raw_insert("mail_events", insert_block=rows, fmt="JSONEachRow", settings=token)
    rig.client.command("ALTER TABLE mail_events DELETE WHERE true SETTINGS mutations_sync = 1")
    rig.client.raw_insert("mail_events", insert_block=rows, fmt="JSONEachRow", settings=token)
    assert rig.count() == (0, 0)
    rig.start()
    rig.wait_for(100)
    assert rig.count() == (100, 100)


def test_same_batch_ten_times_is_stored_once(rig: Rig, sink: Popen[bytes]) -> None:
    for turn in range(10):
        for start in range(0, 1000, 100):
            rig.send(1, SOURCES[0], start, start + 100)
        rig.producer.flush()
        rig.wait_for(1000)
        if turn % 3 == 0:
            time.sleep(0.5)
    rig.send(1, SOURCES[0], 1000, 1001)
    rig.wait_for(1001)
    assert rig.count() == (1001, 1001)
    assert sink.poll() is None


def test_poison_stalls_nothing_and_is_kept(rig: Rig, sink: Popen[bytes]) -> None:
    topic = MAIL_EVENTS.name
    rig.send(2, SOURCES[0], 0, 10)
    rig.producer.send(topic, value=b"\xff not JSON", partition=2)
    too_large = codec.encode(ClockTicked(id="t", at=1)).replace(b"1}", b"99999999999999999999999}")
    rig.producer.send(POOL_OBSERVATIONS.name, value=too_large, partition=0)
    rig.producer.send(topic, value=codec.encode(ClockTicked(id="t", at=1)), partition=2)
    lines = [codec.encode(event) for event in (rig.event(SOURCES[1], number) for number in range(3))]
    lines[1] = lines[1].replace(b'"delay_ms":1400', b'"delay_ms":"soon"')
    headers = [("first", rig.event(SOURCES[1], 0).id.encode()), ("last", rig.event(SOURCES[1], 2).id.encode())]
    rig.producer.send(topic, value=codec.pack(lines), partition=2, headers=[*headers, ("count", b"3")])
    rig.send(2, SOURCES[0], 10, 20)
    rig.producer.flush()
    rig.wait_for(22)
    rig.wait_for(4, "dead_letters")
    assert rig.count() == (22, 22)
    rows = rig.client.query("SELECT format, place, reason, text FROM dead_letters FINAL ORDER BY place").result_rows
    assert [row[1] for row in rows] == [
        "mail.events/2/1",
        "mail.events/2/2",
        "mail.events/2/3",
        "pool.observations/0/0",
    ]
    assert "no event" in rows[0][2]
    assert "does not belong" in rows[1][2]
    assert '"delay_ms":"soon"' in rows[2][3]
    assert rows[2][2].startswith("Code: 27. DB::Exception")
    assert rows[2][3].startswith('{"type":"delivery_attempted"')
    assert "beyond 64 bits" in rows[3][2]
    assert sink.poll() is None


def test_commit_follows_the_store(rig: Rig, sink: Popen[bytes]) -> None:
    event = MailboxFlagged(
        id="f1",
        at=time.time_ns() // 1000,
        mailbox="eve@example.net",
        score=120.5,
        step="flag",
        evidence=(Evidence(rule="networks", text='41 "networks"', value=41.0, usual=2.0),),
    )
    rig.producer.send(MAILBOX_EVENTS.name, value=codec.encode(event), partition=0)
    state = b'{"mailbox":"eve@example.net","at":%d,"score":120.5,"step":"flag","state":{"applied":{"a":"b"}}}'
    for at in (event.at, event.at + 1):
        rig.producer.send(MAILBOX_STATE.name, key=b"eve@example.net", value=state % at, partition=0)
    rig.producer.flush()
    rig.wait_for(1, "mailbox_events")
    until(lambda: committed(rig)[MAILBOX_STATE.name] == 2, 10, "no commit")
    (row,) = rig.client.query("SELECT * FROM mailbox_events").named_results()
    assert (row["id"], row["score"], row["evidence"][0]["text"], row["kafka_partition"]) == (
        "f1",
        120.5,
        '41 "networks"',
        0,
    )
    (kept,) = rig.client.query("SELECT at, state, step FROM mailbox_state FINAL").result_rows
    assert kept == (event.at + 1, '{"applied":{"a":"b"}}', "flag")
    assert committed(rig)[MAILBOX_EVENTS.name] == 1
    assert sink.poll() is None


def test_replaced_broker_is_noticed(rig: Rig, sink: Popen[bytes], tmp_path: Path) -> None:
    rig.send(0, SOURCES[0], 0, 100)
    rig.producer.flush()
    rig.wait_for(100)
    rig.forget_broker()
    rig.broker.stop()
    with broker_with_topics(rig.settings, tmp_path / "second.log") as second:
        rig.broker = second
        rig.send(0, SOURCES[0], 50, 150)  # the collector sends again what was not confirmed
        rig.producer.flush()
        rig.wait_for(150)
        assert rig.count() == (150, 150)
        clusters = rig.client.query("SELECT kafka_cluster, count() FROM mail_events GROUP BY 1 ORDER BY 1").result_rows
        assert clusters == [(second.cluster_id, 50), ("relaywarden", 100)]
        assert sink.poll() is None
        rig.forget_broker()


def test_two_sinks_share_the_partitions(rig: Rig) -> None:
    for partition, source in enumerate(SOURCES):
        rig.send(partition, source, 0, 50)
    rig.producer.flush()
    rig.start((1, 2))
    rig.wait_for(100)
    assert [
        row[0] for row in rig.client.query("SELECT DISTINCT kafka_partition FROM mail_events ORDER BY 1").result_rows
    ] == [1, 3]
    rig.start((0, 2))
    rig.wait_for(200)
    assert rig.count() == (200, 200)


def test_away_servers_are_waited_for_with_one_warning(rig: Rig) -> None:
    rig.forget_broker()
    rig.broker.stop()
    sink = rig.start()
    time.sleep(5)
    assert sink.poll() is None
    sink.send_signal(signal.SIGINT)
    assert sink.wait(timeout=15) == 0
    lines = rig.log.read_text().splitlines()
    assert len(lines) == 1
    assert f"no broker at {rig.settings.kafka.bootstrap[0]}" in lines[0]


def test_end_comes_in_time_under_load(rig: Rig) -> None:
    flow = Flow(rig, random.Random(3), 0.025)
    flow.let(1, 1)
    flow.start()
    sink = rig.start()
    rig.wait_for(5000)
    begun = time.monotonic()
    sink.send_signal(signal.SIGTERM)
    assert sink.wait(timeout=15) == 0
    assert time.monotonic() - begun < 15
    flow.join()
    rig.start()
    rig.wait_for(EVENTS)
    assert rig.count() == (EVENTS, EVENTS)


def test_events_older_than_the_table_keeps_are_left_out_counted_and_not_tried_again(rig: Rig) -> None:
    day = 86_400_000_000
    now = time.time_ns() // 1000
    ages = [500 * day] * 7 + [401 * day] * 3 + [399 * day, 0]
    for number, age in enumerate(ages):
        tick = ClockTicked(id=f"t{number}", at=now - age)
        rig.producer.send(POOL_OBSERVATIONS.name, value=codec.encode(tick), partition=0)
    rig.producer.flush()
    sink = rig.start()
    rig.wait_for(2, "pool_observations")
    until(lambda: committed(rig)[POOL_OBSERVATIONS.name] == len(ages), 20, "the commit")
    sink.send_signal(signal.SIGTERM)
    assert sink.wait(timeout=15) == 0
    assert rig.count("pool_observations") == (2, 2)
    said = rig.log.read_text()
    assert said.count("10 events are older than clickhouse.keep_days = 400 and not stored") == 1
    assert "stored again" not in said
