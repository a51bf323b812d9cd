"""Whatever happens to the worker or the broker, no event is lost, none counts twice, and the decisions are the same."""

import json
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from schemas import codec
from schemas.events import DeadLetter, DeliveryAttempted, Event
from schemas.mailbox_settings import Mailboxes
from schemas.observations import ClockTicked, TrafficCounted
from schemas.topics import DEAD_LETTERS, MAIL_EVENTS, MAILBOX_EVENTS, MAILBOX_STATE, POOL_OBSERVATIONS, place_of
from streams import mailboxes
from tests.parts import often, packed, seed
from tests.worker.workbench import Bench, Worker, deliveries

SEED = seed(20_260_107)
pytestmark = pytest.mark.slow


def outcome(bench: Bench) -> tuple[dict[str, bytes], set[str], dict[str, Counter[str]]]:
    """Return what the worker wrote: the state of each mailbox, the ids of the decisions, the traffic of each IP."""
    states = {
        mailbox: mailboxes.encode(mailboxes.decode(json.dumps(snapshot["state"]["folded"]).encode()))
        for mailbox, snapshot in bench.newest(MAILBOX_STATE, "mailbox").items()
    }
    decided = {codec.decode(value).id for _, _, value in bench.read(MAILBOX_EVENTS)}
    counts = {
        event.id: event
        for _, _, value in bench.read(POOL_OBSERVATIONS)
        if isinstance(event := codec.decode(value), TrafficCounted)
    }
    traffic: dict[str, Counter[str]] = defaultdict(Counter)
    for count in counts.values():
        traffic[count.ip].update(sent=count.sent, bounced=count.bounced, deferred=count.deferred)
    return states, decided, {ip: +counter for ip, counter in traffic.items()}


def expected(events: Sequence[Event]) -> tuple[dict[str, bytes], set[str], dict[str, Counter[str]]]:
    """Return the same, folded here without any server."""
    states, decided = mailboxes.replay(events, Mailboxes())
    traffic: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        if isinstance(event, DeliveryAttempted):
            traffic[event.outbound_ip][event.outcome] += 1
    encoded = {mailbox: mailboxes.encode(state) for mailbox, state in states.items()}
    return encoded, {event.id for event in decided}, dict(traffic)


def send_with_relapses(bench: Bench, events: Iterable[Event], chance: random.Random, pause: float) -> None:
    """Send chunks of odd sizes; now and then go back, as a collector does that was killed before its checkpoint."""
    partitions = bench.settings.kafka.partitions
    lanes: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        lanes[place_of(event, partitions)[1]].append(event)
    places = dict.fromkeys(lanes, 0)
    while any(places[lane] < len(lanes[lane]) for lane in lanes):
        for lane, its in lanes.items():
            size = chance.randint(1, 90)
            chunk = its[places[lane] : places[lane] + size]
            if chunk:
                bench.send(MAIL_EVENTS, lane, packed(chunk))
                places[lane] += len(chunk)
            if chance.random() < 0.05:
                places[lane] = max(0, places[lane] - chance.randint(1, 200))
        time.sleep(pause)


def test_killed_five_times_while_20_000_events_flow(bench: Bench, worker: Worker) -> None:
    chance = random.Random(SEED)
    events = deliveries(20_000, 300)
    slowly = 0.2 * often(5) / 5  # all kills meet what flows
    sender = threading.Thread(target=send_with_relapses, args=(bench, events, random.Random(SEED), slowly))
    sender.start()
    worker.start()
    for life in range(often(5)):
        worker.ready(life + 1)
        time.sleep(chance.uniform(0.05, 2.0))
        worker.kill()
        worker.start()
    sender.join(60)
    bench.drained(MAIL_EVENTS)
    assert len(expected(events)[1]) > 20
    assert outcome(bench) == expected(events)
    assert "Traceback" not in worker.text()


def test_poison_becomes_dead_letters_and_sigterm_under_load_loses_nothing(bench: Bench, worker: Worker) -> None:
    events = deliveries(40_000, 300)
    line = codec.encode(events[0])
    bench.send_mail(events[:1000])
    bench.send(MAIL_EVENTS, 0, b"\x28\xb5\x2f\xfd no zstd")
    bench.send(MAIL_EVENTS, 1, codec.pack([b'{"type":"delivery_attempted","id":', b"", line]))
    bench.send(MAIL_EVENTS, 2, codec.encode(ClockTicked(id="t", at=1)))
    bench.send_mail(events[1000:])
    worker.start()
    worker.ready()
    worker.send(signal.SIGTERM)
    began = time.monotonic()
    assert worker.wait() == 0
    assert time.monotonic() - began < 15
    worker.start()
    bench.drained(MAIL_EVENTS)
    assert outcome(bench) == expected(events)
    letters = {event.id: event for _, _, value in bench.read(DEAD_LETTERS) if (event := codec.decode(value))}
    reasons = [event.reason.partition(":")[0] for event in letters.values() if isinstance(event, DeadLetter)]
    assert sorted(reasons) == ["a ClockTicked does not belong there", "no chunk", "no event", "no event"]


def test_broker_frozen_for_ten_seconds(bench: Bench, worker: Worker) -> None:
    events = deliveries(20_000, 300)
    worker.start()
    bench.send_mail(events[:10_000])
    worker.ready()
    process = bench.broker_process()
    process.suspend()
    time.sleep(10)
    process.resume()
    bench.send_mail(events[10_000:])
    bench.drained(MAIL_EVENTS)
    assert outcome(bench) == expected(events)
    assert worker.process is not None
    assert worker.process.poll() is None
    assert worker.text().count("WARNING") < 10


def test_two_workers_share_the_partitions_and_one_takes_over(bench: Bench, worker: Worker, tmp_path: Path) -> None:
    events = deliveries(10_000, 200)
    second = Worker(worker.settings, tmp_path / "second.log")
    sender = threading.Thread(target=send_with_relapses, args=(bench, events, random.Random(SEED), 0.2))
    for each in (worker, second):
        each.start().says("the worker runs")
    time.sleep(4)
    sender.start()
    try:
        for each in (worker, second):
            each.says("mailboxes in 2 partitions")
        time.sleep(1)
        worker.kill()
        sender.join(60)
        bench.drained(MAIL_EVENTS)
    finally:
        second.kill()
    assert outcome(bench) == expected(events)
