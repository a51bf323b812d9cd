"""POP-before-SMTP live: two followed logs, a collector that is killed, and the events that a backtest gives."""

import gc
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition

from collectors import history
from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.hoster.past import Plan, write
from schemas.codec import decode_chunk, encode
from schemas.events import Event, MessageSubmitted, SourceOpened
from schemas.names import partition_of
from schemas.settings import Settings, load
from schemas.topics import MAIL_EVENTS
from schemas.watermark import Watermarks
from tests.whole.lab import ROOT, TRANSPORTS, until

# kafka-python leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

START = 1_793_000_000_000_000
CONFIG = """
data = "{folder}/state"
[kafka]
bootstrap = ["{bootstrap}"]
partitions = 4
[mta.mx1]
format = "postfix"
log = "{folder}/mail.log"
host = "mx1"
[logins.imap1]
format = "dovecot"
log = "{folder}/dovecot.log"
host = "mx1"
"""
CLIENT = "203.0.113.7"
LOGIN = (
    "2026-03-01T10:0{minute}:00.000000+00:00 mx1 dovecot: pop3-login: Login: user=<{mailbox}>, method=PLAIN, "
    f"rip={CLIENT}, lip=192.0.2.1, mpid=1, TLS, session=<x>\n"
)
MAIL = (
    "2026-03-01T10:0{minute}:30.000000+00:00 mx1 postfix/smtpd[1]: 4F1qXz3ab{minute}: client=pc["
    f"{CLIENT}]\n"
    "2026-03-01T10:0{minute}:30.500000+00:00 mx1 postfix/qmgr[1]: 4F1qXz3ab{minute}: from=<anybody@example.com>, "
    "size=7, nrcpt=1 (queue active)\n"
)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Let those sockets go within the test that made them; a log record would keep them by its exception."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    yield
    gc.collect()


class Collecting:
    """The collecting process, which may be killed and started again."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self._config = folder / "relaywarden.toml"
        self._config.write_text(CONFIG.format(folder=folder, bootstrap=broker.bootstrap))
        self.settings: Settings = load(self._config)
        ensure_topics(self.settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "collect.log"
        self._told = 0

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._told = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "relaywarden", "collect", "--config", str(self._config)],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        assert self._process
        until(lambda: b"collecting mta" in self._log.read_bytes()[self._told :], 30, "the collector is at work")
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)


def applied(broker: Broker) -> list[Event]:
    """Return the events as a worker applies them: each partition drops what it knows, and knows nothing of others."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    places = [TopicPartition(MAIL_EVENTS.name, number) for number in range(4)]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    marks = Watermarks()
    taken: list[Event] = []
    while any(consumer.position(place) < ends[place] for place in places):
        for place, batch in consumer.poll(timeout_ms=500).items():
            for event in (event for record in batch for event in decode_chunk(record.value)):
                if marks.is_new(place.partition, event.id) and not isinstance(event, SourceOpened):
                    marks.advance(place.partition, event.id)
                    taken.append(event)
    consumer.close()
    return taken


def shown(events: list[Event]) -> list[tuple[str, str]]:
    """Return events as lines without their source, which a followed file and a backtest name otherwise, sorted."""
    return sorted((event.id[16:], encode(msgspec.structs.replace(event, id="")).decode()) for event in events)


def cut(log: bytes, steps: int) -> list[bytes]:
    """Return a log in pieces of as much time each: their lines' stamps begin with the time."""
    lines = log.splitlines(keepends=True)
    pieces = [b""] * steps
    first = START // 1_000_000
    for line in lines:
        at = time.strptime(line[:19].decode(), "%Y-%m-%dT%H:%M:%S")
        second = int(time.mktime(at)) - int(time.mktime(time.gmtime(first)))
        pieces[min(steps - 1, second * steps // (6 * 3600))] += line
    return pieces


def lived(folder: Path, collecting: Collecting) -> tuple[Path, list[Event]]:
    """Return a folder with six hours of the simulated hoster, and the events that a backtest gives of them."""
    past = folder / "past"
    write(past, Plan(5, START, 0.25, TRANSPORTS, mailboxes=150, takeovers=4, kinds=("pop_before_smtp",)))
    logs = (("postfix", past / "mail.log"), ("dovecot", past / "dovecot.log"))
    expected = list(history.events(history.Past(logs), collecting.settings, lambda _: None))
    kinds = Counter(event.sender_kind for event in expected if isinstance(event, MessageSubmitted))
    assert kinds["pop"] > 100
    assert kinds["envelope"] > 10
    return past, expected


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_followed_and_killed_it_gives_the_events_of_a_backtest(tmp_path: Path, fresh_broker: Broker) -> None:
    rng = random.Random(int(os.environ.get("RELAYWARDEN_SEED", "3")))
    collecting = Collecting(tmp_path, fresh_broker)
    past, expected = lived(tmp_path, collecting)
    steps = 60
    logins, mails = (cut((past / name).read_bytes(), steps) for name in ("dovecot.log", "mail.log"))
    kills = set(rng.sample(range(5, steps), 6))
    (tmp_path / "dovecot.log").write_bytes(b"")
    collecting.start()
    for step in range(steps):
        for name, piece in (("dovecot.log", logins[step]), ("mail.log", mails[step])):
            with (tmp_path / name).open("ab") as log:
                log.write(piece)
        if step in kills:
            time.sleep(rng.uniform(0.5, 2.5))
            collecting.kill()
            collecting.start()
        time.sleep(0.1)
    until(lambda: len(applied(fresh_broker)) >= len(expected), 60, "all events are there")
    assert collecting.end() == 0
    assert shown(applied(fresh_broker)) == shown(expected)


@pytest.mark.timeout(120)
def test_logs_that_are_there_already_give_the_same(tmp_path: Path, fresh_broker: Broker) -> None:
    collecting = Collecting(tmp_path, fresh_broker)
    past, expected = lived(tmp_path, collecting)
    for name in ("mail.log", "dovecot.log"):
        shutil.copy(past / name, tmp_path / name)
    for seconds in (2.0, 2.5):
        collecting.start()
        time.sleep(seconds)
        collecting.kill()
    collecting.start()
    until(lambda: len(applied(fresh_broker)) >= len(expected), 60, "all events are there")
    assert collecting.end() == 0
    assert shown(applied(fresh_broker)) == shown(expected)


@pytest.mark.timeout(120)
def test_what_was_decided_stays_decided_whatever_is_known_later(tmp_path: Path, fresh_broker: Broker) -> None:
    assert partition_of("ann@example.net", 4) != partition_of("dave@example.net", 4)
    collecting = Collecting(tmp_path, fresh_broker)
    mail, login = tmp_path / "mail.log", tmp_path / "dovecot.log"
    login.write_text(LOGIN.format(minute=1, mailbox="ann@example.net"))
    mail.write_text(MAIL.format(minute=2))
    collecting.start()
    until(lambda: len(applied(fresh_broker)) == 2, 30, "the first mail is there")
    checkpoints = tmp_path / "state" / "checkpoints"
    until(lambda: '"pop":"' in (checkpoints / "logins-imap1.json").read_text(), 30, "the login is remembered")
    until((checkpoints / "mta-mx1.pop").exists, 30, "the decision is written down")
    shutil.copytree(checkpoints, tmp_path / "before")
    with mail.open("a") as log:
        log.write(MAIL.format(minute=4))
    until(lambda: len(applied(fresh_broker)) == 3, 30, "the second mail is there")
    collecting.kill()
    for copy in (tmp_path / "before").glob("*.json"):  # as after a crash before the next checkpoint
        shutil.copy(copy, checkpoints / copy.name)
    with login.open("a") as log:  # a line that came late: it would give the second mail to another
        log.write(LOGIN.format(minute=3, mailbox="dave@example.net"))
    collecting.start()
    with mail.open("a") as log:
        log.write(MAIL.format(minute=5))
    until(lambda: len(applied(fresh_broker)) >= 5, 30, "the third mail is there")
    assert collecting.end() == 0
    found = sorted(
        (event.queue_id, event.sender) for event in applied(fresh_broker) if isinstance(event, MessageSubmitted)
    )
    assert found == [
        ("4F1qXz3ab2", "ann@example.net"),
        ("4F1qXz3ab4", "ann@example.net"),
        ("4F1qXz3ab5", "dave@example.net"),
    ]
    assert len(applied(fresh_broker)) == 5
