"""Syslog on the wire, without a wire: the frames of a stream, and messages as real senders write them, to lines."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.inputs._syslog_frames import LONGEST, Frames
from collectors.inputs._syslog_wire import BROKEN, COUNTED, CUT, NO_TIME, SLASHLESS, Wire
from collectors.syslog import Clock, split
from schemas.moments import epoch_microseconds

RECEIVED = epoch_microseconds(datetime(2026, 11, 29, 2, 40, tzinfo=UTC))
NOW = b"2026-11-29T02:40:00.000000+00:00 "
PEER = b"192.0.2.7"
SENT = b"E2AE29B5D11: to=<a@example.net>"

# Those named rsyslog are what rsyslogd 8.2302 sent, those named syslog-ng what syslog-ng 3.38 sent (names changed);
# that of Cisco is as the manual shows it.
MESSAGES = {
    "rsyslog, RSYSLOG_ForwardFormat": (
        b"<22>2026-11-29T02:35:34.235577+00:00 mx1 postfix/submission/smtpd[7414]: E2AE29B5D11: client=a[192.0.2.3]\n",
        b"2026-11-29T02:35:34.235577+00:00 mx1 postfix/submission/smtpd[7414]: E2AE29B5D11: client=a[192.0.2.3]",
    ),
    "rsyslog, RSYSLOG_TraditionalForwardFormat of a host in Berlin": (
        b"<22>Nov 29 03:35:34 mx1 postfix/smtp[915]: " + SENT,
        b"2026-11-29T02:35:34.000000+00:00 mx1 postfix/smtp[915]: " + SENT,
    ),
    "rsyslog, RSYSLOG_SyslogProtocol23Format with permitSlashInProgramName: the text begins with a blank": (
        b"<22>1 2026-11-29T02:35:34.239954+00:00 mx1 postfix/smtp 915 - -  " + SENT + b"\n",
        b"2026-11-29T02:35:34.239954+00:00 mx1 postfix/smtp[915]: " + SENT,
    ),
    "syslog-ng, network() with its default": (
        b"<22>Nov 29 03:35:34 mx1 postfix/smtp[915]: " + SENT + b"\n",
        b"2026-11-29T02:35:34.000000+00:00 mx1 postfix/smtp[915]: " + SENT,
    ),
    "syslog-ng, syslog()": (
        b'<22>1 2026-11-29T02:57:04+00:00 mx1 postfix/smtp 915 - [meta sequenceId="1"] ' + SENT + b"\n",
        b"2026-11-29T02:57:04+00:00 mx1 postfix/smtp[915]: " + SENT,
    ),
    "structured data with what ends it, and a byte order mark (RFC 5424, part 6.3)": (
        b'<22>1 2026-11-29T03:35:34+01:00 mx1 postfix/smtp 915 - [meta x="\\]\\"]" y="1"][z@1] \xef\xbb\xbf' + SENT,
        b"2026-11-29T03:35:34+01:00 mx1 postfix/smtp[915]: " + SENT,
    ),
    "a byte order mark before the priority": (
        b"\xef\xbb\xbf<22>Nov 29 03:35:34 mx1 postfix/smtp[915]: " + SENT,
        b"2026-11-29T02:35:34.000000+00:00 mx1 postfix/smtp[915]: " + SENT,
    ),
    "no host, as libc's syslog() writes it, and what only relays it": (
        b"<22>Nov 29 03:35:34 postfix/smtp[915]: " + SENT,
        b"2026-11-29T02:35:34.000000+00:00 192.0.2.7 postfix/smtp[915]: " + SENT,
    ),
    "no process": (b"<22>1 - mx1 postfix/smtp - - - " + SENT, NOW + b"mx1 postfix/smtp: " + SENT),
    "neither stamp nor host": (b"<22>postfix/smtp[915]: " + SENT, NOW + b"192.0.2.7 postfix/smtp[915]: " + SENT),
    "a program that is not named is none, whatever the text looks like": (
        b"<22>1 - - - - - - postfix/smtp[915]: " + SENT,
        NOW + b"192.0.2.7 -: postfix/smtp[915]: " + SENT,
    ),
    "no priority, a fraction, a day of one digit": (
        b"Nov  9 03:35:34.25 mx1 a: b",
        b"2026-11-09T02:35:34.250000+00:00 mx1 a: b",
    ),
    "no zone": (b"<22>2026-11-29 03:35:34,5 mx1 a: b", b"2026-11-29T02:35:34.500000+00:00 mx1 a: b"),
    "Cisco IOS": (
        b"<189>45: *Nov 29 03:35:34.123 UTC: %SYS-5-X: y",
        NOW + b"192.0.2.7 45: *Nov 29 03:35:34.123 UTC: %SYS-5-X: y",
    ),
    "Cisco IOS with a stamp": (
        b"<189>Nov 29 03:35:34.123: %SYS-5-X: y",
        b"2026-11-29T02:35:34.123000+00:00 192.0.2.7 %SYS-5-X: y",
    ),
    "what would begin another line, or another column, as rsyslog escapes it": (
        b"<22>Nov 29 03:35:34 mx1 a: b\n<22>Nov 29 03:35:34 mx1 postfix/smtp[1]: \tc\x00d\x7f\x1b\r\n\x00",
        b"2026-11-29T02:35:34.000000+00:00 mx1 a: b#012<22>Nov 29 03:35:34 mx1 postfix/smtp[1]: #011c#000d#177#033",
    ),
    "nothing": (b"<22>\r\n", b""),
}

REMARKED = {
    NO_TIME: [
        (b"<22>2036-11-29T02:35:34Z mx1 a: b", NOW + b"mx1 a: b"),
        (b"<22>1 2036-11-29T02:35:34Z mx1 a - - - b", NOW + b"mx1 a: b"),
        (b"<22>Feb 30 03:35:34.9 mx1 a: b", NOW + b"mx1 a: b"),
        (b"<22>Nov 29 25:35:34 mx1 a: b", NOW + b"mx1 a: b"),
        (b"<22>Mer 29 03:35:34 mx1 a: b", NOW + b"mx1 a: b"),
        (b"<22>1 2026-13-29T02:35:34Z mx1 a - - - b", NOW + b"mx1 a: b"),
        (b"<22>1960-11-29T02:35:34Z mx1 a: b", NOW + b"mx1 a: b"),
        (b"<22>2026-11-31T02:35:34,5 mx1 a: b", NOW + b"mx1 a: b"),
        (b"<22>Jan  1 00:00:03 mx1 a: b", NOW + b"mx1 a: b"),  # a clock that a reboot set back
    ],
    CUT: [
        (
            b"<22>2026-11-29T02:35:34Z mx1 postfix/outbound-customers-a/smt " + SENT,
            b"2026-11-29T02:35:34Z mx1 postfix/outbound-customers-a/smt " + SENT,
        )
    ],
    SLASHLESS: [(b"<22>1 - mx1 postfix 915 - -  " + SENT, NOW + b"mx1 postfix[915]: " + SENT)],
    BROKEN: [
        (b"<22>1 2026-11-29T02:35:34Z mx1 a - -", b""),
        (b"<22>1 Nov 29 02:35:34 mx1 a - - - b", b""),
        (b'<22>1 - mx1 a - - [x y="] b', b""),
    ],
    COUNTED: [
        (b"99 2026-11-29T02:35:34Z mx1 postfix/qmgr[1]: " + SENT, b""),
        (b"99 Nov  9 02:35:34 mx1 postfix/qmgr[1]: " + SENT, b""),
        (b"99 <22>Nov 29 02:35:34 mx1 postfix/qmgr[1]: " + SENT, b""),
    ],
}


@pytest.mark.parametrize("what", MESSAGES)
def test_a_message_becomes_the_line_of_a_log(what: str) -> None:
    message, line = MESSAGES[what]
    assert Wire("Europe/Berlin", by_peer=False).line(message, PEER, RECEIVED) == (line, "")


@pytest.mark.parametrize(("remark", "message", "line"), [(why, *pair) for why in REMARKED for pair in REMARKED[why]])
def test_what_is_wrong_with_a_message_is_remarked(remark: str, message: bytes, line: bytes) -> None:
    assert Wire("UTC", by_peer=False).line(message, PEER, RECEIVED) == (line, remark)


@pytest.mark.parametrize("message", [message for message, line in MESSAGES.values() if line])
def test_by_peer_no_message_names_its_host(message: bytes) -> None:
    line, _ = Wire("UTC", by_peer=True).line(message, b"mx7", RECEIVED)
    assert split(line.decode(), Clock(datetime(2026, 11, 30, tzinfo=UTC), "UTC")).host == "mx7"


@pytest.mark.parametrize(
    ("received", "stamp", "read"),
    [
        (datetime(2027, 1, 1, 0, 0, 5, tzinfo=UTC), b"Dec 31 23:59:58", b"2026-12-31T23:59:58.000000+00:00"),
        (datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC), b"Jan  1 00:00:01", b"2027-01-01T00:00:01.000000+00:00"),
        (datetime(2028, 3, 1, tzinfo=UTC), b"Feb 29 12:00:00", b"2028-02-29T12:00:00.000000+00:00"),
    ],
)
def test_a_stamp_without_a_year_is_of_the_year_that_its_receipt_tells(
    received: datetime, stamp: bytes, read: bytes
) -> None:
    wire = Wire("UTC", by_peer=False)
    wire.line(b"<22>Jul  1 00:00:00 other a: another host's clock dates nobody else's line", PEER, RECEIVED)
    line, _ = wire.line(b"<22>%b mx1 a: b" % stamp, PEER, epoch_microseconds(received))
    assert line == read + b" mx1 a: b"


@pytest.mark.parametrize(("hour", "read"), [(0, b"00:59:59"), (1, b"01:59:59")])
def test_in_the_hour_that_comes_twice_the_receipt_tells_which_it_is(hour: int, read: bytes) -> None:
    received = epoch_microseconds(datetime(2026, 10, 25, hour + 1, 0, 30, tzinfo=UTC))
    line, _ = Wire("Europe/Berlin", by_peer=False).line(b"<22>Oct 25 02:59:59 mx1 a: b", PEER, received)
    assert line == b"2026-10-25T%b.000000+00:00 mx1 a: b" % read


CUT_TAGS = {
    "postfix/relay-customers/smtp[123 E2AE29B5D11: to=<a>": ("postfix/relay-customers/smtp", "", "E2AE29B5D11: to=<a>"),
    "postfix/relay-customer01/smtp[9] E2AE29B5D11: to=<a>": (
        "postfix/relay-customer01/smtp",
        "9",
        "E2AE29B5D11: to=<a>",
    ),
    "postfix/relay-customer0001/smtp[ connect from": ("postfix/relay-customer0001/smtp", "", "connect from"),
    "CRON[123] (root) CMD (a: b)": ("CRON", "123] (root) CMD (a", "b)"),  # no tag of 32 characters: as ever
}


@pytest.mark.parametrize("text", CUT_TAGS)
def test_a_tag_that_rsyslog_cut_after_32_characters_ends_where_it_was_cut(text: str) -> None:
    line = split(f"2026-11-29T02:35:34Z mx1 {text}", Clock(datetime(2026, 11, 30, tzinfo=UTC), "UTC"))
    assert (line.program, line.pid, line.payload) == CUT_TAGS[text]


FRAMES = (
    b"11 <22>two\nand<22>one\n"
    b"3 <4>"
    b"<22>4 <5>\n"
    b"\n"
    b"2026-11-29T02:35:34Z no count\n"
    b"12 monkeys\n"
    b"10000000 <22>no count of a frame\n"
    b"36 2026-11-29T02:35:34Z mx1 a: counted\n"
    b"30 Nov 29 02:35:34 mx1 a: counted3 <4>"
    b"28 2026-11-29 02:35:34 mx1 a: x"
    b"2026 Nov 29 02:35:34 a year is no count\n"
    b"9 2026-11-29T02:35:34Z mx1 a: too short a count\n"
    b"99 2026-11-29T02:35:34Z mx1 a: too long a count\n"
    b"70000 Nov  9 02:35:34 mx1 a: longer than a frame\n"
)
MESSAGES_IN_FRAMES = [
    b"<22>two\nand",
    b"<22>one",
    b"<4>",
    b"<22>4 <5>",
    b"",
    b"2026-11-29T02:35:34Z no count",
    b"12 monkeys",
    b"10000000 <22>no count of a frame",
    b"2026-11-29T02:35:34Z mx1 a: counted\n",
    b"Nov 29 02:35:34 mx1 a: counted",
    b"<4>",
    b"2026-11-29 02:35:34 mx1 a: x",
    b"2026 Nov 29 02:35:34 a year is no count",
    b"9 2026-11-29T02:35:34Z mx1 a: too short a count",
    b"99 2026-11-29T02:35:34Z mx1 a: too long a count",
    b"70000 Nov  9 02:35:34 mx1 a: longer than a frame",
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_each_frame_is_recognised_in_pieces_of_any_size(size: int) -> None:
    frames, found = Frames(), []
    for at in range(0, len(FRAMES), size):
        messages, refused = frames.feed(FRAMES[at : at + size])
        found += messages
        assert refused == []
    assert found == MESSAGES_IN_FRAMES
    assert not frames.begun


@pytest.mark.parametrize("size", [1000, LONGEST, 1 << 20])
@pytest.mark.parametrize(
    "long",
    [
        b"<22>" + b"x" * LONGEST + b"\n",
        b"70000 <22>" + b"\n" * (70_000 - 4),
        b"200000 <" + b"<1>\n2 <" * (199_999 // 7) + b"x" * (199_999 % 7),  # frames within it are not looked at
    ],
)
def test_a_frame_that_is_too_long_is_told_and_skipped_and_the_next_is_read(long: bytes, size: int) -> None:
    frames, found, told = Frames(), [], []
    stream = b"10 <22>before" + long + b"8 <22>next<22>last\n"
    for at in range(0, len(stream), size):
        messages, refused = frames.feed(stream[at : at + size])
        found += messages
        told += refused
    assert found == [b"<22>before", b"<22>next", b"<22>last"]
    assert told == [long[:200]]


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_no_text_of_a_message_that_ends_with_a_line_feed_takes_what_follows_for_its_own(size: int) -> None:
    others = [b"<22>other %d" % number for number in range(9)]
    for count in (20, 60_000, 900_000):
        frames, found = Frames(), []
        stream = b"<22>begins\n<22>a stranger writes\n%d <22>this\n" % count + b"\n".join(others) + b"\n"
        for at in range(0, len(stream), size):
            found += frames.feed(stream[at : at + size])[0]
        assert found[-9:] == others


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b"<22>1 ", b"9 <", b"<22>Nov 29 03:35:34 ", b"\n"]), max_size=9)
)
def test_whatever_the_bytes_no_line_holds_another_and_nothing_is_raised(pieces: list[bytes]) -> None:
    frames, wire = Frames(), Wire("UTC", by_peer=True)
    for piece in pieces:
        for message in (piece, *frames.feed(piece)[0]):
            line, remark = wire.line(message, b"mx7", RECEIVED)
            assert not any(byte < 32 or byte == 127 for byte in line)
            assert b" mx7" in line[:60] if line else remark in {"", BROKEN, COUNTED}
