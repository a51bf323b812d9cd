"""Orders, culprits, leaks and cases in a real worker that is killed: each counts once, decisions are the same."""

import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from schemas import codec
from schemas.customers import Customers
from schemas.events import Event
from schemas.mailbox_events import CulpritNamed, IdentityLeaked, StepChanged
from schemas.mailbox_settings import Mailboxes
from schemas.observations import ListHealthObserved, ListingObserved
from schemas.settings import Settings
from schemas.topics import (
    CASE_EVENTS,
    CASE_OBSERVATIONS,
    MAIL_EVENTS,
    MAILBOX_EVENTS,
    MAILBOX_LEAKS,
    MAILBOX_SIGNALS,
    MAILBOX_STATE,
    POOL_OBSERVATIONS,
    place_of,
)
from streams import cases, leak_key, mailboxes
from streams.casebook import threshold
from streams.leaks import key_of, leaked
from tests.decided import order
from tests.worker.workbench import Bench, Worker, deliveries

pytestmark = pytest.mark.slow
START = 1_780_000_000_000_000
MINUTE = 60_000_000


@pytest.fixture
def settings(settings: Settings) -> Settings:
    pool = {"main": {"transports": {"out1": "192.0.2.1", "out2": "192.0.2.2"}}}
    return Settings.model_validate(settings.model_dump() | {"pool": pool})


def send(bench: Bench, event: Event) -> None:
    topic, partition = place_of(event, bench.settings.kafka.partitions)
    key = key_of(event) if isinstance(event, IdentityLeaked) else None
    bench.producer.send(topic.name, value=codec.encode(event), key=key, partition=partition).get(timeout=60)


def states(bench: Bench) -> dict[str, bytes]:
    return {
        mailbox: mailboxes.encode(mailboxes.decode(json.dumps(snapshot["state"]["folded"]).encode()))
        for mailbox, snapshot in bench.newest(MAILBOX_STATE, "mailbox").items()
    }


def orders() -> list[Event]:
    """Return orders about 60 mailboxes of six customers: all are suspended, some released, some of these throttled."""
    found: list[Event] = []
    for number in range(60):
        mailbox, at = f"box{number}@customer{number % 6}.example", START + number * MINUTE
        found.append(order("suspend", at, 3 * number, mailbox=mailbox))
        if number % 5 in {1, 2}:
            found.append(order("release", at + 30 * MINUTE, 3 * number + 1, mailbox=mailbox))
        if number % 10 == 1:
            found.append(order("throttle", at + 40 * MINUTE, 3 * number + 2, mailbox=mailbox))
    return sorted(found, key=lambda event: event.at)


def test_killed_while_orders_come_each_counts_once_and_makes_the_same_cases(bench: Bench, worker: Worker) -> None:
    chance, given, lives = random.Random(5), orders(), 0
    worker.start()
    for place, event in enumerate(given):
        send(bench, event)
        if chance.random() < 0.1:
            send(bench, given[chance.randrange(place + 1)])  # who was not confirmed sends again
        if place in {20, 50, 80, 100}:
            worker.says("the worker runs", 1 + lives)
            lives += 1
            time.sleep(chance.uniform(0.0, 1.5))
            worker.kill()
            worker.start()
    bench.drained(MAILBOX_SIGNALS)
    folded, decided = mailboxes.replay(given, Mailboxes())
    assert states(bench) == {mailbox: mailboxes.encode(state) for mailbox, state in folded.items()}
    assert {codec.decode(value).id for *_, value in bench.read(MAILBOX_EVENTS)} == {event.id for event in decided}
    steps = [
        event for *_, value in bench.read(CASE_OBSERVATIONS) if isinstance(event := codec.decode(value), StepChanged)
    ]
    assert {event.decision for event in steps} == {event.id for event in decided}
    assert "Traceback" not in worker.text()

    limits = threshold("any", Mailboxes(), Customers({}))
    wanted: set[str] = set()
    for number in range(6):
        name = f"customer{number}.example"
        _, made = cases.replay(name, [event for event in steps if event.customer == name], limits)
        assert made
        wanted |= {event.id for event in made}
    deadline = time.monotonic() + 30  # the embedded broker tells too low an end of a topic: its lag says nothing
    while (ids := Counter(codec.decode(value).id for *_, value in bench.read(CASE_EVENTS))).keys() != wanted:
        assert time.monotonic() < deadline
    assert max(ids.values()) <= 1 + lives, "a decision comes again at most once a life"


def test_the_culprits_of_a_listing_reach_their_mailboxes_once(bench: Bench, worker: Worker) -> None:
    at = time.time_ns() // 1000
    bench.send_mail(deliveries(400, 4, start=at - 30_000_000))
    worker.start()
    bench.drained(MAIL_EVENTS)
    told: list[Event] = [ListHealthObserved(id=f"h{n}", at=at + n, list="zone", healthy=True) for n in range(3)]
    for ip, answer in (("192.0.2.1", "listed"), ("192.0.2.2", "not_listed")):
        told.append(
            ListingObserved(id=f"l{ip}", at=at + 10, ip=ip, list="zone", answer=answer, scope="ip", weight=1.0)  # type: ignore[arg-type]  # both are answers
        )
    for event in told:
        bench.send(POOL_OBSERVATIONS, 0, codec.encode(event))
    deadline = time.monotonic() + 30
    while not bench.read(MAILBOX_SIGNALS):
        assert time.monotonic() < deadline
    worker.kill()
    worker.start()
    worker.ready(2, "PoolAgent")
    bench.drained(MAILBOX_SIGNALS)
    named = {
        event.id: event
        for *_, value in bench.read(MAILBOX_SIGNALS)
        if isinstance(event := codec.decode(value), CulpritNamed)
    }
    assert [(event.mailbox, event.ip, event.messages, event.share) for event in named.values()] == [
        ("box0@example.net", "192.0.2.1", 100, 1.0)
    ]
    folded = {name: mailboxes.decode(value) for name, value in states(bench).items()}
    assert {name: len(state.recent) for name, state in folded.items()} == {
        f"box{number}@example.net": 4 if number == 0 else 0 for number in range(4)
    }


def test_leaks_come_before_and_after_their_mailboxes_and_their_key(
    bench: Bench, worker: Worker, settings: Settings, tmp_path: Path
) -> None:
    key = leak_key.made(tmp_path / "importer")
    leaks = [
        leaked(f"box{number}@example.net", key, partitions=4, at=time.time_ns() // 1000, source="shop")
        for number in (0, 2, 5)
    ]
    for event in leaks:
        send(bench, event)
    bench.send_mail(deliveries(400, 4))
    worker.start()
    bench.drained(MAILBOX_LEAKS, MAIL_EVENTS)
    assert {mailboxes.decode(value).recent for value in states(bench).values()} == {b""}
    assert worker.text().count("leaked identities are not applied: their key is neither in") == 1
    settings.data.mkdir(exist_ok=True)
    leak_key.place(tmp_path / "importer").rename(leak_key.place(settings.data))
    worker.kill()
    worker.start()
    bench.send_mail(deliveries(600, 6, "mx2"))
    worker.ready(2)
    bench.drained(MAIL_EVENTS)
    known = {name: len(mailboxes.decode(value).recent) for name, value in states(bench).items()}
    assert known == {f"box{number}@example.net": 4 if number in {0, 2, 5} else 0 for number in range(6)}
    aged = max(mailboxes.decode(value).aged for value in states(bench).values())
    assert aged < START + MINUTE, "a list that is read today makes no mail of yesterday late"
