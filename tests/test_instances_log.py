"""A log of several instances of Postfix: what one hands to another leaves through no IP, the last one's mail does."""

from datetime import UTC, datetime

from collectors.reading import LogReader
from schemas.events import DeliveryAttempted

FROM = "from=<shop@customer.example>, size=300, nrcpt=1 (queue active)"
SENT = (
    "to=<bob@example.net>, relay={}, delay=0.2, delays=0/0/0/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {})"
)
MESSAGE = "message-id=<m1@customer.example>"
# The submission takes the mail, out1 gets it, is withdrawn, and gives it to out2 (docs/hooks-postfix.md, part 3).
LINES = (
    ("postfix/submission/smtpd", "A1A1A1A1A1: client=unknown[198.51.100.3], sasl_username=shop@customer.example"),
    ("postfix/cleanup", f"A1A1A1A1A1: {MESSAGE}"),
    ("postfix/qmgr", f"A1A1A1A1A1: {FROM}"),
    ("postfix-out1/smtpd", "B2B2B2B2B2: client=localhost[127.0.0.1]"),
    ("postfix-out1/cleanup", f"B2B2B2B2B2: {MESSAGE}"),
    ("postfix-out1/qmgr", f"B2B2B2B2B2: {FROM}"),
    ("postfix/relay/smtp", f"A1A1A1A1A1: {SENT.format('127.0.0.1[127.0.0.1]:10101', 'B2B2B2B2B2')}"),
    ("postfix-out2/smtpd", "C3C3C3C3C3: client=localhost[127.0.0.1]"),
    ("postfix-out2/cleanup", f"C3C3C3C3C3: {MESSAGE}"),
    ("postfix-out2/qmgr", f"C3C3C3C3C3: {FROM}"),
    ("postfix-out1/smtp", f"B2B2B2B2B2: {SENT.format('127.0.0.1[127.0.0.1]:10102', 'C3C3C3C3C3')}"),
    ("postfix-out2/smtp", f"C3C3C3C3C3: {SENT.format('mx.example.net[198.51.100.9]:25', '4x')}"),
)


def test_a_mail_counts_for_the_instance_by_which_it_left_the_host() -> None:
    reader = LogReader(
        "0123456789abcdef",
        name="mx1",
        format="postfix",
        host="",
        zone="UTC",
        outbound_ips={"postfix-out1": "192.0.2.1", "postfix-out2": "192.0.2.2"},
        networks={},
        reference=datetime(2026, 11, 30, tzinfo=UTC),
    )
    log = [
        f"2026-11-21T14:00:{second:02}.000001+00:00 mx1 {program}[7]: {text}\n"
        for second, (program, text) in enumerate(LINES)
    ]
    events = [event for line in log for event in reader.read(line.encode(), 0)]
    attempts = [event for event in events if isinstance(event, DeliveryAttempted)]
    assert [(one.transport, one.outbound_ip, one.local) for one in attempts] == [
        ("relay", "", True),
        ("postfix-out1", "192.0.2.1", True),
        ("postfix-out2", "192.0.2.2", False),
    ]
    assert {one.sender for one in attempts} == {"shop@customer.example"}
