"""What the warehouse tells of a mailbox that is seen under its aliases: when it was seen last, and when for sure."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.events import Event, MailboxAuthenticated, MessageSubmitted, PopCandidate
from schemas.sunset_events import UserDone
from streams.directory import Account
from streams.sunset.decide import Case, users
from streams.sunset.ledger import Ledger
from streams.sunset.look import Look
from streams.sunset_desk import look
from tests.migrated import migrate
from tests.sunset.scene import MAIL, NAME, People, decided, letters_of, use
from tests.sunset.scene import look as seen_at
from tests.sunset.test_uses import DAY, HOUR, MONDAY, keep, login, mail, sunset

PEOPLE = People(Account(customer="acme", contact="it@acme.example"))
ANNA, ALIAS, OTHER = "anna@acme.example", "anna.alias@acme.example", "n@other.example"
NOW = MONDAY + 20 * DAY + 12 * HOUR
SUNSET = sunset().model_copy(update={"mail": MAIL, "weekday": "sunday", "hour": 10})
"""Its letters go on the day of `NOW`."""


@pytest.fixture
def warehouse(clickhouse: ClickHouseServer, database: str) -> Client:
    migrate(clickhouse.connect(), database)
    return clickhouse.connect(database)


def _as(mailbox: str, at: int, confidence: float = 1.0) -> MessageSubmitted:
    candidates = [PopCandidate(mailbox=mailbox, confidence=confidence)]
    if confidence < 1:
        candidates.append(PopCandidate(mailbox=OTHER, confidence=1 - confidence))
    return mail(at, id=f"{mailbox} {at}", client_ip="198.51.100.9", candidates=tuple(candidates))


def _heard(days: range) -> Iterator[Event]:
    """Yield what all logs tell of these days, of others."""
    for at in (MONDAY + day * DAY + HOUR for day in days):
        yield _as("x@z.example", at)
        yield login(at, id=f"pop {at}", mailbox="x@z.example")


def _switched(at: int) -> MailboxAuthenticated:
    return login(at, id=f"smtp {at}", host="mx1", service="smtp", mailbox=ANNA)


def _found() -> Ledger:
    ledger = Ledger()
    first = MONDAY + 5 * DAY
    decided(ledger, seen_at(first, [use(ANNA, first)]), PEOPLE, SUNSET)
    assert ANNA in ledger.boxes
    return ledger


def _look(warehouse: Client, ledger: Ledger) -> Look:
    return look(warehouse, SUNSET, ledger, NOW, PEOPLE.mailbox, lambda: None)


def test_who_surely_did_it_yesterday_under_an_alias_is_not_done(warehouse: Client) -> None:
    """Behind his office it was rather another, his phone does it the new way; a device did it for sure."""
    office = [_as(ANNA, MONDAY + 15 * DAY + hour * HOUR, confidence=0.1) for hour in range(30)]
    events = [*_heard(range(21)), *office, _switched(MONDAY + 8 * DAY)]
    keep(warehouse, events)
    for sure in (False, True):
        if sure:
            keep(warehouse, [_as(ALIAS, MONDAY + 19 * DAY)])
        ledger = _found()
        told = users(Case(NAME, SUNSET, ledger, _look(warehouse, ledger), PEOPLE))
        assert [event.mailbox for event in told if isinstance(event, UserDone)] == ([] if sure else [ANNA])


@pytest.mark.parametrize("read", [range(21), range(15)])
def test_when_one_was_seen_last_is_told_also_where_it_was_under_an_alias(warehouse: Client, read: range) -> None:
    """All logs were read, and she is done; or the newest were not, and her letter tells it."""
    last = MONDAY + 9 * DAY
    keep(warehouse, [*_heard(read), _as(ALIAS, last)])
    ledger = _found()
    written = decided(ledger, _look(warehouse, ledger), PEOPLE, SUNSET)
    done = [event.last for event in written if isinstance(event, UserDone)]
    asked = [each.last for letter in letters_of(written) for each in letter.uses if each.mailbox == ANNA]
    assert (done, asked) == (([last], []) if len(read) > 20 else ([], [last]))
