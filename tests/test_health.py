"""`relaywarden healthy`: a sign of life that ages, and a socketmap that does not answer."""

import json
import os
import time
from pathlib import Path

import pytest

from embedded.broker import free_port
from embedded.health import ailments
from schemas import settings
from schemas.alert_settings import PULSE, Alerting
from schemas.pulse import Pulse
from tests.command.shell import run


def _settings(folder: Path, port: int) -> settings.Settings:
    text = f"""
    data = "{folder}"
    [mta.mx1]
    format = "postfix"
    log = "/var/log/mail.log"
    [sunset.pop]
    kind = "smtp_after_pop"
    begins = 2027-02-01
    ends = 2027-03-22
    [pool.main.transports]
    out1 = "192.0.2.1"
    [pool.main.hooks.postfix_socketmap]
    port = {port}
    """
    return settings.parse(text, "test.toml")


def test_signs_of_life_age(tmp_path: Path) -> None:
    here = _settings(tmp_path, free_port())
    for process, name in (("collect", "collect-mta-mx1"), ("stream", "stream"), ("sink", "sink"), ("desk", "desk")):
        assert ailments(here, process) == [f"{name}: no sign of life yet"]
        pulse = Pulse(tmp_path, name)
        pulse.beat()
        assert ailments(here, process) == []
        assert pulse.age() is not None
        past = time.time() - 100
        os.utime(tmp_path / "pulse" / name, (past, past))
        (sentence,) = ailments(here, process)
        assert sentence.startswith(f"{name}: no sign of life for 10")


def test_the_alerts_of_a_desk_have_a_sign_of_their_own(tmp_path: Path) -> None:
    alerting = settings.Settings(data=tmp_path, alert=Alerting())
    assert ailments(alerting, "desk") == ["desk: no sign of life yet", f"{PULSE}: no sign of life yet"]
    for name in ("desk", PULSE):
        for each in ("desk", PULSE):
            Pulse(tmp_path, each).beat()
        assert ailments(alerting, "desk") == []
        past = time.time() - 100
        os.utime(tmp_path / "pulse" / name, (past, past))
        assert [each.partition(":")[0] for each in ailments(alerting, "desk")] == [name]
    assert not PULSE.startswith("desk-"), "else a process would take it for that of the desk"


def test_a_socketmap_that_does_not_answer_is_told(tmp_path: Path) -> None:
    port = free_port()
    (sentence,) = ailments(_settings(tmp_path, port), "hooks")
    assert sentence == f"hooks: the socketmap of main does not answer on 127.0.0.1:{port}: Connection refused"


def test_another_process_has_no_check(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no check for 'dashboard'; there are collect, stream, sink, hooks"):
        ailments(_settings(tmp_path, 1), "dashboard")


def test_the_command_tells_a_script(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(f"data = '{tmp_path}'\n")
    ill = run("healthy", "stream", "--config", config, "--json")
    assert ill.returncode == 1
    assert json.loads(ill.stdout) == {"process": "stream", "works": False, "problems": ["stream: no sign of life yet"]}
    Pulse(tmp_path, "stream").beat()
    well = run("healthy", "stream", "--config", config, "--json")
    assert (well.returncode, json.loads(well.stdout)) == (0, {"process": "stream", "works": True, "problems": []})
    assert run("healthy", "stream", "--config", config).stdout == "stream: works\n"
