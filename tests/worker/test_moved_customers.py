"""A real worker that is killed and begins again with other customers: the open case goes to whose the mailboxes are."""

import time

import pytest

from schemas import codec
from schemas.mailbox_events import CaseClosed, CaseEvent, CaseOpened
from schemas.mailbox_settings import Customer
from schemas.settings import Settings
from schemas.topics import CASE_EVENTS, place_of
from tests.decided import order
from tests.worker.workbench import Bench, Worker

pytestmark = pytest.mark.slow
START = 1_780_000_000_000_000
MINUTE = 60_000_000
BOXES = tuple(f"{letter}@club.example" for letter in "abc")


def customers(settings: Settings, **named: tuple[str, ...]) -> Settings:
    update = {"customers": {name: Customer(mailboxes=mailboxes) for name, mailboxes in named.items()}}
    return settings.model_copy(update=update)


def suspend(bench: Bench, mailbox: str, minutes: int) -> None:
    event = order("suspend", START + minutes * MINUTE, minutes, mailbox=mailbox)
    topic, partition = place_of(event, bench.settings.kafka.partitions)
    bench.send(topic, partition, codec.encode(event))


def decided(bench: Bench, count: int) -> list[tuple[type, str, frozenset[str]]]:
    """Wait until so many decisions about cases are made, and return them in short."""
    deadline = time.monotonic() + 60
    while True:
        events = {event.id: event for *_, value in bench.read(CASE_EVENTS) if (event := codec.decode(value))}
        found = [event for event in events.values() if isinstance(event, CaseEvent)]
        if len(found) >= count:
            return [(type(event), event.customer, frozenset(event.mailboxes)) for event in found]
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_begun_again_with_other_customers_a_case_goes_on_with_whose_the_mailboxes_are(
    bench: Bench, worker: Worker
) -> None:
    worker.settings = customers(worker.settings, club=("club.example",))
    worker.start()
    for minutes, mailbox in enumerate(BOXES):
        suspend(bench, mailbox, minutes)
    assert decided(bench, 1) == [(CaseOpened, "club", frozenset(BOXES))]
    worker.kill()
    worker.settings = customers(worker.settings, club=("club.example",), heirs=BOXES)
    worker.start()
    suspend(bench, "x@other.example", 10)
    assert sorted(decided(bench, 3), key=str) == sorted(
        [
            (CaseOpened, "club", frozenset(BOXES)),
            (CaseOpened, "heirs", frozenset(BOXES)),
            (CaseClosed, "club", frozenset(BOXES)),
        ],
        key=str,
    )
    assert "3 steps told of mailboxes that are another customer's now" in worker.text()
    assert "Traceback" not in worker.text()
