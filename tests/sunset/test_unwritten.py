"""Who is in no letter of the week, and why."""

from schemas.mailbox_events import WITHDRAWN
from schemas.sunset_events import UserExempted
from streams.directory import Account
from streams.sunset.decide import Case
from streams.sunset.ledger import Ledger, take
from streams.sunset.unwritten import UNSURE, Silence, silences
from streams.sunset.weeks import HOUR
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, ended, letters_of, local, look, use

PEOPLE = People(
    Account(customer="acme", contact="it@acme.example"),
    Account(customer="late", contact="it@late.example"),
    Account(customer="mute"),
)
TUESDAY = local("2027-02-02 09:00")
A, B, M, N = "a@acme.example", "b@acme.example", "m@mute.example", "n@nobody.example"


def _silent(ledger: Ledger, at: int, *names: str) -> list[Silence]:
    uses = [use(name, at - HOUR) for name in names]
    decided(ledger, look(at, uses), PEOPLE)
    return list(silences(Case(NAME, SUNSET, ledger, look(at, uses), PEOPLE)))


def test_who_is_in_no_letter_is_told_with_the_reason() -> None:
    ledger = Ledger()
    take(ledger, UserExempted(id="x", at=TUESDAY, sunset=NAME, subject=B, reason="a fax"))
    found = _silent(ledger, TUESDAY + HOUR, A, B, M, N)
    assert found == [
        Silence("@nobody.example", f"no customer has {N}", (N,)),
        Silence("acme", "exempt", (B,)),
        Silence("mute", "the customer mute has no mail address", (M,)),
    ]
    later = _silent(ledger, TUESDAY + DAY, A, "c@acme.example", "x@late.example")
    assert [each for each in later if each.why.startswith("found")] == [
        Silence("acme", "found after this week's letters went", ("c@acme.example",)),
        Silence("late", "found after this week's letters went", ("x@late.example",)),
    ]


def test_before_the_first_letter_day_and_after_the_last_letter_all_are_told() -> None:
    ledger = Ledger()
    assert _silent(ledger, local("2027-02-01 12:00"), A) == [Silence("acme", "letters begin on 2027-02-02", (A,))]
    for week in range(7):
        found = _silent(ledger, TUESDAY + week * 7 * DAY + HOUR, A)
    assert found == [Silence("acme", "all 6 letters were written", (A,))]
    assert _silent(ledger, local("2027-03-22 00:00"), A) == [Silence("acme", "it ended on 2027-03-22", (A,))]


def test_a_week_that_nobody_could_use_and_who_may_have_been_another_are_told() -> None:
    ledger = Ledger()
    decided(ledger, look(TUESDAY - HOUR, [use(A, TUESDAY - HOUR)]), PEOPLE)
    at = local("2027-02-05 12:00")
    unsure = use("z@late.example", at, confidence=0.1)
    found = list(silences(Case(NAME, SUNSET, ledger, look(at, [use(A, at), unsure]), PEOPLE)))
    assert found == [
        Silence("acme", "nothing could be decided while this week's letters went", (A,)),
        Silence("late", UNSURE, ("z@late.example",)),
    ]


def test_whose_letter_was_withdrawn_is_told() -> None:
    ledger = Ledger()
    (letter,) = letters_of(decided(ledger, look(TUESDAY, [use(A, TUESDAY - HOUR)]), PEOPLE, went=False))
    later = Case(NAME, SUNSET, ledger, look(letter.due + 4 * DAY + HOUR, [use(A, letter.due)]), PEOPLE)
    assert list(silences(later)) == []
    take(ledger, ended(letter, f"{WITHDRAWN}it was due", "refused"))
    assert [(each.why, each.mailboxes) for each in silences(later)] == [("this week's letter was withdrawn", (A,))]
