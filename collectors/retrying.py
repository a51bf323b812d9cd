"""Dead letters tried again, by the process that has their log or Maildir: orders from Kafka in, what came of them out.

The topic `dead.retries` is read from its beginning at each start. An order without an answer of this host is carried
out: the letters are taken from ClickHouse, read, their events published, and when these are acknowledged the answers.
Ended in between, the same is done again under the same ids, and the sink keeps each event once (docs/adr/0024).
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import groupby

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from collectors.again import DAY, QUEUED_DAYS, Submission, Tried, lines_again, unsent, with_senders
from collectors.intake import Intake
from collectors.reading import LogReader
from collectors.retryorders import RetryOrders
from collectors.sentlog import ClickHouseLog
from schemas import codec
from schemas.events import DeadLetter, Event
from schemas.kafka_clients import opened
from schemas.names import derived_id, source_of
from schemas.places import Where
from schemas.retry_events import LetterTried, RetryOrdered
from schemas.retrying import kind_of
from schemas.settings import Settings
from schemas.topics import DEAD_RETRIES, MAIL_EVENTS, topic_of

LOG = logging.getLogger("relaywarden.collect")
_LOOK_MS = 500
_RETRY_SECONDS = 2.0
_STORED_WITHIN = 60_000_000
_AT_ONCE = 50
_MOST_EVENTS = 20

Publish = Callable[[Sequence[Event]], None]


class Retries:
    """What this host does about orders to try dead letters again. ValueError, OSError as of `Intake`."""

    def __init__(self, settings: Settings, where: Where) -> None:
        self._settings, self._where = settings, where
        self._host = socket.gethostname()
        self._logs = {**settings.mta, **settings.logins}
        self._stored = ClickHouseLog(settings.clickhouse)
        attempts = ClickHouseLog(settings.clickhouse, attempts=True)
        self._mails = {
            name: Intake(maildir, name, self._stored, attempts=attempts)
            for name, maildir in settings.complaints.items()
        }
        self._trouble = ""

    def run(self, publish: Publish, stop: threading.Event) -> None:
        """Carry out what is ordered, until `stop`; `publish` returns when the events are safe."""
        while not stop.is_set():
            try:
                with closing(self._consumer()) as consumer:
                    self._follow(consumer, publish, stop)
            except (KafkaError, OSError) as error:
                if self._trouble != str(error):
                    LOG.warning("dead letters to try again: waiting: %s", error)
                self._trouble = str(error)
                stop.wait(_RETRY_SECONDS)

    def _consumer(self) -> KafkaConsumer:
        place = TopicPartition(DEAD_RETRIES.name, 0)
        consumer = opened(
            KafkaConsumer,
            self._settings.kafka.bootstrap,
            client_id="relaywarden-retries",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
        )
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        return consumer

    def _follow(self, consumer: KafkaConsumer, publish: Publish, stop: threading.Event) -> None:
        orders = RetryOrders(self._host)
        while not stop.is_set():
            records = [record for batch in consumer.poll(_LOOK_MS).values() for record in batch]
            for record in records:
                for event in _events(record.value):
                    orders.take(event)
            if records:
                continue
            for order, left in list(orders.open(_now())):
                self._carry_out(orders, order, left, publish)
                self._trouble = ""

    def _carry_out(self, orders: RetryOrders, order: RetryOrdered, left: Sequence[str], publish: Publish) -> None:
        """Try what of an order is this host's; it stays open while something of it is not stored, or must wait."""
        found = self._stored.letters(left, order.since, order.until)
        waits = len(found) < len(left) and _now() - order.at < _STORED_WITHIN
        own = self._own(found)
        for start in range(0, len(own), _AT_ONCE):
            some = own[start : start + _AT_ONCE]
            tried = list(self._tried(some))
            waits = waits or len(tried) < len(some)
            events = [] if order.preview else [event for each in tried for event in each.events]
            if events:
                publish(events)
            answers = [self._answer(order, each) for each in tried]
            publish(answers)
            for answer in answers:
                orders.take(answer)
        if own:
            LOG.info(
                "%s: %d dead letters %s", order.operator, len(own), "previewed" if order.preview else "tried again"
            )
        if not waits:
            orders.close(order)

    def _own(self, found: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Return the letters of logs and Maildirs that are read here; a log of another host of the same name is not."""
        lines = [each for each in found if kind_of_letter(each) == "line" and each.name in self._logs]
        hosts = self._stored.hosts(sorted({source_of(each.id) for each in lines}))
        own = [each for each in lines if hosts.get(source_of(each.id), "") in {"", self._logs[each.name].host}]
        mails = [each for each in found if kind_of_letter(each) == "mail" and each.name in self._mails]
        return own + mails

    def _tried(self, letters: Sequence[DeadLetter]) -> Iterator[Tried]:
        """Yield what each gave; a mail that must wait for the log of what was sent is left out."""
        lines = [each for each in letters if each.name in self._logs and kind_of_letter(each) == "line"]
        tried: list[Tried] = []
        for name, its in groupby(sorted(lines, key=lambda each: each.name), key=lambda each: each.name):
            tried.extend(lines_again(its, partial(self._reader, name)))
        known = self._submissions(tried)
        yield from (with_senders(each, known) for each in tried)
        for letter in letters:
            if kind_of_letter(letter) == "mail":
                mail = self._mails[letter.name].again(letter)
                if mail is not None:
                    yield mail

    def _reader(self, name: str, source: str, at: int) -> LogReader:
        log = self._logs[name]
        return LogReader(
            source,
            name=name,
            format=log.format,
            host=log.host,
            zone=log.timezone,
            outbound_ips=self._settings.outbound_ips,
            networks=self._settings.networks,
            reference=datetime.fromtimestamp(at / 1e6, UTC),
            where=self._where,
        )

    def _submissions(self, tried: Sequence[Tried]) -> dict[tuple[str, str], list[Submission]]:
        events = unsent(tried)
        if not events:
            return {}
        times = [event.at for event in events]
        known: dict[tuple[str, str], list[Submission]] = {}
        queue_ids = sorted({event.queue_id for event in events})
        for each in self._stored.submitted_under(queue_ids, min(times) - QUEUED_DAYS * DAY, max(times) + DAY):
            known.setdefault((each.host, each.queue_id), []).append(each)
        return known

    def _answer(self, order: RetryOrdered, tried: Tried) -> LetterTried:
        letter, events = tried.letter, tried.events
        return LetterTried(
            id=derived_id("tried", order.id, letter.id, self._host),
            at=_now(),
            order=order.id,
            letter=letter.id,
            name=letter.name,
            format=letter.format,
            host=self._host,
            operator=order.operator,
            preview=order.preview,
            outcome=tried.outcome,
            reason=tried.reason[:2000],
            count=len(events),
            events=tuple(codec.encode(event).decode() for event in events[:_MOST_EVENTS]),
            ids=tuple(event.id for event in events if topic_of(event) is MAIL_EVENTS),
        )


def kind_of_letter(letter: DeadLetter) -> str:
    """Return what a dead letter is (`schemas.retrying.kind_of`)."""
    return kind_of(letter.id, letter.name, letter.format, letter.place)


def _events(value: bytes | None) -> Iterator[Event]:
    """Yield the events of a record; what is none changes nothing here, and the sink tells of it."""
    try:
        yield from codec.decode_chunk(value or b"")
    except ValueError as error:
        LOG.warning("%s: %s", DEAD_RETRIES.name, error)


def _now() -> int:
    return time.time_ns() // 1000  # noqa: TID251 it is tried now
