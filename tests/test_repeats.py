"""Lines that stand for others: each that came again is an event with an id of its own, within bounds."""

from datetime import UTC, datetime

import pytest

from collectors.mixed import MixedReader
from collectors.reading import LogReader
from schemas.events import DeadLetter, Event, MailboxAuthenticated, MessageRejected

HEAD = "2026-03-01T10:00:05Z mx1 "
REFUSED = (
    "NOQUEUE: reject: RCPT from unknown[203.0.113.66]: 554 5.7.1 <bob@example.com>: Relay access denied;"
    " from=<eve@example.org> to=<bob@example.com> proto=ESMTP helo=<x>"
)
LINE = f"{HEAD}postfix/smtpd[1]: {REFUSED}"
FAILED = (
    "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<bob@example.net>, method=PLAIN,"
    " rip=203.0.113.66, lip=192.0.2.7, session=<a>"
)


def reader(log: str = "postfix", state: bytes = b"") -> LogReader:
    return LogReader(
        "0123456789abcdef",
        name="mx1",
        format=log,
        host="",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 11, 22, tzinfo=UTC),
        state=state,
    )


def told(times: object, text: str = REFUSED) -> bytes:
    return f"{HEAD}postfix/smtpd[1]: message repeated {times} times: [ {text}]".encode()


def ids(events: list[Event]) -> list[str]:
    return [event.id for event in events]


def test_each_time_has_an_id_of_its_own_and_the_line_counts_once() -> None:
    read = reader()
    events = read.read(told(1000), 64)
    assert {type(event) for event in events} == {MessageRejected}
    assert len(set(ids(events))) == len(events) == 1000
    assert ids(reader().read(told(1000), 64)) == ids(events) == sorted(ids(events))
    assert (read.counts.lines, read.counts.further, sum(read.counts.events.values())) == (1, 999, 1000)


@pytest.mark.parametrize("times", [1001, 999_999_999, 999_999_999_999])
def test_more_than_a_daemon_would_write_is_a_dead_letter(times: int) -> None:
    (event,) = reader().read(told(times), 0)
    assert isinstance(event, DeadLetter)
    assert event.reason == f"a line that was repeated {times} times: more than 1000 are taken for an error"
    assert event.text == told(times).decode()[: len(event.text)]


def test_a_number_without_end_is_a_dead_letter_and_is_told_by_its_beginning() -> None:
    for line in (told("9" * 5000), b"2026-03-01T10:05:05Z mx1 last message repeated " + b"9" * 5000 + b" times"):
        (event,) = reader().read(line, 0)
        assert isinstance(event, DeadLetter)
        assert event.reason.startswith("a line that was repeated 9999999999999999 times: more than 1000")


@pytest.mark.parametrize("times", ["0", "-1", "x"])
def test_what_is_no_number_of_times_makes_no_event(times: str) -> None:
    assert [event for event in reader().read(told(times), 0) if not isinstance(event, DeadLetter)] == []


def test_the_line_before_is_known_after_a_restart_and_dated_anew() -> None:
    first = reader()
    (before,) = first.read(LINE.encode(), 0)
    second = reader(state=first.snapshot())
    events = second.read(b"2026-03-01T10:05:05Z mx1 last message repeated 2 times", 500)
    assert [event.at - before.at for event in events] == [300_000_000, 300_000_000]
    assert [event.recipient for event in events if isinstance(event, MessageRejected)] == ["bob@example.com"] * 2


@pytest.mark.parametrize("front", ["mail-1  | ", "2026-03-01T10:00:06.123456789Z ", "2026-03-01T11:00:06.1Z stdout F "])
def test_a_line_in_a_container_comes_again_as_well(front: str) -> None:
    front = front.replace(".1Z", ".123456789+01:00")
    read = reader()
    assert len(read.read(f"{front}{LINE}".encode(), 0)) == 1
    assert len(read.read(front.encode() + told(3), 200)) == 3
    assert len(read.read(f"{front}{HEAD}last message repeated 2 times".encode(), 400)) == 2


@pytest.mark.parametrize(
    "head", ["<22>1 2026-03-01T10:00:05Z mx1 postfix/smtpd 1 - -  ", "<22>Mar  1 10:00:05 mx1 postfix/smtpd[1]: "]
)
def test_a_forwarded_line_comes_again_as_well(head: str) -> None:
    assert len(reader().read(f"{head}message repeated 3 times: [ {REFUSED}]".encode(), 0)) == 3


def test_logins_are_one_event_with_their_number_in_a_log_of_several_programs() -> None:
    mixed = MixedReader([reader(), reader("dovecot")])
    assert mixed.read(LINE.encode(), 0) != []
    assert mixed.read(f"{HEAD}{FAILED}".encode(), 300) != []
    (event,) = mixed.read(f"{HEAD}last message repeated 5000 times".encode(), 600)
    assert isinstance(event, MailboxAuthenticated)
    assert (event.attempts, event.mailbox, event.outcome) == (5000, "bob@example.net", "failed")
    assert mixed.counts.dead_letters == 0


def test_a_host_that_is_far_above_is_told_instead_of_guessed() -> None:
    read = reader()
    read.read(LINE.encode(), 0)
    for number in range(16):
        read.read(LINE.replace("mx1", "mx2").encode(), 1000 + number)
    (event,) = read.read(f"{HEAD}last message repeated 2 times".encode(), 9000)
    assert isinstance(event, DeadLetter)
    assert event.reason == "another line came again, but none of the last 16 is that one"
