"""Which letters are due: of whom, on what, how many, and none that is not."""

from copy import deepcopy
from datetime import date

import msgspec
import pytest

from schemas.names import derived_id
from schemas.sunset_events import UserExempted
from streams.directory import Account
from streams.sunset.decide import Case
from streams.sunset.ledger import Ledger, take
from streams.sunset.weeks import HOUR, day_of, place_of
from streams.sunset.writing import letters
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, letters_of, local, look, use

PEOPLE = People(
    Account(customer="acme", name="Acme AG", contact="it@acme.example", language="fr"),
    Account(customer="mute"),
    Account(customer="odd", contact="no address"),
)
TUESDAY = local("2027-02-02 09:00")
WEEK = 7 * DAY
BOTH = ("b@acme.example", "a@acme.example")


def _exempted(subject: str, until: str = "", *, ended: bool = False) -> UserExempted:
    return UserExempted(
        id=derived_id(subject, until, ended), at=TUESDAY, sunset=NAME, subject=subject, until=until, ended=ended
    )


def test_a_letter_has_all_that_it_will_say() -> None:
    seen = [use(name, TUESDAY - HOUR) for name in BOTH]
    (letter,) = letters_of(decided(Ledger(), look(TUESDAY, seen), PEOPLE))
    assert (letter.customer, letter.name, letter.recipient, letter.language) == (
        "acme",
        "Acme AG",
        "it@acme.example",
        "fr",
    )
    assert (letter.kind, letter.number, letter.of, letter.week, letter.ends) == ("letter", 1, 6, 1, "2027-03-22")
    assert letter.uses == (seen[1], seen[0]), "by name"
    assert letter.due == TUESDAY + int(place_of(NAME, "acme") * 4 * HOUR)
    assert letter.message_id == f"<{letter.id}@hoster.example>"
    assert letter.problem == ""


def test_none_before_the_moment_none_twice_and_six_at_most() -> None:
    ledger = Ledger()
    numbers = []
    for hour in range(8 * 7 * 24):
        at = local("2027-02-01 00:30") + hour * HOUR
        seen = look(at, [use(name, at - HOUR) for name in BOTH])
        found = letters_of(decided(ledger, seen, PEOPLE))
        numbers += [(each.number, each.of, each.week, hour) for each in found]
    first = 24 + 9
    assert numbers == [(number, 6, number, first + (number - 1) * 7 * 24) for number in range(1, 7)]


def test_who_is_found_late_gets_as_many_letters_as_weeks_are_left() -> None:
    ledger = Ledger()
    at = local("2027-03-09 09:00")  # week 6; the seventh is the last before it ends
    (letter,) = letters_of(decided(ledger, look(at, [use(BOTH[0], at)]), PEOPLE))
    assert (letter.number, letter.of, letter.week) == (1, 2, 6)
    at += WEEK
    (letter,) = letters_of(decided(ledger, look(at, [use(BOTH[0], at)]), PEOPLE))
    assert (letter.number, letter.of, letter.week) == (2, 2, 7)
    at = local("2027-03-23 09:00")
    assert letters_of(decided(ledger, look(at, [use(BOTH[0], at)]), PEOPLE)) == []


def test_what_is_found_after_the_weeks_letters_went_waits_for_the_next() -> None:
    ledger = Ledger()
    decided(ledger, look(TUESDAY, [use(BOTH[0], TUESDAY)]), PEOPLE)
    both = [use(name, TUESDAY + 5 * HOUR) for name in BOTH]
    assert letters_of(decided(ledger, look(TUESDAY + 5 * HOUR, both), PEOPLE)) == []
    fresh = use("x@other.example", TUESDAY + DAY)
    assert letters_of(decided(ledger, look(TUESDAY + DAY, [fresh]), PEOPLE)) == []
    (other, acme) = letters_of(decided(ledger, look(TUESDAY + WEEK, [*both, fresh]), PEOPLE))
    assert [each.mailbox for each in acme.uses] == ["a@acme.example", "b@acme.example"]
    assert other.number == 1


def test_a_letter_of_a_mailbox_not_seen_lately_tells_its_last_use_and_no_message_of_this_week() -> None:
    seen = use(BOTH[0], TUESDAY - HOUR)
    later = use(BOTH[0], TUESDAY + 3 * HOUR)
    unheard = {"2027-02-05": frozenset({"mx1"})}
    for earlier, last in (({}, seen), ({BOTH[0]: later}, later), ({BOTH[0]: use(BOTH[0], TUESDAY - DAY)}, seen)):
        ledger = Ledger()
        decided(ledger, look(TUESDAY, [seen]), PEOPLE)
        silent = msgspec.structs.replace(look(TUESDAY + WEEK, missing=unheard), earlier=earlier)
        (letter,) = letters_of(decided(ledger, silent, PEOPLE))
        assert letter.uses == (msgspec.structs.replace(last, messages=0),)


def test_the_messages_of_a_letter_are_those_of_seven_days_also_where_more_are_looked_at() -> None:
    seen = msgspec.structs.replace(look(TUESDAY, [use(BOTH[0], TUESDAY - HOUR)]), weekly={BOTH[0]: 2})
    (letter,) = letters_of(decided(Ledger(), seen, PEOPLE))
    assert [each.messages for each in letter.uses] == [2]


def test_exempt_mailboxes_are_in_no_letter_until_the_exemption_ends() -> None:
    ledger = Ledger()
    for subject, until in (("a@acme.example", "2027-02-08"), ("@other.example", ""), ("mute", "2027-02-02")):
        take(ledger, _exempted(subject, until))
    uses = [use(name, TUESDAY) for name in (*BOTH, "x@other.example", "m@mute.example")]
    (acme,) = letters_of(decided(ledger, look(TUESDAY, uses), PEOPLE))
    assert [each.mailbox for each in acme.uses] == ["b@acme.example"]
    later = TUESDAY + WEEK
    uses = [msgspec.structs.replace(each, last=later) for each in uses]
    acme, mute = letters_of(decided(ledger, look(later, uses), PEOPLE))
    assert [each.mailbox for each in acme.uses] == ["a@acme.example", "b@acme.example"]
    assert mute.customer == "mute"
    take(ledger, _exempted("acme"))
    take(ledger, _exempted("mute"))
    take(ledger, _exempted("@other.example", ended=True))
    last = later + WEEK
    uses = [msgspec.structs.replace(each, last=last) for each in uses]
    (other,) = letters_of(decided(ledger, look(last, uses), PEOPLE))
    assert other.customer == "@other.example"


def test_who_cannot_be_written_to_is_told_of_and_no_letter_counts_as_his() -> None:
    ledger = Ledger()
    uses = [use(name, TUESDAY) for name in ("m@mute.example", "o@odd.example", "n@nobody.example")]
    found = letters_of(decided(ledger, look(TUESDAY, uses), PEOPLE))
    assert [(each.customer, each.recipient, each.message_id, each.problem) for each in found] == [
        ("@nobody.example", "", "", "no customer has n@nobody.example"),
        ("mute", "", "", "the customer mute has no mail address"),
        ("odd", "", "", "the customer odd has the mail address 'no address', which is none"),
    ]
    known = People(Account(customer="mute", contact="care@mute.example"))
    at = TUESDAY + WEEK
    mute = next(
        each
        for each in letters_of(decided(ledger, look(at, [use("m@mute.example", at)]), known))
        if each.customer == "mute"
    )
    assert (mute.recipient, mute.number, mute.of) == ("care@mute.example", 1, 6)


def test_a_customer_who_is_called_as_a_domain_has_no_letter_of_those_whom_nobody_has() -> None:
    class Named(People):
        def of(self, mailbox: str) -> Account | None:
            known = mailbox == "owner@corp.example"
            return Account(customer="corp.example", contact="boss@corp.example") if known else None

    uses = [use(name, TUESDAY) for name in ("other@corp.example", "owner@corp.example")]
    stray, letter = letters_of(decided(Ledger(), look(TUESDAY, uses), Named()))
    assert (stray.recipient, stray.problem) == ("", "no customer has other@corp.example")
    assert (letter.recipient, [each.mailbox for each in letter.uses]) == ("boss@corp.example", ["owner@corp.example"])


def test_a_mailbox_that_is_done_is_thanked_for_once() -> None:
    ledger = Ledger()
    decided(ledger, look(TUESDAY, [use(name, TUESDAY) for name in BOTH]), PEOPLE)
    second = TUESDAY + WEEK
    decided(ledger, look(second, [use(BOTH[0], second)]), PEOPLE)
    third = second + WEEK
    (letter,) = letters_of(decided(ledger, look(third, [use(BOTH[0], second)]), PEOPLE))
    assert (letter.kind, letter.number, letter.thanked) == ("letter", 3, ("a@acme.example",))
    fourth = third + WEEK
    (thanks,) = letters_of(decided(ledger, look(fourth), PEOPLE))
    assert (thanks.kind, thanks.number, thanks.of, thanks.uses) == ("thanks", 0, 0, ())
    assert thanks.thanked == ("b@acme.example",)
    assert letters_of(decided(ledger, look(fourth + WEEK), PEOPLE)) == []


def test_who_is_done_after_the_last_letter_day_is_thanked_after_it_ended_and_nobody_is_asked_any_more() -> None:
    ledger = Ledger()
    at = local("2027-03-16 09:00")
    decided(ledger, look(at, [use(name, at) for name in BOTH]), PEOPLE)
    ended = local("2027-03-23 09:00")
    still = use(BOTH[0], ended)
    assert letters_of(decided(ledger, look(ended, [still, use(BOTH[1], at)]), PEOPLE)) == [], "not quiet long enough"
    (thanks,) = letters_of(decided(ledger, look(ended + WEEK, [still]), PEOPLE))
    assert (thanks.kind, thanks.thanked, thanks.uses, thanks.week) == ("thanks", (BOTH[1],), (), 9)
    assert thanks.due == local("2027-03-30 09:00") + int(place_of(NAME, "acme") * 4 * HOUR)
    assert letters_of(decided(ledger, look(ended + 2 * WEEK), PEOPLE)) == [], "that is settled"


def test_a_letter_day_late_in_the_week_is_made_up_for_after_it() -> None:
    sunday = SUNSET.model_copy(update={"weekday": "sunday"})
    ledger, at = Ledger(), local("2027-02-08 01:00")
    seen = [use(BOTH[0], local("2027-02-06 12:00"))]
    assert letters_of(decided(ledger, look(seen[0].last, seen), PEOPLE, sunday)) == []
    (letter,) = letters_of(decided(deepcopy(ledger), look(at, seen), PEOPLE, sunday))
    assert (letter.week, letter.due // DAY) == (1, local("2027-02-08 09:00") // DAY)
    assert letters_of(decided(ledger, look(local("2027-02-10 01:00"), seen), PEOPLE, sunday)) == []


@pytest.mark.parametrize("begins", ["2027-01-18", "2027-01-26", "2027-02-01", "2027-02-10", "2027-02-22"])
def test_who_moves_the_weeks_sends_no_second_letter_and_leaves_no_week_out(begins: str) -> None:
    ledger = Ledger()
    for week in range(4):
        at = TUESDAY + week * WEEK
        assert len(letters_of(decided(ledger, look(at, [use(BOTH[0], at)]), PEOPLE))) == 1
    moved = SUNSET.model_copy(update={"begins": date.fromisoformat(begins), "weekday": "thursday"})
    days = []
    for hour in range(1, 18 * 24):
        at = TUESDAY + 3 * WEEK + hour * HOUR
        found = letters_of(decided(ledger, look(at, [use(BOTH[0], at)]), PEOPLE, moved))
        days += [(day_of(moved, each.due).isoformat(), each.number) for each in found]
    assert days == [("2027-03-04", 5), ("2027-03-11", 6)]


def test_who_was_never_written_to_is_not_thanked() -> None:
    ledger = Ledger()
    decided(ledger, look(TUESDAY - DAY, [use(BOTH[0], local("2027-01-25 10:00"))]), PEOPLE)
    assert letters_of(decided(ledger, look(TUESDAY + 5 * HOUR), PEOPLE)) == []
    assert ledger.boxes[BOTH[0]].done


def test_a_mailbox_that_moves_to_another_customer_is_in_one_letter_of_a_week() -> None:
    ledger = Ledger()
    seen = look(TUESDAY, [use(BOTH[0], TUESDAY)])
    decided(ledger, seen, PEOPLE)

    class Moved(People):
        def of(self, mailbox: str) -> Account | None:
            return Account(customer="buyer", contact="it@buyer.example") if mailbox == BOTH[0] else None

    assert list(letters(Case(NAME, SUNSET, ledger, seen, Moved()))) == []
    at = TUESDAY + WEEK
    (letter,) = letters_of(decided(ledger, look(at, [use(BOTH[0], at)]), Moved()))
    assert letter.customer == "buyer"


def test_a_sunset_without_mail_writes_to_nobody() -> None:
    quiet = SUNSET.model_copy(update={"mail": None})
    assert letters_of(decided(Ledger(), look(TUESDAY, [use(BOTH[0], TUESDAY)]), PEOPLE, quiet)) == []


def test_a_customer_gets_no_second_letter_though_more_is_found_while_the_weeks_letters_go() -> None:
    ledger = Ledger()
    decided(ledger, look(TUESDAY, [use(BOTH[0], TUESDAY)]), PEOPLE)
    both = [use(name, TUESDAY + HOUR) for name in BOTH]
    assert letters_of(decided(ledger, look(TUESDAY + HOUR, both), PEOPLE)) == []
    assert len(ledger.boxes) == 2


def test_two_who_decide_at_different_moments_write_the_same_letter() -> None:
    seen = [use(name, TUESDAY) for name in BOTH]
    (first,) = letters_of(decided(Ledger(), look(TUESDAY, seen), PEOPLE))
    (second,) = letters_of(decided(Ledger(), look(TUESDAY + 2 * HOUR, seen[:1]), PEOPLE))
    assert (first.id, first.message_id, first.due) == (second.id, second.message_id, second.due)
    assert first.uses != second.uses
