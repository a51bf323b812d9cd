"""What a renamed sunset or customer leaves behind is told."""

from schemas.sunset_events import UserExempted
from streams.directory import Account
from streams.sunset.astray import forgotten, gone
from streams.sunset.decide import Case
from streams.sunset.ledger import Ledger, take
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, local, look, use

PEOPLE = People(Account(customer="acme", contact="it@acme.example"))
TUESDAY = local("2027-02-02 09:00")
A = "a@acme.example"


def _written() -> Ledger:
    ledger = Ledger()
    decided(ledger, look(TUESDAY, [use(A, TUESDAY)]), PEOPLE)
    return ledger


def test_a_sunset_that_is_not_configured_and_has_open_mailboxes_is_told_for_a_month() -> None:
    ledgers = {"pop": _written(), "empty": Ledger()}
    assert list(forgotten(ledgers, {"pop"}, TUESDAY)) == []
    (told,) = forgotten(ledgers, {"new"}, TUESDAY + 30 * DAY)
    assert told.startswith("sunset.pop: is not configured, but has 1 open mailboxes: nothing is decided about them")
    assert list(forgotten(ledgers, {"new"}, TUESDAY + 31 * DAY)) == []


def test_a_customer_whom_the_directory_has_no_more_is_told() -> None:
    class Renamed(People):
        def of(self, mailbox: str) -> Account | None:
            return Account(customer="ACME GmbH") if mailbox == A else None

        def account(self, customer: str) -> Account | None:
            return Account(customer=customer) if customer == "ACME GmbH" else None

    ledger = _written()
    for subject in ("acme", "@acme.example", "past"):
        until = "2027-02-01" if subject == "past" else ""
        take(ledger, UserExempted(id=subject, at=TUESDAY, sunset=NAME, subject=subject, until=until, reason="moves"))
    assert list(gone(Case(NAME, SUNSET, ledger, look(TUESDAY), PEOPLE))) == []
    exempt, moved = gone(Case(NAME, SUNSET, ledger, look(TUESDAY), Renamed()))
    assert exempt == "sunset.pop: the customer acme is exempt, but not in the directory: that covers nobody"
    assert moved == (
        "sunset.pop: the directory has no customer acme any more, and ACME GmbH has 1 of his open mailboxes: letters "
        "are counted from the first again"
    )
