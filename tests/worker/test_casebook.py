"""The cases' one writer, begun again from its snapshots: in the same cluster, and in another."""

import pytest

from schemas import codec
from schemas.customers import Customers
from schemas.mailbox_events import CaseClosed, CaseEvent, CaseOpened, StepChanged
from schemas.mailbox_settings import Mailboxes
from schemas.topics import CASE_EVENTS, CASE_STATE
from streams.casebook import Casebook
from tests.test_cases import steps

LINE = "a flag 0; b flag 1; c flag 2; d flag 3; a free 4; b free 4; c free 4; d free 5; a flag 6"


def run(book: Casebook, told: list[StepChanged], start: int = 0) -> tuple[list[bytes], list[bytes]]:
    """Apply steps as records from offset `start`; return the decisions and the snapshots to write."""
    for offset, event in enumerate(told[start:], start):
        book.apply(offset, [event])
    decisions, states = book.flush()
    assert {(output.topic.name, output.key) for output in decisions} <= {(CASE_EVENTS.name, b"club")}
    assert {(output.topic.name, output.key) for output in states} <= {(CASE_STATE.name, b"club")}
    return [output.value for output in decisions], [output.value for output in states]


def begun(cluster: str, states: list[bytes], decisions: list[bytes]) -> Casebook:
    book = Casebook(Mailboxes(), Customers({}), cluster)
    for value in states:
        book.restore(value)
    book.catch_up(event for value in decisions if isinstance(event := codec.decode(value), CaseEvent))
    return book


def kinds(decisions: list[bytes]) -> list[type]:
    return [type(codec.decode(value)) for value in decisions]


@pytest.mark.parametrize("known", range(1, 10))
@pytest.mark.parametrize("logged", [True, False])
def test_begun_again_in_the_same_cluster_all_is_the_same(known: int, logged: bool) -> None:  # noqa: FBT001
    whole = begun("one", [], [])
    all_decisions, _ = run(whole, steps(LINE))
    decisions, states = run(begun("one", [], []), steps(LINE)[:known])
    again = begun("one", states, decisions if logged else [])
    more, _ = run(again, steps(LINE))
    assert [*decisions, *more] == all_decisions
    assert len(all_decisions) == 3


def test_what_was_decided_before_a_snapshot_was_written_comes_again_with_the_same_ids() -> None:
    _, states = run(begun("one", [], []), steps(LINE)[:2])
    decisions, _ = run(begun("one", states, []), steps(LINE), 2)
    again, _ = run(begun("one", states, decisions), steps(LINE))
    assert again == decisions


@pytest.mark.parametrize("logged", [True, False])
def test_in_another_cluster_the_steps_told_again_decide_nothing_twice(logged: bool) -> None:  # noqa: FBT001
    """The new broker is given the newest steps again; the case is open, and closes when the rest comes."""
    decisions, states = run(begun("one", [], []), steps(LINE)[:4])
    again = begun("two", states, decisions if logged else [])
    more, snapshots = run(again, steps(LINE)[:7])
    assert (more, len(snapshots)) == ([], 1)
    more, _ = run(again, steps(LINE), 7)
    assert kinds(more) == [CaseClosed]


def test_in_another_cluster_an_open_case_comes_from_the_decisions() -> None:
    _, states = run(begun("one", [], []), steps(LINE)[:1])
    decisions, _ = run(begun("one", states, []), steps(LINE)[:4], 1)
    assert kinds(decisions)[0] is CaseOpened
    again = begun("two", states, decisions)
    more, _ = run(again, steps(LINE)[:8])
    assert kinds(more) == [CaseClosed]


def test_a_broken_snapshot_is_told() -> None:
    with pytest.raises(ValueError, match="no customer's state"):
        begun("one", [b'{"customer":"club"}'], [])
