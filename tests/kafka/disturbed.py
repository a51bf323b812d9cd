"""What a disturbed run is made of: a town's events as its collectors publish them, workers, and what Kafka keeps."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tomli_w
from kafka import KafkaConsumer, TopicPartition

from collectors.history import Past, events
from collectors.publish import Publisher
from embedded.demo import write_past
from schemas.events import Event
from schemas.settings import Kafka, load
from schemas.topics import COMPLAINTS, MAIL_EVENTS, Topic

ROOT = Path(__file__).resolve().parents[2]
HOURS = 48
SLOT = 5 * 60 * 1_000_000
HOUR = 3600 * 1_000_000
_READ_BACK = re.compile(r"MailAgent: \d+ mailboxes in (\d+) partitions read back")


class Town:
    """A simulated town's two logs and its complaints, published slot by slot by a publisher each.

    The logins of a slot follow its mail, so they are late by up to five minutes, as logs that are read apart are.
    """

    def __init__(self, folder: Path, kafka: Kafka, kinds: str) -> None:
        start = "2025-11-03T00:00:00Z"
        write_past(folder, seed=12, days=HOURS / 24, mailboxes=80, takeovers=12, kinds=kinds, start=start)
        settings = load(folder / "relaywarden.toml")
        pasts = (
            Past((("postfix", folder / "mail.log"),)),
            Past((("dovecot", folder / "dovecot.log"),)),
            Past(complaints=folder / "complaints"),
        )
        mail, logins, complaints = (list(events(past, settings, lambda _read: None)) for past in pasts)
        self._logs = (_Lane(mail, kafka), _Lane(logins, kafka))
        self._complaints = _Lane(complaints, kafka)
        self.complaints = len(complaints)
        self.at = self._begun = mail[0].at - mail[0].at % HOUR

    def slot(self) -> None:
        """Publish five minutes of both logs, and wait until they are acknowledged."""
        self.at += SLOT
        for lane in self._logs:
            lane.publish(self.at)

    def publish(self, hour: int) -> None:
        """Publish both logs until an hour of the history."""
        while self.at < self._begun + hour * HOUR:
            self.slot()

    def complain(self) -> None:
        """Publish the complaints that came until now."""
        self._complaints.publish(self.at)

    def close(self) -> None:
        for lane in (*self._logs, self._complaints):
            lane.publisher.close()


class _Lane:
    def __init__(self, its: list[Event], kafka: Kafka) -> None:
        self._events = its
        self._next = 0
        self.publisher = Publisher(kafka, threading.Event())

    def publish(self, until: int) -> None:
        first = self._next
        while self._next < len(self._events) and self._events[self._next].at < until:
            self._next += 1
        self.publisher.publish(self._events[first : self._next])
        self.publisher.barrier()


class Worker:
    """`relaywarden stream` as a process with a folder of its own; it may be ended and started again."""

    def __init__(self, folder: Path, kafka: Kafka) -> None:
        folder.mkdir()
        self._log = folder / "stream.log"
        self._config = folder / "relaywarden.toml"
        self._config.write_text(tomli_w.dumps({"data": str(folder), "kafka": kafka.model_dump()}))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "relaywarden", "stream", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self, seconds: float = 15) -> int:
        """Wait for the process; return its exit status."""
        assert self._process is not None
        status = self._process.wait(seconds)
        self._process = None
        return status

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def fallen(self) -> bool:
        """Tell whether the process ended, though nobody ended it."""
        return self._process is not None and self._process.poll() is not None

    @property
    def text(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def shares(self) -> list[int]:
        """Return how many partitions each assignment that brought mail had."""
        return [int(partitions) for partitions in _READ_BACK.findall(self.text)]


class Record(NamedTuple):
    """A record of Kafka; `at` is its time in microseconds."""

    partition: int
    offset: int
    at: int
    value: bytes


Offsets = dict[int, int]


class Ledger:
    """What Kafka keeps, and how far the workers' group has committed."""

    def __init__(self, kafka: Kafka) -> None:
        self._partitions = kafka.partitions
        self._consumer = KafkaConsumer(
            bootstrap_servers=list(kafka.bootstrap), group_id=kafka.group, enable_auto_commit=False
        )

    def close(self) -> None:
        self._consumer.close(autocommit=False)

    def ends(self, topic: Topic) -> Offsets:
        """Return the offset behind the last record of each partition."""
        places = self._places(topic)
        found = self._consumer.end_offsets(places)
        return {place.partition: found[place] for place in places}

    def committed(self, topic: Topic) -> Offsets:
        """Return up to where the group has committed each partition."""
        return {place.partition: self._consumer.committed(place) or 0 for place in self._places(topic)}

    def lag(self) -> int:
        """Return how many records of mail and complaints are not committed."""
        return sum(
            sum(self.ends(topic).values()) - sum(self.committed(topic).values()) for topic in (MAIL_EVENTS, COMPLAINTS)
        )

    def read(self, topic: Topic) -> Iterator[Record]:
        """Yield all that a topic holds now, of each partition in order."""
        places = self._places(topic)
        self._consumer.assign(places)
        ends = self._consumer.end_offsets(places)
        self._consumer.seek_to_beginning(*places)
        while any(self._consumer.position(place) < ends[place] for place in places):
            for records in self._consumer.poll(timeout_ms=200).values():
                for one in records:
                    yield Record(one.partition, one.offset, one.timestamp * 1000, one.value)

    def _places(self, topic: Topic) -> list[TopicPartition]:
        return [TopicPartition(topic.name, number) for number in range(topic.partitions(self._partitions))]
