"""kill -9 of collector, worker and sink at random moments: each event is stored once, decisions are the same."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from kafka import KafkaProducer

from collectors.reading import LogReader
from embedded.broker import Broker
from embedded.hoster.past import Plan, write
from schemas import codec, events, names, observations, topics
from schemas.facts import Fact
from streams import pool
from streams.partition import Partition
from tests.kafka.apache import ApacheKafka, jars
from tests.parts import often, seed
from tests.whole.lab import TRANSPORTS, Lab, until

KILLS = often(12)
EVENTS = 100_000
START = 1_793_000_000_000_000
SEED = seed(11)
LISTED = "192.0.2.12"
AT_WORK = {"collect": "collecting mta.mx1", "stream": "the worker runs", "sink": "storing"}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Write more than 100 000 events' worth of the simulated hoster's mail log."""
    folder = tmp_path_factory.mktemp("history") / "past"
    write(folder, Plan(SEED, START, 1.5, TRANSPORTS, mailboxes=800, takeovers=6))
    return (folder / "mail.log").read_bytes()


def expected_events(log: bytes, lab: Lab) -> list[events.Event]:
    """Return the events of the log as one reader gives them that nobody disturbs; ids lack their source."""
    reader = LogReader(
        "",
        name="mx1",
        format="postfix",
        host="mx1",
        zone="UTC",
        outbound_ips=lab.settings.outbound_ips,
        networks={},
        reference=datetime.fromtimestamp(START / 1e6, UTC),
    )
    found: list[events.Event] = []
    offset = 0
    for line in log.splitlines(keepends=True):
        found += reader.read(line.rstrip(b"\n"), offset)
        offset += len(line)
    return found


class Lists(Thread):
    """Plays the poller: every 200 ms a round of answers, in which one IP is listed for a while."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(daemon=True)
        self.ended = Event()
        self._broker = bootstrap

    def run(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self._broker)
        begun = time.monotonic()
        number = 0
        while not self.ended.wait(0.2):
            number += 1
            at = time.time_ns() // 1000
            bad = 3 < time.monotonic() - begun < 10
            health = observations.ListHealthObserved(id=f"health-{number}", at=at, list="test", healthy=True)
            answers: list[events.Event] = [
                observations.ListingObserved(
                    id=f"{ip}-{number}",
                    at=at,
                    ip=ip,
                    list="test",
                    answer="listed" if bad and ip == LISTED else "not_listed",
                    scope="ip",
                    weight=1.0,
                )
                for ip in TRANSPORTS.values()
            ]
            for event in [health, *answers]:
                producer.send(topics.POOL_OBSERVATIONS.name, codec.encode(event), partition=0)
        producer.flush(30)
        producer.close()


def appended(log: bytes, path: Path, seconds: float) -> Thread:
    """Append the log to a file over some seconds, in pieces that do not respect lines."""

    def write_all() -> None:
        pieces = 200
        size = len(log) // pieces + 1
        with path.open("ab", buffering=0) as file:
            for start in range(0, len(log), size):
                file.write(log[start : start + size])
                time.sleep(seconds / pieces)

    thread = Thread(target=write_all, daemon=True)
    thread.start()
    return thread


def killed_at_random(lab: Lab, rng: random.Random, times: int) -> Counter[str]:
    """Kill a process this often, each time another at random and at work, and start it again at once."""
    kills: Counter[str] = Counter()
    begun = dict.fromkeys(AT_WORK, 0)
    for _ in range(times):
        name = rng.choice(tuple(AT_WORK))
        until(lambda: AT_WORK[name] in lab.log(name)[begun[name] :], 60, f"{name} is at work")  # noqa: B023 called here
        time.sleep(rng.uniform(0.0, 5.0))
        lab.kill(name)
        begun[name] = len(lab.log(name))
        lab.run(name)
        kills[name] += 1
    for name, word in AT_WORK.items():
        until(lambda: word in lab.log(name)[begun[name] :], 60, f"{name} is at work again")  # noqa: B023 called here
    return kills


def _embedded(folder: Path) -> Broker:
    return Broker(folder / "broker.log")


def _apache(folder: Path) -> ApacheKafka:
    return ApacheKafka(folder, jars())


@pytest.mark.slow
@pytest.mark.timeout(600 + 30 * KILLS)
@pytest.mark.parametrize(
    ("make_broker", "times"), [(_embedded, KILLS), pytest.param(_apache, often(8), marks=pytest.mark.real)]
)
def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(
    tmp_path: Path, history: bytes, make_broker: Callable[[Path], Broker | ApacheKafka], times: int
) -> None:
    log = tmp_path / "mail.log"
    main = {
        "transports": TRANSPORTS,
        "quarantine_minutes": 0.1,
        "probation_minutes": 0.1,
        "stale_minutes": 0.2,
        "verify_seconds": 2.0,
        "min_active": 2,
    }
    config = {"mta": {"mx1": {"format": "postfix", "log": str(log), "host": "mx1"}}, "pool": {"main": main}}
    with Lab(tmp_path, config, make_broker(tmp_path)) as lab:
        expected = expected_events(history, lab)
        assert len(expected) >= EVENTS
        for name in ("sink", "stream", "collect"):
            lab.run(name)
        lists = Lists(lab.broker.bootstrap)
        lists.start()
        writer = appended(history, log, seconds=4.5 * times)
        kills = killed_at_random(lab, random.Random(SEED), times)
        assert kills.total() == times
        assert set(kills) == set(AT_WORK)
        writer.join()
        mail = "FROM mail_events WHERE type != 'source_opened'"
        until(lambda: lab.value(f"SELECT uniqExact(id) {mail}") >= len(expected), 90, "all events are stored")
        restored = "SELECT count() FROM pool_events WHERE type = 'ip_restored'"
        until(lambda: lab.value(restored) > 0, 60, "the IP is back")
        decided = _decided(lab, expected)
        flags = "SELECT type, mailbox, at, score FROM mailbox_events FINAL"
        until(lambda: len(lab.rows(flags)) >= len(decided), 60, "all is decided about the mailboxes")
        lists.ended.set()
        lists.join()
        assert lab.end("collect") == 0
        time.sleep(3)
        assert lab.end("stream") == 0
        time.sleep(3)
        assert lab.end("sink") == 0

        rows = lab.rows(f"SELECT substring(id, 17), type {mail} ORDER BY id")
        assert len(rows) == len(expected)
        assert [tuple(row) for row in rows] == sorted((event.id, _tag(event)) for event in expected)
        assert sorted(lab.rows(flags)) == decided
        _the_pool_is_the_same(lab)
        _what_is_told_is_what_was_decided(lab)


def _tag(event: Fact) -> str:
    return str(event.__struct_config__.tag)


def _decided(lab: Lab, expected: list[events.Event]) -> list[tuple[str, str, int, float]]:
    """Return what undisturbed folds of the partitions decide about the mailboxes: type, mailbox, time and score."""
    source = lab.value("SELECT any(substring(id, 1, 16)) FROM mail_events")
    partitions = [Partition(number, lab.settings.mailboxes, "") for number in range(lab.settings.kafka.partitions)]
    for event in expected:
        placed = codec.decode(codec.encode(event).replace(b'"id":"', b'"id":"' + source.encode(), 1))
        _, number = topics.place_of(placed, len(partitions))
        partitions[number].apply(topics.MAIL_EVENTS, [placed])
    outputs = [output for partition in partitions for output in partition.flush(time.time_ns() // 1000)[1]]
    decided = [codec.decode(output.value) for output in outputs if output.topic == topics.MAILBOX_EVENTS]
    assert decided
    return sorted((_tag(one), one.mailbox, one.at, one.score) for one in decided)  # type: ignore[union-attr]  # all of this topic have them


def _the_pool_is_the_same(lab: Lab) -> None:
    """Fold the stored observations in the order in which Kafka kept them: the decisions must be the stored ones."""
    lines = lab.rows(
        "SELECT formatRowNoNewline('JSONEachRow', * EXCEPT (kafka_cluster, kafka_partition, kafka_offset))"
        " FROM pool_observations FINAL ORDER BY kafka_offset"
    )
    state = pool.initial("main", lab.settings.pool["main"])
    decided: list[str] = []
    for (line,) in lines:
        observation = codec.decode(line.encode())
        assert isinstance(observation, topics.POOL_OBSERVATIONS.events)
        state, decisions = pool.step(state, observation)  # type: ignore[arg-type]  # isinstance of a tuple is too much for mypy
        decided += [one.id for one in decisions]
    stored = [row[0] for row in lab.rows("SELECT id FROM pool_events FINAL ORDER BY at, id")]
    assert sorted(stored) == sorted(decided)
    kinds = lab.rows("SELECT type, ip FROM pool_events FINAL ORDER BY at, id")
    told = ("withdrawal_", "return_")  # that it waits is told where the kills let it come to that
    changes = [kind for kind, ip in kinds if ip == LISTED and not kind.startswith(told)]
    assert changes == ["ip_withdrawn", "ip_probation_started", "ip_probation_started", "ip_restored"]
    assert pool.active(state) == dict.fromkeys(TRANSPORTS.values(), 1.0)
    assert names.canonical_ip(LISTED) in pool.active(state)


def _what_is_told_is_what_was_decided(lab: Lab) -> None:
    """Each decision about a mailbox is one step of its customer, and each culprit of a listing is named once.

    The mail is of another day than the listing, so that nobody is a culprit of it.
    """
    steps = lab.rows("SELECT decision FROM case_observations FINAL")
    assert sorted(steps) == sorted(lab.rows("SELECT id FROM mailbox_events FINAL"))
    culprits = (
        "SELECT id, arrayJoin(culprits).sender FROM pool_events FINAL WHERE type = 'ip_withdrawn' AND operator = ''"
    )
    assert sorted(lab.rows("SELECT decision, mailbox FROM mailbox_signals FINAL")) == sorted(lab.rows(culprits))
