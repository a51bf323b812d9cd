"""The ledger: what is told twice, or late, changes nothing; what a mailbox was told stays known when it is back."""

import msgspec

from schemas.events import Event
from schemas.sunset_events import (
    LetterDue,
    Stage,
    StagesPlanned,
    StageStepped,
    TicketOpened,
    Use,
    UserDone,
    UserExempted,
    UserFound,
)
from streams.sunset.ledger import Ledger, Ledgers, fold

A = "a@acme.example"
DAY = 86_400_000_000


def _found(at: int, *, relapse: bool = False) -> UserFound:
    use = Use(mailbox=A, last=at, confidence=1.0)
    return UserFound(id=f"f{at}", at=at, sunset="pop", mailbox=A, customer="acme", relapse=relapse, use=use)


def _done(last: int) -> UserDone:
    return UserDone(id=f"d{last}", at=last + 8 * DAY, sunset="pop", mailbox=A, customer="acme", last=last)


def _letter(week: int, kind: str = "letter", *, to: str = "it@acme.example") -> LetterDue:
    thanked = (A,) if kind == "thanks" else ()
    uses = () if thanked else (Use(mailbox=A, confidence=1.0),)
    known = {"id": f"l{week}", "at": week * 7 * DAY, "sunset": "pop", "customer": "acme", "kind": kind}
    more = {"week": week, "due": week * 7 * DAY, "recipient": to, "uses": uses, "thanked": thanked}
    return msgspec.convert(known | more, LetterDue, from_attributes=True, strict=False)


def _after(*events: Event) -> Ledger:
    ledgers: Ledgers = {}
    fold(ledgers, events)
    return ledgers["pop"]


def test_what_was_told_before_a_mailbox_was_back_does_not_close_it_again() -> None:
    before = (_found(DAY), _done(DAY), _found(20 * DAY, relapse=True))
    known = _after(*before)
    assert (known.boxes[A].done, known.boxes[A].returned, known.boxes[A].last) == (0, True, 20 * DAY)
    assert _after(*before, _done(DAY)) == known
    assert _after(*before, *before[:1]) == known


def test_what_was_told_before_it_was_done_does_not_open_it_again() -> None:
    known = _after(_found(DAY), _done(2 * DAY))
    assert _after(_found(DAY), _done(2 * DAY), _found(DAY)) == known
    assert (known.boxes[A].done, known.boxes[A].kept) == (10 * DAY, b"")


def test_who_is_back_was_written_to_and_thanked_all_the_same() -> None:
    known = _after(_found(DAY), _letter(3), _done(22 * DAY), _letter(5, "thanks"), _found(40 * DAY, relapse=True))
    assert (known.boxes[A].written, known.boxes[A].thanked) == (3 * 7 * DAY, True)
    assert (known.written["acme"].letters, known.written["acme"].due) == (1, 5 * 7 * DAY)


def test_a_letter_to_nobody_counts_by_itself_and_a_weeks_first_letter_counts() -> None:
    known = _after(_found(DAY), _letter(1, to=""), _letter(2), _letter(2, to=""), _letter(1))
    assert (known.written["acme"].unaddressed, known.written["acme"].letters, known.written["acme"].due) == (
        1,
        1,
        14 * DAY,
    )


def test_stages_tickets_and_exemptions_are_kept_and_another_sunset_is_another() -> None:
    plan = StagesPlanned(id="p", at=1, sunset="pop", stages=(Stage(number=1, first="a"),))
    step = StageStepped(id="s", at=2, sunset="pop", stage=1, step="brownout", until_at=9)
    ticket = TicketOpened(id="t", at=3, sunset="pop", ticket="T-1")
    exempt = UserExempted(id="e", at=4, sunset="tls", subject="acme", until="2027-02-03")
    ledgers: Ledgers = {}
    fold(ledgers, (plan, step, ticket, exempt))
    assert ledgers["pop"].stages == plan.stages
    assert (ledgers["pop"].steps[1].step, ledgers["pop"].steps[1].until) == ("brownout", 9)
    assert ledgers["pop"].tickets == {"T-1": 3}
    assert not ledgers["pop"].exempt(A, "acme", "2027-02-03")
    assert ledgers["tls"].exempt(A, "acme", "2027-02-03")
    assert not ledgers["tls"].exempt(A, "acme", "2027-02-04")
