"""The log reader and its clock: whatever the bytes, nothing is raised and nothing vanishes; state survives."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.reading import LONGEST_LINE, LogReader, log_formats
from collectors.syslog import Clock, split
from schemas.codec import decode, encode
from schemas.events import DeadLetter, DeliveryAttempted, Event, MessageRejected
from schemas.moments import epoch_microseconds

SOURCE = "0123456789abcdef"
HEAD = "2026-03-01T10:00:05Z mx1 postfix/"
DELIVERY = "relay1/smtp[1]: 4F1qXz3abc:"
TIMES = "delay=1, delays=0/0/1/0"
SESSION = (
    "submission/smtpd[1]: 4F1qXz3abc: client=unknown[203.0.113.5], sasl_method=PLAIN, sasl_username=alice@example.net",
    "cleanup[1]: 4F1qXz3abc: message-id=<m@example.net>",
    "qmgr[1]: 4F1qXz3abc: from=<alice@example.net>, size=7, nrcpt=2 (queue active)",
    f"{DELIVERY} to=<bob@example.com>, relay=mx.example.com[203.0.113.25]:25, {TIMES}, dsn=2.0.0, status=sent (250 OK)",
    f"{DELIVERY} to=<carol@example.com>, relay=none, {TIMES}, dsn=4.4.1, status=deferred (connect: Connection refused)",
    "qmgr[1]: 4F1qXz3abc: removed",
)
LINES = tuple(f"{HEAD}{line}\n".encode() for line in SESSION)


def log_reader(log: str = "postfix", *, host: str = "", state: bytes = b"") -> LogReader:
    return LogReader(
        SOURCE,
        name="mx1",
        format=log,
        host=host,
        zone="UTC",
        outbound_ips={"relay1": "192.0.2.1"},
        networks={},
        reference=datetime(2026, 11, 22, tzinfo=UTC),
        state=state,
    )


_MOST_REPEATED = 9


def balance(reader: LogReader) -> int:
    counts = reader.counts
    told = sum(counts.events.values()) - counts.further
    return counts.lines - told - counts.absorbed - counts.ignored - counts.dead_letters


pieces = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [
            *LINES,
            HEAD.encode(),
            b"postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 no; from=<a> to=<b> proto=SMTP helo=<c>",
            b"Nov 21 17:35:44 ",
            b"Nov 21 17:35:44 mx1 last message repeated 3 times\n",
            b"Nov 21 17:35:44 mx1 mail:info postfix/smtpd[1]: message repeated 9 times: [ ",
            b"Nov 21 17:35:44 <2.6> mx1 postfix/smtpd: Last message '' repeated 2 times, suppressed by syslog-ng on ",
            b"Feb 29 00:00:60 mx1 ",
            b"9999-12-31T23:59:59.999999999-23:59 mx1 postfix/qmgr: ABCDEF: removed",
            b"0001-01-01T00:00:00+23:59 mx1 postfix/qmgr: ABCDEF: removed",
            b"<22>1 2026-03-01T10:00:05Z mx1 postfix/smtp 1 - [",
            b"dovecot: imap-login: Login: user=<a>, rip=1",
            b': to=<"',
            b", relay=",
            b"2026-03-01T10:00:05Z mx1 spamd[1]: spamd: result: Y 12 - A scantime=1,size=2,user=x,required_score=5,",
            b"2026-03-01T10:00:05Z mx1 amavis[1]: (1-2) Passed SPAM {X}, [192.0.2.1]:1 <a@example.net> -> <b@c>",
            b", Hits: 99, size: 1, ",
            b"2026-03-01 10:00:05 #1(normal) <a>; task; rspamd_task_write_log: id: <m>, qid: <ABCDEF>, from: <a>, ",
            b"(default: F (no action): [1.00/15.00] [",
            b"\x00\xff\xfe",
            "٣".encode(),
        ]
    ),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.lists(pieces, max_size=5).map(b"".join), max_size=12),
    st.sampled_from(["postfix", "dovecot", "rspamd", "spamassassin"]),
)
def test_no_bytes_make_it_raise_and_every_line_is_counted_once(lines: list[bytes], log: str) -> None:
    reader = log_reader(log)
    offset = 0
    for line in lines:
        events = reader.read(line, offset)
        assert len(events) <= _MOST_REPEATED
        for number, event in enumerate(events):
            assert decode(encode(event)) == event
            assert event.id == f"{SOURCE}-{offset:012x}-{number}"
            assert event.at >= 0
        offset += len(line) + 1
    assert balance(reader) == 0
    assert reader.counts.lines == len(lines)
    assert isinstance(log_reader(log, state=reader.snapshot()), LogReader)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(LINES)))
def test_a_restart_anywhere_gives_the_same_events(cut: int) -> None:
    whole = log_reader()
    expected = [event for at, line in enumerate(LINES) for event in whole.read(line, at)]
    first = log_reader()
    before = [event for at, line in enumerate(LINES[:cut]) for event in first.read(line, at)]
    second = log_reader(state=first.snapshot())
    after = [event for at, line in enumerate(LINES[cut:], start=cut) for event in second.read(line, at)]
    assert before + after == expected
    assert [type(event).__name__ for event in expected] == [
        "MailboxAuthenticated",
        "MessageSubmitted",
        "DeliveryAttempted",
        "DeliveryAttempted",
    ]


def test_the_configured_host_is_that_of_lines_that_name_none() -> None:
    reader = log_reader("dovecot", host="mail7")
    login = "imap-login: Login: user=<a@example.net>, method=PLAIN, rip=203.0.113.1, lip=192.0.2.2, TLS"
    lines = (f"Oct 13 09:23:00 {login}", f"Oct 13 09:23:00 mail8 dovecot: {login}")
    events: list[Event] = [event for line in lines for event in reader.read(line.encode(), 0)]
    assert [getattr(event, "host", "") for event in events] == ["mail7", "mail8"]


def test_a_byte_order_mark_before_any_line_is_none_of_it() -> None:
    reader = log_reader()
    line = f"<22>{HEAD}smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 no".encode()
    marked = "\ufeff".encode() + line
    plain, second, first = (reader.read(line, 5), reader.read(marked, 900), log_reader().read(marked, 0))
    assert [type(event) for event in (*plain, *second, *first)] == [MessageRejected] * 3


def test_the_counts_can_be_read_by_people() -> None:
    reader = log_reader()
    for line in (*LINES, b"x", b"2026-03-01T10:00:05Z mx1 sshd[1]: hello"):
        reader.read(line, 0)
    assert reader.counts.summary() == (
        "8 lines = 4 events (2 delivery_attempted, 1 mailbox_authenticated, 1 message_submitted)"
        " + 2 absorbed by the join + 1 ignored + 1 dead letters"
    )


@pytest.mark.parametrize(
    "filler",
    [
        b"a",
        b"<",
        b'"\\',
        b"\xff",
        b"> to=<",
        b"; from=<",
        b"(",
        b" ",
        b", sasl_sender=",
        b", orig_client=",
        b">,<",
        b"A ",
    ],
)
def test_a_line_of_a_megabyte_takes_no_time_and_leaves_little(filler: bytes) -> None:
    heads = (
        b"relay1/smtp[1]: 4F1qXz3abc: to=<",
        b'relay1/smtp[1]: 4F1qXz3abc: to=<"',
        b"smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 5.1.1 ",
        b"smtpd[1]: 4F1qXz3abc: client=x[192.0.2.1], sasl_method=PLAIN, sasl_username=",
        b"smtpd[1]: NOQUEUE: client=x[192.0.2.1]:25",
        b"smtpd[1]: 4F1qXz3abc: client=x[192.0.2.1], orig_queue_id=",
        b"smtpd[1]: proxy-accept: END-OF-MESSAGE: 250 ",
        b"smtpd[1]: warning: x[192.0.2.1]:25: SASL LOGIN authentication failed: ",
        b"cleanup[1]: 4F1qXz3abc: message-id=<",
        b"qmgr[1]: 4F1qXz3abc: from=<",
        b" spamd[1]: spamd: result: Y 1 - ",
        b" spamd[1]: spamd: result: Y 1 - A scantime=1,size=1,user=x,uid=1,required_score=5.0,mid=<",
        b" amavis[1]: (1-2) Passed CLEAN {A}, ",
        b" amavis[1]: (1-2) Passed CLEAN {A}, [192.0.2.1]:1 <a@example.net> -> <",
        b' amavis[1]: (1-2) Passed CLEAN {A}, [192.0.2.1]:1 <a@example.net> -> <"',
        b" rspamd[1]: <a>; task; rspamd_task_write_log: id: <",
        b" rspamd[1]: <a>; task; rspamd_task_write_log: id: <a>, qid: <b>, ip: 192.0.2.1, user: ",
        b' rspamd[1]: <a>; task; rspamd_task_write_log: id: <a>, from: <"',
    )
    for head in heads:
        for size in (1_000_000, LONGEST_LINE - 200):
            reader = log_reader()
            line = (HEAD.encode() if head[:1] != b" " else HEAD.encode()[:-9]) + head + (filler * size)[:size]
            began = time.process_time()
            events = reader.read(line, 0)
            assert time.process_time() - began < 0.05
            assert all(len(encode(event)) < 200_000 for event in events)
            assert balance(reader) == 0


def test_a_longer_line_of_ours_is_a_dead_letter_and_one_of_others_is_not() -> None:
    reader = log_reader()
    (event,) = reader.read(LINES[1].rstrip(b"\n") + b"x" * LONGEST_LINE, 0)
    assert isinstance(event, DeadLetter)
    assert event.reason == "the line has more than 65536 bytes"
    assert len(event.text) == 2000
    assert reader.read(b"2026-03-01T10:00:05Z mx1 sshd[1]: " + b"x" * LONGEST_LINE, 1) == []


def test_dead_letters_hold_their_place_and_no_password() -> None:
    reader = log_reader()
    reader.read(LINES[0], 0)
    secrets = (
        "given password: hunter2) 2",
        "password=<hunter2",
        "AUTH PLAIN hunter2",
        "passwd: hunter2, hunter2",
        "pass=hunter2",
    )
    for secret in secrets:
        line = f"{HEAD}smtp[1]: 4F1qXz3abc: to=<a\xff>, ({secret}"
        (event,) = reader.read(line.encode("latin-1"), 300)
        assert isinstance(event, DeadLetter)
        assert (event.place, event.format, event.name, event.at) == ("mx1/300", "postfix", "mx1", 1772359205000000)
        assert "hunter2" not in event.text
        assert event.text.endswith("[redacted]")
        assert "<a\ufffd>" in event.text


def test_bytes_that_are_no_text_are_kept_as_signs_of_it() -> None:
    (event,) = log_reader().read(HEAD.encode() + b"smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 \xff\x00", 0)
    assert isinstance(event, MessageRejected)
    assert (event.reply, event.code) == ("550 \ufffd\0", 550)


def test_an_unknown_log_format_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no log format 'notes'; there are .*postfix, .*dovecot"):
        log_reader("notes")


def test_an_ipv4_address_in_ipv6_clothes_is_one_address() -> None:
    line = (
        f"{HEAD}relay1/smtp[1]: ABCDEF: to=<a@example.com>, relay=mx[::ffff:203.0.113.9]:25, delay=0, delays=0/0/0/0, "
    )
    (event,) = log_reader().read(f"{line}dsn=2.0.0, status=sent (ok)".encode(), 0)
    assert isinstance(event, DeliveryAttempted)
    assert (event.relay_ip, event.outbound_ip) == ("203.0.113.9", "192.0.2.1")


@pytest.mark.parametrize(
    ("reference", "stamps", "expected"),
    [
        ("2026-11-22", ["Nov 21 17:35:44"], ["2026-11-21T17:35:44"]),
        ("2026-11-22", ["Nov 24 17:35:44"], ["2025-11-24T17:35:44"]),  # a log is not from the future
        ("2026-11-22", ["Nov 22 18:00:00"], ["2026-11-22T18:00:00"]),  # but clocks differ a little
        ("2026-11-22", ["Jul  2 01:02:03", "Jul 2 01:02:04"], ["2026-07-02T01:02:03", "2026-07-02T01:02:04"]),
        ("2026-02-01", ["Dec 31 23:59:59", "Jan  1 00:00:00"], ["2025-12-31T23:59:59", "2026-01-01T00:00:00"]),
        ("2026-02-01", ["Jan  1 00:00:00", "Dec 31 23:59:59"], ["2026-01-01T00:00:00", "2025-12-31T23:59:59"]),
        ("2026-02-01", ["Feb 29 12:00:00"], ["2024-02-29T12:00:00"]),  # of the years around, only a leap year has it
        ("2025-02-01", ["Feb 29 12:00:00"], ["2024-02-29T12:00:00"]),
        (
            "2027-01-05",
            ["Feb  1 00:00:00", "Oct  1 00:00:00", "Jan  4 00:00:00"],
            ["2026-02-01T00:00:00", "2026-10-01T00:00:00", "2027-01-04T00:00:00"],
        ),
    ],
)
def test_years_are_told_by_the_order_of_the_lines(reference: str, stamps: list[str], expected: list[str]) -> None:
    clock = Clock(datetime.fromisoformat(reference).replace(tzinfo=UTC), "UTC")
    if "Feb 29" in stamps[0] and reference.startswith("2026"):
        with pytest.raises(ValueError, match="no such day: month 2, day 29"):
            clock.traditional(stamps[0])
        return
    read = [clock.traditional(stamp) for stamp in stamps]
    assert read == [epoch_microseconds(datetime.fromisoformat(time).replace(tzinfo=UTC)) for time in expected]


def test_the_configured_zone_counts_only_where_a_stamp_has_none() -> None:
    clock = Clock(datetime(2026, 11, 22, tzinfo=UTC), "Europe/Berlin")
    assert clock.traditional("Nov 21 17:35:44") == epoch_microseconds(datetime(2026, 11, 21, 16, 35, 44, tzinfo=UTC))
    assert (
        clock.iso("2026-11-21T17:35:44") == clock.iso("2026-11-21T16:35:44Z") == clock.iso("2026-11-21T17:35:44+0100")
    )
    assert clock.iso("2026-11-21T16:35:44.000001234Z") == clock.iso("2026-11-21T16:35:44Z") + 1


@pytest.mark.parametrize("remark", ["-- Boot 0123456789abcdef --", "-- Reboot --", "-- No entries --"])
def test_what_journalctl_says_of_itself_is_no_programs(remark: str) -> None:
    """In every format that knows syslog: one that ignores another program's line."""
    ignoring = set()
    for name in log_formats():
        reader = log_reader(name)
        reader.read(b"Nov 21 17:35:44 mx1 CRON[1]: (root) CMD (true)\n", 0)
        if reader.counts.ignored:
            assert reader.read(remark.encode(), 1) == []
            assert (reader.counts.ignored, reader.counts.lines) == (2, 2), name
            ignoring.add(name)
    assert {"postfix", "exim", "sendmail", "qmail", "haraka", "halon", "rspamd", "dovecot", "cyrus"} <= ignoring


def test_a_fraction_of_a_second_changes_no_years_and_no_fields() -> None:
    clock = Clock(datetime(2026, 11, 22, tzinfo=UTC), "UTC")
    line = split("Nov 21 17:35:44.25 mx1 postfix/smtp[12]: a: b", clock)
    assert (line.host, line.program, line.pid, line.payload) == ("mx1", "postfix/smtp", "12", "a: b")
    assert line.at == clock.last + 250_000 == epoch_microseconds(datetime(2026, 11, 21, 17, 35, 44, 250_000, UTC))


def test_a_line_is_split_where_syslog_puts_its_signs() -> None:
    clock = Clock(datetime(2026, 11, 22, tzinfo=UTC), "UTC")
    line = split('<22>1 2026-03-01T10:00:05Z mx1 postfix/smtp 77 ID [x y="\\"]"][z] \ufeffhello: [1] world', clock)
    assert (line.host, line.program, line.pid, line.payload) == ("mx1", "postfix/smtp", "77", "hello: [1] world")
    line = split("Nov 21 17:35:44 mx1 postfix/smtp[12]: a: b", clock)
    assert (line.host, line.program, line.pid, line.payload) == ("mx1", "postfix/smtp", "12", "a: b")
    line = split("Nov 21 17:35:44 mx1 -- MARK --", clock)
    assert (line.host, line.program) == ("mx1", "")


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("<mail.info> mx1 postfix/smtp[12]: a: b", "a: b"),  # FreeBSD, syslogd -vv
        ("<2.6> mx1 postfix/smtp[12]: a: b", "a: b"),  # and -v
        ("mx1 mail:info postfix/smtp[12]: a: b", "a: b"),  # AIX
        ("mx1 postfix/smtp[12]: [ID 801593 mail.info] a: b", "a: b"),  # Solaris and illumos
        ("mx1 postfix/smtp[12]: [ID x mail.info] a: b", "[ID x mail.info] a: b"),  # no message id
        ("mx1 postfix/smtp[12]: a [ID 801593 mail.info] b", "a [ID 801593 mail.info] b"),  # a stranger's
    ],
)
def test_the_facility_and_level_of_a_unix_stand_around_the_line(text: str, payload: str) -> None:
    line = split(f"Nov 21 17:35:44 {text}", Clock(datetime(2026, 11, 22, tzinfo=UTC), "UTC"))
    assert (line.host, line.program, line.pid, line.payload) == ("mx1", "postfix/smtp", "12", payload)


@pytest.mark.parametrize(
    "text", ["mx1 mail:info mail:info x", "<mail.info> mx1 last message repeated", "mx1 " + "a:b " * 9000]
)
def test_a_facility_without_a_program_names_none(text: str) -> None:
    line = split(f"Nov 21 17:35:44 {text}", Clock(datetime(2026, 11, 22, tzinfo=UTC), "UTC"))
    assert (line.host, line.program) == ("mx1", "")
