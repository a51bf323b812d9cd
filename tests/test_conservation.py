"""Every file of others' real data, by its own format: lines in = events + absorbed + ignored + dead letters.

No line type that a program documents is a dead letter, and a file that is read twice makes no second event.
"""

import lzma
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import documents
from collectors.reading import Counts, LogReader
from schemas.events import Event

_LOGS = {
    "logins/fail2ban-courier-auth.log": "courier_imap",
    "logins/fail2ban-cyrus-imap.log": "cyrus",
    "logins/fail2ban-uwimap-auth.log": "uw_imap",
    "mta/crowdsec/dovecot*/*.log": "dovecot",
    "mta/crowdsec/exchange-imap*/*.log": "exchange_imap_pop",
    "mta/crowdsec/exchange-smtp*/*.log": "exchange_smtp",
    "mta/crowdsec/exim*/*.log": "exim",
    "mta/crowdsec/mailscanner*/*.log": "mailscanner",
    "mta/crowdsec/nginx-mail*/*.log": "nginx_mail",
    "mta/crowdsec/postfix*/*.log": "postfix",
    "mta/crowdsec/postscreen*/*.log": "postfix",
    "mta/crowdsec/zimbra*/*.log": "zimbra",
    "mta/exim-testsuite/*": "exim",
    "mta/fail2ban-courier-smtp.log": "courier",
    "mta/fail2ban-qmail.log": "qmail",
    "mta/lightmeter/*": "postfix",
    "mta/real-exim-4.96/mainlog.xz": "exim",
    "mta/youyo/*.log": "postfix",
}
_EVENTS = {  # how many of each sort the files of a row hold, looked at by eye or by `grep -c`
    "mta/crowdsec/exchange-imap*/*.log": {"mailbox_authenticated": 8},
    "mta/crowdsec/exchange-smtp*/*.log": {"mailbox_authenticated": 10},
    "mta/crowdsec/mailscanner*/*.log": {"message_scored": 3},  # two lines name a list of its own, and no score
    "mta/fail2ban-courier-smtp.log": {"message_rejected": 5, "mailbox_authenticated": 3},
    "mta/youyo/*.log": {"message_submitted": 6, "delivery_attempted": 8},
}
_OTHERS = {  # files that are read elsewhere, or by no format
    "bounces/sisimai/oracle.jsonl": "what is expected of the mails: tests/test_bounces.py",
    "dnsbl/zones.csv": "zones of lists, no log",
    "mta/postfix-grok-patterns/*": "payloads without a header: tests/test_postfix_oracle.py",
    "mta/real-postfix-3.7/*": "by its own oracle: tests/test_corpus.py",
    "mta/crowdsec/mailcow*/*.log": "which addresses its firewall bars: nothing of a mail or a mailbox",
    "mta/crowdsec/mailu*/*.log": "the rate limiter of a web interface: it names no mailbox",
    "mta/fail2ban-assp.log": "ASSP, a proxy before the MTA: what it refuses is no mail of ours",
    "logins/fail2ban-kerio.log": "Kerio Connect: logins of a groupware that sends by its own MTA",
    "logins/fail2ban-roundcube-auth.log": "a web mailer: its IMAP server logs the same login",
    "logins/fail2ban-sogo-auth.log": "a groupware: its IMAP server logs the same login",
}
_DOCUMENTS = {  # what becomes of the files; the two reports that cannot be read are damaged XML
    "bounces/sisimai/*.eml": ("bounce", {"events": 320, "none": 13}),
    "complaints/*/*": ("any", {"events": 91, "none": 2}),  # 15 complaints, the others bounces
    "dmarc/*/*": ("dmarc_aggregate", {"events": 19, "none": 1, "unreadable": 2}),
}


def read(files: list[Path], log: str) -> tuple[list[Event], Counter[str], Counts]:
    """Return the events of logs, each a log of its own, and what was counted of all; comments are no lines."""
    events: list[Event] = []
    total: Counter[str] = Counter()
    sums = Counts()
    for number, file in enumerate(files):
        reader = LogReader(
            f"{number:016x}",
            name=file.name,
            format=log,
            host="mx1",
            zone="UTC",
            outbound_ips={},
            networks={},
            reference=datetime(2026, 11, 22, tzinfo=UTC),
        )
        content = lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes()
        lines = [line for line in content.splitlines() if not line.startswith(b"#")]
        events += [event for offset, line in enumerate(lines) for event in reader.read(line, offset)]
        counts = reader.counts
        assert counts.lines == len(lines)
        total.update(counts.events)
        for name in ("lines", "further", "absorbed", "ignored", "dead_letters"):
            setattr(sums, name, getattr(sums, name) + getattr(counts, name))
    return events, total, sums


@pytest.mark.parametrize(("pattern", "log"), _LOGS.items())
def test_each_line_is_an_event_or_ignored_and_none_a_dead_letter(corpus: Path, pattern: str, log: str) -> None:
    files = sorted(corpus.glob(pattern))
    events, total, sums = read(files, log)
    assert sums.lines == total.total() - sums.further + sums.absorbed + sums.ignored + sums.dead_letters
    assert sums.dead_letters == 0
    assert total >= Counter(_EVENTS.get(pattern, {}))
    assert len({event.id for event in events}) == len(events) == total.total()
    assert read(files, log)[0] == events


@pytest.mark.parametrize("pattern", _DOCUMENTS)
def test_each_mail_or_report_gives_the_same_events_again(corpus: Path, pattern: str) -> None:
    name, expected = _DOCUMENTS[pattern]
    files = [file.read_bytes() for file in sorted(corpus.glob(pattern))]
    became = [_became(name, content) for content in files]
    assert Counter("unreadable" if told is None else "events" if told else "none" for told in became) == expected
    assert [_became(name, content) for content in files[:30]] == became[:30]


def _became(name: str, content: bytes) -> tuple[str, ...] | None:
    """Return the ids of a file's events, none of them twice, or None where it cannot be read."""
    try:
        ids = tuple(event.id for event in documents.parse(name, content))
    except ValueError:
        return None
    assert len(set(ids)) == len(ids)
    return ids


def test_each_file_of_the_corpus_has_its_row(corpus: Path) -> None:
    rows = [*_LOGS, *_OTHERS, *_DOCUMENTS]
    files = [path for path in corpus.rglob("*") if path.is_file() and path.parts[len(corpus.parts)] != "licences"]
    named = Counter(path for row in rows for path in corpus.glob(row) if path.is_file())
    assert [str(path) for path in files if named[path] != 1 and path != corpus / "INDEX.md"] == []
    assert [row for row in rows if not list(corpus.glob(row))] == []
