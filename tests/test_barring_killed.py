"""`relaywarden hooks` killed again and again while it carries out: nothing is forgotten, whatever was under way."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas.events import Event
from schemas.settings import Settings, parse
from tests.barring_lab import publish, release, suspension, until
from tests.parts import often, seed

MAILBOXES = [f"m{number}@example.net" for number in range(6)]

# Bars by a file per mailbox, as slowly as a control panel: half of what it does may be done when it is killed.
_PANEL = """\
#!/bin/sh
case $1 in
suspend) : > "{panel}/$2"; sleep 0.05; echo locked > "{panel}/$2";;
release) sleep 0.05; rm -f "{panel}/$2";;
esac
"""


def _configuration(folder: Path, bootstrap: str) -> Settings:
    panel, script = folder / "panel", folder / "panel.sh"
    panel.mkdir()
    script.write_text(_PANEL.format(panel=panel))
    script.chmod(0o755)
    return parse(
        f"""
        data = "{folder}"
        kafka.bootstrap = ["{bootstrap}"]
        [mailboxes.hooks.command]
        suspend = ["{script}", "suspend", "{{mailbox}}"]
        release = ["{script}", "release", "{{mailbox}}"]
        [mailboxes.hooks.dovecot_deny]
        path = "{folder}/deny"
        """,
        "test",
    )


def _start(configuration: Settings) -> "subprocess.Popen[bytes]":
    told = configuration.model_dump_json()
    program = f"from streams import hooking as h; h.run(h.Settings.model_validate_json({told!r}))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE)


def _locked(folder: Path) -> set[str]:
    return {path.name for path in (folder / "panel").iterdir() if path.read_text() == "locked\n"}


def test_killed_at_any_moment_it_ends_with_what_the_log_says(tmp_path: Path, fresh_broker: Broker) -> None:
    configuration = _configuration(tmp_path, fresh_broker.bootstrap)
    ensure_topics(configuration)
    chance, number, barred = random.Random(seed(4711)), 0, set[str]()
    for _ in range(often(6)):
        process = _start(configuration)
        decided = list[Event]()
        for _ in range(5):
            number += 1
            mailbox = chance.choice(MAILBOXES)
            if chance.random() < 0.6:
                decided.append(suspension(number, mailbox))
                barred.add(mailbox)
            else:
                decided.append(release(number, mailbox))
                barred.discard(mailbox)
        publish(configuration, *decided)
        time.sleep(chance.uniform(0.8, 2.2))
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        assert b"Traceback" not in said
    first, second = MAILBOXES[:2]
    publish(configuration, suspension(number + 1, first), release(number + 2, second))
    barred = barred - {second} | {first}  # whatever the chances were, one is and one is not
    process = _start(configuration)
    until(lambda: _locked(tmp_path) == barred, f"{sorted(barred)} locked, and nobody else")
    until(lambda: set((tmp_path / "deny").read_text().split(":\n")) - {""} == barred, "the deny list")
    process.terminate()
    process.communicate(timeout=60)
    assert 0 < len(barred) < len(MAILBOXES)
    assert {path.name for path in (tmp_path / "panel").iterdir()} == barred, "nothing is left half done"
