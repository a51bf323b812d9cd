"""A real Postfix returns what a server refused, to RCPT TO and behind DATA: the bounce says what the log says."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from collectors import bounces
from collectors.reading import LogReader
from embedded.broker import free_port
from schemas.bounce_events import BounceReceived
from schemas.events import DeliveryAttempted
from tests.mail_server import Server
from tests.parts import require, require_root
from tests.real.postfix_lab import SINK_HOST, PostfixLab

pytestmark = pytest.mark.real
ALICE, BOB = "alice@example.test", "bob{}@refused.example"
_EXTRA = "transport_maps = inline:{{ {{refused.example = smtp:[127.0.0.1]:{port}}}, {{example.test = smtp:{sink}}} }}"


@pytest.fixture
def refusing() -> Iterator[Server]:
    """Give a server that takes what it is not told to refuse."""
    server = Server(free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def lab(refusing: Server) -> Iterator[PostfixLab]:
    """Give a Postfix that hands the recipients' domain to that server, and returns mail to the sink."""
    require("postfix", "postfix")
    require_root("Postfix's master")
    lab = PostfixLab({}, "")
    with (lab.config / "main.cf").open("a") as main:
        main.write(_EXTRA.format(port=refusing.port, sink=f"[{SINK_HOST}]:{lab.sink_port}") + "\n")
    with lab:
        yield lab


def _returned(lab: PostfixLab, number: int) -> list[BounceReceived]:
    """Return what the bounces tell that the sink took, once it took so many whole."""
    lab.wait_for_log("status=sent", number)
    read = bounces.load("bounce")
    return [event for file in lab.received.iterdir() for event in read(file.read_bytes())]


def _attempts(lab: PostfixLab) -> dict[str, DeliveryAttempted]:
    """Return the refused deliveries of the log by their queue id."""
    reader = LogReader(
        "0123456789abcdef",
        name="mta",
        format="postfix",
        host="mta",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime.now(tz=UTC),
    )
    found = [event for at, line in enumerate(lab.log.read_bytes().splitlines()) for event in reader.read(line, at)]
    return {e.queue_id: e for e in found if isinstance(e, DeliveryAttempted) and e.outcome == "bounced"}


def test_what_a_server_refuses_comes_back_as_the_log_tells_it(lab: PostfixLab, refusing: Server) -> None:
    refusing.recipient_answer = "550 5.1.1 User unknown"
    assert lab.send(1, ALICE, BOB) == 1
    (unknown,) = _returned(lab, 1)
    refusing.recipient_answer, refusing.answers = "", ["550 Unknown user"]
    assert lab.send(1, ALICE, BOB) == 1
    told = {event.recipient: event for event in _returned(lab, 2)}
    filtered = told["bob2@refused.example"]
    assert told["bob1@refused.example"] == unknown
    assert (unknown.reason, unknown.permanent, unknown.enhanced_status) == ("user_unknown", True, "5.1.1")
    assert (filtered.reason, filtered.permanent, filtered.code) == ("recipient_refused", False, 550)
    logged = _attempts(lab)
    for event in (unknown, filtered):
        attempt = logged[event.queue_id]
        assert (event.format, event.host, event.envelope_from) == ("rfc3464", "mta.example.test", ALICE)
        assert (event.recipient, event.reason) == (attempt.recipient, attempt.reason)
        assert event.outbound_ip == ""
