"""What is barred now: the fold of the decisions, whatever the log lacks and however it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.facts import Evidence
from schemas.mailbox_events import MailboxFlagged, MailboxReleased, MailboxSuspended, MailboxThrottled
from streams.barred import NOTHING, QUIET_SECONDS, Decision, Kept, Standing, decision_of
from tests.barring_parts import ALICE, AT, BOB, released, suspended, throttled


def _steps(kept: Kept) -> dict[str, str]:
    return {mailbox: bar.step for mailbox, bar in kept.barred.items()}


def _after(*decisions: Decision, known: Kept = NOTHING, quiet_seconds: float = 0.0) -> Kept:
    standing = Standing(known)
    standing.take(decisions)
    return standing.now(quiet_seconds)


EVIDENCE = (Evidence(rule="a", text="weak", points=1), Evidence(rule="b", text="-strong\nline", points=9))


@pytest.mark.parametrize(
    ("event", "step", "reason"),
    [
        (
            MailboxThrottled(id="d", at=AT, mailbox=ALICE, score=1, mode="enforce", recipients_per_hour=20),
            "throttle",
            "",
        ),
        (
            MailboxSuspended(id="d", at=AT, mailbox=ALICE, score=1, mode="enforce", evidence=EVIDENCE),
            "suspend",
            "strong line; weak",
        ),
        (MailboxReleased(id="d", at=AT, mailbox=ALICE, score=1, operator="ann"), "", "ann"),
    ],
)
def test_what_is_enforced_bars_with_its_strongest_reason_first(
    event: MailboxThrottled | MailboxSuspended | MailboxReleased, step: str, reason: str
) -> None:
    decision = decision_of(event)
    assert decision is not None
    assert (decision.mailbox, decision.bar.step, decision.bar.reason) == (ALICE, step, reason)
    assert (decision.bar.decision, decision.bar.since) == ("d", AT)


@pytest.mark.parametrize(
    "event",
    [
        MailboxFlagged(id="d", at=AT, mailbox=ALICE, score=1, step="flag"),
        MailboxSuspended(id="d", at=AT, mailbox=ALICE, score=1, mode="propose"),
        MailboxThrottled(id="d", at=AT, mailbox=ALICE, score=1, mode="off", recipients_per_hour=20),
        MailboxSuspended(id="d", at=AT, mailbox="", score=1, mode="enforce"),
    ],
)
def test_what_is_only_proposed_and_a_flag_bar_nobody_and_release_nobody(
    event: MailboxFlagged | MailboxSuspended | MailboxThrottled,
) -> None:
    assert decision_of(event) is None


def test_a_suspension_supersedes_a_throttle_and_only_an_order_loosens_it() -> None:
    assert _steps(_after(throttled(1), suspended(2))) == {ALICE: "suspend"}
    assert _steps(_after(throttled(1), suspended(2), throttled(3))) == {ALICE: "suspend"}
    assert _steps(_after(suspended(2), throttled(3, ordered=True))) == {ALICE: "throttle"}
    assert _steps(_after(suspended(2), suspended(3, BOB), released(4))) == {BOB: "suspend"}


def test_a_decision_that_is_told_again_changes_nothing() -> None:
    assert _steps(_after(suspended(1), released(2), suspended(1))) == {}


KNOWN = Kept(barred={ALICE: suspended(5).bar, BOB: throttled(4, BOB).bar}, newest=("d5", "d4"))


def test_a_log_that_is_empty_or_lost_its_records_releases_nobody() -> None:
    assert _after(known=KNOWN, quiet_seconds=3600) == KNOWN
    shorter = _after(suspended(1, "carol@example.net"), known=KNOWN, quiet_seconds=3600)
    assert _steps(shorter) == {ALICE: "suspend", BOB: "throttle", "carol@example.net": "suspend"}
    older = _after(suspended(1), released(2), known=KNOWN, quiet_seconds=3600)
    assert older.barred[ALICE].decision == "d5", "what is known is newer than that release"


def test_a_newer_decision_about_the_mailbox_itself_ends_what_is_known() -> None:
    assert _steps(_after(released(6), known=KNOWN)) == {BOB: "throttle"}
    assert _steps(_after(suspended(5), released(3), known=KNOWN)) == {BOB: "throttle"}, "the log's order counts"
    assert _after(throttled(7, BOB), known=KNOWN).barred[BOB].decision == "d7"


def test_a_release_that_the_log_lost_stays_until_a_newer_decision() -> None:
    known = _after(suspended(1), released(2))
    assert known.released == {ALICE: released(2).bar}
    assert _steps(_after(suspended(1), known=known, quiet_seconds=3600)) == {}, "its release was lost, not taken back"
    again = _after(suspended(1), suspended(3), known=known, quiet_seconds=3600)
    assert again.barred == {ALICE: suspended(3).bar}
    assert again.released == {}


def test_so_many_releases_are_remembered_the_newest() -> None:
    kept = _after(*(released(number, f"m{number}@example.net") for number in range(1500)))
    assert set(kept.released) == {f"m{number}@example.net" for number in range(500, 1500)}


def test_nobody_is_barred_anew_by_a_log_that_is_being_refilled() -> None:
    carol = "carol@example.net"
    standing = Standing(KNOWN)
    standing.take([suspended(1, carol)])
    assert _steps(standing.now(QUIET_SECONDS - 1)) == {ALICE: "suspend", BOB: "throttle"}
    standing.take([released(2, carol), suspended(5), throttled(4, BOB)])
    assert standing.now(0.0).barred == KNOWN.barred
    standing.take([suspended(6, carol)])
    assert _steps(standing.now(0.0)) == {ALICE: "suspend", BOB: "throttle", carol: "suspend"}


DECISIONS = st.lists(
    st.tuples(st.sampled_from([suspended, throttled, released]), st.sampled_from([ALICE, BOB])), max_size=20
).map(lambda kinds: [kind(number, mailbox) for number, (kind, mailbox) in enumerate(kinds)])


@given(DECISIONS, st.integers(0, 20), st.integers(0, 20))
def test_pieces_repeats_and_restarts_give_the_same(decisions: list[Decision], first: int, second: int) -> None:
    once = _after(*decisions)
    standing = Standing(NOTHING)
    for part in (decisions[:first], decisions[:second], decisions):
        standing.take(part)
    assert standing.now(0.0).barred == once.barred
    restarted = Standing(_after(*decisions[:first]))
    restarted.take(decisions)
    assert restarted.now(QUIET_SECONDS).barred == once.barred


@given(DECISIONS, st.integers(0, 20))
def test_nobody_is_released_while_a_log_is_read_again(decisions: list[Decision], read: int) -> None:
    known = _after(*decisions)
    again = Standing(known)
    again.take(decisions[:read])
    assert set(known.barred) <= set(again.now(0.0).barred) | {one.mailbox for one in decisions[read:]}
    still = again.now(0.0).barred
    assert all(still[mailbox] == bar for mailbox, bar in known.barred.items() if mailbox in still)
    assert set(still) == set(known.barred)
