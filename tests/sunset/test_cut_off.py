"""Who is refused because his stage is closed is not seen any more: his silence is not taken for a change."""

import msgspec
import pytest

from schemas.sunset_events import Stage, StagesPlanned, StageStep, StageStepped, SunsetEvent, Use, UserDone
from streams.directory import Account
from streams.sunset.cut_off import before_shut
from streams.sunset.decide import Case, users
from streams.sunset.ledger import Ledger, take
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, letters_of, local, look, use

ACME = "a@acme.example"
PEOPLE = People(Account(customer="acme", name="Acme", contact="it@acme.example", language="de"))
CLOSES = "2027-03-01 09:00"


def _stepped(ledger: Ledger, step: StageStep, when: str) -> None:
    at = local(when)
    take(ledger, StageStepped(id=f"{step}{at}", at=at, sunset=NAME, stage=1, step=step, operator="ann"))


def _closed(last: str) -> Ledger:
    """Return what is known of a mailbox that was in a letter, whose stage closed on 1 March and that was seen last."""
    ledger = Ledger()
    decided(ledger, look(local("2027-02-02 09:00"), [use(ACME, local("2027-02-01 12:00"))]), PEOPLE)
    plan = (Stage(number=1, closes=local(CLOSES)),)
    take(ledger, StagesPlanned(id="plan", at=local("2027-02-03 09:00"), sunset=NAME, stages=plan))
    decided(ledger, look(local(last) + DAY // 2, [use(ACME, local(last))]), PEOPLE)
    _stepped(ledger, "closed", CLOSES)
    return ledger


def _decided(ledger: Ledger, when: str, earlier: Use) -> list[SunsetEvent]:
    seen = msgspec.structs.replace(look(local(when)), earlier={earlier.mailbox: earlier})
    return decided(ledger, seen, PEOPLE)


def _done(ledger: Ledger, when: str, earlier: Use) -> list[UserDone]:
    return [event for event in _decided(ledger, when, earlier) if isinstance(event, UserDone)]


@pytest.mark.parametrize("when", ["2027-03-09 09:00", "2027-03-20 09:00", "2027-03-28 09:00"])
def test_who_was_seen_until_his_stage_closed_is_not_done_and_not_thanked(when: str) -> None:
    events = _decided(_closed("2027-02-28 12:00"), when, use(ACME, local("2027-02-28 12:00")))
    assert [event for event in events if isinstance(event, UserDone)] == []
    assert letters_of(events) == []


def test_he_is_done_once_he_is_seen_the_new_way() -> None:
    last, switched = local("2027-02-28 12:00"), local("2027-03-02 08:00")
    (done,) = _done(_closed("2027-02-28 12:00"), "2027-03-09 09:00", use(ACME, last, switched=switched))
    assert (done.last, done.switched) == (last, switched)
    assert _done(_closed("2027-02-28 12:00"), "2027-03-09 09:00", use(ACME, last, switched=last)) == []


@pytest.mark.parametrize(("last", "count"), [("2027-02-21 23:59", 1), ("2027-02-22 00:00", 0)])
def test_who_was_silent_for_as_many_days_before_it_closed_had_changed(last: str, count: int) -> None:
    """Seven whole days before 1 March begin on 22 February."""
    assert len(_done(_closed(last), "2027-03-09 09:00", use(ACME, local(last)))) == count


def test_after_a_rollback_the_days_of_silence_begin_anew() -> None:
    ledger, seen = _closed("2027-02-28 12:00"), use(ACME, local("2027-02-28 12:00"))
    _stepped(ledger, "rolled_back", "2027-03-05 10:00")
    assert _done(ledger, "2027-03-12 09:00", seen) == [], "since 5 March there were six whole days"
    (done,) = _done(ledger, "2027-03-13 00:00", seen)
    assert done.last == local("2027-02-28 12:00")


def test_a_stage_that_is_closed_again_soon_was_never_open_to_tell_anything() -> None:
    ledger, seen = _closed("2027-02-28 12:00"), use(ACME, local("2027-02-28 12:00"))
    _stepped(ledger, "paused", "2027-03-01 11:00")
    _stepped(ledger, "closed", "2027-03-03 11:00")
    assert ledger.shut == {1: (local(CLOSES), 0)}
    assert _done(ledger, "2027-03-20 09:00", seen) == []
    _stepped(ledger, "rolled_back", "2027-03-05 11:00")
    _stepped(ledger, "closed", "2027-06-05 11:00")
    assert ledger.shut == {1: (local("2027-06-05 11:00"), 0)}


def test_a_brown_out_is_too_short_to_tell_anything() -> None:
    ledger = Ledger()
    decided(ledger, look(local("2027-02-02 09:00"), [use(ACME, local("2027-02-01 12:00"))]), PEOPLE)
    plan = (Stage(number=1, closes=local(CLOSES)),)
    take(ledger, StagesPlanned(id="plan", at=local("2027-02-03 09:00"), sunset=NAME, stages=plan))
    _stepped(ledger, "brownout", "2027-02-08 09:00")
    assert len(_done(ledger, "2027-02-10 09:00", use(ACME, local("2027-02-01 12:00")))) == 1


def test_what_was_before_it_closed_is_asked_for_as_long_as_it_counts() -> None:
    assert before_shut(SUNSET, Ledger()) > local("2099-01-01 00:00")
    assert before_shut(SUNSET, _closed("2027-02-28 12:00")) == local("2027-02-22 00:00")


def test_without_stages_nobody_is_cut_off() -> None:
    ledger = Ledger()
    decided(ledger, look(local("2027-02-02 09:00"), [use(ACME, local("2027-02-01 12:00"))]), PEOPLE)
    (done,) = users(Case(NAME, SUNSET, ledger, look(local("2027-02-10 09:00")), PEOPLE))
    assert isinstance(done, UserDone)
