"""Desk, sink and hooks as processes: a stage closes, the desk is killed, tickets pause it, and the policy follows."""

import http.client
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from embedded.broker import free_port
from schemas.moments import moment_of
from schemas.sunset_events import Stage, StagesPlanned
from tests.barring_lab import publish
from tests.command.desk import Desk
from tests.mail_server import Server
from tests.whole.lab import Lab, until

SECOND = 1_000_000
NOW = time.time_ns() // 1000
TODAY = moment_of(NOW).date()
POLICY, TICKETS, SMTP = free_port(), free_port(), free_port()
REFUSED = "action=REJECT 5.7.1 Sending without a login"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("RELAYWARDEN_TICKETS_TOKEN", "t0ken")
    pop = {
        "kind": "smtp_after_pop",
        "begins": TODAY - timedelta(days=30),
        "ends": TODAY + timedelta(days=1),
        "stages": {"tickets_per_hour": 1, "tickets": {"port": TICKETS}, "tell": ["noc@isp.example"]},
        "mail": {
            "sender": "care@isp.example",
            "company": "ISP",
            "support": "+41 44 000 00 00",
            "smtp_server": "smtp.isp.example",
            "port": SMTP,
        },
        "switch": {"postfix_policy": {"port": POLICY}},
    }
    with Lab(tmp_path, {"sunset": {"pop": pop}}) as lab:
        yield lab


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(SMTP)
    made.start()
    yield made
    made.stop()


def _asked(sender: str) -> str:
    """Return what Postfix would be told, "" while nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", POLICY), timeout=5) as client:
            client.sendall(f"request=smtpd_access_policy\nsender={sender}\n\n".encode())
            return client.recv(4096).decode().strip()
    except OSError:
        return ""


def _ticket(number: int) -> int:
    client = http.client.HTTPConnection("127.0.0.1", TICKETS, timeout=60)
    client.request("POST", "/v1/tickets", f'{{"ticket":"T-{number}"}}', {"Authorization": "Bearer t0ken"})
    status = client.getresponse().status
    client.close()
    return status


@pytest.mark.slow
def test_a_stage_closes_is_paused_by_tickets_and_goes_on_by_hand(lab: Lab, server: Server) -> None:
    for process in ("sink", "hooks", "desk"):
        lab.run(process)
    until(lambda: _asked("anna@x.example") == "action=DUNNO", 30, "the policy answers")
    closes = time.time_ns() // 1000 + 3 * SECOND
    stages = (Stage(number=1, beyond="n", closes=closes), Stage(number=2, first="n", closes=closes + 10**12))
    publish(lab.settings, StagesPlanned(id="p", at=NOW, sunset="pop", stages=stages))
    until(lambda: _asked("anna@x.example").startswith(REFUSED), 60, "the close")
    assert _asked("zoe@x.example") == "action=DUNNO"
    assert [_ticket(1), _ticket(1), _ticket(2)] == [200] * 3

    lab.kill("desk")
    assert _asked("anna@x.example").startswith(REFUSED), "closed is closed, also without the desk"
    lab.run("desk")
    until(lambda: _asked("anna@x.example") == "action=DUNNO", 60, "the pause")
    until(lambda: bool(server.taken), 60, "the mail about the pause")
    desk = Desk(lab)
    rows = desk.rows("sunset", "stages")
    assert [(row["step"], row["next"]) for row in rows] == [("paused", ""), ("open", "held by a pause")]
    desk.say("sunset", "stage", "resume", "1", "--reason", "support is staffed")
    until(lambda: _asked("anna@x.example").startswith(REFUSED), 60, "it is off again")

    told = "SELECT stage, step, operator != '' FROM sunset_events WHERE type = 'stage_stepped' ORDER BY at"
    steps = [(1, "closed", False), (1, "paused", False), (1, "closed", True)]
    until(lambda: lab.rows(told) == steps, 30, "the steps are stored, each once")
    force = "SELECT hook, off, problem FROM sunset_events WHERE type = 'stages_switched' ORDER BY at"
    done = [("postfix_policy", off, "") for off in ([], [1], [], [1])]
    until(lambda: lab.rows(force) == done, 30, "what the host did is stored")
    assert lab.value("SELECT count() FROM sunset_events WHERE type = 'ticket_opened'") == 2
    evidence = lab.value("SELECT evidence.text FROM sunset_events WHERE type = 'stage_stepped' AND step = 'paused'")
    assert evidence == ["2 tickets within an hour: the limit is 1"]
    assert [(to, mail["Subject"]) for to, mail in server.taken] == [
        ("noc@isp.example", "Sunset pop: stage 1 was paused"),
    ]
    assert "- 2 tickets within an hour: the limit is 1" in server.taken[0][1].get_content()
