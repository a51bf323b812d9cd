"""Formats that remember between lines: a restart at any line, the same file twice, bounds, and real lines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.mta._remembered import Remembered
from collectors.reading import LogReader
from schemas.codec import encode
from schemas.events import DeadLetter, Event, MailboxAuthenticated, MessageRejected

FORMATS = ("courier", "opensmtpd", "qmail", "sendmail")
GOLDEN = Path(__file__).parent / "golden" / "mta"


def reader(name: str, state: bytes = b"") -> LogReader:
    return LogReader(
        "0123456789abcdef",
        name=name,
        format=name,
        host="mx9",
        zone="UTC",
        outbound_ips={"esmtp": "192.0.2.99"},
        networks={"198.51.100.0/24": "customer 7"},
        reference=datetime(2026, 11, 30, tzinfo=UTC),
        state=state,
    )


def blocks(name: str) -> Iterator[list[bytes]]:
    """Give each log of a golden file: the lines between two blank ones."""
    for block in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").split("\n\n"):
        lines = [line.encode() for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            yield lines


def shown(events: list[Event]) -> list[object]:
    """Return events as they are sent; a dead letter's time is about that of the lines before it."""
    return [(event.id, event.reason) if isinstance(event, DeadLetter) else encode(event) for event in events]


@pytest.mark.parametrize("name", FORMATS)
def test_a_restart_at_any_line_changes_no_event(name: str) -> None:
    for lines in blocks(name):
        whole = reader(name)
        state = b""
        for offset, line in enumerate(lines):
            part = reader(name, state)
            assert shown(part.read(line, offset)) == shown(whole.read(line, offset)), line
            state = part.snapshot()


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_file_twice_gives_the_same_ids_and_no_two_events_share_one(name: str) -> None:
    lines = [line for block in blocks(name) for line in block]
    first, second = reader(name), reader(name)
    told = [event.id for offset, line in enumerate(lines) for event in first.read(line, offset)]
    again = [event.id for offset, line in enumerate(lines) for event in second.read(line, offset)]
    assert told == again == sorted(set(told))
    counts = first.counts
    events = sum(counts.events.values()) - counts.further
    assert counts.lines == len(lines) == events + counts.absorbed + counts.ignored + counts.dead_letters
    assert {"message_submitted", "delivery_attempted", "message_rejected", "mailbox_authenticated"} <= set(
        counts.events
    )


def test_each_recipient_of_a_line_of_sendmail_is_an_event_of_its_own() -> None:
    log = reader("sendmail")
    events = log.read(
        b"Nov 13 14:52:10 mx1 sm-mta[1]: qADMh0cd016570: to=<bob@example.org>,<carol@example.org>, delay=00:00:09,"
        b" mailer=esmtp, pri=1, relay=mx.example.org. [192.0.2.25], dsn=2.0.0, stat=Sent (ok)",
        0x2C2,
    )
    assert [event.id for event in events] == ["0123456789abcdef-0000000002c2-0", "0123456789abcdef-0000000002c2-1"]
    assert log.counts.further == 1
    assert log.counts.summary() == (
        "1 lines = 2 events (2 delivery_attempted) - 1 beyond the first of a line + 0 absorbed by the join"
        " + 0 ignored + 0 dead letters"
    )


def test_what_was_not_heard_of_for_longest_is_forgotten_first() -> None:
    remembered: Remembered[int] = Remembered(2, [(("mx1", "a"), 1), (("mx1", "b"), 2)])
    assert remembered.find(("mx1", "a")) == 1
    remembered.put(("mx1", "c"), 3)
    assert remembered.snapshot() == [(("mx1", "a"), 1), (("mx1", "c"), 3)]
    assert remembered.drop(("mx1", "b")) is None


def test_the_refusals_and_logins_of_fail2ban_s_lines(corpus: Path) -> None:
    """Courier's and qmail's lines of fail2ban: none is a dead letter, and each tells the client that it names."""
    for name, file in (("courier", "fail2ban-courier-smtp.log"), ("qmail", "fail2ban-qmail.log")):
        log = reader(name)
        inputs = (corpus / "mta" / file).read_bytes().splitlines()
        hosts = [line.split(b'"host": "')[1].split(b'"')[0].decode() for line in inputs if b"failJSON" in line]
        lines = [line for line in inputs if line and not line.startswith(b"#")]
        events = [event for offset, line in enumerate(lines) for event in log.read(line, offset)]
        assert log.counts.dead_letters == 0
        clients = [event.client_ip for event in events if isinstance(event, MailboxAuthenticated | MessageRejected)]
        assert clients == hosts
