"""What a real Exim logs with every selector is read: who sent, by which IP, what became of it, who was refused."""

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from collectors.reading import LogReader
from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated, MessageRejected, MessageSubmitted
from tests.parts import require, require_root
from tests.real.exim_lab import EximLab, unpacked
from tests.waits import until

pytestmark = pytest.mark.real
_ROWS = "".join(f"{slot}@: 127.0.0.{2 + slot % 2}\n" for slot in range(100))
_MAIL = 'Subject: A=plain:bob@example.net S=1 => b@c R=r "q\\\r\nMessage-ID: <1@pc>\r\n\r\nHello\r\n'


@pytest.fixture
def lab() -> Iterator[EximLab]:
    require("apt-get", "apt")
    require("unshare", "util-linux")
    require_root("Exim's daemon, in a mount namespace")
    with unpacked() as packages, EximLab(packages, {}, selector="+all") as running:
        running.pool.write_text(_ROWS)
        yield running


def _read(log: str) -> list[Event]:
    reader = LogReader(
        "0123456789abcdef",
        name="mainlog",
        format="exim",
        host="mx1",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime.now(UTC),
    )
    lines = log.encode().splitlines(keepends=True)
    events = [event for offset, line in enumerate(lines) for event in reader.read(line, offset)]
    assert reader.counts.dead_letters == 0
    return events


def _client(lab: EximLab) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", lab.port, local_hostname="pc.example.test", timeout=60)


def test_every_selector_of_a_real_exim_is_read(lab: EximLab) -> None:
    with _client(lab) as client:
        client.login("alice@example.net", "secret")
        to = ["ok@example.org", "later@example.org", "nobody@example.org", '"a R=r T=t"@example.org']
        client.sendmail("news@example.net", to, _MAIL)
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("refused@example.net", ["ok@example.org"], _MAIL)
    with _client(lab) as client, pytest.raises(smtplib.SMTPAuthenticationError):
        client.login("alice@example.net", "guessed")
    with _client(lab) as client:
        assert client.docmd("EHLO", "a_b c")[0] == 501
    with _client(lab) as client:
        client.login("bob@example.net", "secret")
    until(lambda: lab.log("main").count(" == later@") >= 1 and " C=EHLO,AUTH,QUIT" in lab.log("main"), "the last line")

    events = _read(lab.log("main"))
    (submitted,) = (e for e in events if isinstance(e, MessageSubmitted) and e.sender_kind == "sasl")
    assert (submitted.sender, submitted.envelope_from) == ("alice@example.net", "news@example.net")
    assert (submitted.client_ip, submitted.recipients, submitted.message_id) == ("127.0.0.1", 4, "1@pc")
    attempts = [e for e in events if isinstance(e, DeliveryAttempted) and e.queue_id == submitted.queue_id]
    assert {e.sender for e in attempts} == {"alice@example.net"}
    told = {(e.recipient, e.outcome, e.enhanced_status, e.reply) for e in attempts}
    assert told - {("later@example.org", "deferred", "", "retry time not reached")} == {  # a slow machine's second run
        ("ok@example.org", "sent", "", "250 ok"),
        (to[3], "sent", "", "250 ok"),  # logged as a r=r t=t@example.org, too
        ("later@example.org", "deferred", "4.7.1", "451 4.7.1 come back later"),
        ("nobody@example.org", "bounced", "5.1.1", r"550-5.1.1 no such user\n550 5.1.1 here"),
    }
    (left,) = {e.outbound_ip for e in attempts if e.outcome == "sent"}
    assert left in {ip for ip, _, to in lab.sink.taken if to.endswith("@example.org")}
    tried = {e.outbound_ip for e in attempts if e.reply != "retry time not reached"}  # then it asked no server
    assert tried <= {"127.0.0.2", "127.0.0.3"}
    logins = [(e.mailbox, e.outcome, e.client_ip) for e in events if isinstance(e, MailboxAuthenticated)]
    assert logins == [
        ("alice@example.net", "succeeded", "127.0.0.1"),
        ("alice@example.net", "failed", "127.0.0.1"),
        ("bob@example.net", "succeeded", "127.0.0.1"),
    ]
    refusals = [(e.stage, e.code, e.envelope_from) for e in events if isinstance(e, MessageRejected)]
    assert refusals == [("MAIL", 550, "refused@example.net"), ("EHLO", 501, "")]
