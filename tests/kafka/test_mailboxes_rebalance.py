"""Workers killed, ended and joining in the midst of mail, on Apache Kafka: decisions and states of an undisturbed run.

What is undisturbed is folded here, from Kafka's own records in their order. Mail and complaints are two topics, whose
records the worker may see interleaved in any way; so complaints are published only when all mail before them is
committed, and mail goes on when they are.
"""

import signal
import time
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from collectors.admin import ensure_topics
from schemas import codec
from schemas.events import Event
from schemas.mailbox_events import MailboxDecision
from schemas.names import source_of
from schemas.settings import Kafka, Settings
from schemas.topics import COMPLAINTS, MAIL_EVENTS, MAILBOX_EVENTS, MAILBOX_STATE, Topic
from streams import mailboxes
from streams.partition import Output, Partition
from streams.records import Place, read
from tests.kafka.apache import ApacheKafka, jars
from tests.kafka.disturbed import HOURS, Ledger, Offsets, Record, Town, Worker
from tests.whole.lab import until

pytestmark = [pytest.mark.real, pytest.mark.slow]
KINDS = "botnet_burst,single_address_burst,credential_stuffing,bulk_hijack"
PARTITIONS = 4
PACE_SECONDS = 0.3
LIMITS = Settings().mailboxes


class Disturbance(NamedTuple):
    """What happened at a time of the town, when so many records of mail were committed, and so many waited."""

    what: str
    at: int
    committed: int
    waiting: int


class Run:
    """The town's mail flows while its workers are disturbed."""

    def __init__(self, town: Town, ledger: Ledger, workers: tuple[Worker, ...]) -> None:
        self.town, self.ledger, self._workers = town, ledger, workers
        self.disturbances: list[Disturbance] = []
        self.order: list[tuple[Topic, Offsets]] = []
        self._published = 0.0

    def flow(self, done: Callable[[], bool], what: str, pace_seconds: float = PACE_SECONDS) -> None:
        """Publish mail, five minutes of it a time, until `done`."""

        def flows() -> bool:
            if time.monotonic() - self._published > pace_seconds:
                self.town.slot()
                self._published = time.monotonic()
            assert [worker.text for worker in self._workers if worker.fallen] == []
            return done()

        until(flows, 60, what)

    def disturb(self, what: str, action: Callable[[], None], *members: Worker) -> None:
        """Do something to the group in the midst of mail; let mail flow until these members share all partitions."""
        before = {member: len(member.shares) for member in members}
        self.town.slot()
        committed, ends = self.ledger.committed(MAIL_EVENTS), self.ledger.ends(MAIL_EVENTS)
        done, waiting = sum(committed.values()), sum(ends.values()) - sum(committed.values())
        self.disturbances.append(Disturbance(what, self.town.at, done, waiting))
        action()

        def shared() -> bool:
            newly = [member.shares[before[member] :] for member in members]
            return all(newly) and sum(shares[-1] for shares in newly) == PARTITIONS

        self.flow(shared, f"{what}: mail in {PARTITIONS} partitions of {len(members)} workers")

    def settle(self, hour: int) -> None:
        """Publish mail until an hour of the history; when it is committed, the complaints that came until then."""
        self.town.publish(hour)
        self._committed(MAIL_EVENTS)
        self.town.complain()
        self._committed(COMPLAINTS)

    def _committed(self, topic: Topic) -> None:
        until(lambda: self.ledger.lag() == 0, 60, f"{topic.name} is committed")
        self.order.append((topic, self.ledger.ends(topic)))

    def await_a_commit(self) -> None:
        """Let mail flow, so fast that some of it always waits, until more of it is committed."""
        before = self.ledger.committed(MAIL_EVENTS)
        self.flow(lambda: self.ledger.committed(MAIL_EVENTS) != before, "a commit", 0.0)

    def kill_before_the_commit(self, worker: Worker) -> None:
        """Kill -9 the only worker when it has written states of mail that it has not committed."""

        def written() -> bool:
            return sum(self.ledger.ends(MAILBOX_STATE).values()) > before

        while True:
            before = sum(self.ledger.ends(MAILBOX_STATE).values())
            self.flow(written, "states are written")
            worker.send(signal.SIGSTOP)
            if any(held(self.ledger)[False]):
                break
            worker.send(signal.SIGCONT)
        worker.kill()


def decoded(records: Iterable[Record], topic: Topic) -> Iterator[tuple[Record, list[Event]]]:
    """Yield the records with their events, read as the worker does."""
    for record in records:
        events, dead = read(record.value, Place("cluster", topic, record.partition, record.offset), record.at)
        assert dead == []
        yield record, events


def restored(ledger: Ledger) -> dict[str, bytes]:
    """Return the states as the next worker would read them back."""
    partitions = [Partition(number, LIMITS, "") for number in range(PARTITIONS)]
    for record in ledger.read(MAILBOX_STATE):
        partitions[record.partition].restore(record.value)
    return _states(partitions)


def _states(partitions: Iterable[Partition]) -> dict[str, bytes]:
    return {name: mailboxes.encode(state) for each in partitions for name, state in each.states.items()}


def held(ledger: Ledger) -> dict[bool, list[bool]]:
    """Return whether the states hold each mailbox's last event that is committed, and its first that is not."""
    committed, states = ledger.committed(MAIL_EVENTS), restored(ledger)
    last: dict[tuple[str, str], Event] = {}
    first: dict[tuple[str, str], Event] = {}
    for record, events in decoded(ledger.read(MAIL_EVENTS), MAIL_EVENTS):
        for event in events:
            key = (mailboxes.subject_of(event), source_of(event.id))
            if record.offset < committed[record.partition]:
                last[key] = event
            else:
                first.setdefault(key, event)
    return {
        is_committed: [_holds(states.get(subject), event) for (subject, _), event in edge.items() if subject]
        for is_committed, edge in ((True, last), (False, first))
    }


def _holds(state: bytes | None, event: Event) -> bool:
    """Tell whether an event was applied to a state: then it changes nothing."""
    return state is not None and mailboxes.encode(mailboxes.step(mailboxes.decode(state), event, LIMITS)[0]) == state


def decided(ledger: Ledger) -> dict[str, MailboxDecision]:
    """Return what the workers decided; what they told again must be what they told before."""
    found: dict[str, MailboxDecision] = {}
    for record in ledger.read(MAILBOX_EVENTS):
        event = codec.decode(record.value)
        assert isinstance(event, MailboxDecision)
        assert found.setdefault(event.id, event) == event
    return found


def undisturbed(
    ledger: Ledger, order: list[tuple[Topic, Offsets]]
) -> tuple[dict[str, bytes], dict[str, MailboxDecision]]:
    """Return states and decisions of undisturbed folds of the partitions, of their records in this order."""
    partitions = [Partition(number, LIMITS, "") for number in range(PARTITIONS)]
    records = {topic.name: list(decoded(ledger.read(topic), topic)) for topic in (MAIL_EVENTS, COMPLAINTS)}
    begin = {name: dict.fromkeys(range(PARTITIONS), 0) for name in records}
    for topic, end in order:
        for record, events in records[topic.name]:
            if begin[topic.name][record.partition] <= record.offset < end[record.partition]:
                partitions[record.partition].apply(topic, events)
        begin[topic.name] = end
    outputs: list[Output] = [output for each in partitions for output in each.flush(time.time_ns() // 1000)[1]]
    told = [codec.decode(output.value) for output in outputs if output.topic == MAILBOX_EVENTS]
    return _states(partitions), {event.id: event for event in told if isinstance(event, MailboxDecision)}


@contextmanager
def running(folder: Path) -> Iterator[tuple[Run, tuple[Worker, Worker, Worker]]]:
    """Give a run on an Apache Kafka of its own, and its workers, none of which runs yet."""
    with ExitStack() as stack:
        broker = stack.enter_context(ApacheKafka(folder, jars()))
        kafka = Kafka(bootstrap=(broker.bootstrap,), partitions=PARTITIONS, session_timeout_seconds=6.0)
        ensure_topics(Settings(kafka=kafka))
        town, ledger = Town(folder / "town", kafka, KINDS), Ledger(kafka)
        workers = Worker(folder / "first", kafka), Worker(folder / "second", kafka), Worker(folder / "third", kafka)
        for end in (town.close, ledger.close, *(worker.kill for worker in workers)):
            stack.callback(end)
        yield Run(town, ledger, workers), workers


def disturb(run: Run, first: Worker, second: Worker, third: Worker) -> None:
    """Kill, end and start workers while mail flows, to the end of the town's history."""

    def killed_and_replaced() -> None:
        run.kill_before_the_commit(first)
        second.start()
        third.start()

    def ended() -> None:
        second.send(signal.SIGTERM)
        assert second.ended() == 0

    def killed_and_joined() -> None:
        third.kill()
        second.start()

    def all_killed() -> None:
        run.await_a_commit()
        first.kill()
        second.kill()
        assert all(held(run.ledger)[True])
        first.start()
        third.start()

    run.disturb("a worker starts", first.start, first)
    run.settle(13)
    run.disturb("kill -9 of the only one, two others start", killed_and_replaced, second, third)
    run.settle(21)
    run.disturb("a third joins", first.start, first, second, third)
    run.town.publish(26)
    run.disturb("SIGTERM of one", ended, first, third)
    run.settle(31)
    run.town.publish(35)
    run.disturb("kill -9 of one, another joins", killed_and_joined, first, second)
    run.settle(39)
    run.disturb("kill -9 of all, two start", all_killed, first, third)
    run.settle(HOURS)
    for worker in (first, third):
        worker.send(signal.SIGTERM)
        assert worker.ended() == 0


@pytest.mark.timeout(240)
def test_disturbed_workers_decide_as_an_undisturbed_one(tmp_path: Path) -> None:
    with running(tmp_path) as (run, workers):
        disturb(run, *workers)
        states, decisions = undisturbed(run.ledger, run.order)
        assert decided(run.ledger) == decisions
        assert restored(run.ledger) == states
        kinds = Counter(str(event.__struct_config__.tag) for event in decisions.values())
        assert set(kinds) >= {"mailbox_flagged", "mailbox_suspended", "mailbox_released"}
        _mail_and_decisions_lie_between(run, decisions.values())
        assert not any("Traceback" in worker.text for worker in workers)


def _mail_and_decisions_lie_between(run: Run, decisions: Iterable[MailboxDecision]) -> None:
    """Assert that each disturbance hit waiting mail, and that mail was folded and decided about between all of them."""
    assert all(each.waiting for each in run.disturbances)
    folded = [*(each.committed for each in run.disturbances), sum(run.ledger.ends(MAIL_EVENTS).values())]
    assert folded == sorted(set(folded))
    begun = [each.at for each in run.disturbances]
    stretches = Counter(bisect(begun, event.at) for event in decisions)
    assert set(stretches) >= set(range(1, len(begun) + 1))
