"""Mails of an input: each delivered once into its Maildir, and taken in from there; what is lost is told."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from collectors.intake import Intake
from collectors.losses import Losses
from schemas.events import DeadLetter, Event
from schemas.maildrop import Maildrop
from schemas.settings import Maildir


def test_a_mail_is_delivered_once_also_after_it_was_taken_in(tmp_path: Path) -> None:
    drop = Maildrop(tmp_path / "box")
    assert drop.deliver(b"Subject: no complaint\n\nHello\n", "imap/fbl/1/17", came=1_700_000_000.0) is True
    assert drop.deliver(b"Subject: no complaint\n\nHello\n", "imap/fbl/1/17") is False
    (waiting,) = (tmp_path / "box" / "new").iterdir()
    assert waiting.stat().st_mtime == 1_700_000_000.0
    intake = Intake(Maildir(maildir=tmp_path / "box"), "fbl")
    assert intake.take(lambda _: None) == 1
    assert drop.deliver(b"Subject: no complaint\n\nHello\n", "imap/fbl/1/17") is False
    assert drop.deliver(b"Subject: no complaint\n\nHello\n") is True
    assert drop.deliver(b"Subject: no complaint\n\nHello\n") is False
    assert drop.deliver(b"Subject: another\n\nHello\n") is True


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "x" * 5000, "\n", ".."])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    Maildrop(tmp_path / "box").deliver(b"mail", name)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.parent for path in files] == [tmp_path / "box" / "new"]
    assert files[0].read_bytes() == b"mail"


def test_losses_are_gathered_by_their_reason() -> None:
    losses = Losses("relays", "syslog")
    told: list[Event] = []
    stop = threading.Event()
    for _ in range(3):
        losses.note("192.0.2.7: no syslog", sample=b"GET / HTTP/1.1\xff password=secret")
    losses.note("dropped by the kernel", 17)
    for number in range(200):
        losses.note(f"other {number}")
    stop.set()

    def publish(events: Sequence[Event]) -> None:
        told.extend(events)

    losses.run(publish, stop)
    letters = {each.reason: each for each in told if isinstance(each, DeadLetter)}
    assert len(letters) == 101
    assert letters["192.0.2.7: no syslog (3 times)"].text.startswith("GET / HTTP/1.1\ufffd")
    assert letters["dropped by the kernel (17 times)"].place == "input.relays"
    assert letters["lost for other reasons, too many to be told one by one (102 times)"].format == "syslog"
    assert len({each.id for each in told}) == 101
