"""A letter that was decided and withdrawn counts for nothing: neither its number is spent, nor is anybody thanked."""

from typing import Literal

import pytest
from msgspec.structs import replace

from schemas.events import Event
from schemas.mailbox_events import WITHDRAWN, NoticeSent
from schemas.sunset_events import LetterDue
from streams.directory import Account
from streams.sunset.ledger import Ledger, Ledgers, fold
from streams.sunset.weeks import HOUR
from tests.sunset.scene import DAY, NAME, People, decided, ended, letters_of, local, look, use

ACME = People(Account(customer="acme", contact="it@acme.example"))
A, B = "a@acme.example", "b@acme.example"
TUESDAY = local("2027-02-02 09:00")
WEEK = 7 * DAY


def _notice(letter: LetterDue, reply: str, status: Literal["intended", "sent", "refused"] = "refused") -> NoticeSent:
    return ended(letter, reply, status)


def _told(ledger: Ledger, *events: Event) -> None:
    fold({NAME: ledger}, events)


def _seen(ledger: Ledger, at: int, *mailboxes: str) -> list[LetterDue]:
    return letters_of(decided(ledger, look(at, [use(name, at - HOUR) for name in mailboxes]), ACME, went=False))


@pytest.mark.parametrize(
    ("reply", "status", "number"),
    [
        (f"{WITHDRAWN}it was due on Tuesday, more than 4 days ago", "refused", 1),
        ("550 5.1.1 no such user", "refused", 2),
        ("250 2.0.0 withdrawn: queued", "sent", 2),
        (f"{WITHDRAWN}?", "intended", 2),
    ],
)
def test_the_number_of_a_letter_that_was_withdrawn_is_the_next_ones(
    reply: str, status: Literal["intended", "sent", "refused"], number: int
) -> None:
    ledger = Ledger()
    (letter,) = _seen(ledger, TUESDAY, A)
    _told(ledger, *[_notice(letter, reply, status)] * 2)
    assert _seen(ledger, TUESDAY + 3 * HOUR, A) == [], "its week is past all the same"
    assert [each.number for each in _seen(ledger, TUESDAY + WEEK, A)] == [number]


def test_who_was_named_only_by_a_letter_that_was_withdrawn_is_not_thanked() -> None:
    for withdrawn in (False, True):
        ledger = Ledger()
        (letter,) = _seen(ledger, TUESDAY, A)
        why = f"{WITHDRAWN}all its mailboxes are exempt or done by now"
        _told(ledger, _notice(letter, why) if withdrawn else ended(letter))
        assert [each.thanked for each in _seen(ledger, TUESDAY + 2 * WEEK)] == ([] if withdrawn else [(A,)])


def test_thanks_that_were_withdrawn_are_said_once_they_can_be() -> None:
    ledger = Ledger()
    (letter,) = _seen(ledger, TUESDAY, A)
    _told(ledger, ended(letter))
    (thanks,) = _seen(ledger, TUESDAY + 2 * WEEK)
    _told(ledger, _notice(thanks, f"{WITHDRAWN}it was due on Tuesday, more than 4 days ago"))
    (again,) = _seen(ledger, TUESDAY + 3 * WEEK)
    assert again.thanked == (A,)
    _told(ledger, ended(again))
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


def test_a_letter_that_is_too_old_to_go_counts_for_none_before_it_is_withdrawn() -> None:
    """The desk was off for a week, and decides before it withdraws: the first that he gets is the first."""
    ledger = Ledger()
    (first,) = _seen(ledger, TUESDAY, A, B)
    (second,) = _seen(ledger, TUESDAY + WEEK, A)
    assert (first.number, second.number) == (1, 1)
    _told(ledger, _notice(first, f"{WITHDRAWN}it was due on Tuesday, more than 4 days ago"), ended(second))
    (third,) = _seen(ledger, TUESDAY + 2 * WEEK, A)
    assert (third.number, third.thanked) == (2, (B,))
    unsent = Ledger()
    _seen(unsent, TUESDAY, A, B)
    assert [each.thanked for each in _seen(unsent, TUESDAY + 2 * WEEK, A)] == [()], "no letter named him"


def test_a_letter_that_was_begun_counts_however_old_it_is() -> None:
    ledger = Ledger()
    (first,) = _seen(ledger, TUESDAY, A)
    _told(ledger, ended(first, "", "intended"))
    assert [each.number for each in _seen(ledger, TUESDAY + WEEK, A)] == [2]


def _begun(letter: LetterDue, kind: str, named: tuple[str, ...], thanked: tuple[str, ...] = ()) -> NoticeSent:
    """Return what the desk writes as it hands over what is left of a letter."""
    return replace(ended(letter, "", "intended"), template=kind, named=named, thanked=thanked)


def test_a_letter_that_became_thanks_keeps_no_number() -> None:
    ledger = Ledger()
    (first,) = _seen(ledger, TUESDAY, B)
    _told(ledger, ended(first))
    (second,) = _seen(ledger, TUESDAY + 2 * WEEK, A)
    assert (second.number, second.thanked) == (2, (B,))
    _told(ledger, *[_begun(second, "thanks", (), (B,))] * 2, ended(second))
    (third,) = _seen(ledger, TUESDAY + 3 * WEEK, A)
    assert (third.number, third.thanked) == (2, ())


def test_who_was_left_out_of_a_letter_as_it_went_is_not_named_by_it() -> None:
    ledger = Ledger()
    (letter,) = _seen(ledger, TUESDAY, A, B)
    _told(ledger, _begun(letter, "letter", (B,)), ended(letter))
    assert [each.thanked for each in _seen(ledger, TUESDAY + 2 * WEEK)] == [(B,)]


def test_who_was_back_before_his_thanks_went_is_thanked_once_he_is_done_again() -> None:
    ledger = Ledger()
    (first,) = _seen(ledger, TUESDAY, A, B)
    _told(ledger, ended(first))
    (second,) = _seen(ledger, TUESDAY + 2 * WEEK, B)
    assert second.thanked == (A,)
    _told(ledger, _begun(second, "letter", (B,)), ended(second))
    assert [each.thanked for each in _seen(ledger, TUESDAY + 3 * WEEK, B)] == [(A,)]


def test_what_a_later_try_says_counts_and_nothing_of_it_if_it_is_withdrawn_at_last() -> None:
    ledger = Ledger()
    (letter,) = _seen(ledger, TUESDAY, A, B)
    _told(ledger, _begun(letter, "letter", (B,)), _begun(letter, "letter", (A, B)))
    assert [ledger.boxes[name].named for name in (A, B)] == [1, 1]
    _told(ledger, _notice(letter, f"{WITHDRAWN}?"))
    assert [ledger.boxes[name].named for name in (A, B)] == [0, 0]
    assert ledger.written["acme"].letters == 0
