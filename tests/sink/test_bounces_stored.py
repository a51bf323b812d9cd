"""A bounce of our own server about a mail that never left: found in the log of attempts, and stored with its sender."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

from collectors.intake import Intake
from collectors.publish import Publisher
from collectors.sentlog import ClickHouseLog
from schemas.events import Event
from schemas.settings import Maildir
from tests.sent_town import ALICE, delivered, submitted
from tests.sink.rig import Rig

MAIL = Path(__file__).parents[1] / "golden" / "bounces" / "rfc3464" / "01-postfix_of_ours_two_recipients.eml"
SECOND = 1_000_000


def _of_now(mail: bytes) -> bytes:
    """Return the bounce as if its mail had left just now: the tables forget what is old."""
    now = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime()).encode()
    for hour in (b"10:05:00", b"10:04:59", b"10:00:05"):
        mail = mail.replace(b"Sun, 1 Mar 2026 %b +0000" % hour, now).replace(b"Sun,  1 Mar 2026 %b +0000" % hour, now)
    return mail


def test_it_is_stored_once_a_recipient_with_the_sender_of_the_refused_attempt(
    rig: Rig, sink: Popen[bytes], tmp_path: Path
) -> None:
    publisher = Publisher(rig.settings.kafka, threading.Event())

    def publish(events: Sequence[Event]) -> None:
        publisher.publish(events)
        publisher.barrier()

    at = time.time_ns() // 1000
    publish([submitted(at, "4F1qXz3abc", ALICE, message_id="m1@example.net")])
    publish([delivered(at + SECOND, "4F1qXz3abc", ALICE, "bob@example.com", outcome="bounced", provider="example.com")])
    rig.wait_for(2)
    log, attempts = (ClickHouseLog(rig.settings.clickhouse, attempts=tried) for tried in (False, True))
    intake = Intake(Maildir(maildir=tmp_path / "returned"), "returned", log, attempts=attempts)
    mail = _of_now(MAIL.read_bytes())
    for name in ("1", "2"):  # delivered twice: the same ids
        (tmp_path / "returned" / "new" / name).write_bytes(mail)
    assert intake.take(publish) == 2
    publisher.close()
    rig.wait_for(2, "bounces")
    assert sink.poll() is None
    columns = "recipient, reason, permanent, sender, attribution, confidence, doubt, queue_id, host"
    stored = rig.client.query(f"SELECT {columns} FROM bounces FINAL ORDER BY recipient")  # noqa: S608 our own
    found = (ALICE, "queue_id", 0.9, "", "4F1qXz3abc", "mx1.example.net")
    assert list(stored.result_rows) == [
        ("bob@example.com", "user_unknown", True, *found),
        ("carol@example.com", "recipient_refused", False, *found),
    ]
