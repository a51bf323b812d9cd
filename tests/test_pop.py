"""POP-before-SMTP: a relay client is the mailbox that had just logged in from its address."""

from typing import Any

import pytest
from msgspec import structs

from collectors.pop import PopLogins, PopSenders
from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated, MessageSubmitted

MINUTE = 60_000_000
CLIENT = "198.51.100.7"


def login(at: int, **changes: Any) -> MailboxAuthenticated:  # noqa: ANN401 fields of an event
    event = MailboxAuthenticated(
        id=f"l{at}",
        at=at,
        host="imap1",
        mailbox="eve@example.net",
        service="pop3",
        outcome="succeeded",
        client_ip=CLIENT,
    )
    return structs.replace(event, **changes)


def mail(at: int, queue_id: str = "A1", **changes: Any) -> MessageSubmitted:  # noqa: ANN401 likewise
    event = MessageSubmitted(
        id=f"m{at}",
        at=at,
        host="mx1",
        queue_id=queue_id,
        sender="ceo@example.com",
        sender_kind="envelope",
        client_ip=CLIENT,
    )
    return structs.replace(event, **changes)


def delivery(at: int, queue_id: str = "A1") -> DeliveryAttempted:
    return DeliveryAttempted(
        id=f"d{at}",
        at=at,
        host="mx1",
        queue_id=queue_id,
        sender="ceo@example.com",
        sender_kind="envelope",
        recipient="a@example.org",
        outcome="sent",
    )


def senders(*events: Event, minutes: float = 30) -> list[tuple[str, str]]:
    pop = PopSenders(PopLogins(minutes))
    done = [pop.step(event) for event in events]
    return [
        (event.sender, event.sender_kind) for event in done if isinstance(event, MessageSubmitted | DeliveryAttempted)
    ]


def test_a_message_and_its_deliveries_get_the_mailbox_that_logged_in() -> None:
    eve = ("eve@example.net", "pop")
    assert senders(login(1), mail(MINUTE), delivery(2 * MINUTE), delivery(900 * MINUTE)) == [eve, eve, eve]


@pytest.mark.parametrize(
    "before",
    [
        login(1, outcome="failed"),
        login(1, service="smtp"),
        login(1, client_ip="198.51.100.8"),
        login(1, client_ip=""),
    ],
)
def test_only_a_good_login_by_pop_or_imap_from_the_same_address_counts(before: Event) -> None:
    assert senders(before, mail(MINUTE), delivery(MINUTE)) == [("ceo@example.com", "envelope")] * 2


def test_a_login_counts_for_the_window_only() -> None:
    assert senders(login(1), mail(30 * MINUTE)) == [("eve@example.net", "pop")]
    assert senders(login(1), mail(31 * MINUTE)) == [("ceo@example.com", "envelope")]


def test_the_last_of_an_offices_mailboxes_counts() -> None:
    bob = login(5 * MINUTE, mailbox="bob@example.net")
    assert senders(login(1), bob, login(3), mail(6 * MINUTE)) == [("bob@example.net", "pop")]


def test_who_is_known_otherwise_stays_who_he_is() -> None:
    known = mail(MINUTE, sender="ann@example.net", sender_kind="sasl")
    network = mail(MINUTE, "B2", sender="customer-4711", sender_kind="network")
    local = mail(MINUTE, "C3", client_ip="")
    assert [kind for _, kind in senders(login(1), known, network, local)] == ["sasl", "network", "envelope"]


def test_a_queue_id_used_again_is_another_message() -> None:
    told = senders(login(1), mail(MINUTE), mail(90 * MINUTE), delivery(91 * MINUTE))
    assert told == [("eve@example.net", "pop"), ("ceo@example.com", "envelope"), ("ceo@example.com", "envelope")]
