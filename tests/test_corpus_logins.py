"""Login formats on lines of others: what they hold that tells a failed login, and nothing that cannot be read."""

import itertools
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import logins
from collectors.reading import LogReader
from schemas.codec import encode
from schemas.events import Event, MailboxAuthenticated

_FAILED = {
    "courier_imap": "fail2ban-courier-auth.log",
    "cyrus": "fail2ban-cyrus-imap.log",
    "uw_imap": "fail2ban-uwimap-auth.log",
}
_GOLDEN = Path(__file__).parent / "golden" / "logins"
_MAILBOX = re.compile(r"user=([^ ,]+)|plaintext (\S+) SASL")
_FILLERS = ("a", " ", "[", "]", '"\\', "user=", ", ip=[", " host=", " SASL(", " auth=", "(", ">, rip=", "\ufffd")


def _reader(log: str) -> LogReader:
    return LogReader(
        "0123456789abcdef",
        name=log,
        format=log,
        host="mx1",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 11, 30, tzinfo=UTC),
    )


def _read(reader: LogReader, line: str) -> list[Event]:
    return reader.read(line.encode() + b"\n", reader.counts.lines)


@pytest.mark.parametrize(("log", "name"), _FAILED.items())
def test_each_failure_has_its_address_and_its_mailbox(corpus: Path, log: str, name: str) -> None:
    lines = (corpus / "logins" / name).read_text(encoding="utf-8").splitlines()
    reader, compared = _reader(log), 0
    for told, line in itertools.pairwise(lines):
        if not told.startswith("# failJSON: ") or " override of " in line:
            continue
        (event,) = _read(reader, line)
        assert isinstance(event, MailboxAuthenticated), line
        assert event.client_ip == json.loads(told.removeprefix("# failJSON: "))["host"]
        assert event.outcome == ("unavailable" if " disabled " in line else "failed")
        named = _MAILBOX.search(line)
        assert event.mailbox == ((named[1] or named[2]).lower() if named else "")
        compared += 1
    assert compared == {"courier_imap": 6, "cyrus": 10, "uw_imap": 5}[log]
    assert reader.counts.dead_letters == 0


@pytest.mark.parametrize(
    ("log", "folder", "told"),
    [
        (
            "nginx_mail",
            "nginx-mail-bf",
            r'client login failed: ".*, client: (?P<ip>\S+?)[ ,].*, login: "(?P<mailbox>.*)"',
        ),
        ("nginx_mail", "nginx-mail-logs", r'client log.*, client: (?P<ip>\S+?)[ ,].*, login: "(?P<mailbox>[^"]*)"'),
        ("zimbra", "zimbra-bf", r"oip=(?P<ip>[^;]+);.*authentication failed for \[(?P<mailbox>.*)\], "),
        ("zimbra", "zimbra-logs", r"oip=(?P<ip>[^;]+);.*authentication failed for \[(?P<mailbox>.*)\], "),
    ],
)
def test_each_login_of_crowdsec_has_its_address_and_its_mailbox(corpus: Path, log: str, folder: str, told: str) -> None:
    lines = (corpus / "mta" / "crowdsec" / folder / f"{folder}.log").read_text(encoding="utf-8").splitlines()
    reader = _reader(log)
    events = [event for line in lines for event in _read(reader, line)]
    wanted = [found for line in lines if (found := re.search(told, line))]
    assert [(event.client_ip, event.mailbox) for event in events if isinstance(event, MailboxAuthenticated)] == [
        (found["ip"], found["mailbox"]) for found in wanted
    ]
    assert len(events) == {"nginx-mail-bf": 11, "nginx-mail-logs": 4, "zimbra-bf": 7, "zimbra-logs": 3}[folder]


@pytest.mark.parametrize("log", logins.names())
def test_whatever_stands_in_a_login_each_line_is_counted_once_and_little_is_kept(log: str) -> None:
    """Each golden line, cut anywhere, and with text of every sort put anywhere a client might write."""
    reader = _reader(log)
    text = (_GOLDEN / f"{log}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#") and len(line) < 500]
    for number, line in enumerate(lines):
        for place in range(number % 7, len(line), 7):
            filler = _FILLERS[(place + number) % len(_FILLERS)]
            for event in (*_read(reader, line[:place]), *_read(reader, line[:place] + filler * 40 + line[place:])):
                assert len(encode(event)) < 20_000
    counts = reader.counts
    assert counts.lines == sum(counts.events.values()) + counts.absorbed + counts.ignored + counts.dead_letters
    assert counts.lines > 200
    assert counts.events["mailbox_authenticated"] > counts.lines / 100
