"""The join: bounded, whatever the log; who sent it, and what it remembers across restarts."""

import msgspec
import pytest

from collectors.mta._before_queue import Front, Fronts
from collectors.mta._network import NetworkNames
from collectors.mta.join import Join
from collectors.mta.records import Accepted, Attempted, Identified, Proxied, Queued, Received, Record, Removed, Scored
from schemas.events import DeliveryAttempted, MessageScored, MessageSubmitted

SECOND = 1_000_000
DAY = 24 * 60 * 60 * SECOND


def join(limit: int = 100, state: bytes = b"") -> Join:
    return Join(outbound_ips={"relay1": "192.0.2.1"}, networks={}, limit=limit, state=state)


def attempted(at: int, queue_id: str, host: str = "mx1") -> Attempted:
    return Attempted(
        at=at,
        host=host,
        queue_id=queue_id,
        recipient="bob@example.com",
        original_recipient="",
        outcome="sent",
        enhanced_status="2.0.0",
        reply="250 OK",
        transport="relay1",
        relay_host="mx.example.com",
        relay_ip="203.0.113.25",
        relay_port=25,
        delay_ms=1,
        local=False,
    )


def submitted(at: int, queue_id: str, mailbox: str = "alice@example.net", host: str = "mx1") -> list[Record]:
    return [
        Received(at, host, queue_id, "", "203.0.113.5", "PLAIN", mailbox),
        Identified(at, host, queue_id, f"{queue_id}@example.net"),
        Queued(at, host, queue_id, "info@example.net", 7, 1),
    ]


def sender_of(joined: Join, at: int, queue_id: str, host: str = "mx1") -> str:
    event = joined.step(attempted(at, queue_id, host), "id")
    assert isinstance(event, DeliveryAttempted)
    return event.sender


def feed(joined: Join, records: list[Record]) -> None:
    for record in records:
        joined.step(record, "id")


def test_messages_that_are_never_removed_go_when_there_are_too_many() -> None:
    joined = join(limit=100)
    for number in range(1000):
        feed(joined, submitted(number, f"Q{number:05}"))
        assert len(joined) <= 101
    assert sender_of(joined, 1000, "Q00000") == ""
    assert sender_of(joined, 1000, "Q00999") == "alice@example.net"
    assert len(joined.snapshot()) < 30_000


def test_a_message_that_is_tried_again_outlives_those_never_heard_of() -> None:
    joined = join(limit=100)
    feed(joined, submitted(0, "STAYS"))
    for number in range(500):
        feed(joined, submitted(number, f"Q{number:05}"))
        joined.step(Queued(number, "mx1", "STAYS", "info@example.net", 7, 1), "id")
    assert sender_of(joined, 500, "STAYS") == "alice@example.net"


def test_messages_go_a_week_after_the_last_word() -> None:
    joined = join()
    feed(joined, submitted(0, "OLD01"))
    feed(joined, submitted(8 * DAY, "NEW01"))
    assert len(joined) == 1
    assert sender_of(joined, 8 * DAY, "OLD01") == ""


def test_one_false_time_does_not_empty_it() -> None:
    joined = join()
    for number in range(50):
        feed(joined, submitted(number, f"Q{number:05}"))
    feed(joined, submitted(10_000 * DAY, "WRONG"))
    assert len(joined) == 49
    assert sender_of(joined, 60, "Q00049") == "alice@example.net"


def test_removed_messages_go_soon_but_late_lines_still_find_them() -> None:
    joined = join()
    feed(joined, submitted(0, "GONE1"))
    joined.step(Removed(SECOND, "mx1", "GONE1"), "id")
    assert sender_of(joined, 2 * SECOND, "GONE1") == "alice@example.net"
    feed(joined, submitted(60 * SECOND, "NEXT1"))
    assert len(joined) == 1
    assert sender_of(joined, 61 * SECOND, "GONE1") == ""


@pytest.mark.parametrize("removed", [True, False])
def test_a_queue_id_given_again_belongs_to_the_new_message(*, removed: bool) -> None:
    joined = join()
    feed(joined, submitted(0, "TWICE"))
    if removed:
        joined.step(Removed(SECOND, "mx1", "TWICE"), "id")
    feed(joined, submitted(20 * SECOND, "TWICE", "bob@example.net"))
    assert sender_of(joined, 21 * SECOND, "TWICE") == "bob@example.net"
    feed(joined, submitted(40 * SECOND, "OTHER"))  # tidies up what was removed: not the new message
    assert sender_of(joined, 41 * SECOND, "TWICE") == "bob@example.net"


def test_a_notification_that_gets_a_queue_id_again_is_submitted_by_nobody() -> None:
    joined = join()
    feed(joined, submitted(0, "TWICE"))
    joined.step(Identified(9 * SECOND, "mx1", "TWICE", "bounce@mx1.example.net"), "id")
    event = joined.step(Queued(9 * SECOND, "mx1", "TWICE", "", 4000, 1), "id")
    assert isinstance(event, MessageSubmitted)
    assert (event.sender, event.sender_kind, event.client_ip) == ("<>", "envelope", "")


def test_the_same_queue_id_on_two_hosts_is_two_messages() -> None:
    joined = join()
    feed(joined, submitted(0, "SAME1", "alice@example.net", "mx1"))
    feed(joined, submitted(0, "SAME1", "bob@example.net", "mx2"))
    assert sender_of(joined, 1, "SAME1", "mx1") == "alice@example.net"
    assert sender_of(joined, 1, "SAME1", "mx2") == "bob@example.net"


def test_the_state_survives_as_bytes() -> None:
    joined = join()
    feed(joined, submitted(0, "KEPT1"))
    feed(joined, submitted(0, "GONE1"))
    joined.step(Removed(SECOND, "mx1", "GONE1"), "id")
    again = join(state=joined.snapshot())
    assert again.snapshot() == joined.snapshot()
    assert sender_of(again, 2 * SECOND, "KEPT1") == "alice@example.net"
    feed(again, submitted(60 * SECOND, "NEXT1"))
    assert sender_of(again, 60 * SECOND, "GONE1") == ""
    hop: list[Record] = [
        Received(61 * SECOND, "mx1", "HOP01", "localhost", "127.0.0.1"),
        Identified(61 * SECOND, "mx1", "HOP01", "KEPT1@example.net"),
        Queued(61 * SECOND, "mx1", "HOP01", "info@example.net", 9, 1),
    ]
    assert [again.step(record, "id") for record in hop] == [None, None, None]
    assert sender_of(again, 62 * SECOND, "HOP01") == "alice@example.net"


def proxied(at: int, process: str, mailbox: str, client: str = "pc[203.0.113.5]") -> Proxied:
    return Proxied(at, "mx1", process, client, "", "203.0.113.5", "PLAIN", mailbox)


def test_what_is_in_a_filter_survives_as_bytes() -> None:
    joined = join()
    feed(joined, [proxied(0, "smtpd[1]", "alice@example.net"), proxied(0, "smtpd[2]", "bob@example.net")])
    held: list[Record] = [
        Received(1, "mx1", "HELD1", "localhost", "127.0.0.1", origin_client="pc[203.0.113.5]"),
        Queued(2, "mx1", "HELD1", "info@example.net", 7, 3),
    ]
    assert [joined.step(record, "id") for record in held] == [None, None]
    again = join(state=joined.snapshot())
    assert again.snapshot() == joined.snapshot()
    event = again.step(Accepted(3, "mx1", "smtpd[2]", "HELD1"), "told")
    assert isinstance(event, MessageSubmitted)
    assert (event.id, event.at, event.sender, event.recipients) == ("told", 2, "bob@example.net", 3)
    assert again.step(Accepted(4, "mx1", "smtpd[2]", "HELD1"), "again") is None
    assert again.step(Removed(5, "mx1", "HELD1"), "removed") is None


def test_a_held_message_is_told_at_its_next_try_at_the_latest() -> None:
    joined = join()
    feed(joined, [proxied(0, "smtpd[1]", "alice@example.net")])
    feed(joined, [Received(1, "mx1", "HELD1", "localhost", "127.0.0.1")])
    queued = Queued(2, "mx1", "HELD1", "info@example.net", 7, 3)
    assert joined.step(queued, "id") is None
    event = joined.step(msgspec.structs.replace(queued, at=300 * SECOND), "next")
    assert isinstance(event, MessageSubmitted)
    assert (event.id, event.at, event.sender) == ("next", 2, "info@example.net")
    assert joined.step(msgspec.structs.replace(queued, at=600 * SECOND), "third") is None


def test_a_message_that_a_process_gave_up_is_no_longer_in_the_filter() -> None:
    joined = join()
    feed(joined, [proxied(0, "smtpd[1]", "alice@example.net"), proxied(1, "smtpd[1]", "bob@example.net")])
    feed(joined, [Received(2, "mx1", "NEXT1", "localhost", "127.0.0.1", origin_client="pc[203.0.113.5]")])
    event = joined.step(Queued(3, "mx1", "NEXT1", "info@example.net", 7, 1), "id")
    assert isinstance(event, MessageSubmitted)
    assert (event.sender, event.client_ip) == ("bob@example.net", "203.0.113.5")


def test_messages_in_the_filter_are_bounded_in_number_and_time() -> None:
    fronts = Fronts()
    for number in range(10_100):
        fronts.begin(Front(0, "mx1", f"smtpd[{number}]", f"c[{number}]", "", "", "", "", ""))
    assert len(fronts.snapshot()) == 10_000
    assert fronts.end("mx1", "smtpd[99]") is None
    assert fronts.of("mx1", "c[100]", 3600 * SECOND) is not None
    assert fronts.of("mx1", "c[100]", 3601 * SECOND) is None
    assert fronts.any("mx1", 3600 * SECOND)
    assert not fronts.any("mx1", 3601 * SECOND)
    assert not fronts.any("mx2", 0)


def test_a_state_written_before_there_were_filters_is_read() -> None:
    joined = join()
    feed(joined, submitted(0, "KEPT1"))
    messages, closing, *_ = msgspec.msgpack.decode(joined.snapshot())
    old = msgspec.msgpack.encode([[message[:-4] for message in messages], closing])
    assert sender_of(join(state=old), 1, "KEPT1") == "alice@example.net"


def test_a_mailing_list_on_this_host_is_a_sender_of_its_own() -> None:
    joined = join()
    feed(joined, submitted(0, "POST1"))
    joined.step(Received(1, "mx1", "LIST1", "localhost", "127.0.0.1"), "id")
    joined.step(Identified(1, "mx1", "LIST1", "POST1@example.net"), "id")
    event = joined.step(Queued(1, "mx1", "LIST1", "list-bounces@example.net", 9, 500), "id")
    assert isinstance(event, MessageSubmitted)
    assert (event.sender, event.recipients) == ("list-bounces@example.net", 500)


def scored(joined: Join, at: int, queue_id: str = "", message_id: str = "", host: str = "mx1") -> tuple[str, str]:
    event = joined.step(Scored(at, host, "spamassassin", 9.0, 5.0, queue_id=queue_id, message_id=message_id), "id")
    assert isinstance(event, MessageScored)
    return event.sender, event.sender_kind


def test_a_score_finds_its_sender_by_queue_id_or_message_id_as_long_as_the_mail_is_known() -> None:
    joined = join()
    feed(joined, submitted(0, "MAIL1"))
    alice = ("alice@example.net", "sasl")
    assert scored(joined, 1, "MAIL1") == alice
    assert scored(joined, 1, message_id="MAIL1@example.net") == alice
    assert scored(join(state=joined.snapshot()), 1, message_id="MAIL1@example.net") == alice
    assert scored(joined, 1, "OTHER", "MAIL1@example.net") == alice
    assert scored(joined, 1, message_id="other@example.net") == ("", "")
    assert scored(joined, 1, message_id="MAIL1@example.net", host="mx2") == ("", "")
    joined.step(Removed(SECOND, "mx1", "MAIL1"), "id")
    assert scored(joined, 2 * SECOND, message_id="MAIL1@example.net") == alice
    feed(joined, submitted(60 * SECOND, "NEXT1"))
    assert scored(joined, 61 * SECOND, message_id="MAIL1@example.net") == ("", "")


@pytest.mark.parametrize(
    ("client_ip", "mailbox", "expected"),
    [
        ("203.0.113.66", "", ("", "")),
        ("203.0.113.66", "eve@example.net", ("", "")),
        ("203.0.113.5", "alice@example.net", ("alice@example.net", "sasl")),  # the same mailbox sends the mail again
        ("127.0.0.1", "", ("alice@example.net", "sasl")),  # it came back from a content filter
        ("", "", ("alice@example.net", "sasl")),  # likewise, by sendmail(1)
    ],
)
def test_nobody_is_blamed_once_another_client_uses_the_same_message_id(
    client_ip: str, mailbox: str, expected: tuple[str, str]
) -> None:
    joined = join()
    feed(joined, submitted(0, "MAIL1"))
    joined.step(Received(1, "mx1", "MAIL2", "", client_ip, "", mailbox), "id")
    joined.step(Identified(1, "mx1", "MAIL2", "MAIL1@example.net"), "id")
    assert scored(joined, 2, message_id="MAIL1@example.net") == expected
    assert scored(join(state=joined.snapshot()), 2, message_id="MAIL1@example.net") == expected
    assert scored(joined, 2, "MAIL1", "MAIL1@example.net") == ("alice@example.net", "sasl")


def test_a_broken_state_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        join(state=b"\xc1")


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        ("198.51.100.1", "wide"),
        ("198.51.100.129", "narrow"),
        ("2001:db8:1::9", "2001:db8:1::/48"),  # a network without a name is named by itself
        ("203.0.113.1", ""),
        ("", ""),
    ],
)
def test_of_the_networks_that_hold_an_address_the_smallest_counts(ip: str, name: str) -> None:
    networks = NetworkNames({"198.51.100.0/24": "wide", "198.51.100.128/25": "narrow", "2001:db8:1::/48": ""})
    assert networks.name_of(ip) == name


@pytest.mark.parametrize(
    ("told", "transport", "left"),
    [
        ("", "relay1", "192.0.2.1"),
        ("", "other", ""),
        ("192.0.2.9", "relay1", "192.0.2.9"),
        ("10.0.0.5", "relay1", "192.0.2.1"),  # behind NAT: outside it is another
        ("10.0.0.5", "other", "10.0.0.5"),
        ("2001:db8::9", "other", ""),  # of the other family than the server: not this connection's
    ],
)
def test_the_outbound_ip_is_the_lines_own_or_that_of_the_transport(told: str, transport: str, left: str) -> None:
    record = msgspec.structs.replace(attempted(1, "A"), outbound_ip=told, transport=transport)
    event = join().step(record, "id")
    assert isinstance(event, DeliveryAttempted)
    assert event.outbound_ip == left
