"""The input `stdin` with `confirm = "omprog"` under the real rsyslogd: each line once, though it is killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inputs_lab import kept
from tests.parts import require
from tests.waits import until

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
COLLECT = f"""#!{sys.executable}
import sys, threading, os
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from collectors.inputs import stdin
from schemas.inputs.stdin import StdinInput
from tests.inputs_lab import outlet_in
folder = Path(sys.argv[1])
(folder / "pid").write_text(str(os.getpid()))
stdin.run(StdinInput(kind="stdin", confirm="omprog"), outlet_in(folder, "stdin"), threading.Event())
"""
CONF = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imuxsock" SysSock.Use="off")
module(load="omprog")
input(type="imuxsock" Socket="{folder}/log")
action(type="omprog" binary="{folder}/collect {folder}" template="RSYSLOG_FileFormat"
       confirmMessages="on" confirmTimeout="60000" signalOnClose="on"
       queue.type="LinkedList" queue.workerThreads="1"
       action.resumeRetryCount="-1" action.resumeInterval="1")
"""


@pytest.fixture
def rsyslog(tmp_path: Path) -> Iterator[socket.socket]:
    """Run rsyslogd with the collector behind it; give a socket that logs."""
    program = require("rsyslogd", "rsyslog")
    (tmp_path / "collect").write_text(COLLECT)
    (tmp_path / "collect").chmod(0o755)
    (tmp_path / "conf").write_text(CONF.format(folder=tmp_path))
    command = [program, "-n", "-f", str(tmp_path / "conf"), "-i", str(tmp_path / "rsyslogd.pid")]
    with (tmp_path / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as running:
        until((tmp_path / "log").exists, f"rsyslogd's socket: {(tmp_path / 'said').read_text()}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.connect(str(tmp_path / "log"))
            yield log
        running.terminate()
        running.wait(60)


def test_each_line_is_kept_once_though_the_collector_is_killed(tmp_path: Path, rsyslog: socket.socket) -> None:
    number = 0
    for upto in (40, 80, 120):
        while number < upto:
            rsyslog.send(b"<22>Nov 29 02:00:00 postfix/smtp[7]: line %d\n" % number)
            number += 1
        until(lambda: len(kept(tmp_path)) > upto - 30, f"{upto - 30} lines", 30)  # noqa: B023 called at once
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    until(lambda: len(kept(tmp_path)) >= number, "all lines", 30)
    found = [line.rpartition(b"]: ")[2] for line in kept(tmp_path)]
    assert found == [b"line %d" % each for each in range(number)]
