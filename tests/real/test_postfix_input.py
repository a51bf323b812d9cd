"""A real Postfix delivers complaints and bounces to the input by LMTP and SMTP: what comes out, and what is refused."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.inputs import smtp
from embedded.broker import free_port
from schemas.bounce_events import BounceReceived
from schemas.events import ComplaintReceived
from schemas.inputs.smtp import SmtpInput
from tests.mail_inputs import BOUNCE, REPORT, Box, running
from tests.parts import require, require_root
from tests.real.postfix_lab import PostfixLab
from tests.waits import until

pytestmark = pytest.mark.real
VERP = r"^bounce\+(?P<mailbox>[^@]+)@example\.net$"
ALICE = "bounce+alice=example.org@example.net"
TAKEN = ("fbl@example.net", "bounce+*@example.net")
_MAIN = """
recipient_delimiter = +
transport_maps = inline:{{
  {{ fbl@example.net = {next} }}, {{ bounce@example.net = {next} }}, {{ example.com = {next} }} }}
"""


@pytest.fixture(params=["lmtp:inet", "lmtp:unix", "smtp"])
def lab(request: pytest.FixtureRequest) -> Iterator[tuple[PostfixLab, SmtpInput]]:
    """Give a Postfix that hands the recipients' mail on in one of these ways, and the settings of the input there."""
    require("postfix", "postfix")
    require_root("Postfix's master")
    lab, port = PostfixLab({}, ""), free_port()
    place = f"{lab.home}/lmtp" if request.param == "lmtp:unix" else f"127.0.0.1:{port}"
    next_hop = f"smtp:[127.0.0.1]:{port}" if request.param == "smtp" else f"{request.param}:{place}"
    given = SmtpInput(
        kind="smtp",
        protocol="smtp" if request.param == "smtp" else "lmtp",
        listen=place,
        recipients=TAKEN,
        socket_group="postfix",
    )
    with (lab.config / "main.cf").open("a") as main, (lab.config / "master.cf").open("a") as master:
        main.write(_MAIN.format(next=next_hop))
        master.write("lmtp unix - - n - - lmtp\n")
    with lab:
        yield lab, given


def _submit(lab: PostfixLab, mail: str, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", lab.port, timeout=60) as client:
        client.sendmail("", recipients, mail)


def test_what_postfix_delivers_becomes_events_of_the_sender_whom_verp_names(
    lab: tuple[PostfixLab, SmtpInput], tmp_path: Path
) -> None:
    postfix, given = lab
    box = Box(tmp_path, "smtp", verp=VERP)
    with running(smtp.run, given, box.outlet):
        _submit(postfix, BOUNCE, ALICE)
        _submit(
            postfix, REPORT.format(number=1).replace("\nVersion", f"\nOriginal-Mail-From: <{ALICE}>\nVersion"), TAKEN[0]
        )
        postfix.wait_for_log("status=sent (250 2.0.0 taken)", 2)
        (tmp_path / "mails" / "tmp").rmdir()
        (tmp_path / "mails" / "tmp").touch()  # a disk that refuses
        _submit(postfix, BOUNCE.replace("bob", "carol"), ALICE)
        postfix.wait_for_log("452 4.3.1 it cannot be written here now", 1)
        (tmp_path / "mails" / "tmp").unlink()
        (tmp_path / "mails" / "tmp").mkdir()
        postfix.wait_for_log("status=sent (250 2.0.0 taken)", 3)
        _submit(postfix, "Subject: relay me\n\nhi\n", "bob@example.com")
        postfix.wait_for_log("550 5.1.1 no such recipient here, and nothing is relayed", 1)
        until(lambda: postfix.log_text().count("status=bounced") == 1, "the refusal")
    assert len(box.mails()) == 3
    events = box.events()
    bounces = {event.recipient: event for event in events if isinstance(event, BounceReceived)}
    (complaint,) = (event for event in events if isinstance(event, ComplaintReceived))
    assert sorted(bounces) == ["bob@example.com", "carol@example.com"]
    senders = {(each.sender, each.attribution) for each in bounces.values()} | {
        (complaint.sender, complaint.attribution)
    }
    assert senders == {("alice@example.org", "verp")}
    assert list(box.lost().values()) == ["bob@example.com"]
