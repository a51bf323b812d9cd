"""Whether anybody reads a mailbox while mail goes out of it: told when it goes out, and never by what comes later."""

import pytest

from schemas.events import MailboxAuthenticated
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id
from streams import mailboxes
from streams.habits import SPACED_1D, STRANGE_SPACED_1D, MailboxState
from streams.people import absence
from streams.window import HOUR
from tests.patterns import MAILBOX, events_of

READ = "for=60 logins=3 messages=1 networks=2 known=80; "
SENT_ONLY = "for=60 messages=1 networks=2 known=80; "


def _after(line: str) -> MailboxState:
    return mailboxes.replay(events_of(line.removesuffix("; ")), Mailboxes())[0][MAILBOX]


def _login(state: MailboxState, at: int, service: str) -> MailboxAuthenticated:
    return MailboxAuthenticated(
        id=event_id(source_id("later"), at // HOUR),
        at=at,
        host="mx1",
        mailbox=state.mailbox,
        service=service,
        outcome="succeeded",
        client_ip="10.0.0.9",
    )


@pytest.mark.parametrize(
    ("line", "least", "most"),
    [
        pytest.param(READ * 72, 0.0, 0.0, id="somebody reads all day"),
        pytest.param(READ * 48 + SENT_ONLY * 24, 0.4, 0.7, id="the owner is away since yesterday"),
        pytest.param(SENT_ONLY * 72, 0.0, 0.0, id="no log tells of reading"),
    ],
)
def test_how_much_went_out_while_nobody_read(line: str, least: float, most: float) -> None:
    assert least <= absence(_after(line).counts) <= most


def test_that_the_owner_is_back_changes_nothing_of_what_was_sent() -> None:
    state = _after(READ * 48 + SENT_ONLY * 24)
    before = absence(state.counts)
    state, _ = mailboxes.step(state, _login(state, state.aged + HOUR, "imap"), Mailboxes())
    assert absence(state.counts) == pytest.approx(before, rel=0.02)


@pytest.mark.parametrize(("recipients", "decisions"), [(1, 5.0), (19, 5.0), (20, 1.5), (100, 1.5)])
def test_mails_to_many_are_hardly_more_than_one_decision(recipients: int, decisions: float) -> None:
    state = _after(f"for=5 messages=5 recipients={recipients}")
    assert state.counts[SPACED_1D] + state.counts[STRANGE_SPACED_1D] == pytest.approx(decisions, rel=0.02)
