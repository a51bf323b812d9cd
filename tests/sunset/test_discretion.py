"""Behind an address of several customers no letter tells whose device it was, nor when."""

import msgspec

from schemas.sunset_events import ClientUse, Use
from streams.directory import Account
from streams.sunset.discretion import discreet, shared
from streams.sunset.ledger import Ledger
from tests.sunset.scene import People, decided, letters_of, local, look

CARRIER, HOME = "198.51.100.7", "192.0.2.1"
HERS = ClientUse(ip=CARRIER, helo="PC-PRAXIS-MUSTER", program="Outlook", messages=3, first=10, last=90)
HIS = ClientUse(ip=HOME, helo="laptop", messages=2, first=20, last=50)


def _use(mailbox: str, confidence: float, *clients: ClientUse) -> Use:
    ends = max((client.last for client in clients), default=90)
    return Use(mailbox=mailbox, messages=5, first=10, last=ends, confidence=confidence, clients=clients)


def _owner(mailbox: str) -> str:
    return mailbox.partition("@")[2]


def test_an_address_is_shared_where_unsure_mailboxes_of_two_customers_were() -> None:
    unsure = [_use(name, 0.5, HERS) for name in ("a@one.example", "b@one.example", "c@two.example")]
    assert shared(unsure[:2], _owner) == frozenset()
    assert shared(unsure, _owner) == {CARRIER}
    assert shared([_use("a@one.example", 1.0, HERS), unsure[2]], _owner) == frozenset()


def test_of_a_shared_address_neither_device_nor_time_is_told() -> None:
    addresses = frozenset((CARRIER,))
    told = discreet(_use("a@one.example", 0.7, HERS, HIS), addresses, known=True)
    assert (told.clients, told.first, told.last, told.messages) == ((HIS,), 20, 50, 5)
    nothing = discreet(_use("a@one.example", 0.5, HERS), addresses, known=True)
    assert (nothing.clients, nothing.first, nothing.last, nothing.mailbox) == ((), 0, 0, "a@one.example")


def test_who_is_sure_and_an_office_of_one_customer_are_told_all() -> None:
    sure, office = _use("a@one.example", 1.0, HERS), _use("a@one.example", 0.33, HERS)
    assert discreet(sure, frozenset((CARRIER,)), known=True) is sure
    assert discreet(office, frozenset(), known=True) is office


def test_where_nobody_knows_who_else_was_there_the_unlikely_is_told_nothing() -> None:
    assert discreet(_use("a@one.example", 0.33, HERS), frozenset(), known=False).clients == ()
    assert discreet(_use("a@one.example", 0.5, HERS), frozenset(), known=False).clients == (HERS,)


def test_a_letter_of_a_customer_behind_a_carrier_names_his_mailbox_and_no_stranger() -> None:
    at = local("2027-02-02 09:00")
    people = People(*(Account(customer=name, contact=f"it@{name}.example") for name in ("acme", "solo")))
    seen = [
        msgspec.structs.replace(_use(name, 0.5, HERS), first=at - 10, last=at - 5)
        for name in ("a@acme.example", "s@solo.example")
    ]
    found = letters_of(decided(Ledger(), look(at, seen), people))
    assert [(letter.customer, [(use.mailbox, use.clients, use.last) for use in letter.uses]) for letter in found] == [
        ("acme", [("a@acme.example", (), 0)]),
        ("solo", [("s@solo.example", (), 0)]),
    ]
