"""`relaywarden up` with a sunset: the desk works beside the others, and reads all back when the broker is replaced."""

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
import tomli_w

from embedded.health import ailments
from schemas.moments import moment_of
from streams.operating import now
from tests.command.shell import run
from tests.whole.lab import until
from tests.whole.upping import Up

COUNTED = "SELECT count() FROM sunset_events WHERE type = 'sunset_counted'"


@pytest.mark.slow
def test_the_desk_is_a_part_of_up_and_reads_its_decisions_back_from_a_new_broker(tmp_path: Path) -> None:
    today = moment_of(now()).date()
    with Up(tmp_path) as up:
        table = tomllib.loads(up.config.read_text())
        begins, ends = today - timedelta(days=3), today + timedelta(days=30)
        table["sunset"] = {"pop": {"kind": "smtp_after_pop", "begins": begins, "ends": ends}}
        up.config.write_text(tomli_w.dumps(table))
        up.mail_log.touch()
        up.begin()
        until(lambda: up.rows(COUNTED) == [(1,)], 60, "the desk has counted")
        assert ailments(up.effective, "desk") == []
        told = run("sunset", "status", "--config", up.config, "--json")
        assert (told.returncode, told.stderr) == (0, "")
        assert f'"counted":"{today}"' in told.stdout
        assert '"open":0' in told.stdout
        broker = up.child("--cluster-id")
        assert broker is not None
        broker.kill()
        until(lambda: "the new broker is in its place" in up.messages(), 120, "a new broker")
        log = up.data / "log" / "desk.log"
        until(lambda: log.read_text().count("read all that was decided") >= 2, 60, "the desk has read it again")
        until(lambda: ailments(up.effective, "desk") == [], 60, "the desk works")
        assert up.rows(COUNTED) == [(1,)]
        assert up.end() == 0
