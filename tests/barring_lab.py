"""What the tests of suspensions with real servers share: the process against a broker, and decisions for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaProducer

from schemas import codec
from schemas.events import Event
from schemas.mailbox_events import MailboxReleased, MailboxSuspended, MailboxThrottled
from schemas.settings import Settings
from schemas.topics import place_of
from streams.hooking import serve
from tests.waits import until

__all__ = ["AT", "hooks_running", "publish", "release", "suspension", "throttle", "until"]

AT = 1_793_000_000_000_000


def suspension(number: int, mailbox: str) -> MailboxSuspended:
    """Return an enforced suspension."""
    return MailboxSuspended(id=f"d{number}", at=AT + number, mailbox=mailbox, score=140, mode="enforce")


def throttle(number: int, mailbox: str, recipients_per_hour: int) -> MailboxThrottled:
    """Return an enforced throttle."""
    return MailboxThrottled(
        id=f"d{number}",
        at=AT + number,
        mailbox=mailbox,
        score=110,
        mode="enforce",
        recipients_per_hour=recipients_per_hour,
    )


def release(number: int, mailbox: str) -> MailboxReleased:
    """Return a release by an operator."""
    return MailboxReleased(id=f"d{number}", at=AT + number, mailbox=mailbox, score=0, operator="ann")


def publish(configuration: Settings, *events: Event) -> None:
    """Write events to the log."""
    producer = KafkaProducer(bootstrap_servers=list(configuration.kafka.bootstrap), acks="all")
    for event in events:
        topic, partition = place_of(event, configuration.kafka.partitions)
        producer.send(topic.name, codec.encode(event), partition=partition).get(timeout=60)
    producer.close()


@contextmanager
def hooks_running(configuration: Settings) -> Iterator[None]:
    """Run `relaywarden hooks` in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(configuration, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
