"""rsyslogd sends to the syslog input as our manual configures it: what it is told is an event, by every way."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.follow import Follower
from embedded.broker import free_port
from schemas.events import DeliveryAttempted
from tests.parts import absent, require
from tests.syslog_lab import HOST, TEXT, certificates, events_of, running
from tests.waits import until

pytestmark = pytest.mark.real

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "inputs.md"
HEAD = """\
global(workDirectory="{folder}" localHostname="mx1" maxMessageSize="64k" {options})
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" socket="{folder}/log" createPath="on")
"""
WAY = 'if $msg contains "<{name}@" then action(type="omfwd" target="127.0.0.1" port="{port}" {options})\n'
TRANSPORTS = ("postfix/out2/smtp[915]", "postfix/relay-customers/smtp[1234567]")


def rsyslogd() -> str:
    program = require("rsyslogd", "rsyslog")
    if not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        absent("rsyslog speaks no TLS: apt-get install --no-install-recommends rsyslog-gnutls")
    return program


@contextmanager
def sending(folder: Path, text: str, options: str = "") -> Iterator[socket.socket]:
    """Run rsyslogd with these rules; give a socket as syslog(3) has it."""
    folder.mkdir(exist_ok=True)
    file = folder / "rsyslog.conf"
    file.write_text(HEAD.format(folder=folder, options=options) + text)
    command = [rsyslogd(), "-n", "-f", str(file), "-i", str(folder / "pid")]
    with (folder / "out").open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as running_one:
        try:
            until((folder / "log").exists, f"rsyslogd's socket ({folder / 'out'})")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
                client.connect(str(folder / "log"))
                yield client
        finally:
            running_one.terminate()
            running_one.wait(60)


def template() -> str:
    """Return the template that the manual gives."""
    (line,) = (line for line in MANUAL.read_text().splitlines() if line.startswith("template(") and "<%PRI%>" in line)
    return line + "\n"


def manuals_action(port: int) -> str:
    """Return the action that the manual gives, with our port in the place of its own."""
    action = re.search(r"^mail\.\* action\(type=\"omfwd\".*?\)$", MANUAL.read_text(), re.MULTILINE | re.DOTALL)
    assert action is not None
    return action[0].replace("192.0.2.10", HOST).replace('port="6514"', f'port="{port}"') + "\n"


def keys_of(made: dict[str, Path]) -> str:
    return (
        f'defaultNetstreamDriverCAFile="{made["ca.pem"]}" defaultNetstreamDriverCertFile="{made["client.pem"]}"'
        f' defaultNetstreamDriverKeyFile="{made["client.key"]}"'
    )


def test_rsyslog_as_the_manual_configures_it_delivers_by_tls(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    server = {"certificate": made["server.pem"], "key": made["server.key"], "ca": made["ca.pem"]}
    with running(tmp_path, ("tls",), settings=server) as lab:
        rules = template() + manuals_action(lab.ports["tls"])
        with sending(tmp_path / "rsyslog", rules, keys_of(made)) as local:
            local.send(b"<22>Nov 21 14:02:04 postfix/out2/smtp[915]: " + TEXT % (b"E2AE29B5D11", b"bob"))
            local.send(b"<14>Nov 21 14:02:04 other[1]: no mail")
            until(lambda: len(lab.lines()) == 1, "the line")
        (event,) = events_of(lab.lines())
        assert isinstance(event, DeliveryAttempted)
        assert (event.host, event.recipient, event.outbound_ip) == ("mx1", "bob@gmail.com", "192.0.2.12")
    assert lab.letters == []


def test_each_way_and_template_of_rsyslog_gives_the_delivery(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    server = {"certificate": made["server.pem"], "key": made["server.key"], "ca": made["ca.pem"]}
    with running(tmp_path, ("udp", "tcp", "tls"), settings=server) as lab:
        tls = 'protocol="tcp" streamDriver="gtls" streamDriverMode="1" streamDriverAuthMode="x509/certvalid"'
        ways = {
            "udp": ("udp", 'protocol="udp" template="RSYSLOG_TraditionalForwardFormat"'),
            "forward": ("tcp", 'protocol="tcp" template="RSYSLOG_ForwardFormat"'),
            "counted": ("tcp", 'protocol="tcp" tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"'),
            "manual": ("tcp", 'protocol="tcp" tcp_framing="octet-counted" template="relaywarden"'),
            "tls": ("tls", f'{tls} tcp_framing="octet-counted" template="relaywarden"'),
            "tls-lf": ("tls", f'{tls} template="relaywarden"'),
        }
        rules = "".join(WAY.format(name=name, port=lab.ports[way], options=how) for name, (way, how) in ways.items())
        options = f'parser.permitSlashInProgramName="on" {keys_of(made)}'
        with sending(tmp_path / "rsyslog", template() + rules, options) as local:
            for name in ways:
                for tag in TRANSPORTS:
                    text = TEXT % (b"E2AE29B5D11", name.encode())
                    local.send(b"<22>Nov 21 14:02:04 %b: %b" % (tag.encode(), text))
            until(lambda: len(lab.lines()) == len(ways) * len(TRANSPORTS), "all lines")
        found = [event for event in events_of(lab.lines()) if isinstance(event, DeliveryAttempted)]
        named = {(event.recipient.partition("@")[0], event.transport, event.host) for event in found}
        assert named == {(name, transport, "mx1") for name in ways for transport in ("out2", "relay-customers")}
    assert lab.letters == []


COLLECTOR = """
import sys, threading
from pathlib import Path
from collectors.inputs import Outlet, syslog
from collectors.losses import Losses
from collectors.spool import Spool
from schemas.inputs.syslog import SyslogInput
folder, place = Path(sys.argv[1]), sys.argv[2]
outlet = Outlet("relays", Spool(folder, 1 << 26), None, Losses("relays", "syslog"), folder / "state.json")
syslog.run(SyslogInput(kind="syslog", tcp=place), outlet, threading.Event())
"""


def test_kill_9_loses_nothing_that_was_kept_and_rsyslogs_queue_sends_what_came_meanwhile(tmp_path: Path) -> None:
    place = f"{HOST}:{free_port()}"
    follower, found = Follower(tmp_path / "spool" / "lines", "mx1", begin="oldest", settle_seconds=0), set[str]()

    def kept(most: int) -> bool:
        while (batch := follower.read()) is not None:
            found.update(line.decode().rpartition(" ")[2] for line in batch.lines)
        return found == {f"line-{number}" for number in range(most)}

    queue = 'protocol="tcp" queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1"'
    rule = f'action(type="omfwd" target="{HOST}" port="{place.rpartition(":")[2]}" {queue} template="relaywarden")\n'
    command = [sys.executable, "-c", COLLECTOR, str(tmp_path / "spool"), place]
    with sending(tmp_path / "rsyslog", template() + rule) as local:
        for most in (300, 600):
            with subprocess.Popen(command) as collector:
                try:
                    until(lambda most=most: kept(most - 300), "what came before")  # type: ignore[misc]  # bound at once
                    for number in range(most - 300, most - 150):
                        local.send(b"<22>Nov 21 14:02:04 a[1]: line-%d" % number)
                    until(lambda most=most: kept(most - 150), "what comes now")  # type: ignore[misc]  # bound at once
                finally:
                    collector.send_signal(signal.SIGKILL)
            for number in range(most - 150, most):
                local.send(b"<22>Nov 21 14:02:04 a[1]: line-%d" % number)
    assert len(found) == 450
