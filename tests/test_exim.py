"""Exim's logs as they really are: what is read is what a naive reading finds, and nothing is lost or told twice."""

import lzma
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from collectors.reading import Counts, LogReader
from schemas.events import (
    DeadLetter,
    DeliveryAttempted,
    Event,
    MailboxAuthenticated,
    MessageExpired,
    MessageRejected,
    MessageSubmitted,
)

_OUTCOMES = {"=>": "sent", "->": "sent", "==": "deferred", "**": "bounced"}


def _reader(state: bytes = b"") -> LogReader:
    return LogReader(
        "0123456789abcdef",
        name="mainlog",
        format="exim",
        host="mx1",
        zone="UTC",
        outbound_ips={"out": "127.0.1.1"},
        networks={},
        reference=datetime(2026, 11, 22, tzinfo=UTC),
        state=state,
    )


def _read(lines: Iterable[bytes], reader: LogReader, start: int = 0) -> list[Event]:
    return [event for offset, line in enumerate(lines, start) for event in reader.read(line, offset)]


def _unaccounted(counts: Counts) -> int:
    told = sum(counts.events.values()) - counts.further
    return counts.lines - told - counts.absorbed - counts.ignored - counts.dead_letters


@pytest.fixture(scope="module")
def lines(corpus: Path) -> list[bytes]:
    """Return the lines of a real Exim 4.96."""
    return lzma.open(corpus / "mta" / "real-exim-4.96" / "mainlog.xz").read().splitlines(keepends=True)


def test_the_real_log_gives_the_counts_of_its_marks(lines: list[bytes]) -> None:
    reader = _reader()
    events = _read(lines, reader)
    marks = Counter(line.split()[3].decode() for line in lines if len(line.split()) > 3)
    assert Counter(event.outcome for event in events if isinstance(event, DeliveryAttempted)) == {
        "sent": marks["=>"] + marks["->"],
        "deferred": marks["=="],
        "bounced": marks["**"],
    }
    logins = sum(b" A=plain:" in line or b"authenticator failed" in line for line in lines)
    assert reader.counts.events == {
        "delivery_attempted": 1164,
        "mailbox_authenticated": logins,
        "message_rejected": sum(b" rejected " in line for line in lines),
        "message_submitted": marks["<="],
    }
    assert (logins, marks["<="], marks["Completed"]) == (277, 322, reader.counts.absorbed)
    assert (reader.counts.dead_letters, _unaccounted(reader.counts)) == (0, 0)


def test_each_field_of_a_delivery_is_what_a_naive_reading_finds(lines: list[bytes]) -> None:
    senders: dict[str, tuple[str, str, str]] = {}
    expected = []
    for line in (line.decode() for line in lines):
        words = line.split()
        if words[3:4] == ["<="]:
            login, sender = re.search(r" A=plain:(\S+) S=", line), words[4].replace("<>", "")
            senders[words[2]] = (login[1], "sasl", sender) if login else (sender or "<>", "envelope", sender)
        if words[3:4] and words[3] in _OUTCOMES:
            server = re.search(r" H=(\S+) \[(\S+)\]:(\d+)", line)
            said = re.search(r'C="(.*?)" QT|server after [^:]*(?::<[^>]*>)?: (\d.*)', line)
            reply = re.sub(r" DT=\d+s$", "", (said[1] or said[2]) if said else "")
            status = re.match(r"\d+[ -](\d\.\d\.\d) ", reply)
            relay = (server[1], server[2], int(server[3])) if server else ("", "", 0)
            told = (words[4].rstrip(":"), _OUTCOMES[words[3]], reply, status[1] if status else "")
            expected.append((words[2], *told, *relay, *senders[words[2]]))
    given = [
        (
            event.queue_id,
            event.recipient,
            event.outcome,
            event.reply if event.reply[:1].isdigit() else "",
            event.enhanced_status,
            event.relay_host,
            event.relay_ip,
            event.relay_port,
            event.sender,
            event.sender_kind,
            event.envelope_from,
        )
        for event in _read(lines, _reader())
        if isinstance(event, DeliveryAttempted)
    ]
    assert [(a, b) for a, b in zip(given, expected, strict=True) if a != b] == []


def test_what_left_through_a_server_has_the_ip_of_its_transport(lines: list[bytes]) -> None:
    events = [event for event in _read(lines, _reader()) if isinstance(event, DeliveryAttempted)]
    left = [event for event in events if event.relay_ip]
    assert {event.outbound_ip for event in left} == {"127.0.1.1"}
    assert len(left) == sum(re.search(rb" (?:[=-]>|==|\*\*) .*T=out .*H=\S+ \[", line) is not None for line in lines)


def test_a_log_read_twice_or_in_two_parts_tells_the_same_events_of_the_same_ids(lines: list[bytes]) -> None:
    whole = _read(lines, _reader())
    assert len({event.id for event in whole}) == len(whole)
    assert _read(lines, _reader()) == whole
    first = _reader()
    parts = _read(lines[:1000], first)
    parts += _read(lines[1000:], _reader(first.snapshot()), 1000)
    assert parts == whole


def test_no_line_of_other_logs_is_lost_or_cannot_be_read(corpus: Path) -> None:
    files = [*(corpus / "mta" / "exim-testsuite").iterdir(), *(corpus / "mta" / "crowdsec").glob("exim-*/*.log")]
    seen: Counter[type[Event]] = Counter()
    for file in files:
        content, reader = file.read_bytes().splitlines(keepends=True), _reader()
        events = _read(content, reader)
        dead = [event for event in events if isinstance(event, DeadLetter)]
        assert (dead, _unaccounted(reader.counts)) == ([], 0), file.name
        marks = Counter(found[1] for line in content if (found := re.match(rb"\S+ \S+ \w{6}-\w{6}-\w\w (\S\S) ", line)))
        attempts = sum(isinstance(event, DeliveryAttempted) for event in events)
        discards = sum(b"=> blackhole (" in line for line in content)
        assert attempts == sum(marks[mark] for mark in (b"=>", b"->", b">>", b"==", b"**")) - discards, file.name
        seen.update(map(type, events))
    assert len(files) == 131
    assert {MailboxAuthenticated, MessageExpired, MessageRejected, MessageSubmitted} < set(seen)


def test_the_end_of_a_message_is_told_once_whatever_its_recipients() -> None:
    reader = _reader()
    line = b"2026-11-21 17:49:27 1xUpDL-0008Gr-0a ** %s R=r T=out: retry timeout exceeded\n"
    begun = (
        b"2026-11-21 17:49:26 1xUpDL-0008Gr-0a <= a@example.net H=(pc) [192.0.2.5] P=esmtpa A=plain:a@example.net S=9\n"
    )
    events = _read([begun, line % b"b@example.com", line % b"c@example.com"], reader)
    expired = [event for event in events if isinstance(event, MessageExpired)]
    assert [(event.sender, event.sender_kind, event.envelope_from) for event in expired] == [
        ("a@example.net", "sasl", "a@example.net")
    ]
    (attempt, unknown) = _read([line % b"b@example.com"], _reader())
    assert structs.asdict(unknown) | {"sender": "", "sender_kind": ""} == structs.asdict(unknown)
    assert isinstance(attempt, DeliveryAttempted)
    assert attempt.outcome == "deferred"


def test_a_delivery_ahead_of_its_message_waits_for_it_over_a_restart() -> None:
    ahead = b'2026-11-21 17:49:26 1xUpDL-0008Gr-0a >> b@example.com R=r T=out H=mx.example.com [192.0.2.7] C="250 Ok"\n'
    message = (
        b"2026-11-21 17:49:26 1xUpDL-0008Gr-0a <= a@example.net H=(pc) [192.0.2.5] P=esmtpa A=plain:a@example.net S=9\n"
    )
    first = _reader()
    assert (_read([ahead], first), first.counts.absorbed) == ([], 1)
    second = _reader(first.snapshot())
    login, submission, delivery = _read([message], second, 1)
    assert isinstance(login, MailboxAuthenticated)
    assert isinstance(submission, MessageSubmitted)
    assert isinstance(delivery, DeliveryAttempted)
    assert (delivery.sender, delivery.recipient, delivery.outcome) == ("a@example.net", "b@example.com", "sent")
    assert login.id < submission.id < delivery.id
    assert _unaccounted(second.counts) == 0
