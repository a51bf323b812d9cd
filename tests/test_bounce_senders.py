"""Whose mail a bounce is about: by VERP, by our own server's queue id, by the Message-ID; and bounces that wait."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors import bounces
from collectors.attribution import Delivered, SentLog, Submitted
from collectors.intake import Intake
from collectors.sentlog import ClickHouseLog
from collectors.ways import Verp, Ways
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.bounce_events import BounceReceived
from schemas.settings import ClickHouse, Maildir
from tests.migrated import migrate
from tests.sent_town import ALICE, HOUR, MINUTE, NOW, delivered, submitted

if TYPE_CHECKING:
    from schemas.events import Event

GOLDEN = Path(__file__).parent / "golden" / "bounces" / "rfc3464"
OURS = (GOLDEN / "01-postfix_of_ours_two_recipients.eml").read_bytes()
THEIRS = (GOLDEN / "02-remote_that_had_taken_it.eml").read_bytes()
read = bounces.load("bounce")


def test_the_address_that_a_bounce_came_to_names_the_mailbox() -> None:
    verp = Verp(re.compile(r"bounce\+(?P<mailbox>[^@]+)@example\.net"))
    mail = THEIRS.replace(
        b"To: <alice@example.net>\nSubject: U", b"To: <bounce+alice=example.net@example.net>\nSubject: U"
    )
    (bounce,) = read(mail, Ways(verp=verp))
    assert (bounce.sender, bounce.attribution, bounce.confidence) == (ALICE, "verp", 0.5)
    assert bounce.envelope_from == "bounce+alice=example.net@example.net"
    victim = b"Return-Path: <bounce+victim=example.net@example.net>\nFrom: Alice"
    (forged,) = read(THEIRS.replace(b"From: Alice", victim), Ways(verp=verp))
    assert (forged.sender, forged.confidence) == ("victim@example.net", 0.5)  # unsigned: the log has the last word


class _Log:
    """What was tried, as a warehouse knows it from a moment on."""

    def __init__(self) -> None:
        self.knows = False

    def submitted(self, message_id: str, since: int, until: int) -> Sequence[Submitted]:
        assert since < until
        known = self.knows and message_id == "m1@example.net"
        return [Submitted("mx1", "4F1qXz3abc", ALICE, "sasl", ALICE, since + HOUR)] if known else []

    def delivered(self, queue_ids: Sequence[str], recipient: str, since: int, until: int) -> Sequence[Delivered]:
        assert since < until
        if not self.knows or "4F1qXz3abc" not in queue_ids:
            return []
        at = 1_772_359_205_000_000
        return [Delivered("mx1", "4F1qXz3abc", ALICE, "sasl", ALICE, recipient, "", "", "192.0.2.1", "", at)]


def test_a_bounce_waits_until_the_log_knows_its_mail_and_all_its_recipients_have_one_sender(tmp_path: Path) -> None:
    log, now = _Log(), [1_772_360_000.0]
    box = Maildir(maildir=tmp_path / "returned", format="bounce")
    intake = Intake(box, "returned", log, lambda: now[0], attempts=log)
    path = box.maildir / "new" / "1"
    path.write_bytes(OURS)
    os.utime(path, (now[0], now[0]))
    took: list[Event] = []
    assert intake.take(took.extend) == 0
    now[0] += 20
    assert intake.take(took.extend) == 0
    log.knows = True
    assert intake.take(took.extend) == 0  # asked again when it is due
    now[0] += 60
    assert intake.take(took.extend) == 1
    told = [(e.recipient, e.sender, e.attribution, e.confidence) for e in took if isinstance(e, BounceReceived)]
    assert told == [("bob@example.com", ALICE, "queue_id", 0.9), ("carol@example.com", ALICE, "queue_id", 0.9)]


def test_when_the_time_is_over_a_bounce_says_that_the_log_knows_no_such_mail(tmp_path: Path) -> None:
    log, now = _Log(), [1_772_360_000.0]
    box = Maildir(maildir=tmp_path / "returned", format="bounce", attribution_wait_minutes=1)
    intake = Intake(box, "returned", log, lambda: now[0], attempts=log)
    path = box.maildir / "new" / "1"
    path.write_bytes(THEIRS)
    os.utime(path, (now[0] - 120, now[0] - 120))
    took: list[Event] = []
    assert intake.take(took.extend) == 1
    (bounce,) = took
    assert isinstance(bounce, BounceReceived)
    assert (bounce.sender, bounce.confidence) == ("", 0.0)
    assert bounce.doubt == "the log knows no mail with this Message-ID"


@pytest.fixture
def logs(clickhouse: ClickHouseServer, monkeypatch: pytest.MonkeyPatch, database: str) -> tuple[SentLog, SentLog]:
    """Return what was delivered and what was tried of a message that a server refused, in ClickHouse."""
    migrate(clickhouse.connect(), database)
    refused = delivered(NOW - HOUR, "4REFUSED", ALICE, "bob@example.com", outcome="bounced")
    events: list[Event] = [submitted(NOW - HOUR, "4REFUSED", ALICE, message_id="m9@example.net"), refused]
    lines = b"\n".join(map(codec.encode, events))
    clickhouse.connect(database).raw_insert("mail_events", insert_block=lines, fmt="JSONEachRow")
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    settings = ClickHouse(host=clickhouse.host, port=clickhouse.port, database=database)
    return ClickHouseLog(settings), ClickHouseLog(settings, attempts=True)


def test_the_log_of_attempts_knows_what_was_refused(logs: tuple[SentLog, SentLog]) -> None:
    accepted, tried = (log.delivered(["4REFUSED"], "bob@example.com", NOW - HOUR - MINUTE, NOW) for log in logs)
    assert accepted == []
    assert [(row.queue_id, row.sender, row.recipient) for row in tried] == [("4REFUSED", ALICE, "bob@example.com")]
