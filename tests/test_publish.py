"""Publishing against a real broker: order, headers, chunks, and what happens when it stalls, dies or changes."""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka import KafkaConsumer, TopicPartition

from collectors.admin import ensure_topics
from collectors.publish import CHUNK_EVENTS, BrokerReplacedError, Publisher, StoppedError
from embedded.broker import Broker, free_port
from embedded.eventlog import broker_with_topics
from schemas.codec import decode_chunk
from schemas.events import DeadLetter, Event, MailboxAuthenticated, SourceOpened
from schemas.names import event_id, opening_id, partition_of
from schemas.settings import Kafka, Settings
from schemas.topics import DEAD_LETTERS, MAIL_EVENTS, TOPICS
from schemas.watermark import Watermarks

# kafka-python leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SOURCE = "0123456789abcdef"
PARTITIONS = 3


def kafka(broker: Broker) -> Kafka:
    return Kafka(bootstrap=(broker.bootstrap,), partitions=PARTITIONS)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Let those sockets go within the test that made them; a log record would keep them by its exception."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    yield
    gc.collect()


@pytest.fixture
def ready(fresh_broker: Broker) -> Broker:
    ensure_topics(Settings(kafka=kafka(fresh_broker)))
    return fresh_broker


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def publisher(ready: Broker, stop: threading.Event) -> Iterator[Publisher]:
    made = Publisher(kafka(ready), stop)
    yield made
    made.close()


def process_of(broker: Broker) -> psutil.Process:
    """Return the broker's process, found by the port on its command line."""
    alive = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    [found] = [each for each in alive if str(broker.port) in " ".join(each.cmdline())]
    return found


def login(number: int, mailbox: str = "", reason: str = "") -> MailboxAuthenticated:
    return MailboxAuthenticated(
        id=event_id(SOURCE, number),
        at=number,
        host="mx1",
        mailbox=mailbox or f"user{number % 17}@example.net",
        service="imap",
        outcome="succeeded",
        reason=reason,
    )


def publish_all(publisher: Publisher, events: Sequence[Event]) -> None:
    publisher.publish(events)
    publisher.barrier()


def records(broker: Broker, topic: str, partitions: int = PARTITIONS) -> list[Any]:
    """Return all records of a topic, partition by partition."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    places = [TopicPartition(topic, number) for number in range(partitions)]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    found: list[Any] = []
    while any(consumer.position(place) < ends[place] for place in places):
        for batch in consumer.poll(timeout_ms=500).values():
            found.extend(batch)
    consumer.close()
    return sorted(found, key=lambda record: (record.partition, record.offset))


def applied(found: list[Any]) -> dict[int, list[Event]]:
    """Return the events of each partition as a reader with watermarks takes them."""
    marks = Watermarks()
    taken: dict[int, list[Event]] = {}
    for record in found:
        for event in decode_chunk(record.value):
            if marks.is_new(record.partition, event.id):
                marks.advance(record.partition, event.id)
                taken.setdefault(record.partition, []).append(event)
    return taken


def assert_each_once(broker: Broker, events: Sequence[MailboxAuthenticated]) -> None:
    taken = applied(records(broker, MAIL_EVENTS.name))
    wanted: dict[int, list[Event]] = {}
    for event in events:
        wanted.setdefault(partition_of(event.mailbox, PARTITIONS), []).append(event)
    assert taken == wanted


def test_chunks_are_ordered_and_their_headers_tell_what_is_in_them(publisher: Publisher, ready: Broker) -> None:
    events = [login(number) for number in range(5_000)]
    for start in range(0, 5_000, 1_700):
        publisher.publish(events[start : start + 1_700])
    publisher.barrier()
    found = records(ready, MAIL_EVENTS.name)
    for record in found:
        inside = decode_chunk(record.value)
        headers = dict(record.headers)
        assert headers == {
            "first": inside[0].id.encode(),
            "last": inside[-1].id.encode(),
            "count": str(len(inside)).encode(),
        }
        assert 1 <= len(inside) <= CHUNK_EVENTS
    assert len(found) < 20
    assert_each_once(ready, events)
    ends = {(record.topic, record.partition): record.offset + 1 for record in found}
    assert publisher.acknowledged == ends
    assert publisher.cluster == "relaywarden"


def test_chunks_are_cut_by_bytes_too(publisher: Publisher, ready: Broker) -> None:
    events = [login(number, "a@example.net", os.urandom(100_000).hex()) for number in range(12)]
    publisher.publish(events)
    publisher.barrier()
    assert [len(decode_chunk(record.value)) for record in records(ready, MAIL_EVENTS.name)] == [4, 4, 4]
    assert_each_once(ready, events)


def test_an_event_too_large_for_a_record_becomes_a_dead_letter(publisher: Publisher, ready: Broker) -> None:
    publisher.publish([login(1, reason="x" * 2_000_000), login(2)])
    publisher.barrier()
    assert [event.id for found in applied(records(ready, MAIL_EVENTS.name)).values() for event in found] == [
        event_id(SOURCE, 2)
    ]
    [dead] = [decode_chunk(record.value)[0] for record in records(ready, DEAD_LETTERS.name, 1)]
    assert isinstance(dead, DeadLetter)
    assert dead.id == event_id(SOURCE, 1)
    assert dead.format == "mailbox_authenticated"
    assert "is larger than the 900000 a record may have" in dead.reason


def test_low_volume_events_are_single_records_with_their_key(publisher: Publisher, ready: Broker) -> None:
    letters = [
        DeadLetter(id=event_id(SOURCE, number), at=number, name="mx1", format="postfix", reason="odd", text="?")
        for number in range(1_000)
    ]
    publisher.publish(letters)
    publisher.barrier()
    found = records(ready, DEAD_LETTERS.name, 1)
    assert [decode_chunk(record.value) for record in found] == [[letter] for letter in letters]
    assert found[7].key == letters[7].id.encode()
    assert publisher.acknowledged == {(DEAD_LETTERS.name, 0): 1_000}


def test_the_opening_of_a_source_comes_before_its_first_line() -> None:
    opened = SourceOpened(id=opening_id(SOURCE), at=1, source=SOURCE, name="mx1")
    marks = Watermarks()
    assert marks.is_new(0, opened.id)
    marks.advance(0, opened.id)
    assert not marks.is_new(0, opened.id)
    assert marks.is_new(0, event_id(SOURCE, 0))


def test_a_stalled_broker_is_waited_for(publisher: Publisher, ready: Broker, caplog: pytest.LogCaptureFixture) -> None:
    events = [login(number) for number in range(20_000)]
    publisher.publish(events[:1_000])
    publisher.barrier()
    process = process_of(ready)
    process.send_signal(signal.SIGSTOP)
    threading.Timer(3.0, process.send_signal, (signal.SIGCONT,)).start()
    for start in range(1_000, 20_000, 500):
        publisher.publish(events[start : start + 500])
    publisher.barrier()
    assert_each_once(ready, events)
    assert "takes no events" not in caplog.text


def test_a_future_that_never_resolves_gets_a_new_producer(ready: Broker, stop: threading.Event) -> None:
    publisher = Publisher(kafka(ready), stop, patience_seconds=1.0)
    events = [login(number) for number in range(9_000)]
    publisher.publish(events[:3_000])
    publisher.barrier()
    process = process_of(ready)
    process.send_signal(signal.SIGSTOP)
    threading.Timer(6.0, process.send_signal, (signal.SIGCONT,)).start()
    threads = threading.active_count()
    for start in range(3_000, 9_000, 1_000):
        publisher.publish(events[start : start + 1_000])
    publisher.barrier()
    assert_each_once(ready, events)
    publisher.close()
    time.sleep(0.5)
    assert threading.active_count() <= threads


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    tmp_path: Path, stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(tmp_path / "broker.log", free_port())
    caplog.set_level("INFO", "collectors.publish")
    publisher = Publisher(kafka(broker), stop)
    events = [login(number) for number in range(100)]
    publishing = threading.Thread(target=publish_all, args=(publisher, events))
    publishing.start()
    time.sleep(1)
    with broker:
        time.sleep(1)  # without topics: they are waited for as well
        ensure_topics(Settings(kafka=kafka(broker)))
        publishing.join(60)
        assert not publishing.is_alive()
        assert_each_once(broker, events)
    assert sum("takes no events" in text for text in caplog.messages) == 1
    assert caplog.messages.count("Kafka takes events again") == 1
    publisher.close()


def _ended_within(seconds: float, work: Callable[[], None]) -> bool:
    start = time.monotonic()
    with pytest.raises(StoppedError):
        work()
    return time.monotonic() - start < seconds


def test_a_stop_is_heard_while_the_broker_is_away(stop: threading.Event) -> None:
    publisher = Publisher(Kafka(bootstrap=(f"127.0.0.1:{free_port()}",)), stop)
    threading.Timer(0.5, stop.set).start()
    assert _ended_within(8, lambda: publisher.publish([login(1)]))


def test_a_stop_is_heard_while_the_broker_stalls(publisher: Publisher, ready: Broker, stop: threading.Event) -> None:
    publisher.publish([login(1)])
    publisher.barrier()
    process = process_of(ready)
    process.send_signal(signal.SIGSTOP)
    publisher.publish([login(2)])
    threading.Timer(0.5, stop.set).start()
    assert _ended_within(8, publisher.barrier)
    process.send_signal(signal.SIGCONT)


def test_another_cluster_in_the_brokers_place_is_told(
    publisher: Publisher, ready: Broker, tmp_path: Path, stop: threading.Event
) -> None:
    publisher.publish([login(1)])
    publisher.barrier()
    ready.kill()
    with broker_with_topics(Settings(kafka=kafka(ready)), tmp_path / "second.log") as second:
        with pytest.raises(BrokerReplacedError):
            publish_all(publisher, [login(2)])
        again = Publisher(kafka(second), stop)
        again.publish([login(1), login(2)])
        again.barrier()
        assert_each_once(second, [login(1), login(2)])
        again.close()


def test_a_topic_with_fewer_partitions_than_configured_is_refused(ready: Broker, stop: threading.Event) -> None:
    publisher = Publisher(Kafka(bootstrap=(ready.bootstrap,), partitions=64), stop)
    with pytest.raises(ValueError, match=r"kafka\.partitions: the topic mail\.events has 3 partitions, not 64"):
        publisher.publish([login(number) for number in range(100)])
    publisher.close()


def test_topics_are_made_once(fresh_broker: Broker) -> None:
    settings = Settings(kafka=kafka(fresh_broker))
    assert ensure_topics(settings) == [topic.name for topic in TOPICS]
    assert ensure_topics(settings) == []
    other = Settings(kafka=Kafka(bootstrap=(fresh_broker.bootstrap,), partitions=5))
    with pytest.raises(ValueError, match=r"^kafka\.partitions: the topic mail\.events has 3 partitions, not 5; "):
        ensure_topics(other)


def test_topics_without_a_broker_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.admin.PATIENCE_MS", 500)
    with pytest.raises(ConnectionError, match=r"kafka\.bootstrap: no Kafka broker answers at 127\.0\.0\.1:"):
        ensure_topics(Settings(kafka=Kafka(bootstrap=(f"127.0.0.1:{free_port()}",))))
