"""Cases: which steps of a customer's mailboxes open, grow and close one, in whatever order they are told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.customers import Customers
from schemas.facts import Evidence
from schemas.mailbox_events import (
    CaseClosed,
    CaseEvent,
    CaseGrown,
    CaseOpened,
    MailboxDecision,
    MailboxFlagged,
    MailboxReleased,
    MailboxSuspended,
    MailboxThrottled,
    StepChanged,
)
from schemas.mailbox_settings import Customer, Mailboxes
from streams import cases
from streams.casebook import threshold
from streams.cases import Threshold, changed

START = 1_780_000_000_000_000  # 2026-05-28 20:26 UTC
HOUR = 3_600_000_000
LIMITS = Threshold(mailboxes=3, hours=24)


def steps(text: str) -> list[StepChanged]:
    """Return steps of a line such as "a flag 0; b suspend 1.5": mailbox, step (or "free"), hours after the start."""
    return [_step(number, *word.split()) for number, word in enumerate(text.split(";"))]


def _step(number: int, mailbox: str, step: str, hours: str) -> StepChanged:
    return StepChanged(
        id=f"s{number}",
        at=START + int(float(hours) * HOUR),
        mailbox=f"{mailbox}@club.example",
        customer="club",
        step="" if step == "free" else step,  # type: ignore[arg-type]  # the tests name only steps that exist
        score=100.0,
        rules=("strangers", "unknown_users") if mailbox < "c" else ("strangers",),
    )


def told(decided: tuple[CaseEvent, ...]) -> list[str]:
    """Return each decision in short: "opened abc 1.5" with the mailboxes and the hours after the start."""
    return [
        f"{type(event).__name__.removeprefix('Case').lower()} "
        f"{''.join(name[0] for name in event.mailboxes)} {(event.at - START) / HOUR:g}"
        for event in decided
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a flag 0; b flag 1", []),
        ("a flag 0; b flag 1; c flag 2", ["opened abc 2"]),
        ("a flag 0; b throttle 1; c suspend 2", ["opened abc 2"]),
        ("a watch 0; b watch 1; c watch 2; d flag 3", []),
        ("a flag 0; a suspend 1; a flag 2", []),  # one mailbox is no attack on a customer
        ("a flag 0; b flag 1; c flag 24", ["opened abc 24"]),
        ("a flag 0; b flag 1; c flag 24.1", []),
        ("a flag 0; b flag 1; a free 2; c flag 3", []),  # who is released does not count any more
        ("a flag 0; b flag 1; c flag 30; d flag 31; e flag 32", ["opened cde 32"]),
        ("a flag 0; b flag 1; c flag 2; d flag 3; e suspend 50", ["opened abc 2", "grown abcd 3", "grown abcde 50"]),
        ("a flag 0; b flag 1; c flag 2; a suspend 3; b free 4; b flag 5", ["opened abc 2"]),
        ("a flag 0; b flag 1; c flag 2; a free 3; b free 4; c free 5", ["opened abc 2", "closed abc 5"]),
        ("a flag 0; b flag 1; c flag 2; d flag 3; a free 4; b free 4; c free 4; d free 9",
         ["opened abc 2", "grown abcd 3", "closed abcd 9"]),
        ("a flag 0; b flag 1; c flag 2; a free 3; b free 3; c free 3; a flag 4; b flag 4; c flag 5",
         ["opened abc 2", "closed abc 3", "opened abc 5"]),
        # of another partition, told late: it was flagged in these hours all the same
        ("a flag 10; b flag 11; d flag 40; c flag 12", ["opened abc 40"]),
        ("a flag 10; a free 12; a flag 11; b flag 13; c flag 14", []),  # an old step of a mailbox changes nothing
    ],
)  # fmt: skip
def test_what_makes_a_case(line: str, expected: list[str]) -> None:
    _, decided = cases.replay("club", steps(line), LIMITS)
    assert told(decided) == expected


WHOLE = "a flag 0; b flag 1; c flag 2; d suspend 3; a free 4; b free 4; c free 4; d free 9; a flag 10; b flag 10"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=8))
def test_told_again_after_a_restart_nothing_is_decided_twice(again: list[int]) -> None:
    """The newest steps of some mailboxes are written again, each with its id."""
    once = steps(WHOLE)
    known, decided = cases.replay("club", once, LIMITS)
    repeated = [*once, *(once[place] for place in again)]
    assert cases.replay("club", repeated, LIMITS) == (known, decided)


def test_two_steps_of_one_moment_told_again_change_nothing() -> None:
    once = steps("a flag 0; b flag 0; c flag 1; c free 1; c flag 1")
    known, decided = cases.replay("club", once, LIMITS)
    assert told(decided) == ["opened abc 1"]
    assert cases.replay("club", [*once, *once[2:]], LIMITS) == (known, decided)


def test_the_evidence_says_which_mailboxes_when_and_what_they_have_in_common() -> None:
    _, (opened, grown, closed) = cases.replay(
        "club",
        steps("a flag 0; b suspend 0.5; c flag 1; d flag 2; a free 3; b free 3; c free 3; d free 4"),
        LIMITS,
    )
    assert isinstance(opened, CaseOpened)
    assert [item.text for item in opened.evidence] == [
        "3 mailboxes of club were flagged within 60 min (3 within 24 h are a case)",
        "a@club.example: flag, flagged 2026-05-28 20:26 UTC: strangers, unknown users",
        "b@club.example: suspend, flagged 2026-05-28 20:56 UTC: strangers, unknown users",
        "c@club.example: flag, flagged 2026-05-28 21:26 UTC: strangers",
        "in common: strangers (all of 3), unknown users (2 of 3)",
    ]
    assert isinstance(grown, CaseGrown)
    assert [item.text for item in grown.evidence] == [
        "d@club.example: flag, flagged 2026-05-28 22:26 UTC: strangers",
        "in common: strangers (all of 4), unknown users (2 of 4)",
    ]
    assert isinstance(closed, CaseClosed)
    assert [item.text for item in closed.evidence] == [
        "none of 4 mailboxes is flagged any more, the last to be released: d@club.example"
    ]
    assert {event.case for event in (opened, grown, closed)} == {opened.case}
    assert len(opened.case) == 12


def test_who_was_released_is_forgotten_after_a_week_unless_his_case_is_open() -> None:
    known, _ = cases.replay("club", steps("a flag 0; a free 1; b flag 2; c flag 200"), LIMITS)
    assert sorted(known.members) == ["b@club.example", "c@club.example"]
    known, _ = cases.replay("club", steps("a flag 0; b flag 0; c flag 0; a free 1; b flag 2; d flag 200"), LIMITS)
    assert sorted(name[0] for name in known.members) == ["a", "b", "c", "d"]


def test_a_customer_of_two_mailboxes_has_a_case_when_both_are_flagged() -> None:
    named = {
        "pair": Customer(mailboxes=("a@pair.example", "b@pair.example")),
        "single": Customer(mailboxes=("a@single.example",)),
        "domain": Customer(mailboxes=("domain.example", "a@other.example")),
        "many": Customer(mailboxes=tuple(f"{number}@many.example" for number in range(9))),
    }
    least = [threshold(name, Mailboxes(), Customers(named)).mailboxes for name in (*named, "unconfigured.example")]
    assert least == [2, 2, 3, 3, 3]


def _busy(days: int, per_day: int, then: str = "") -> list[StepChanged]:
    """Return a large domain's steps: so many strangers flagged each day, and released two days later; then others."""
    words = [
        (24.0 * day + 24.0 * number / per_day + 48.0 * released, f"{day}-{number} {'free' if released else 'flag'}")
        for day in range(days)
        for number in range(per_day)
        for released in (False, True)
    ]
    line = [f"{word} {hours}" for hours, word in sorted(words) if hours < 24.0 * days]
    return steps("; ".join([*line, *filter(None, then.split("; "))]))


def test_what_is_usual_of_a_large_domain_is_no_case() -> None:
    _, decided = cases.replay("club", _busy(60, 4), LIMITS)
    assert [event for event in decided if not isinstance(event, CaseGrown)] == [decided[0], decided[-1]]
    assert isinstance(decided[0], CaseOpened), "nothing is known yet"
    assert isinstance(decided[-1], CaseClosed)
    assert decided[-1].at < START + 8 * 24 * HOUR, "once a few days are known nothing is out of the ordinary"


def test_an_attack_on_a_large_domain_is_a_case_with_what_is_usual() -> None:
    many = "; ".join(f"x{number} flag {24 * 60 + number / 10}" for number in range(14))
    _, decided = cases.replay("club", _busy(60, 4, many), LIMITS)
    opened = [event for event in decided if isinstance(event, CaseOpened)][-1]
    assert opened.at > START + 24 * 60 * HOUR
    assert "(11 within 24 h are a case, usually there are 4)" in opened.evidence[0].text


def test_an_attack_does_not_become_what_is_usual() -> None:
    attacks = "; ".join(f"{letter}{day} {step} {hours}" for day, at in enumerate((100.0, 400.0)) for letter in "abc"
                        for step, hours in (("flag", at), ("free", at + 30)))  # fmt: skip
    ordered = sorted(attacks.split("; "), key=lambda word: float(word.split()[2]))
    _, decided = cases.replay("club", steps("; ".join(["z watch 0", *ordered])), LIMITS)
    assert [type(event) for event in decided] == [CaseOpened, CaseClosed] * 2


def test_a_customer_whose_mailboxes_are_strangers_has_no_cases() -> None:
    named = {"retail": Customer(mailboxes=("isp.example",), cases=False), "firm": Customer(mailboxes=("firm.example",))}
    off, on = (threshold(name, Mailboxes(), Customers(named)) for name in named)
    assert cases.replay("retail", steps("a flag 0; b flag 1; c flag 2; d flag 3"), off)[1] == ()
    known, decided = cases.replay("firm", steps("a flag 0; b flag 1; c flag 2"), on)
    assert told(decided) == ["opened abc 2"]
    assert cases.step(known, _step(9, "d", "flag", "3"), off)[1] == (), (
        "an open one grows no more when it is turned off"
    )


def test_the_step_of_each_decision() -> None:
    customers = Customers({"club": Customer(mailboxes=("club.example",))})
    why = (Evidence(rule="burst", text="", points=40.0), Evidence(rule="clean_answers", text="", points=-30.0))
    decisions: list[MailboxDecision] = [
        MailboxFlagged(id="1", at=1, mailbox="a@club.example", score=50.0, step="watch", evidence=why),
        MailboxFlagged(id="2", at=2, mailbox="a@club.example", score=90.0, step="flag"),
        MailboxThrottled(id="3", at=3, mailbox="a@club.example", score=101.0, mode="enforce", recipients_per_hour=20),
        MailboxSuspended(id="4", at=4, mailbox="a@club.example", score=140.0, mode="propose"),
        MailboxReleased(id="5", at=5, mailbox="a@own.example", score=1.0),
    ]
    told = [changed(decision, customers) for decision in decisions]
    assert [(event.step, event.customer, event.score, event.decision, event.at) for event in told] == [
        ("watch", "club", 50.0, "1", 1),
        ("flag", "club", 90.0, "2", 2),
        ("throttle", "club", 101.0, "3", 3),
        ("suspend", "club", 140.0, "4", 4),
        ("", "own.example", 1.0, "5", 5),
    ]
    assert told[0].rules == ("burst",)
