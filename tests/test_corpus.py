"""The parsers on real logs and mails: counts that are known, and fields against naive readings of the same lines."""

import io
import lzma
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import complaints
from collectors.mta.master_cf import read as read_master_cf
from collectors.parsing import parse_file
from collectors.reading import Counts, LogReader
from schemas.codec import decode
from schemas.events import (
    DeadLetter,
    DeliveryAttempted,
    Event,
    MailboxAuthenticated,
    MessageExpired,
    MessageRejected,
    MessageSubmitted,
)


@pytest.fixture(scope="module")
def real(corpus: Path) -> tuple[list[str], list[Event], Counts, dict[str, str]]:
    """Return the lines of the real Postfix log, their events, the counts and the IPs of its master.cf."""
    folder = corpus / "mta" / "real-postfix-3.7"
    ips = read_master_cf((folder / "master.cf").read_text(encoding="utf-8")).ips
    output = io.BytesIO()
    counts = parse_file("postfix", str(folder / "mail.log.xz"), output, transports=ips)
    with lzma.open(folder / "mail.log.xz", "rt", encoding="utf-8", errors="replace") as log:
        lines = log.read().splitlines()
    return lines, [decode(line) for line in output.getvalue().splitlines()], counts, ips


def read(lines: Iterable[str], log: str = "postfix") -> tuple[list[Event], Counts]:
    reader = LogReader(
        "0123456789abcdef",
        name="corpus",
        format=log,
        host="",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 11, 22, tzinfo=UTC),
    )
    events = [event for at, line in enumerate(lines) for event in reader.read(line.encode() + b"\n", at)]
    counts = reader.counts
    assert counts.lines == sum(counts.events.values()) + counts.absorbed + counts.ignored + counts.dead_letters
    return events, counts


Real = tuple[list[str], list[Event], Counts, dict[str, str]]


def test_the_real_log_gives_the_counts_of_its_index(real: Real) -> None:
    lines, events, counts, _ = real
    outcomes = Counter(event.outcome for event in events if isinstance(event, DeliveryAttempted))
    assert outcomes == {"sent": 20_220, "deferred": 18_615, "bounced": 2_386}
    assert counts.events["message_expired"] == 1_978
    assert counts.events["message_rejected"] == 377
    assert counts.dead_letters == 0
    assert counts.lines == len(lines) == 117_949
    assert counts.lines == sum(counts.events.values()) + counts.absorbed + counts.ignored
    assert len({event.id for event in events}) == len(events) == sum(counts.events.values())


def test_each_delivery_of_a_relay_has_its_sender_and_its_ip(real: Real) -> None:
    lines, events, _, ips = real
    assert ips == {f"relay{n}": f"127.0.1.{n}" for n in (1, 2, 3, 4)}
    relayed = [event for event in events if isinstance(event, DeliveryAttempted) and event.transport in ips]
    assert Counter(event.transport for event in relayed) == dict.fromkeys(ips, 0) | Counter(
        line.split("/")[1] for line in lines if re.search(r"/relay\d/smtp.*, status=", line)
    )
    assert len(relayed) > 28_000
    assert [event for event in relayed if not event.sender or event.outbound_ip != ips[event.transport]] == []
    assert not any(event.local for event in relayed)


def test_each_field_of_a_delivery_is_what_a_naive_reading_finds(real: Real) -> None:
    """The oracle: small expressions, each for one field, on the part of the line before the remote server's words."""
    lines, events, _, ips = real
    senders: dict[str, tuple[str, str, str]] = {}
    users: dict[str, str] = {}
    expected = []
    for line in lines:
        if found := re.search(r"smtpd\[\d+\]: ([0-9A-F]+): client=(.*)", line):
            users[found[1]] = found[2].partition("sasl_username=")[2]
            senders.pop(found[1], None)
        if found := re.search(r"cleanup\[\d+\]: ([0-9A-F]+): message-id=<.*@mta\.example\.test>", line):
            users.pop(found[1], None)  # a notification
        if found := re.search(r"qmgr\[\d+\]: ([0-9A-F]+): from=<([^>]*)>, size", line):
            user = users.get(found[1], "")
            senders[found[1]] = (user or found[2] or "<>", "sasl" if user else "envelope", found[2])
        head, status, tail = line.partition(", status=")
        if not status or " qmgr[" in line or "/qmgr[" in line:
            continue
        field = {name: re.search(rf"[ ,]{name}=([^,]*)", head) for name in ("relay", "delay", "dsn")}
        relay = str(field["relay"] and field["relay"][1])
        server = re.fullmatch(r"(.*)\[(.*)\]:(\d+)", relay)
        queue_id = line.split()[5].rstrip(":")
        service = line.split()[4].split("[")[0].split("/")
        transport = service[1]
        expected.append(
            (
                *senders[queue_id],
                queue_id,
                str((found := re.search(r"to=<([^>]*)>", head)) and found[1]),
                tail.split()[0],
                str(field["dsn"] and field["dsn"][1]),
                transport,
                ips.get(transport, ""),
                server[1] if server else relay.replace("none", ""),
                server[2] if server else "",
                int(server[3]) if server else 0,
                round(float(str(field["delay"] and field["delay"][1])) * 1000),
                tail.partition(" (")[2][:-1],
                transport == "virtual",
            )
        )
    given = [
        (
            event.sender,
            event.sender_kind,
            event.envelope_from,
            event.queue_id,
            event.recipient,
            event.outcome,
            event.enhanced_status,
            event.transport,
            event.outbound_ip,
            event.relay_host,
            event.relay_ip,
            event.relay_port,
            event.delay_ms,
            event.reply,
            event.local,
        )
        for event in events
        if isinstance(event, DeliveryAttempted)
    ]
    assert len(given) == len(expected) == 41_221
    assert [(a, b) for a, b in zip(given, expected, strict=True) if a != b] == []


def test_each_other_event_is_what_a_naive_reading_finds(real: Real) -> None:
    lines, events, _, _ = real
    rejected = [event for event in events if isinstance(event, MessageRejected)]
    refusals = [line for line in lines if "NOQUEUE: reject" in line]
    for event, line in zip(rejected, refusals, strict=True):
        assert (
            f"reject: {event.stage} from {event.client_name or 'unknown'}[{event.client_ip}]: {event.reply}; " in line
        )
        to = f" to=<{event.recipient}>" if event.recipient else ""
        assert line.endswith(f"; from=<{event.envelope_from}>{to} proto=ESMTP helo=<{event.helo}>")
        assert event.reply.startswith(f"{event.code} {event.enhanced_status} ")
    logins = [event for event in events if isinstance(event, MailboxAuthenticated)]
    tried = [line for line in lines if "sasl_username=" in line]
    for login, line in zip(logins, tried, strict=True):
        assert line.endswith(f"sasl_username={login.mailbox}")
        assert (login.outcome == "failed") == ("authentication failed" in line)
        assert login.client_ip == "127.0.0.1"
    expired = [event for event in events if isinstance(event, MessageExpired)]
    ended = [line for line in lines if "status=expired" in line]
    for gone, line in zip(expired, ended, strict=True):
        assert f" {gone.queue_id}: from=<{gone.envelope_from}>, status=expired" in line
    submissions = [event for event in events if isinstance(event, MessageSubmitted)]
    identified = [line.partition("message-id=<")[2][:-1] for line in lines if "message-id=<" in line]
    assert sorted(event.message_id for event in submissions) == sorted(identified)


def test_one_session_in_two_sorts_of_stamps_gives_the_same_events(corpus: Path) -> None:
    traditional, iso = (
        (corpus / "mta" / "youyo" / name).read_text().splitlines() for name in ("test.log", "test-iso8601.log")
    )
    first, counts = read(traditional)
    second, _ = read(iso)
    assert counts.events == {"message_submitted": 3, "delivery_attempted": 4}

    def facts(events: list[Event]) -> list[dict[str, object]]:
        return [{name: getattr(event, name) for name in event.__struct_fields__ if name != "at"} for event in events]

    assert facts(first) == facts(second)
    assert [event.at // 1_000_000 % 60 for event in first][-1] == 32
    assert second[0].at == int(datetime(2020, 1, 29, 21, 26, 5, 404714, tzinfo=UTC).timestamp() * 1_000_000)


@pytest.mark.parametrize("log", ["postfix", "dovecot"])
def test_lines_of_others_hold_nothing_that_cannot_be_read(corpus: Path, log: str) -> None:
    """Each log of others, by both readers: those of other programs are ignored, none is a dead letter."""
    files = [*(corpus / "mta" / "lightmeter").iterdir(), *(corpus / "mta" / "crowdsec").glob(f"{log}*/*.log")]
    wanted = {
        "postfix": {
            "delivery_attempted": r" postfix\S*\[\d+\]: \w+: to=<.* status=(sent|deferred|bounced) ",
            "message_rejected": r" postfix\S*\[\d+\]: (\w+: )?(milter-)?reject: ",
            "mailbox_authenticated": r"smtpd\[\d+\]: (\w+: client=.*sasl_username=|warning: .* authentication failed)",
            "message_expired": r"status=expired",
        },
        "dovecot": {"mailbox_authenticated": r"-login: .*(auth failed|Login: )"},
    }[log]
    total: Counter[str] = Counter()
    for file in files:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        events, counts = read(lines, log)
        assert [event for event in events if isinstance(event, DeadLetter)] == []
        for kind, pattern in wanted.items():
            assert counts.events.get(kind, 0) == sum(bool(re.search(pattern, line)) for line in lines), (
                kind,
                file.name,
            )
        total.update(counts.events)
    assert len(files) == {"postfix": 34, "dovecot": 34}[log]
    assert total["mailbox_authenticated"] == {"postfix": 37, "dovecot": 34}[log]


def test_each_dovecot_failure_of_crowdsec_has_its_mailbox_and_address(corpus: Path) -> None:
    for file in (corpus / "mta" / "crowdsec").glob("dovecot*/*.log"):
        lines = file.read_text().splitlines()
        wanted = [line for line in lines if "-login: " in line and "no auth attempts" not in line]
        events, _ = read(lines, "dovecot")
        for event, line in zip(events, wanted, strict=True):
            assert isinstance(event, MailboxAuthenticated)
            assert f"user=<{event.mailbox}>, " in line
            assert f" rip={event.client_ip}, " in line
            assert event.tls == (", TLS" in line)
            assert (event.outcome == "failed") == ("auth failed" in line)


_HANDED_OVER_FROM = {  # told by the provider's topmost hop, or in X-Originating-IP above it
    "arf-11.eml": "192.0.2.2",
    "arf2.txt": "192.0.2.1",
    "arf4.txt": "72.55.174.173",
    "fbl-yahoo.txt": "24.64.1.1",
    "hotmailbounce.txt": "12.12.12.12",
    "yahoo.eml": "184.173.105.149",
}


def test_complaints_are_told_from_other_mails(corpus: Path) -> None:
    kinds: Counter[str] = Counter()
    for file in [*(corpus / "complaints").glob("*/*"), *(corpus / "bounces").glob("*/*.eml")]:
        text = file.read_bytes()
        event = complaints.load("any")(text)
        reported = re.search(rb"(?im)^Feedback-Type: *([a-z-]+)", text)
        jmrp = re.search(rb"(?im)^X-HmXmrOriginalRecipient:", text)
        spamcop = re.search(rb"(?m)^From: .*@reports\.spamcop\.net", text)
        assert (event is not None) == bool(reported or jmrp or spamcop), file.name
        if event is None:
            continue
        assert event.feedback_type == (reported[1].decode().lower() if reported else "abuse")
        sources = re.findall(rb"(?im)^Source-IP: *(\S+)", text)
        if spamcop:
            sources = re.findall(rb"(?m)^Email from (\S+) /", text)
        if jmrp and not sources:
            sources = re.findall(rb"(?im)^Subject: *complaint about message from ([0-9.]+)\s*$", text)
        assert event.outbound_ip == (sources[0].decode() if sources else _HANDED_OVER_FROM.get(file.name, "")), file
        assert not event.message_id or event.message_id.encode() in text
        assert event.report_url.startswith("https://www.spamcop.net/w3m?i=z9") if spamcop else not event.report_url
        kinds[event.feedback_type] += 1
    assert kinds["abuse"] > 10
    assert kinds["opt-out"] == kinds["auth-failure"] == 1
