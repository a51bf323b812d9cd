"""A simulated hoster's complaints, robbed of what names their sender: the log finds each again, blames no other."""

import re
from pathlib import Path

import pytest

from collectors import history
from collectors.history import Past
from embedded.demo import write_past
from schemas.events import ComplaintReceived
from schemas.settings import load

LOGIN = rb"\s*\(Authenticated sender: [^)]*\)"
QUEUE_ID = rb"(?<=SMTP|MTPA|TPSA) id [0-9A-Z]+"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a day of a small hoster with many thieves."""
    folder = tmp_path_factory.mktemp("hoster") / "town"
    write_past(folder, seed=5, days=0.5, mailboxes=40, takeovers=12)
    return folder


def found(town: Path, folder: Path, *robbed: bytes) -> dict[str, ComplaintReceived]:
    """Return the complaints by their mail, after what matches `robbed` was taken out of each report."""
    folder.mkdir()
    for report in (town / "complaints" / "new").iterdir():
        text = report.read_bytes()
        for pattern in robbed:
            text = re.sub(pattern, b"", text)
        (folder / report.name).write_bytes(text)
    past = Past((("postfix", town / "mail.log"), ("dovecot", town / "dovecot.log")), folder)
    events = history.events(past, load(town / "relaywarden.toml"), lambda _: None)
    return {event.message_id: event for event in events if isinstance(event, ComplaintReceived)}


def test_each_way_finds_the_sender_that_the_header_names(town: Path, tmp_path: Path) -> None:
    header = found(town, tmp_path / "header")
    queue_id = found(town, tmp_path / "queue_id", LOGIN)
    message_id = found(town, tmp_path / "message_id", LOGIN, QUEUE_ID)
    known = {name for name, complaint in header.items() if complaint.confidence == 1.0}
    assert len(known) > 20
    assert {queue_id[name].confidence for name in known} == {message_id[name].confidence for name in known} == {0.9}
    assert {message_id[name].attribution for name in known} == {"message_id"}
    for name, complaint in header.items():
        assert queue_id[name].sender in {complaint.sender, ""}
        assert message_id[name].sender in {complaint.sender, ""}
    lost = [complaint.reason for complaint in message_id.values() if not complaint.sender]
    assert len(lost) < 8  # the simulator lets people complain of mail that never left the house, too
    assert all(" left, but not " in reason for reason in lost)
