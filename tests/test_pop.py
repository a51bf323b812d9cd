"""POP-before-SMTP: a relay client is the mailbox that had just logged in from its address."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from collectors.pop import PopHistory, PopLogins, PopSenders
from collectors.popcandidates import weighed
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


def last(table: PopLogins, at: int) -> str:
    return next((each.mailbox for each in table.candidates(CLIENT, at)), "")


def test_logins_are_found_in_whatever_order_they_were_noted() -> None:
    times = [5, 1, 9, 3, 7, 1]
    table = PopLogins(2 / 60, lead_minutes=60)
    for second in times:
        table.note(login(second * 1_000_000, mailbox=f"m{second}@example.net"))
    for each in (table, PopLogins(2 / 60, 60, table.snapshot())):
        found = [last(each, second * 1_000_000) for second in range(13)]
        assert [name.partition("@")[0] for name in found] == [
            "", "m1", "m1", "m3", "m3", "m5", "m5", "m7", "m7", "m9", "m9", "m9", "",
        ]  # fmt: skip


def test_of_what_is_settled_only_the_last_login_of_each_mailbox_is_kept() -> None:
    table = PopLogins(30, lead_minutes=60)
    for minute in range(20):
        table.note(login(minute * MINUTE, mailbox=f"m{minute if minute >= 9 else 0}@example.net"))
    whole = len(table.snapshot())
    table.settle(10 * MINUTE)
    assert len(table.snapshot()) < whole * 0.65
    assert last(PopLogins(30, 60, table.snapshot()), 10 * MINUTE) == "m10@example.net"
    again = PopLogins(30, 60, table.snapshot())
    known = [each.mailbox.partition("@")[0] for each in again.candidates(CLIENT, 10 * MINUTE)]
    assert known == ["m10", "m9", "m0"]
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
    assert sum(bool(table.candidates(f"192.0.2.{number}", 2 * MINUTE)) for number in range(10)) >= 9


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


def told(*events: Event, envelope_from: str = "ceo@example.com") -> list[tuple[str, float]]:
    """Return the candidates of a message at minute 30, from an office whose window is 30 minutes."""
    pop = PopHistory(30)
    for event in events:
        pop.step(event)
    found = pop.step(mail(30 * MINUTE, envelope_from=envelope_from))
    assert isinstance(found, MessageSubmitted)
    return [(each.mailbox.partition("@")[0], each.confidence) for each in found.candidates]


def test_alone_behind_its_address_a_mailbox_is_the_sender_for_sure() -> None:
    assert told(login(1), login(20 * MINUTE)) == [("eve", 1.0)]
    assert told() == []
    assert told(login(1, client_ip="198.51.100.8")) == []


def test_of_an_offices_mailboxes_the_newer_is_the_likelier_and_all_are_told() -> None:
    bob, ann = (login(at * MINUTE, mailbox=f"{name}@example.net") for at, name in ((15, "bob"), (30, "ann")))
    assert told(login(1), bob, ann) == [("ann", 0.7619), ("bob", 0.1905), ("eve", 0.0476)]
    assert told(bob, ann, login(29 * MINUTE, mailbox="bob@example.net"))[1][0] == "bob", "its last login counts, once"


def test_whose_name_the_envelope_bears_is_the_likeliest() -> None:
    bob, ann = (login(at * MINUTE, mailbox=f"{name}@example.net") for at, name in ((15, "bob"), (30, "ann")))
    shares = told(login(1), bob, ann, envelope_from="Eve@example.net")
    assert shares == [("ann", 0.1905), ("bob", 0.0476), ("eve", 0.7619)]
    assert told(login(1), bob, ann, envelope_from="nobody@example.net")[0] == ("ann", 0.7619)


@given(
    st.lists(st.tuples(st.integers(0, 1800), st.integers(0, 30)), min_size=1, max_size=60),
    st.integers(0, 30),
    st.integers(1, 1800),
)
def test_confidences_are_one_together_whatever_logged_in(
    logins: list[tuple[int, int]], named: int, window: int
) -> None:
    sent = max(at for at, _ in logins)
    tried = sorted((at, f"m{number}@example.net") for at, number in logins)
    found = weighed(tried, sent, window, f"m{named}@example.net")
    assert sum(each.confidence for each in found) == pytest.approx(1.0, abs=1e-9)
    assert {each.mailbox for each in found} == {mailbox for _, mailbox in tried}
    assert all(0 <= each.confidence <= 1 for each in found)
    likeliest = max(found, key=lambda each: each.confidence)
    if any(each.mailbox == f"m{named}@example.net" for each in found):
        assert likeliest.mailbox == f"m{named}@example.net"


def test_an_office_of_hundreds_keeps_each_mailbox_within_bounds() -> None:
    table = PopLogins(30)
    for poll in range(5):
        for number in range(200):
            table.note(login(poll * 5 * MINUTE + number, mailbox=f"m{number}@example.net"))
    found = table.candidates(CLIENT, 25 * MINUTE)
    assert len(found) == 100
    assert sum(each.confidence for each in found) == pytest.approx(0.5, abs=0.02)
