"""A case of a customer of whom a mailbox came to another customer: it ends, and the mailbox counts with the other."""

import msgspec
import pytest

from schemas import codec
from schemas.customers import Customers
from schemas.mailbox_events import CaseClosed, CaseEvent, CaseGrown, CaseOpened, StepChanged
from schemas.mailbox_settings import Customer, Mailboxes
from schemas.topics import CASE_OBSERVATIONS
from streams.casebook import Casebook
from tests.test_cases import START, steps

HOUR = 3_600_000_000
DAY = 24 * HOUR
A, B, C = (f"{letter}@club.example" for letter in "abc")


def club(**others: tuple[str, ...]) -> Customers:
    """Return customers: the club, and others that have some of its domain's mailboxes."""
    named = {name: Customer(mailboxes=mailboxes) for name, mailboxes in others.items()}
    return Customers({"club": Customer(mailboxes=("club.example",)), **named})


def of(customer: str, told: list[StepChanged]) -> list[StepChanged]:
    return [msgspec.structs.replace(event, id=f"{event.id} {customer}", customer=customer) for event in told]


def begun(states: list[bytes], decisions: list[bytes], customers: Customers, cluster: str = "one") -> Casebook:
    book = Casebook(Mailboxes(), customers, cluster)
    for value in states:
        book.restore(value)
    book.catch_up(event for value in decisions if isinstance(event := codec.decode(value), CaseEvent))
    return book


def run(book: Casebook, told: list[StepChanged], start: int = 0) -> tuple[list[CaseEvent], list[bytes]]:
    """Apply steps as records from offset `start`; return the decisions, and the snapshots to write."""
    for offset, event in enumerate(told[start:], start):
        book.apply(offset, [event])
    decisions, states = book.flush()
    decoded = [codec.decode(output.value) for output in decisions]
    return [event for event in decoded if isinstance(event, CaseEvent)], [output.value for output in states]


def moves(book: Casebook) -> list[StepChanged]:
    outputs = book.moves()
    assert all((output.topic, output.partition) == (CASE_OBSERVATIONS, 0) for output in outputs)
    told = [codec.decode(output.value) for output in outputs]
    return [event for event in told if isinstance(event, StepChanged)]


def brief(decided: list[CaseEvent]) -> list[tuple[type, str, tuple[str, ...]]]:
    return [(type(event), event.customer, event.mailboxes) for event in decided]


OPEN = steps("a flag 0; b flag 1; c flag 2; a free 3; b free 4")
RELEASED = [*OPEN, *of("heirs", steps("c free 5"))]


@pytest.mark.parametrize("known", range(len(RELEASED) + 1))
@pytest.mark.parametrize("missing", ["", "club", "heirs"])
def test_a_case_is_closed_by_the_release_of_a_mailbox_that_is_another_customers_by_then(
    known: int, missing: str
) -> None:
    """Killed after any step, and before the snapshot of one of the customers was written, it decides the same."""
    decided, states = run(begun([], [], club()), RELEASED[:known])
    kept = [value for value in states if f'"customer":"{missing}"'.encode() not in value]
    again, _ = run(begun(kept, [codec.encode(event) for event in decided], club()), RELEASED)
    whole = {event.id: event for event in (*decided, *again)}
    assert brief(list(whole.values())) == [(CaseOpened, "club", (A, B, C)), (CaseClosed, "club", (A, B, C))]
    assert [item.text for item in list(whole.values())[-1].evidence] == [
        "none of 3 mailboxes is flagged any more, the last, c@club.example, is a mailbox of heirs now"
    ]


def test_a_case_stays_open_as_long_as_one_of_its_mailboxes_that_stayed_is_flagged() -> None:
    told = [*steps("a flag 0; b flag 1; c flag 2"), *of("heirs", steps("a free 3; b suspend 4")), *steps("c free 5")]
    decided, _ = run(begun([], [], club()), told)
    assert brief(decided) == [(CaseOpened, "club", (A, B, C)), (CaseClosed, "club", (A, B, C))]
    assert decided[-1].at == START + 5 * HOUR


def test_a_mailbox_that_is_flagged_counts_with_its_new_customer_alone() -> None:
    told = [*steps("a flag 0; b flag 1"), *of("heirs", steps("b suspend 2; c flag 3; d flag 4")), *steps("e flag 5")]
    decided, _ = run(begun([], [], club()), told)
    assert brief(decided) == [(CaseOpened, "heirs", (B, C, "d@club.example"))]


@pytest.mark.parametrize("logged", [True, False])
@pytest.mark.parametrize("cluster", ["one", "two"])
def test_begun_again_with_other_customers_it_tells_of_the_mailboxes_that_moved(logged: bool, cluster: str) -> None:  # noqa: FBT001
    """All of the club's are flagged still, and none of them is told of anew for days."""
    before = steps("a flag 0; b flag 1; c flag 2; c suspend 2.5")
    decided, states = run(begun([], [], club()), before)
    log = [codec.encode(event) for event in decided] if logged else []
    book = begun(states, log, club(heirs=(A, B, C)), cluster)
    told = moves(book)
    assert [(event.mailbox, event.customer, event.step, (event.at - START) / HOUR) for event in told] == [
        (A, "heirs", "flag", 0), (B, "heirs", "flag", 1), (C, "heirs", "flag", 2), (C, "heirs", "suspend", 2.5),
    ]  # fmt: skip
    assert told == moves(book), "killed before they are folded it tells the same"
    more, snapshots = run(book, [*before, *told, *told], len(before) if cluster == "one" else 0)
    kinds = brief(more)
    assert (CaseClosed, "club", (A, B, C)) in kinds
    assert (CaseOpened, "heirs", (A, B, C)) in kinds
    assert len(kinds) == 2
    assert moves(book) == []
    assert moves(begun([*states, *snapshots], [], club(heirs=(A, B, C)), cluster)) == [], "told once"


def test_there_and_back_again_it_counts_with_whom_it_is() -> None:
    before = steps("a flag 0; b flag 1; c flag 2")
    decided, states = run(begun([], [], club()), before)
    whole, log = list(decided), list(before)
    for turn in range(1, 5):
        customers = club(heirs=(A, B, C)) if turn % 2 else club()
        book = begun(states, [codec.encode(event) for event in whole], customers)
        log += moves(book)
        more, snapshots = run(book, log, len(log) - 3)
        whole += more
        states = [*states, *snapshots]
    turns = [(CaseOpened, "heirs"), (CaseClosed, "club"), (CaseOpened, "club"), (CaseClosed, "heirs")] * 2
    assert sorted((kind.__name__, name) for kind, name, _ in brief(whole)) == sorted(
        (kind.__name__, name) for kind, name in [(CaseOpened, "club"), *turns]
    )
    assert len({event.id for event in whole}) == len(whole)


def test_a_case_that_a_release_told_of_another_customer_left_open_before_is_closed() -> None:
    """So it was before: the club's case knew nothing of the release."""
    _, left_open = run(begun([], [], club()), OPEN)
    _, released = run(begun([], [], club()), of("heirs", steps("c free 5")))
    book = begun([*left_open, *released], [], club(heirs=(C,)))
    told = moves(book)
    assert [(event.customer, event.step, event.at) for event in told] == [("heirs", "", START + 5 * HOUR)]
    decided, _ = run(book, [*OPEN, *told], len(OPEN))
    assert brief(decided) == [(CaseClosed, "club", (A, B, C))]


def test_what_was_flagged_more_than_a_week_ago_is_no_attack_on_the_new_customer() -> None:
    decided, states = run(
        begun([], [], club()), [*steps("a flag 0; b flag 1; c flag 2"), *of("x", steps("x watch 200"))]
    )
    book = begun(states, [codec.encode(event) for event in decided], club(heirs=(A, B, C), x=("x@club.example",)))
    told = moves(book)
    assert {(event.customer, event.step, event.rules) for event in told} == {("heirs", "", ())}
    more, _ = run(book, [*RELEASED[:4], *told], 4)
    assert brief(more) == [(CaseClosed, "club", (A, B, C))]


def test_nobody_who_stayed_is_told_of() -> None:
    decided, states = run(begun([], [], club()), RELEASED)
    assert moves(begun(states, [codec.encode(event) for event in decided], club(heirs=(C,)))) == []
    grown, states = run(begun([], [], club()), steps("a flag 0; b flag 1; c flag 2; d flag 3"))
    assert brief(grown)[-1][0] is CaseGrown
    assert moves(begun(states, [], club())) == []
