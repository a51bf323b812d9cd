"""POP-before-SMTP: a relay client is the mailbox that had just logged in from its address."""

from typing import Any

import pytest
from msgspec import structs

from collectors.pop import PopHistory, PopLogins, PopSenders
from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated, MessageScored, MessageSubmitted

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
    pop = PopHistory(minutes)
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
        login(MINUTE + 1),
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


def test_a_webmails_logins_over_loopback_let_nobody_relay() -> None:
    local = login(1, service="imap", client_ip="127.0.0.1")
    assert senders(local, mail(MINUTE, client_ip="127.0.0.1")) == [("ceo@example.com", "envelope")]


def test_a_login_at_the_same_time_counts() -> None:
    assert senders(login(MINUTE), mail(MINUTE)) == [("eve@example.net", "pop")]


def scored(at: int, **changes: Any) -> MessageScored:  # noqa: ANN401 fields of an event
    event = MessageScored(id=f"s{at}", at=at, host="mx1", engine="rspamd", score=9.0, threshold=5.0, client_ip=CLIENT)
    return structs.replace(event, **changes)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (scored(MINUTE), ("eve@example.net", "pop")),
        (scored(MINUTE, sender="a@example.com", sender_kind="envelope"), ("eve@example.net", "pop")),
        (scored(MINUTE, sender="a@example.com", sender_kind="sasl"), ("a@example.com", "sasl")),
        (scored(MINUTE, client_ip=""), ("", "")),
        (scored(31 * MINUTE), ("", "")),
    ],
)
def test_a_score_belongs_to_the_mailbox_whose_mail_it_would_be(event: MessageScored, expected: tuple[str, str]) -> None:
    pop = PopHistory(30)
    pop.step(login(1))
    found = pop.step(event)
    assert isinstance(found, MessageScored)
    assert (found.sender, found.sender_kind) == expected


def test_logins_are_found_in_whatever_order_they_were_noted() -> None:
    times = [5, 1, 9, 3, 7, 1]
    table = PopLogins(2 / 60, lead_minutes=60)
    for second in times:
        table.note(login(second * 1_000_000, mailbox=f"m{second}@example.net"))
    for each in (table, PopLogins(2 / 60, 60, table.snapshot())):
        found = [each.mailbox(CLIENT, second * 1_000_000) for second in range(13)]
        assert [name.partition("@")[0] for name in found] == [
            "", "m1", "m1", "m3", "m3", "m5", "m5", "m7", "m7", "m9", "m9", "m9", "",
        ]  # fmt: skip


def test_of_what_is_settled_only_the_last_login_is_kept() -> None:
    table = PopLogins(30, lead_minutes=60)
    for minute in range(20):
        table.note(login(minute * MINUTE, mailbox=f"m{minute}@example.net"))
    whole = len(table.snapshot())
    table.settle(10 * MINUTE)
    assert len(table.snapshot()) < whole * 0.6
    assert PopLogins(30, 60, table.snapshot()).mailbox(CLIENT, 10 * MINUTE) == "m10@example.net"
    table.settle(90 * MINUTE)
    assert table.snapshot() == PopLogins(30).snapshot()


def test_logins_are_bounded_and_one_false_time_does_not_empty_them() -> None:
    table = PopLogins(30)
    for number in range(1200):
        table.note(login(number, mailbox=f"m{number}@example.net"))
    assert len(table.snapshot()) < 500 * 40
    for number in range(10):
        table.note(login(MINUTE, client_ip=f"192.0.2.{number}"))
    table.note(login(10**17, client_ip="192.0.2.200"))
    assert sum(bool(table.mailbox(f"192.0.2.{number}", 2 * MINUTE)) for number in range(10)) >= 9


def test_messages_are_remembered_over_a_restart_and_for_a_week() -> None:
    logins = PopLogins(30)
    logins.note(login(1))
    pop = PopSenders(logins.sender_of)
    pop.step(mail(MINUTE))
    again = PopSenders(logins.sender_of, pop.snapshot())
    late = again.step(delivery(7 * 24 * 60 * MINUTE))
    assert isinstance(late, DeliveryAttempted)
    assert late.sender == "eve@example.net"
    logins.note(login(8 * 24 * 60 * MINUTE))
    again.step(mail(8 * 24 * 60 * MINUTE, "B2"))
    assert b"A1" not in again.snapshot()
    assert b"B2" in again.snapshot()
