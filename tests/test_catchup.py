"""How far a log's past is read: percents for a person who watches, one line in any log."""

from pathlib import Path

import pytest

from collectors.catchup import CatchUp
from collectors.follow import Follower

LINE = b"x" * 99 + b"\n"


def _told(folder: Path, caplog: pytest.LogCaptureFixture, *, watches: bool) -> list[str]:
    """Return what is told of two files of a log, 12 MB together, each batch of which takes five seconds."""
    caplog.set_level("INFO", "relaywarden.collect")
    (folder / "mail.log.1").write_bytes(LINE * 40_000)
    (folder / "mail.log").write_bytes(b"y" + LINE * 80_000)
    follower = Follower(folder / "mail.log", "mx1", begin="oldest", settle_seconds=0)
    past, now = CatchUp("mx1", folder / "mail.log", 0.0, watches=watches), 0.0
    for _ in range(2):
        while (batch := follower.read()) is not None:
            now += 5.0
            past.took(batch, now)
        past.ended(now)
        with (folder / "mail.log").open("ab") as log:
            log.write(LINE)
    follower.close()
    return [record.message for record in caplog.records if record.message.startswith("mx1: ")]


def test_in_a_log_it_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (told,) = _told(tmp_path, caplog, watches=False)
    assert told.startswith("mx1: what was there is read, 12.0 MB in ")


def test_who_watches_is_told_the_part_that_grows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    *parts, last = _told(tmp_path, caplog, watches=True)
    assert last.startswith("mx1: what was there is read, 12.0 MB in ")
    percents = [int(part.removeprefix("mx1: ").partition("%")[0]) for part in parts]
    assert percents == sorted(percents)
    assert 0 < percents[0] < percents[-1] <= 100
    assert all(" of what is there is read, about " in part for part in parts)


def test_of_a_log_with_nothing_new_nothing_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "relaywarden.collect")
    CatchUp("mx1", tmp_path / "mail.log", 0.0, watches=True).ended(1.0)
    assert caplog.records == []
