"""Letters where stages are planned: each mailbox has its own stage's day, and is asked for until then."""

from datetime import date

import msgspec
import pytest

from schemas.sunset_events import LetterDue, Stage, StagesPlanned, StageStep, StageStepped
from streams.directory import Account
from streams.letter_wanted import still, unwanted
from streams.sunset.decide import Case
from streams.sunset.endings import Ending, Endings
from streams.sunset.ledger import Ledger, take
from streams.sunset.unwritten import silences
from streams.sunset.weeks import HOUR, due, left_out
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, letters_of, local, look, use

ACME = People(Account(customer="acme", contact="it@acme.example"))
A, B = "a@acme.example", "b@acme.example"
TUESDAY = local("2027-02-02 09:00")
WEEK = 7 * DAY


def _planned(first: str, second: str) -> Ledger:
    """Return what is known of a plan of two stages: of names before b, and of those from b on."""
    stages = (
        Stage(number=1, beyond="b", closes=local(f"{first} 09:00")),
        Stage(number=2, first="b", closes=local(f"{second} 09:00")),
    )
    ledger = Ledger()
    take(ledger, StagesPlanned(id="plan", at=TUESDAY - DAY, sunset=NAME, stages=stages))
    return ledger


def _step(ledger: Ledger, stage: int, step: StageStep, at: int) -> None:
    take(ledger, StageStepped(id=f"{stage} {step} {at}", at=at, sunset=NAME, stage=stage, step=step))


def _letters(ledger: Ledger, at: int, *mailboxes: str) -> list[LetterDue]:
    return letters_of(decided(ledger, look(at, [use(name, at - HOUR) for name in mailboxes]), ACME))


def test_without_a_plan_all_end_on_the_day_of_the_sunset() -> None:
    endings = Endings(SUNSET, Ledger(), TUESDAY)
    assert (endings.of(A), endings.last, endings.planned) == (Ending(SUNSET.ends), SUNSET.ends, False)
    (letter,) = _letters(Ledger(), TUESDAY, A, B)
    assert (letter.ends, letter.days) == ("2027-03-22", ())


def test_a_letter_tells_the_day_of_each_mailbox_and_goes_on_until_the_last() -> None:
    ledger = _planned("2027-02-17", "2027-04-06")
    told = []
    for week in range(12):
        if week == 3:
            _step(ledger, 1, "closed", local("2027-02-17 09:00"))
        at = TUESDAY + week * WEEK - (HOUR if week > 7 else 0)  # the clocks go forward in between
        told += [
            (each.number, each.of, [use.mailbox for use in each.uses], each.ends, each.days)
            for each in _letters(ledger, at, A, B)
        ]
    both, second = ("2027-02-17", ("2027-02-17", "2027-04-06")), ("2027-04-06", ())
    assert told == [
        *((number, 6, [A, B], *both) for number in (1, 2, 3)),
        *((number, 6, [B], *second) for number in (4, 5, 6)),
    ]


def test_who_is_found_late_gets_the_letters_that_are_left_until_his_own_day() -> None:
    early, late = _planned("2027-03-10", "2027-03-31"), _planned("2027-03-31", "2027-03-10")
    at = local("2027-03-09 09:00")
    assert [(each.number, each.of) for each in _letters(early, at, A)] == [(1, 1)]
    assert [(each.number, each.of) for each in _letters(late, at, A)] == [(1, 4)]
    _step(early, 1, "closed", at + DAY)
    assert _letters(early, at + WEEK, A) == [], "its day is past"
    assert [(each.number, each.of) for each in _letters(late, at + 3 * WEEK - HOUR, A)] == [(2, 2)]


def test_a_stage_that_closed_is_asked_for_no_more_and_thanked_for_once_it_was_seen_the_new_way() -> None:
    ledger = _planned("2027-03-10", "2027-03-31")
    _letters(ledger, TUESDAY, A)
    _step(ledger, 1, "closed", TUESDAY + 2 * DAY)
    assert _letters(ledger, TUESDAY + WEEK, A) == []
    day = [(each.why, each.mailboxes) for each in silences(Case(NAME, SUNSET, ledger, look(TUESDAY + WEEK), ACME))]
    assert day == [("it ended on 2027-02-04", (A,))]
    assert _letters(ledger, TUESDAY + 2 * WEEK) == [], "it is refused: that nothing is seen tells nothing"
    changed = use(A, TUESDAY + DAY, switched=TUESDAY + 3 * DAY)
    seen = msgspec.structs.replace(look(TUESDAY + 2 * WEEK + HOUR), earlier={A: changed})
    (thanks,) = letters_of(decided(ledger, seen, ACME))
    assert (thanks.kind, thanks.thanked, thanks.ends) == ("thanks", (A,), "2027-02-04")


@pytest.mark.parametrize("step", ["rolled_back", "paused"])
def test_a_stage_that_is_held_has_no_day_and_none_in_the_past_is_told(step: StageStep) -> None:
    ledger = _planned("2027-02-04", "2027-02-19")
    _step(ledger, 1, "closed", local("2027-02-04 09:00"))
    _step(ledger, 1, step, local("2027-02-05 09:00"))
    at = local("2027-02-16 09:00")
    (letter,) = _letters(ledger, at, A, B)
    held = step == "paused"  # a pause holds the others, too: a rollback does not
    assert letter.days == (("", "") if held else ("", "2027-02-19"))
    assert letter.ends == ("2027-02-17" if held else "2027-02-19")
    assert (letter.number, letter.of) == (1, 6), "how many weeks are left nobody knows"
    other = Ending(date(2027, 2, 19), fixed=not held)
    assert Endings(SUNSET, ledger, at).of(B) == other, "resumed now, it closes on its day"


def test_what_should_have_closed_and_did_not_is_not_told_to_have() -> None:
    ledger = _planned("2027-02-15", "2027-03-19")
    assert Endings(SUNSET, ledger, local("2027-02-15 18:00")).of(A) == Ending(date(2027, 2, 15))
    assert Endings(SUNSET, ledger, TUESDAY + 2 * WEEK).of(A) == Ending(date(2027, 2, 17), fixed=False)


def test_it_is_settled_two_weeks_after_the_last_stage() -> None:
    ledger = _planned("2027-03-22", "2027-05-03")
    last = Endings(SUNSET, ledger, TUESDAY).last
    assert last == date(2027, 5, 3)
    assert [left_out(SUNSET, local(at), last) for at in ("2027-05-16 23:59", "2027-05-17 00:00")] == [False, True]
    early = Endings(SUNSET, _planned("2027-02-15", "2027-02-16"), TUESDAY).last
    assert early == SUNSET.ends, "who is found late is counted until then"


def test_what_begins_on_the_eve_of_a_stage_goes_before_it_closes() -> None:
    night = SUNSET.model_copy(update={"hour": 22, "spread_hours": 8.0})
    begins = local("2027-02-02 22:00")
    assert (
        due(night, NAME, "acme", begins, date(2027, 2, 3))
        < local("2027-02-03 00:00")
        < due(night, NAME, "acme", begins)
    )
    ledger = _planned("2027-02-03", "2027-02-10")
    (letter,) = letters_of(decided(ledger, look(begins, [use(A, begins)]), ACME, night))
    assert letter.due < local("2027-02-03 00:00")


def test_a_letter_that_goes_late_tells_the_days_as_they_are_then() -> None:
    ledger = _planned("2027-02-03", "2027-03-31")
    (letter,) = _letters(ledger, TUESDAY, A, B)
    later = TUESDAY + DAY
    left = still(letter, SUNSET, ledger, later, ACME)
    assert ([each.mailbox for each in left.uses], left.ends, left.days) == ([B], "2027-03-31", ())
    _step(ledger, 2, "rolled_back", later)
    left = still(letter, SUNSET, ledger, later + 1, ACME)
    assert ([each.mailbox for each in left.uses], left.ends, left.days) == ([B], "2027-03-31", ("",))
    assert unwanted(letter, SUNSET, ledger, later, ACME) == ""
    (alone,) = _letters(_planned("2027-02-03", "2027-03-31"), TUESDAY, A)
    assert unwanted(alone, SUNSET, ledger, TUESDAY, ACME) == ""
    assert unwanted(alone, SUNSET, ledger, later, ACME) == "it did not go before 2027-02-03, when it ended"
