"""The collecting process against a real broker: nothing lost, nothing doubled, whatever is killed or replaced."""

import gc
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata
from prometheus_client import REGISTRY

from collectors.admin import ensure_topics
from collectors.checkpoint import Checkpoint, Held, load, save
from collectors.collect import BusyError, run
from collectors.follow import Position
from embedded.broker import Broker
from embedded.eventlog import broker_with_topics
from schemas.codec import decode_chunk
from schemas.events import DeadLetter, DeliveryAttempted, Event, MessageSubmitted, SourceOpened
from schemas.settings import Settings, parse
from schemas.topics import DEAD_LETTERS, MAIL_EVENTS
from schemas.watermark import Watermarks
from tests.parts import often, seed

# kafka-python leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PARTITIONS = 3
BEGIN = datetime(2026, 3, 1, 10, tzinfo=UTC)
POSITION = Position("0123456789abcdef", 7, "ffff", 12, 1, 99)
CONFIG = """
data = "{folder}/data"
[kafka]
bootstrap = ["{bootstrap}"]
partitions = 3
confirm = "{confirm}"
[mta.mx1]
format = "postfix"
log = "{folder}/mail.log"
host = "mx1"
[pool.main]
transports = {{ out1 = "192.0.2.1" }}
"""


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Let those sockets go within the test that made them; a log record would keep them by its exception."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    yield
    gc.collect()


def text(folder: Path, broker: Broker, confirm: str = "broker") -> str:
    return CONFIG.format(folder=folder, bootstrap=broker.bootstrap, confirm=confirm)


def configured(folder: Path, broker: Broker, confirm: str = "broker") -> Settings:
    return parse(text(folder, broker, confirm), "test")


def message(number: int) -> bytes:
    """Return the lines of one mail: submitted with SASL, sent through out1, removed."""
    at = f"{(BEGIN + timedelta(seconds=number / 10)).isoformat(timespec='microseconds')} mx1 postfix"
    queue = f"4F{number:07X}z"
    sender = f"user{number % 23}@example.net"
    sent = "delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ABC)"
    lines = (
        f"{at}/submission/smtpd[11]: {queue}: client=c[198.51.100.7], sasl_method=PLAIN, sasl_username={sender}",
        f"{at}/cleanup[12]: {queue}: message-id=<{number}@example.net>",
        f"{at}/qmgr[13]: {queue}: from=<{sender}>, size=1234, nrcpt=1 (queue active)",
        f"{at}/out1/smtp[14]: {queue}: to=<x{number}@example.org>, relay=mx.example.org[203.0.113.5]:25, {sent}",
        f"{at}/qmgr[13]: {queue}: removed",
    )
    return "".join(line + "\n" for line in lines).encode()


def write(log: Path, numbers: range) -> None:
    with log.open("ab") as out:
        out.write(b"".join(message(number) for number in numbers))


def records(broker: Broker, topic: str, partitions: int = PARTITIONS) -> list[Any]:
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


def applied(broker: Broker, marks: Watermarks | None = None) -> list[Event]:
    """Return the mail events as a reader with watermarks takes them."""
    marks = marks or Watermarks()
    taken: list[Event] = []
    for record in records(broker, MAIL_EVENTS.name):
        for event in decode_chunk(record.value):
            if marks.is_new(record.partition, event.id):
                marks.advance(record.partition, event.id)
                taken.append(event)
    return taken


def assert_each_once(events: list[Event], count: int) -> None:
    """Every mail was submitted once and sent once, with its sender, and each sender's in the order of the log."""
    for kind in (MessageSubmitted, DeliveryAttempted):
        found = [event for event in events if isinstance(event, kind)]
        queue_ids = [event.queue_id for event in found]
        assert len(queue_ids) == len(set(queue_ids))
        assert sorted(queue_ids) == [f"4F{number:07X}z" for number in range(count)]
        for event in found:
            assert event.sender == f"user{int(event.queue_id[2:9], 16) % 23}@example.net"
        for sender in {event.sender for event in found}:
            mine = [event.queue_id for event in found if event.sender == sender]
            assert all(one < two for one, two in pairwise(mine))


def wait_until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class Collecting:
    """The collector in a thread of this process."""

    def __init__(self, settings: Settings) -> None:
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self._settings = settings
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            run(self._settings, self.stop)
        except (ValueError, OSError) as error:
            self.failure = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        assert self.failure is None


def offset_in(file: Path) -> int:
    checkpoint = load(file)
    return checkpoint.position.offset if checkpoint and checkpoint.position else -1


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"log": "mx1"}) or 0.0


def test_a_log_becomes_events_and_a_checkpoint(fresh_broker: Broker, tmp_path: Path) -> None:
    settings = configured(tmp_path, fresh_broker)
    ensure_topics(settings)
    log, file = tmp_path / "mail.log", tmp_path / "data" / "checkpoints" / "mta-mx1.json"
    lines = counted("relaywarden_lines_read_total")
    with Collecting(settings):
        wait_until(file.exists)
        assert load(file) == Checkpoint(str(log))
        write(log, range(300))
        wait_until(lambda: offset_in(file) == log.stat().st_size)
        log.rename(tmp_path / "mail.log.1")
        write(log, range(300, 500))
        wait_until(lambda: offset_in(file) == log.stat().st_size)
    assert counted("relaywarden_lines_read_total") - lines == 500 * 5
    assert counted("relaywarden_log_behind_bytes") == 0
    assert counted("relaywarden_log_time_seconds") == (BEGIN + timedelta(seconds=49.9)).timestamp()
    events = applied(fresh_broker)
    assert_each_once(events, 500)
    opened = [event for event in events if isinstance(event, SourceOpened)]
    assert sorted(event.inode for event in opened) == sorted(
        path.stat().st_ino for path in (log, tmp_path / "mail.log.1")
    )
    sent = next(event for event in events if isinstance(event, DeliveryAttempted))
    assert sent.outbound_ip == "192.0.2.1"


def test_what_is_no_line_is_a_dead_letter_with_its_place(fresh_broker: Broker, tmp_path: Path) -> None:
    settings = configured(tmp_path, fresh_broker)
    ensure_topics(settings)
    log, file = tmp_path / "mail.log", tmp_path / "data" / "checkpoints" / "mta-mx1.json"
    write(log, range(1))
    place = log.stat().st_size
    with log.open("ab") as out:
        out.write(b"\xff\x00" * 1_000_000 + b"\n")
    write(log, range(1, 2))
    with Collecting(settings):
        wait_until(lambda: offset_in(file) == log.stat().st_size)
    assert_each_once(applied(fresh_broker), 2)
    dead = [decode_chunk(record.value)[0] for record in records(fresh_broker, DEAD_LETTERS.name, 1)]
    assert [(event.place, event.reason) for event in dead if isinstance(event, DeadLetter)] == [
        (f"mx1/{place}", "a line of 2000000 bytes is longer than 1048576")
    ]


def rotate(log: Path) -> None:
    """Rename as logrotate does: .2 to .3, .1 to .2, the log to .1."""
    for number in sorted((int(each.suffix[1:]) for each in log.parent.glob(f"{log.name}.*")), reverse=True):
        Path(f"{log}.{number}").rename(f"{log}.{number + 1}")
    log.rename(f"{log}.1")
    log.touch()


class Process:
    """The collector as a process of its own."""

    def __init__(self, config: Path) -> None:
        code = (
            "import logging, sys; from pathlib import Path; from schemas.settings import load;"
            "from collectors.collect import run; logging.basicConfig(level=logging.INFO); run(load(Path(sys.argv[1])))"
        )
        self._command = [sys.executable, "-c", code, str(config)]
        self._log = config.with_suffix(".log")
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as out:
            self.popen = subprocess.Popen(self._command, stderr=out, stdout=out, cwd=Path(__file__).parents[1])

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def end(self) -> int:
        """Return the exit status after SIGTERM."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(15)


@pytest.fixture
def start_process() -> Iterator[Callable[[Path], Process]]:
    """Start collectors that are ended with the test."""
    started: list[Process] = []

    def start(config: Path) -> Process:
        started.append(Process(config))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_and_doubles_nothing(
    fresh_broker: Broker, tmp_path: Path, start_process: Callable[[Path], Process]
) -> None:
    settings = configured(tmp_path, fresh_broker)
    ensure_topics(settings)
    log, file = tmp_path / "mail.log", tmp_path / "data" / "checkpoints" / "mta-mx1.json"
    config = tmp_path / "relaywarden.toml"
    config.write_text(text(tmp_path, fresh_broker))
    enough, written = threading.Event(), 0

    def writer() -> None:
        nonlocal written
        while not enough.wait(0.05):
            write(log, range(written, written + 20))
            written += 20
            if written % 2_000 == 0:
                rotate(log)

    process = start_process(config)
    wait_until(file.exists, 60)
    writing = threading.Thread(target=writer)
    writing.start()
    chance = random.Random(seed(7))
    for _ in range(often(5)):
        before = load(file)
        wait_until(lambda before=before: load(file) != before, 60)  # type: ignore[misc] # a default binds the value
        time.sleep(chance.uniform(0, 1.5))
        process.kill()
        process.start()
    enough.set()
    writing.join()
    write(log, range(written, written + 50))
    wait_until(lambda: offset_in(file) == log.stat().st_size, 60)
    assert process.end() == 0
    events = applied(fresh_broker)
    assert_each_once(events, written + 50)
    assert sum(isinstance(event, SourceOpened) for event in events) == len(list(tmp_path.glob("mail.log*")))
    everything = sum(len(decode_chunk(record.value)) for record in records(fresh_broker, MAIL_EVENTS.name))
    print(f"killed {often(5)} times: {everything - len(events)} events were sent twice, 0 lost, 0 doubled")  # noqa: T201


@pytest.mark.slow
def test_it_ends_in_time_while_the_broker_hangs(
    fresh_broker: Broker, tmp_path: Path, start_process: Callable[[Path], Process]
) -> None:
    ensure_topics(configured(tmp_path, fresh_broker))
    log, file = tmp_path / "mail.log", tmp_path / "data" / "checkpoints" / "mta-mx1.json"
    config = tmp_path / "relaywarden.toml"
    config.write_text(text(tmp_path, fresh_broker))
    write(log, range(10))
    process = start_process(config)
    wait_until(lambda: offset_in(file) == log.stat().st_size)
    [broker] = [each for each in psutil.Process().children() if str(fresh_broker.port) in " ".join(each.cmdline())]
    broker.send_signal(signal.SIGSTOP)
    try:
        write(log, range(10, 20))
        time.sleep(1)
        assert process.end() == 0
    finally:
        broker.send_signal(signal.SIGCONT)
    process.start()
    wait_until(lambda: offset_in(file) == log.stat().st_size)
    assert process.end() == 0
    assert_each_once(applied(fresh_broker), 20)


def commit(broker: Broker, group: str) -> dict[int, int]:
    """Play the sink: say that all that is there now is stored. Return the offsets."""
    places = [TopicPartition(MAIL_EVENTS.name, number) for number in range(PARTITIONS)]
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False)
    consumer.assign(places)
    ends: dict[Any, int] = consumer.end_offsets(places)
    consumer.commit({place: OffsetAndMetadata(offset, "", -1) for place, offset in ends.items()})
    consumer.close()
    return {place.partition: offset for place, offset in ends.items()}


@pytest.mark.slow
def test_with_a_forgetful_broker_a_line_counts_when_it_is_stored(fresh_broker: Broker, tmp_path: Path) -> None:
    settings = configured(tmp_path, fresh_broker, "sink")
    ensure_topics(settings)
    log, file = tmp_path / "mail.log", tmp_path / "data" / "checkpoints" / "mta-mx1.json"
    marks, stored = Watermarks(), list[Event]()
    write(log, range(400))
    with Collecting(settings):
        wait_until(lambda: len(applied(fresh_broker)) == 1_201)
        time.sleep(1.5)
        assert offset_in(file) == 0
        stored += applied(fresh_broker, marks)
        commit(fresh_broker, "relaywarden-sink")
        wait_until(lambda: offset_in(file) == log.stat().st_size)
        kept = offset_in(file)
        write(log, range(400, 900))
        wait_until(lambda: len(applied(fresh_broker)) == 2_701)
        time.sleep(1.5)
        assert offset_in(file) == kept
        fresh_broker.kill()
        with broker_with_topics(settings, tmp_path / "second.log") as second:
            write(log, range(900, 1_000))
            wait_until(lambda: len(applied(second)) >= 1_800)
            stored += applied(second, marks)
            assert offset_in(file) == kept
            commit(second, "relaywarden-sink")
            wait_until(lambda: offset_in(file) == log.stat().st_size)
    assert_each_once(stored, 1_000)


def test_only_one_collector_works_with_the_checkpoints(fresh_broker: Broker, tmp_path: Path) -> None:
    settings = configured(tmp_path, fresh_broker)
    ensure_topics(settings)
    with Collecting(settings):
        wait_until((tmp_path / "data" / "checkpoints" / "mta-mx1.json").exists)
        with pytest.raises(BusyError, match="another relaywarden collect works there"):
            run(settings, threading.Event())


def test_a_damaged_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    settings = parse(CONFIG.format(folder=tmp_path, bootstrap="127.0.0.1:1", confirm="broker"), "test")
    file = tmp_path / "data" / "checkpoints" / "mta-mx1.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(b'{"path": "/var/log/mail.log", "posit')
    with pytest.raises(ValueError, match=r"mta-mx1\.json: no checkpoint: .*; remove it to read the log"):
        run(settings, threading.Event())
    assert file.read_bytes() == b'{"path": "/var/log/mail.log", "posit'


def test_an_unknown_format_is_one_clear_error(tmp_path: Path) -> None:
    config = CONFIG.format(folder=tmp_path, bootstrap="127.0.0.1:1", confirm="broker").replace("postfix", "postfax")
    with pytest.raises(ValueError, match=r"^mta\.mx1\.format: no log format 'postfax'; there are "):
        run(parse(config, "test"), threading.Event())


def test_a_log_that_cannot_be_read_is_told_once(
    fresh_broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = configured(tmp_path, fresh_broker)
    ensure_topics(settings)
    (tmp_path / "mail.log").mkdir()
    file = tmp_path / "data" / "checkpoints" / "mta-mx1.json"
    with Collecting(settings):
        time.sleep(3)
        told = [text for text in caplog.messages if "cannot be read" in text]
        assert told == [
            f"mx1: the log cannot be read, tried again until it can: {tmp_path}/mail.log is no regular file"
        ]
        assert counted("relaywarden_log_unreadable") == 1
        (tmp_path / "mail.log").rmdir()
        write(tmp_path / "mail.log", range(3))
        wait_until(lambda: offset_in(file) == (tmp_path / "mail.log").stat().st_size)
    assert counted("relaywarden_log_unreadable") == 0
    assert_each_once(applied(fresh_broker), 3)


def test_a_checkpoint_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "mta-mx1.json"
    assert load(file) is None
    checkpoint = Checkpoint("/var/log/mail.log", POSITION, 5, opened=True, state=b"\x00\xff\xfe")
    save(file, checkpoint)
    save(file, checkpoint)
    assert load(file) == checkpoint
    assert os.listdir(tmp_path) == ["mta-mx1.json"]  # noqa: PTH208 names are what counts here


def test_held_checkpoints_come_due_in_order_and_stay_few() -> None:
    held = Held()
    made = [Checkpoint("log", reference_ns=number) for number in range(10)]
    for number, checkpoint in enumerate(made):
        held.hold(checkpoint, {("mail.events", 0): number, ("mail.events", 1): 5})
    assert held.due({("mail.events", 0): 9}) is None
    assert held.due({("mail.events", 0): 1, ("mail.events", 1): 5}) == made[1]
    assert held.due({("mail.events", 0): 1, ("mail.events", 1): 5}) is None
    assert held.due({("mail.events", 0): 9, ("mail.events", 1): 5}) == made[9]
    assert not held
