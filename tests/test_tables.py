"""Logs that are tables: headers and unfinished records outlive restarts; and what lines of Haraka tell together."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from collectors.csvlog import Table, parts_of, split_recipients, time_of
from collectors.reading import LogReader
from schemas.events import DeadLetter, DeliveryAttempted, Event, MailboxAuthenticated

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ("powermta", "exchange_tracking", "exchange_imap_pop", "exchange_smtp", "kumomta", "halon", "haraka")


def reader(name: str, state: bytes = b"") -> LogReader:
    return LogReader(
        "0123456789abcdef",
        name=name,
        format=name,
        host="mx1",
        zone="UTC",
        outbound_ips={},
        networks={"198.51.100.0/24": "customer 7"},
        reference=datetime(2026, 11, 30, tzinfo=UTC),
        state=state,
    )


def blocks(name: str) -> list[list[bytes]]:
    """Return the inputs of a golden file, block by block: each is a log of its own."""
    (file,) = (path for kind in ("mta", "logins") for path in (GOLDEN / kind).glob(f"{name}.txt"))
    text = file.read_text(encoding="utf-8")
    found = [[line.encode() for line in block.splitlines() if line[:2] != "# "] for block in text.split("\n\n")]
    return [block for block in found if block]


@pytest.mark.parametrize("name", FORMATS)
def test_a_restart_before_any_line_gives_the_same_events_and_every_line_is_counted(name: str) -> None:
    for block in blocks(name):
        whole = reader(name)
        expected = [event for at, line in enumerate(block) for event in whole.read(line, at)]
        found: list[Event] = []
        state = b""
        for at, line in enumerate(block):
            again = reader(name, state)
            found.extend(again.read(line, at))
            state = again.snapshot()
        kept = [event for event in expected if not isinstance(event, DeadLetter)]
        assert [event for event in found if not isinstance(event, DeadLetter)] == kept
        assert len(found) == len(expected)
        assert len({event.id for event in expected}) == len(expected)
        counts = whole.counts
        read = sum(counts.events.values()) - counts.further + counts.absorbed + counts.ignored + counts.dead_letters
        assert read == counts.lines == len(block)


def test_the_header_of_the_file_before_holds_until_the_next_names_its_own() -> None:
    old = reader("powermta")
    assert old.read(b"type,timeLogged,rcpt,orig,dlvSourceIp", 0) == []
    new = reader("powermta", old.snapshot())
    (event,) = new.read(b"d,1178807903,user1@example.net,orig@example.com,192.0.2.1", 0)
    assert isinstance(event, DeliveryAttempted)
    assert (event.recipient, event.sender, event.outbound_ip, event.host) == (
        "user1@example.net",
        "orig@example.com",
        "192.0.2.1",
        "mx1",
    )
    assert new.read(b"type,timeLogged,orig,rcpt", 1) == []
    (other,) = new.read(b"d,1178807904,orig@example.com,user2@example.net", 2)
    assert isinstance(other, DeliveryAttempted)
    assert (other.recipient, other.at) == ("user2@example.net", 1178807904000000)


def test_a_record_that_never_ends_is_given_up_and_told_once() -> None:
    log = reader("powermta")
    log.read(b"type,timeLogged,orig,rcpt,dsnDiag", 0)
    assert log.read(b'd,1178807903,a@example.com,"open', 1) == []
    told = [event for at in range(300) for event in log.read(b"d,1178807903,a@example.com,b@example.net,ok", at + 1000)]
    letters = [event for event in told if isinstance(event, DeadLetter)]
    assert [letter.reason.partition(" within ")[0] for letter in letters] == ["a record that has no end"]
    assert len(told) - len(letters) == 300 - 50
    assert len(log.snapshot()) < 2000


def test_what_a_table_cannot_read_it_says() -> None:
    table = Table((("a", "b"),), ("a",))
    for header, said in (
        ("b,c", "names no a"),
        ("a," * 300, "301 columns"),
        ('a,"b"c', "no record of comma-separated"),
    ):
        with pytest.raises(ValueError, match=said):
            table.head(header)
    assert table.row('1,"2, ""x"""') == {"a": "1", "b": '2, "x"'}
    with pytest.raises(ValueError, match="a record of 3 fields; no header"):
        table.row("1,2,3")


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("1178807903", 1178807903000000),
        ("2026-02-23 18:00:36+0000", 1771869636000000),
        ("2026-02-23 19:00:36+0100", 1771869636000000),
        ("2026-07-20T21:28:50.530Z", 1784582930530000),
        ("2026-02-23 18:00:36", None),
        ("٣٣٣٣", None),
        ("", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_a_time_has_its_zone_or_is_none(stamp: str, at: int | None) -> None:
    if at is not None:
        assert time_of(stamp) == at
    else:
        with pytest.raises(ValueError, match=r"no time|a time before 1970"):
            time_of(stamp)


def test_endpoints_and_lists_of_recipients() -> None:
    ends = ("192.0.2.1:25", "[2001:db8::1]:993", "2001:db8::1", "192.0.2.1", "x:y")
    assert [parts_of(end) for end in ends] == [
        ("192.0.2.1", 25),
        ("2001:db8::1", 993),
        ("2001:db8::1", 0),
        ("192.0.2.1", 0),
        ("x", 0),
    ]
    listed = 'a@example.com; "b;c"@example.com;;d@example.com'
    assert list(split_recipients(listed)) == ["a@example.com", '"b;c"@example.com', "d@example.com"]


@pytest.mark.parametrize(
    ("name", "folder", "wanted"),
    [
        ("exchange_imap_pop", "exchange-imap-bf", [("testuser", "failed", "192.168.9.212", "imap")] * 7),
        ("exchange_imap_pop", "exchange-imap-logs", [("testuser", "failed", "192.168.9.212", "imap")]),
        ("exchange_smtp", "exchange-smtp-bf", [("", "failed", "192.168.9.212", "smtp")] * 9),
        ("exchange_smtp", "exchange-smtp-logs", [("", "failed", "192.168.9.212", "smtp")]),
    ],
)
def test_the_corpus_of_exchange(corpus: Path, name: str, folder: str, wanted: list[tuple[str, ...]]) -> None:
    file = corpus / "mta" / "crowdsec" / folder / f"{folder}.log"
    log = reader(name)
    events = [event for at, line in enumerate(file.read_bytes().splitlines()) for event in log.read(line, at)]
    logins = [event for event in events if isinstance(event, MailboxAuthenticated)]
    assert [(each.mailbox, each.outcome, each.client_ip, each.service) for each in logins] == wanted
    assert len(events) == len(wanted)


def test_haraka_splits_a_delivery_by_what_became_of_each_recipient() -> None:
    head = "2026-11-28T23:27:13.{:03}Z [NOTICE] [ABCD-1{}] [{}] "
    lines = [
        head.format(1, ".1", "core") + 'sender <alice@example.net> code=OK msg=""',
        *(head.format(2, ".1", "core") + f'recipient <{who}@example.com> code=OK msg=""' for who in "abc"),
        head.format(3, ".1", "core") + 'queue code=OK msg="Message Queued"',
        head.format(4, ".1.1", "outbound") + "recipient <a@example.com> deferred: 450 4.2.0 later",
        head.format(4, ".1.1", "outbound") + "recipient <b@example.com> rejected: 550 5.1.1 nobody",
        head.format(5, ".1.1", "outbound")
        + 'delivered file=f domain=EXAMPLE.com ip=192.0.2.25 response="OK" rcpts=1/1/1',
        head.format(6, ".1.1", "outbound")
        + 'delivered file=f domain=example.com ip=192.0.2.25 response="OK" rcpts=1/0/0',
        head.format(7, ".1.1", "outbound")
        + 'delivered file=f domain=example.com ip=192.0.2.25 response="OK" rcpts=1/0/0',
    ]
    log = reader("haraka")
    events = [event for at, line in enumerate(lines) for event in log.read(line.encode(), at)]
    told = [(e.recipient, e.outcome, e.sender) for e in islice(events, 1, None) if isinstance(e, DeliveryAttempted)]
    assert told == [
        ("a@example.com", "deferred", "alice@example.net"),
        ("b@example.com", "bounced", "alice@example.net"),
        ("c@example.com", "sent", "alice@example.net"),
        ("a@example.com", "sent", "alice@example.net"),
        ("@example.com", "sent", "alice@example.net"),  # a mail that is done: only its domain is known
    ]
