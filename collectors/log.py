"""One log from its file to Kafka: read, decode, publish, and note how far only when it is safe there."""

import logging
import math
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from collectors import metrics
from collectors.catchup import CatchUp, left
from collectors.checkpoint import Checkpoint, Held, load, save
from collectors.follow import Batch, Begin, Follower, Position
from collectors.poplive import Side, Waiting
from collectors.publish import BrokerReplacedError, Publisher, StoppedError
from collectors.reading import LogReader
from collectors.stored import Sink, stored_of
from schemas.events import DeadLetter, Event, SourceOpened
from schemas.names import event_id, opening_id
from schemas.places import Where, nowhere
from schemas.pulse import Pulse
from schemas.redaction import redacted
from schemas.settings import Log, Settings

LOG = logging.getLogger("relaywarden.collect")

_IDLE_SECONDS = 0.2
_CHECKPOINT_SECONDS = 1.0
_CHECKPOINT_COST = 20  # a long join makes a large checkpoint: about a twentieth of the time may go there
_CHECKPOINT_MOST_SECONDS = 30.0
_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class LogCollector:
    """Collects one log into Kafka until `stop`. With a `sink` a line counts as kept when it is stored in ClickHouse.

    `identity` tells this log from all others, also from another that reads the same file.
    """

    settings: Settings
    name: str
    log: Log
    identity: str
    stop: threading.Event
    sink: Sink | None = None
    where: Where = nowhere
    pop: Side | None = None

    @property
    def file(self) -> Path:
        """Return the file of the log's checkpoint."""
        return self.settings.data / "checkpoints" / f"{self.identity.partition('@')[0]}.json"

    def run(self) -> None:
        """Collect until `stop`; where the broker was replaced by an empty one, again from the checkpoint."""
        while not self.stop.is_set():
            session = _Session(self)
            try:
                session.run()
            except BrokerReplacedError as error:
                LOG.warning("%s: %s; what it may have lost is sent again", self.name, error)
            except StoppedError:
                LOG.info("%s: ended with unacknowledged events; they are read again", self.name)
            finally:
                session.close()

    def reader(self, checkpoint: Checkpoint) -> LogReader:
        """Return a reader that goes on from the checkpoint."""
        position = checkpoint.position
        return LogReader(
            position.source if position else "",
            name=self.name,
            format=self.log.format,
            host=self.log.host,
            zone=self.log.timezone,
            outbound_ips=self.settings.outbound_ips,
            networks=self.settings.networks,
            reference=datetime.fromtimestamp(checkpoint.reference_ns / 1e9, UTC),
            where=self.where,
            state=checkpoint.state,
        )


class _Session:
    """The work between two looks at the checkpoint file, with one cluster."""

    def __init__(self, task: LogCollector) -> None:
        self._task = task
        self._name, self._log, self._stop = task.name, task.log, task.stop
        before = load(task.file)
        self._begun = before is not None
        self._at = before or Checkpoint(str(task.log.log))
        begin: Begin = "oldest" if task.log.input else "first"
        if before is None and task.log.start == "end":
            begin = "last"
        self._follower = Follower(task.log.log, task.identity, self._at.position, begin=begin)
        self._publisher = Publisher(task.settings.kafka, task.stop)
        self._reader = task.reader(self._at) if self._at.position else None
        metrics.BEHIND.labels(self._name).set_function(self._behind)
        if self._reader is not None:
            metrics.READ_UNTIL.labels(self._name).set(self._reader.newest / 1e6)
        self._held = Held()
        self._pop = task.pop
        if self._pop is not None:
            self._pop.restore(self._at.pop)
        self._pulse = Pulse(task.settings.data, f"collect-{task.identity.partition('@')[0]}")
        self._past = CatchUp(task.name, task.log.log, time.monotonic(), watches=sys.stderr.isatty())
        self._due: Checkpoint | None = None
        self._save_at = 0.0
        self._unread = ""
        self._dirty = False
        self._note_at = 0.0

    def run(self) -> None:
        """Collect until `stop`. BrokerReplacedError and StoppedError as of the publisher."""
        while not self._stop.is_set():
            looked_at = time.monotonic()
            batch = self._next()
            if batch is not None:
                self._take(batch)
                self._past.took(batch, time.monotonic())
            else:
                self._past.ended(time.monotonic())
                if self._pop is not None:
                    self._pop.ended(looked_at)
            self._pulse.beat()
            if self._dirty and time.monotonic() >= self._note_at:
                self._note()
            self._save_due()
            if batch is None:
                self._stop.wait(_IDLE_SECONDS)
        if self._dirty:
            self._note()
            self._save_due()

    def close(self) -> None:
        """Let go of file and broker."""
        self._follower.close()
        self._publisher.close()

    def _next(self) -> Batch | None:
        """Return the next batch, or None while there is none or the file refuses; that is warned of once."""
        try:
            batch = self._follower.read()
        except OSError as error:
            if self._unread != str(error):
                self._unread = str(error)
                LOG.warning("%s: the log cannot be read, tried again until it can: %s", self._name, error)
                metrics.UNREADABLE.labels(self._name).set(1)
            self._follower.close()
            self._stop.wait(_RETRY_SECONDS)
            return None
        if self._unread:
            self._unread = ""
            LOG.info("%s: the log can be read again", self._name)
            metrics.UNREADABLE.labels(self._name).set(0)
        if not self._begun:
            self._begin(batch.begin if batch else self._follower.position)
        return batch

    def _begin(self, position: Position | None) -> None:
        """Note at once where a log was begun: a restart begins there again, wherever its end is by then."""
        reference_ns = position.mtime_ns if position else 0
        self._begun = True
        self._at = msgspec.structs.replace(self._at, position=position, reference_ns=reference_ns)
        save(self._task.file, self._at)
        if position:
            self._reader = self._task.reader(self._at)

    def _take(self, batch: Batch) -> None:
        """Publish the events of a batch, after the opening of its source when it is the source's first."""
        position, read_at = self._at.position, time.monotonic()
        if position is None or position.source != batch.begin.source or self._reader is None:
            state = self._reader.snapshot() if self._reader else self._at.state
            self._at = Checkpoint(self._at.path, batch.begin, batch.begin.mtime_ns, opened=False, state=state)
            self._reader = self._task.reader(self._at)
        events: list[Event] = [] if self._at.opened else [self._opening(batch.begin)]
        read = self._reader.read
        offset = batch.begin.offset
        for line in batch.lines:
            events.extend(read(line, offset))
            offset += len(line) + 1
        if batch.unread is not None:
            LOG.warning("%s: %s", self._name, batch.unread.reason)
            events.append(self._dead(batch))
        if self._pop is not None:
            events = self._pop.step(events, Waiting(read_at, self._stop, self._pulse.beat))
            self._pop.reached(self._reader.at)
        self._at = msgspec.structs.replace(self._at, position=batch.end, opened=True)
        self._publisher.publish(events)
        metrics.LINES.labels(self._name).inc(len(batch.lines))
        metrics.READ_UNTIL.labels(self._name).set(self._reader.newest / 1e6)
        self._dirty = True

    def _note(self) -> None:
        """Make a checkpoint of what is acknowledged."""
        self._publisher.barrier()
        began = time.monotonic()
        if self._reader is not None:
            pop = self._pop.snapshot() if self._pop is not None else b""
            self._at = msgspec.structs.replace(self._at, state=self._reader.snapshot(), pop=pop)
        self._held.hold(self._at, self._publisher.acknowledged if self._task.sink else {})
        self._dirty = False
        self._wait_for_next(began)

    def _behind(self) -> float:
        """Return how many bytes of the log are not read yet; it looks at all its files, whenever somebody asks."""
        position = self._at.position
        try:
            return float(left(self._task.log.log, position)) if position is not None else 0.0
        except OSError:
            return math.nan

    def _save_due(self) -> None:
        """Write the newest checkpoint that is safe. BrokerReplacedError as of `stored_of`."""
        if self._held:
            stored = stored_of(self._task.sink, self._publisher) if self._task.sink else {}
            newer = None if stored is None else self._held.due(stored)
            self._due = newer or self._due
        if self._due is None or time.monotonic() < self._save_at:
            return
        began = time.monotonic()
        try:
            save(self._task.file, self._due)
        except OSError as error:  # a full disk: the old checkpoint holds, and what is read again is doubled nowhere
            if not self._save_at:
                LOG.warning("%s: the checkpoint cannot be written, tried again until it can: %s", self._name, error)
            self._save_at = time.monotonic() + _RETRY_SECONDS
        else:
            self._due, self._save_at = None, 0.0
            self._wait_for_next(began)

    def _wait_for_next(self, began: float) -> None:
        """Put the next checkpoint off, the longer the longer this one took since `began`."""
        now = time.monotonic()
        pause = min(_CHECKPOINT_SECONDS + _CHECKPOINT_COST * (now - began), _CHECKPOINT_MOST_SECONDS)
        self._note_at = max(self._note_at, now + pause)

    def _opening(self, begin: Position) -> SourceOpened:
        return SourceOpened(
            id=opening_id(begin.source),
            at=_now(),
            source=begin.source,
            name=self._name,
            host=self._log.host,
            path=str(self._log.log),
            inode=begin.inode,
        )

    def _dead(self, batch: Batch) -> DeadLetter:
        unread = batch.unread
        return DeadLetter(
            id=event_id(batch.begin.source, batch.begin.offset),
            at=_now(),
            name=self._name,
            format=self._log.format,
            reason=unread.reason if unread else "",
            text=redacted(unread.sample.decode("utf-8", "replace")) if unread else "",
            place=f"{self._name}/{batch.begin.offset}",
            cut=True,
        )


def _now() -> int:
    return time.time_ns() // 1000
