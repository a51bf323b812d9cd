"""What a renamed sunset or customer leaves behind is told."""

import pytest

from schemas.settings import Settings
from schemas.sunset_events import UserExempted
from streams.directory import Account
from streams.journal import Journal
from streams.sunset.astray import forgotten, gone
from streams.sunset.decide import Case
from streams.sunset.ledger import Ledger, take
from streams.sunset.weeks import HOUR
from streams.sunset_desk import Sunsets
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, local, look, use

PEOPLE = People(Account(customer="acme", contact="it@acme.example"))
TUESDAY = local("2027-02-02 09:00")
A, B = "a@acme.example", "b@acme.example"


def _written() -> Ledger:
    ledger = Ledger()
    decided(ledger, look(TUESDAY, [use(A, TUESDAY)]), PEOPLE)
    return ledger


def test_a_sunset_that_is_not_configured_and_has_open_mailboxes_is_told_for_a_month() -> None:
    ledgers = {"pop": _written(), "empty": Ledger()}
    assert list(forgotten(ledgers, {"pop"}, TUESDAY)) == []
    (told,) = forgotten(ledgers, {"new"}, TUESDAY + 30 * DAY)
    assert told.sentence.startswith(
        "sunset.pop: is not configured, but has 1 open mailboxes: nothing is decided about them"
    )
    assert list(forgotten(ledgers, {"new"}, TUESDAY + 31 * DAY)) == []


class Renamed(People):
    """The directory after a customer was renamed."""

    def of(self, mailbox: str) -> Account | None:
        return Account(customer="ACME GmbH") if mailbox in {A, B} else None

    def account(self, customer: str) -> Account | None:
        return Account(customer=customer) if customer == "ACME GmbH" else None


def test_a_customer_whom_the_directory_has_no_more_is_told() -> None:
    ledger = _written()
    for subject in ("acme", "@acme.example", "past"):
        until = "2027-02-01" if subject == "past" else ""
        take(ledger, UserExempted(id=subject, at=TUESDAY, sunset=NAME, subject=subject, until=until, reason="moves"))
    assert list(gone(Case(NAME, SUNSET, ledger, look(TUESDAY), PEOPLE))) == []
    exempt, moved = gone(Case(NAME, SUNSET, ledger, look(TUESDAY), Renamed()))
    assert exempt.sentence == "sunset.pop: the customer acme is exempt, but not in the directory: that covers nobody"
    assert moved.sentence == (
        "sunset.pop: the directory has no customer acme any more, and ACME GmbH has 1 of his open mailboxes: letters "
        "are counted from the first again"
    )


def test_what_differs_in_numbers_alone_is_the_same_and_not_told_again() -> None:
    ledger = _written()
    (one,) = gone(Case(NAME, SUNSET, ledger, look(TUESDAY), Renamed()))
    decided(ledger, look(TUESDAY, [use(B, TUESDAY)]), PEOPLE)
    (two,) = gone(Case(NAME, SUNSET, ledger, look(TUESDAY), Renamed()))
    assert ("has 1 of his" in one.sentence, "has 2 of his" in two.sentence) == (True, True)
    assert one.subject == two.subject
    (first,) = forgotten({"pop": _written()}, (), TUESDAY)
    (second,) = forgotten({"pop": ledger}, (), TUESDAY)
    assert (first.subject, first.sentence != second.sentence) == (second.subject, True)


def test_a_sunset_is_told_to_be_forgotten_where_no_other_is_configured(caplog: pytest.LogCaptureFixture) -> None:
    at = TUESDAY
    desk = Sunsets(Settings(), lambda: at, lambda: None)
    desk.ledgers["pop"] = _written()
    nobody = Journal(Settings().kafka, lambda _: None, lambda: None)
    desk.turn(nobody)
    at += HOUR
    desk.turn(nobody)
    told = [record.message for record in caplog.records]
    assert [line.partition(":")[0] for line in told] == ["sunset.pop"]
