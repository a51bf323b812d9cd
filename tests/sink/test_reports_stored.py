"""A report that comes twice by mail, through Kafka and the sink: found by the IP that it names, and counted once."""

import gzip
import threading
import time
from pathlib import Path

import pytest

from collectors.intake import Intake
from collectors.publish import Publisher
from schemas.settings import Maildir
from tests.sink.rig import Rig, until

GOLDEN = Path(__file__).parents[1] / "golden" / "feedback"
FOUND = "SELECT type, id, messages, dkim, filter_result FROM reports FINAL WHERE ip = '192.0.2.11' ORDER BY type, id"


@pytest.mark.usefixtures("sink")
def test_what_is_reported_of_an_ip_is_found_by_it_and_stored_once(rig: Rig, tmp_path: Path) -> None:
    now = int(time.time())
    dmarc = (GOLDEN / "dmarc_aggregate" / "01-rfc7489_two_records.xml").read_bytes()
    dmarc = dmarc.replace(b"1772323200", b"%d" % (now - 90_000)).replace(b"1772409599", b"%d" % (now - 3_600))
    blocked = (GOLDEN / "snds" / "02-blocked_ips.csv").read_bytes()
    publisher = Publisher(rig.settings.kafka, threading.Event())
    for name, files in {"dmarc_aggregate": [dmarc, gzip.compress(dmarc)], "snds": [blocked]}.items():
        intake = Intake(Maildir(format=name, maildir=tmp_path / name), name)
        for number, content in enumerate(files):
            (tmp_path / name / "new" / f"{number}").write_bytes(content)
        assert intake.take(publisher.publish) == len(files)
    publisher.barrier()
    publisher.close()
    until(lambda: rig.client.command("SELECT uniqExact(id) FROM reports") == 5, 30, "no rows")
    rows = rig.client.query(FOUND).result_rows
    assert [(kind, messages, dkim) for kind, _, messages, dkim, _ in rows] == [
        ("dmarc_reported", 7, "pass"),
        ("snds_reported", 0, ""),
    ]
