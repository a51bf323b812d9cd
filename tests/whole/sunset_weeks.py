"""Eight weeks go by: the logs are read as the collector reads them, the sink stores, and the desk works and is killed.

The clock is turned by hand, and whoever asks it may die of it: so a desk ends wherever it is, and the next one knows
what is on the topic and in the letterbox's file.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from random import Random

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from collectors import history
from collectors.reading import Counts, LogReader
from schemas.events import Event
from schemas.lag import Offsets
from schemas.mailbox_events import NoticeSent
from schemas.moments import moment_of
from schemas.names import source_id
from schemas.settings import Settings
from schemas.topics import place_of
from streams.blocks import Blocks
from streams.journal import Journal
from streams.letter_task import Posted
from streams.stage_orders import Book
from streams.stage_task import StageTask
from streams.sunset_desk import Sunsets
from streams.switched import coverage, kept_of, state_of
from streams.warehouse_client import connect
from tests.parts import packed
from tests.whole.sunset_lines import OUT, quiet, written
from tests.whole.sunset_script import LOGINS, Script
from tests.whole.sunset_server import Relay

MINUTE = 60_000_000


class KilledError(BaseException):
    """The desk was killed."""


class Clock:
    """Tells the time; `deadly` is how often it will be asked before it kills who asks, 0 for never."""

    def __init__(self) -> None:
        self.now = self.deadly = 0

    def __call__(self) -> int:
        if self.deadly:
            self.deadly -= 1
            if not self.deadly:
                raise KilledError
        return self.now

    def beat(self) -> None:
        """Tell that the work goes on; it may be the last time."""
        self()


class Warehouse:
    """The sink's own work, done when it is asked for: all that was published is stored and committed."""

    def __init__(self, settings: Settings, blocks: Blocks, consumer: KafkaConsumer) -> None:
        self._settings, self._blocks, self._consumer = settings, blocks, consumer
        self._producer = KafkaProducer(bootstrap_servers=list(settings.kafka.bootstrap), linger_ms=0)
        self._last: dict[TopicPartition, int] = {}

    def publish(self, events: Iterable[Event]) -> None:
        """Put events on the log as the publisher does: each at its sender's partition."""
        chunks: defaultdict[TopicPartition, list[Event]] = defaultdict(list)
        for event in events:
            topic, number = place_of(event, self._settings.kafka.partitions)
            chunks[TopicPartition(topic.name, number)].append(event)
        for place, chunk in chunks.items():
            self._last[place] = (
                self._producer.send(place.topic, packed(chunk), partition=place.partition).get(60).offset
            )

    def store(self, ends: Offsets | None = None) -> None:
        """Store what was published until now, and what stands below other `ends`."""
        wanted = {place: offset + 1 for place, offset in self._last.items()} | dict(ends or {})
        while any(self._consumer.position(place) < end for place, end in wanted.items()):
            self._blocks.read(100)
        self._blocks.store_all()

    def close(self) -> None:
        self._producer.close(timeout=2)


@contextmanager
def storing(settings: Settings) -> Iterator[Warehouse]:
    """Be the sink, as `streams.warehouse` is it."""
    bootstrap = list(settings.kafka.bootstrap)
    with ExitStack() as stack:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        stack.callback(admin.close)
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, group_id=f"{settings.kafka.group}-sink", enable_auto_commit=False,
            auto_offset_reset="none", max_partition_fetch_bytes=4 * 1024 * 1024,
        )  # fmt: skip
        stack.callback(consumer.close, autocommit=False, timeout_ms=2000)
        client = stack.enter_context(connect(settings))
        blocks = Blocks(client, consumer, admin, settings.clickhouse.keep_days)
        blocks.resume()
        warehouse = Warehouse(settings, blocks, consumer)
        stack.callback(warehouse.close)
        yield warehouse


class Logs:
    """The logs of the script as events by their time, and the log of our own relay as it grows.

    What comes after a moment at which an operator says what is refused from then on is written then, into new files.
    """

    def __init__(self, script: Script, settings: Settings, relay: Relay, folder: Path) -> None:
        self._script, self._settings, self._relay, self._folder = script, settings, relay, folder
        self.counts: dict[str, Counts] = {}
        self._events: Iterator[Event] = iter(())
        self._next: Event | None = None
        self._held: list[Event] = []
        self._place = 0
        self._reader = LogReader(
            source_id(OUT), name="out1.log", format="postfix", host=OUT, zone="UTC", outbound_ips={}, networks={},
            reference=moment_of(script.moment(0)),
        )  # fmt: skip

    def write(self, since: int, until: int) -> None:
        """Write the logs from one moment to before another; what was written before has been read."""
        lines: defaultdict[str, list[str]] = defaultdict(list)
        for _, host, line in written(self._script, since, until):
            lines[host].append(line)
        files = {host: self._folder / f"{host}-{since}.log" for host in lines}
        for host, own in lines.items():
            files[host].write_text("".join(own))
        logs = [("dovecot" if host == LOGINS else "postfix", file) for host, file in files.items()]
        past = history.Past(tuple(logs), counts=self.counts)
        left = () if self._next is None else (self._next,)
        self._events = chain(left, self._events, history.events(past, self._settings, lambda _: None))
        self._next = next(self._events, None)

    def until(self, at: int) -> list[Event]:
        """Return what is read now."""
        found: list[Event] = []
        while self._next is not None and self._next.at <= at:
            event, self._next = self._next, next(self._events, None)
            (self._held if self._is_held(event) else found).append(event)
        if at >= self._script.held[1]:
            found, self._held = [*self._held, *found], []
        return [*found, *self._own(at)]

    def _is_held(self, event: Event) -> bool:
        begin, end = self._script.held
        return getattr(event, "host", "") == "mx2" and begin <= event.at < end

    def _own(self, at: int) -> Iterator[Event]:
        said, self._relay.lines = self._relay.lines + quiet(at), ""
        for line in said.encode().splitlines(keepends=True):
            yield from self._reader.read(line, self._place)
            self._place += len(line)


class Desk:
    """A desk as a process is one: it begins with what is on the topic and in the file, and is killed now and then.

    `book` is what an operator's command knows of a sunset with stages, `begun` the first try of each letter.
    """

    def __init__(self, settings: Settings, clock: Clock, rng: Random) -> None:
        self._settings, self._clock, self._rng = settings, clock, rng
        self.kills = 0
        self.begun: dict[str, NoticeSent] = {}
        self._begin()

    def _begin(self) -> None:
        name = next(name for name, sunset in self._settings.sunset.items() if sunset.stages)
        self.book = Book(name, self._settings.sunset[name])
        self._sunsets = Sunsets(self._settings, self._clock, self._clock.beat)
        self._stages = StageTask(self._settings, self._clock)
        self._posted = Posted(self._settings, self._clock, lambda: self._sunsets.ledgers, self._sunsets.accounts)
        self._journal = Journal(self._settings.kafka, self._take, lambda: None)
        self._journal.__enter__()
        self._journal.read()

    def _take(self, event: Event) -> None:
        if isinstance(event, NoticeSent) and event.status == "intended":
            self.begun.setdefault(event.message_id, event)
        for task in (self.book, self._sunsets, self._stages, self._posted):
            task.take(event)

    def work(self, *, danger: float = 0.0) -> bool:
        """Take turns; killed within, another desk begins anew and takes them. Tell whether it decided just now."""
        self._clock.deadly = self._rng.randrange(1, 40) if self._rng.random() < danger else 0
        before = self._sunsets.looked
        while True:
            try:
                for task in (self._sunsets, self._stages, self._posted):
                    task.turn(self._journal)
                self._journal.read()
            except KilledError:
                self.kill()
                continue
            self._clock.deadly = 0
            return self._sunsets.decided and self._sunsets.looked != before and self._sunsets.looked == self._clock.now

    def kill(self) -> None:
        """Kill it; another begins."""
        self.kills += 1
        self.end()
        self._begin()

    def left(self) -> int:
        """Return how many letters have not ended."""
        return self._posted.left()

    def refuses(self, sender: str, at: int) -> bool:
        """Tell whether a relay host refuses a sender at a moment, by what the topic told until now."""
        kept = kept_of(self.book.ledger, coverage(self.book.ledger, None, {}), listed=False)
        return state_of(self.book.name, self.book.sunset, kept, at).refuses(sender)

    def write(self, events: Sequence[Event]) -> None:
        """Put on the topic what an operator said."""
        self._journal.append(events)
        self._journal.read()

    def end(self) -> None:
        """Let its connections go, as the system does."""
        self._journal.__exit__(None, None, None)
