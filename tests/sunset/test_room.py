"""A customer with more mailboxes than a letter has room for: he is written to, and each mailbox comes to its turn."""

import msgspec

from schemas.codec import encode
from schemas.sunset_events import ClientUse, Use
from streams.directory import Account
from streams.sunset.ledger import Ledger
from streams.sunset.weeks import HOUR
from tests.sunset.scene import DAY, People, decided, letters_of, local, look, use

HOSTER = People(Account(customer="acme", contact="it@acme.example"))
TUESDAY = local("2027-02-02 09:00")
WEEK = 7 * DAY
BROKER = 1_000_000
MANY = tuple(f"box{number:05}@acme.example" for number in range(6000))


def _wordy(name: str, at: int) -> Use:
    """Return a use of three clients, each of which says much of itself."""
    clients = tuple(ClientUse(ip=f"192.0.2.{number}", helo="ü" * 60, program="x" * 60, last=at) for number in (1, 2, 3))
    return msgspec.structs.replace(use(name, at), clients=clients)


def test_of_too_many_mailboxes_those_are_named_that_have_room_and_the_others_come_first_the_next_time() -> None:
    ledger = Ledger()
    named: list[set[str]] = []
    for week in range(3):
        at = TUESDAY + week * WEEK
        (letter,) = letters_of(decided(ledger, look(at, [_wordy(name, at - HOUR) for name in MANY]), HOSTER))
        names = [each.mailbox for each in letter.uses]
        assert names == sorted(names)
        assert len(encode(letter)) < BROKER
        assert (len(names) + letter.more, letter.number, letter.recipient) == (6000, week + 1, "it@acme.example")
        named.append(set(names))
    first, second, _ = named
    assert 1000 < len(first) < 3000
    assert first & second == set()
    assert first | second < set(MANY)


def test_one_that_no_letter_named_is_not_thanked_for() -> None:
    ledger = Ledger()
    at = TUESDAY
    (letter,) = letters_of(decided(ledger, look(at, [_wordy(name, at - HOUR) for name in MANY]), HOSTER))
    gone = TUESDAY + 2 * WEEK
    (thanks,) = letters_of(decided(ledger, look(gone), HOSTER))
    assert set(thanks.thanked) == {each.mailbox for each in letter.uses}


def test_who_is_not_thanked_for_because_there_was_no_room_is_a_week_later() -> None:
    ledger = Ledger()
    many = tuple(f"{'long-' * 10}{number:05}@acme.example" for number in range(2500))
    half = msgspec.structs.replace(use(many[0], TUESDAY), clients=())
    seen = [msgspec.structs.replace(half, mailbox=name) for name in many]
    (letter,) = letters_of(decided(ledger, look(TUESDAY, seen), HOSTER))
    assert (len(letter.uses), letter.more) == (2500, 0)
    thanked: list[str] = []
    for week in (2, 3, 4):
        thanks = letters_of(decided(ledger, look(TUESDAY + week * WEEK), HOSTER))
        thanked += [name for each in thanks for name in each.thanked]
        assert all(len(encode(each)) < BROKER for each in thanks)
    assert sorted(thanked) == list(many)
