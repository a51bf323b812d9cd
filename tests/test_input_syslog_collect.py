"""The collecting process with a syslog input: two logs read the same lines, through kill -9 each event once."""

import gc
import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.codec import decode_chunk
from schemas.events import DeadLetter, DeliveryAttempted, Event, MailboxAuthenticated
from schemas.settings import load
from schemas.topics import DEAD_LETTERS, MAIL_EVENTS
from tests.syslog_lab import HOST, delivery
from tests.waits import until

# kafka-python leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CONFIG = """
data = "{folder}/data"
pop_before_smtp_minutes = 0
[kafka]
bootstrap = ["{bootstrap}"]
partitions = 1
[input.relays]
kind = "syslog"
tcp = "{host}:{port}"
[mta.mx1]
format = "postfix"
input = "relays"
[logins.imap1]
format = "dovecot"
input = "relays"
[pool.main]
transports = {{ out2 = "192.0.2.12" }}
"""
COLLECT = (
    "import sys, pathlib, schemas.settings as s, collectors.collect as c; c.run(s.load(pathlib.Path(sys.argv[1])))"
)
LOGIN = (
    b"<22>2026-11-21T14:02:04.723742+00:00 imap1 dovecot: imap-login: Login: user=<u%d@example.net>, method=PLAIN,"
    b" rip=203.0.113.9, lip=192.0.2.5, mpid=4711, TLS, session=<a%d>\n"
)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Let those sockets go within the test that made them."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    yield
    gc.collect()


def events(broker: Broker, topic: str) -> list[Event]:
    """Return all events of a topic of one partition."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    end, found = consumer.end_offsets([place])[place], []
    while consumer.position(place) < end:
        for batch in consumer.poll(timeout_ms=500).values():
            found += [event for record in batch for event in decode_chunk(record.value)]
    consumer.close()
    return found


@contextmanager
def collecting(config: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """Run the collector; give it with a connection to its input, and kill it in the end."""
    clients: list[socket.socket] = []

    def connected() -> bool:
        try:
            clients.append(socket.create_connection((HOST, port)))
        except ConnectionRefusedError:
            return False
        return True

    with subprocess.Popen([sys.executable, "-c", COLLECT, str(config)]) as process:
        try:
            until(connected, "the input's place")
            with clients[0] as client:
                yield process, client
        finally:
            process.send_signal(signal.SIGKILL)


def test_two_logs_read_one_input_and_kill_9_doubles_and_loses_nothing_that_was_kept(
    fresh_broker: Broker, tmp_path: Path
) -> None:
    port, config = free_port(), tmp_path / "relaywarden.toml"
    config.write_text(CONFIG.format(folder=tmp_path, bootstrap=fresh_broker.bootstrap, host=HOST, port=port))
    ensure_topics(load(config))
    spool = tmp_path / "data" / "spool" / "relays" / "lines"
    for most in (300, 600):
        with collecting(config, port) as (_, client):
            for number in range(most - 300, most):
                client.sendall(delivery(b"r%d" % number, b"4F%07Xz" % number) + b"\n" + LOGIN % (number, number))
            if most == 600:
                client.sendall(b"<22>" + b"x" * 70_000 + b"\n")
                until(lambda: bool(events(fresh_broker, DEAD_LETTERS.name)), "the dead letter")
                until(lambda: len(sent(fresh_broker)) >= 600 <= len(logins(fresh_broker)), "all events", 60)
            until(lambda most=most: spool.read_bytes().count(b"\n") == 2 * most, "the lines")  # type: ignore[misc]
    assert sorted(sent(fresh_broker)) == sorted(f"4F{number:07X}z" for number in range(600))
    assert sorted(logins(fresh_broker)) == sorted(f"u{number}@example.net" for number in range(600))
    (letter,) = events(fresh_broker, DEAD_LETTERS.name)
    assert isinstance(letter, DeadLetter)
    assert (letter.name, letter.format, letter.place) == ("relays", "syslog", "input.relays")
    assert letter.reason == "127.0.0.1/tcp: a frame longer than 65536 bytes is skipped"


def sent(broker: Broker) -> set[str]:
    """Return the queue ids of what was sent; none may have two events of different ids."""
    found = {event.id: event for event in events(broker, MAIL_EVENTS.name) if isinstance(event, DeliveryAttempted)}
    assert len({event.queue_id for event in found.values()}) == len(found)
    return {event.queue_id for event in found.values()}


def logins(broker: Broker) -> set[str]:
    """Return who logged in; nobody may have two events of different ids."""
    found = {event.id: event for event in events(broker, MAIL_EVENTS.name) if isinstance(event, MailboxAuthenticated)}
    assert len({event.mailbox for event in found.values()}) == len(found)
    return {event.mailbox for event in found.values()}
