"""A letter that was decided and withdrawn counts for nothing: neither its number is spent, nor is anybody thanked."""

import msgspec
import pytest

from schemas.events import Event
from schemas.mailbox_events import WITHDRAWN, NoticeSent
from schemas.sunset_events import LetterDue
from streams.directory import Account
from streams.sunset.ledger import Ledger, Ledgers, fold
from streams.sunset.weeks import HOUR
from tests.sunset.scene import DAY, NAME, People, decided, letters_of, local, look, use

ACME = People(Account(customer="acme", contact="it@acme.example"))
A = "a@acme.example"
TUESDAY = local("2027-02-02 09:00")
WEEK = 7 * DAY


def _notice(letter: LetterDue, reply: str, status: str = "refused") -> NoticeSent:
    more = {"recipient": letter.recipient, "template": letter.kind, "language": "de", "message_id": letter.message_id}
    known = {"id": f"{letter.id} {status}", "at": letter.due + HOUR, "sunset": NAME, "customer": letter.customer}
    return msgspec.convert(known | more | {"status": status, "reply": reply, "decision": letter.id}, NoticeSent)


def _told(ledger: Ledger, *events: Event) -> None:
    fold({NAME: ledger}, events)


def _seen(ledger: Ledger, at: int, *mailboxes: str) -> list[LetterDue]:
    return letters_of(decided(ledger, look(at, [use(name, at - HOUR) for name in mailboxes]), ACME))


@pytest.mark.parametrize(
    ("reply", "status", "number"),
    [
        (f"{WITHDRAWN}it was due on Tuesday, more than 4 days ago", "refused", 1),
        ("550 5.1.1 no such user", "refused", 2),
        ("250 2.0.0 withdrawn: queued", "sent", 2),
        (f"{WITHDRAWN}?", "intended", 2),
    ],
)
def test_the_number_of_a_letter_that_was_withdrawn_is_the_next_ones(reply: str, status: str, number: int) -> None:
    ledger = Ledger()
    (letter,) = _seen(ledger, TUESDAY, A)
    _told(ledger, *[_notice(letter, reply, status)] * 2)
    assert _seen(ledger, TUESDAY + 3 * HOUR, A) == [], "its week is past all the same"
    assert [each.number for each in _seen(ledger, TUESDAY + WEEK, A)] == [number]


def test_who_was_named_only_by_a_letter_that_was_withdrawn_is_not_thanked() -> None:
    for withdrawn in (False, True):
        ledger = Ledger()
        (letter,) = _seen(ledger, TUESDAY, A)
        if withdrawn:
            _told(ledger, _notice(letter, f"{WITHDRAWN}all its mailboxes are exempt or done by now"))
        assert [each.thanked for each in _seen(ledger, TUESDAY + 2 * WEEK)] == ([] if withdrawn else [(A,)])


def test_thanks_that_were_withdrawn_are_said_once_they_can_be() -> None:
    ledger = Ledger()
    _seen(ledger, TUESDAY, A)
    (thanks,) = _seen(ledger, TUESDAY + 2 * WEEK)
    _told(ledger, _notice(thanks, f"{WITHDRAWN}it was due on Tuesday, more than 4 days ago"))
    assert [each.thanked for each in _seen(ledger, TUESDAY + 3 * WEEK)] == [(A,)]
    assert _seen(ledger, TUESDAY + 4 * WEEK) == []


def test_a_letter_that_is_withdrawn_after_the_next_was_decided_is_known_still() -> None:
    ledger = Ledger()
    first, second = (_seen(ledger, TUESDAY + week * WEEK, A)[0] for week in (0, 1))
    _told(ledger, _notice(first, f"{WITHDRAWN}?"))
    assert (ledger.written["acme"].letters, ledger.boxes[A].named) == (1, 1)
    _told(ledger, _notice(second, "250 ok", "sent"))
    assert (ledger.written["acme"].letters, ledger.boxes[A].named, ledger.written["acme"].going) == (1, 1, ())


def test_of_what_nobody_could_be_written_about_nobody_is_thanked() -> None:
    ledger = Ledger()
    mute = People(Account(customer="acme"))
    assert [each.recipient for each in letters_of(decided(ledger, look(TUESDAY, [use(A, TUESDAY)]), mute))] == [""]
    assert _seen(ledger, TUESDAY + 2 * WEEK) == [], "he has an address by now, and never had a letter"


def test_the_log_tells_it_again_and_a_notice_of_no_sunset_is_none() -> None:
    ledgers: Ledgers = {}
    ledger = Ledger()
    (letter,) = _seen(ledger, TUESDAY, A)
    plain = NoticeSent(
        id="x", at=1, recipient="a@b.example", template="t", language="de", message_id="<x>", status="sent"
    )
    fold(ledgers, (letter, plain, _notice(letter, f"{WITHDRAWN}?")))
    assert list(ledgers) == [NAME]
    assert (ledgers[NAME].written["acme"].letters, ledgers[NAME].written["acme"].due) == (0, letter.due)
