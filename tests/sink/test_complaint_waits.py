"""A complaint about a mail that the sink has not stored yet: it waits in its Maildir, and is stored with its sender."""

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
from tests.sink.rig import Rig, until

GOLDEN = Path(__file__).parents[1] / "golden" / "complaints" / "arf"
REPORT = (GOLDEN / "25-no_source_ip_the_topmost_hop_tells.eml").read_bytes()
SECOND = 1_000_000


def _of_now(report: bytes) -> bytes:
    """Return the report as if its mail had left just now: the tables forget what is old."""
    stamp = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime()).encode()
    parts = report.split(b"Thu, 26 Nov 2026 ")
    return stamp.join([parts[0], *(part.partition(b"+0000")[2] for part in parts[1:])])


def test_it_waits_until_its_mail_is_stored_and_is_stored_with_its_sender(
    rig: Rig, sink: Popen[bytes], tmp_path: Path
) -> None:
    publisher, passed = Publisher(rig.settings.kafka, threading.Event()), [0.0]

    def publish(events: Sequence[Event]) -> None:
        publisher.publish(events)
        publisher.barrier()

    log = ClickHouseLog(rig.settings.clickhouse)
    intake = Intake(Maildir(maildir=tmp_path / "fbl"), "fbl", log, clock=lambda: time.time() + passed[0])
    (tmp_path / "fbl" / "new" / "1").write_bytes(_of_now(REPORT))
    assert intake.take(publish) == 0
    at = time.time_ns() // 1000
    publish([submitted(at, "4Q", ALICE, message_id="m1@example.net")])
    publish([delivered(at + SECOND, "4Q", ALICE, "bob@example.com", provider="example.com")])
    rig.wait_for(2)
    passed[0] = 20.0
    assert intake.take(publish) == 1
    rig.wait_for(1, "complaints")
    assert sink.poll() is None
    stored = rig.client.query("SELECT sender, attribution, confidence, outbound_ip, reason FROM complaints FINAL")
    assert list(stored.result_rows) == [(ALICE, "message_id", 0.9, "192.0.2.1", "")]
    publisher.close()
    until(lambda: not list((tmp_path / "fbl" / "new").iterdir()), 5, "the report still stands in new/")
