"""Mails to customers over a real SMTP server: what is in them, and that each leaves once, whatever happens."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedded.broker import free_port
from schemas.facts import Evidence
from schemas.mailbox_hooks import CustomerMailHook
from schemas.settings import Settings
from streams.bars import Bar, TellCustomers
from streams.mailing import Mailer
from tests.mail_server import Server

if TYPE_CHECKING:
    from schemas.mailbox_events import NoticeSent

ALICE, ADMIN = "alice@example.net", "admin@example.net"
CUSTOMERS = {"customer-1": {"mailboxes": ["example.net"], "contact": ADMIN, "language": "de"}}


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(free_port())
    running.start()
    yield running
    running.stop()


class Host:
    """One host with the hook, and what it reported."""

    def __init__(self, server: Server, data: Path, **more: object) -> None:
        self.told: list[NoticeSent] = []
        given = {
            "sender": "abuse@isp.example",
            "company": "Example ISP",
            "support": "+41 44 000 00 00",
            "timezone": "Europe/Zurich",
            "port": server.port,
            "timeout_seconds": 5,
            **more,
        }
        settings = Settings.model_validate({"data": data, "customers": CUSTOMERS})
        hook = CustomerMailHook.model_validate(given)
        self.mailer = Mailer(settings, hook, data, self.told.append, pause=lambda _: 0.05)
        self.mailer.start()

    def tell(self, step: str, decision: str, mailbox: str = ALICE, evidence: tuple[Evidence, ...] = ()) -> None:
        bar = Bar(
            step=step,  # type: ignore[arg-type]  # a test names any step
            since=time.time_ns() // 1000 + 1_000_000,
            decision=decision,
            recipients_per_hour=20 if step == "throttle" else 0,
            evidence=evidence,
        )
        self.mailer.tell(TellCustomers(bars={mailbox: bar}))

    def statuses(self) -> list[tuple[str, str]]:
        return [(each.template, each.status) for each in self.told]


@pytest.fixture
def host(server: Server, tmp_path: Path) -> Iterator[Host]:
    running = Host(server, tmp_path)
    yield running
    running.mailer.stop(5)


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not there():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def test_a_suspension_and_a_release_are_told_once_each(host: Host, server: Server) -> None:
    evidence = (Evidence(rule="client_networks", text="41 networks", value=41, usual=2, points=40),)
    host.tell("suspend", "d1", evidence=evidence)
    host.tell("suspend", "d1", evidence=evidence)
    until(lambda: len(server.taken) == 1)
    host.tell("", "d2")
    until(lambda: len(host.told) == 4)
    assert host.statuses() == [
        ("suspended", "intended"),
        ("suspended", "sent"),
        ("released", "intended"),
        ("released", "sent"),
    ]
    recipient, mail = server.taken[0]
    assert recipient == ADMIN
    assert mail["Message-ID"] == host.told[0].message_id == host.told[1].message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] is None
    assert str(mail["From"]) == "Example ISP <abuse@isp.example>"
    assert mail["Subject"] == "Ihr Postfach alice@example.net kann zurzeit keine E-Mails senden"
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "41 verschiedene Internetanschlüsse" in body.get_content()
    assert host.told[1].reply == "250 2.0.0 queued as 4F1qXz3"
    assert (host.told[1].customer, host.told[1].language, host.told[1].decision) == ("customer-1", "de", "d1")


def test_a_final_refusal_is_not_tried_again(host: Host, server: Server) -> None:
    server.recipient_answer = "550 5.1.1 no such user"
    host.tell("suspend", "d1")
    until(lambda: len(host.told) == 2)
    assert host.statuses() == [("suspended", "intended"), ("suspended", "refused")]
    assert host.told[1].reply == "RCPT: 550 5.1.1 no such user"
    time.sleep(0.3)
    assert len(host.told) == 2


def test_a_refusal_for_now_is_tried_again_under_the_same_message_id(host: Host, server: Server) -> None:
    server.answers = ["451 4.3.0 come back later", "451 4.3.0 come back later"]
    host.tell("suspend", "d1")
    until(lambda: len(server.taken) == 1)
    assert server.tried == 3
    until(lambda: ("suspended", "sent") in host.statuses())
    assert {each.message_id for each in host.told} == {server.taken[0][1]["Message-ID"]}
    assert len({each.id for each in host.told}) == 2, "intended, told three times, is one event"


def test_a_server_that_is_away_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    away = Server(port)
    host = Host(away, tmp_path)
    host.tell("suspend", "d1")
    until(lambda: len(host.told) > 2)
    away.start()
    until(lambda: len(away.taken) == 1)
    host.mailer.stop(5)
    away.stop()


def test_it_gives_up_in_the_end(tmp_path: Path) -> None:
    host = Host(Server(free_port()), tmp_path, give_up_hours=0.0001)
    host.tell("suspend", "d1")
    until(lambda: ("suspended", "refused") in host.statuses())
    assert host.told[-1].reply.startswith("given up after ")
    host.mailer.stop(5)


def test_of_a_storm_only_so_many_are_told_an_hour_and_the_rest_waits(server: Server, tmp_path: Path) -> None:
    host = Host(server, tmp_path, per_hour=3)
    for number in range(8):
        host.tell("suspend", f"d{number}", mailbox=f"user{number}@example.net")
    until(lambda: len(server.taken) == 3)
    time.sleep(0.3)
    host.mailer.stop(5)
    again = Host(server, tmp_path, per_hour=4)
    until(lambda: len(server.taken) == 4)
    time.sleep(0.3)
    again.mailer.stop(5)
    assert len(server.taken) == 4, "a new start does not begin the hour anew"
    last = Host(server, tmp_path, per_hour=100)
    until(lambda: len(server.taken) == 8)
    last.mailer.stop(5)
    assert len({mail["Message-ID"] for _, mail in server.taken}) == 8


def test_what_waits_is_replaced_by_what_is_newer(server: Server, tmp_path: Path) -> None:
    host = Host(server, tmp_path, per_hour=1)
    host.tell("suspend", "d0", mailbox="first@example.net")
    until(lambda: len(server.taken) == 1)
    host.tell("suspend", "d1")
    host.tell("", "d2")
    host.mailer.stop(5)
    free = Host(server, tmp_path)
    time.sleep(0.5)
    free.mailer.stop(5)
    assert len(server.taken) == 1, "of a suspension that was over before it could be told, nothing is told"


def test_killed_while_handing_over_it_is_sent_again_under_the_same_name(server: Server, tmp_path: Path) -> None:
    died = subprocess.run(
        [sys.executable, "-c", _DYING, str(tmp_path), str(server.port)],
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(server.taken) == 1
    host = Host(server, tmp_path)
    until(lambda: ("suspended", "sent") in host.statuses())
    host.mailer.stop(5)
    assert host.statuses() == [("suspended", "intended"), ("suspended", "sent")]
    assert len({(mail["Message-ID"], mail["Date"]) for _, mail in server.taken}) == 1
    again = Host(server, tmp_path)
    time.sleep(0.3)
    again.mailer.stop(5)
    assert again.told == host.told, "told again after a start, as it was"
    assert len(server.taken) == 2


def test_what_was_decided_before_notices_were_turned_on_is_no_news(host: Host, server: Server) -> None:
    bar = Bar(step="suspend", since=1_000_000, decision="old")
    host.mailer.tell(TellCustomers(bars={ALICE: bar}))
    host.tell("suspend", "d1", mailbox="bob@example.net")
    until(lambda: len(host.told) == 2)
    assert [each.mailbox for each in host.told] == ["bob@example.net", "bob@example.net"]
    assert len(server.taken) == 1


def test_the_mailbox_itself_is_never_told_alone(host: Host, server: Server) -> None:
    host.tell("suspend", "d1", mailbox=ADMIN)
    until(lambda: len(server.taken) == 1)
    assert server.taken[0][0] == "postmaster@example.net"
    until(lambda: len(host.told) == 2)
    host.tell("suspend", "d2", mailbox="postmaster@example.org")
    until(lambda: host.told[-1].mailbox == "postmaster@example.org")
    assert (host.told[-1].status, host.told[-1].recipient) == ("refused", "")
    assert host.told[-1].reply == "not sent: nobody can be told but this mailbox itself"


@pytest.mark.parametrize(
    "mailbox",
    [
        "evil\r\nBcc: victim@example.org\r\n\r\n<b>x</b>@example.net",
        "<script>alert(1)</script>@example.net",
        "\u202egro.live@example.net",
        "{{ 7 * 7 }}@example.net",
        "x" * 5000 + "@example.net",
    ],
)
def test_a_name_stays_a_name(host: Host, server: Server, mailbox: str) -> None:
    host.tell("suspend", "d1", mailbox=mailbox)
    until(lambda: len(server.taken) == 1)
    recipient, mail = server.taken[0]
    assert recipient == ADMIN
    assert sorted(mail.keys()) == sorted(
        [
            "Date",
            "From",
            "To",
            "Subject",
            "Message-ID",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "Content-Language",
            "MIME-Version",
            "Content-Type",
        ]
    )
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "<b>" not in html.get_content()
    assert "49" not in str(mail["Subject"])
    assert len(mail["Subject"]) < 300


def test_a_mail_refused_with_a_password_in_it_keeps_none(host: Host, server: Server) -> None:
    server.recipient_answer = "550 5.7.1 password=hunter2 is wrong"
    host.tell("suspend", "d1")
    until(lambda: len(host.told) == 2)
    assert "hunter2" not in host.told[1].reply


_DYING = """
import os, signal, sys, time
from pathlib import Path
from schemas.mailbox_hooks import CustomerMailHook
from schemas.settings import Settings
from streams import mailing, smtp
from streams.bars import Bar, TellCustomers

real = smtp.handed_over
def dying(*args):
    real(*args)
    os.kill(os.getpid(), signal.SIGKILL)
mailing.handed_over = dying
customers = {"customer-1": {"mailboxes": ["example.net"], "contact": "admin@example.net", "language": "de"}}
settings = Settings.model_validate({"data": sys.argv[1], "customers": customers})
hook = CustomerMailHook(
    sender="abuse@isp.example", company="Example ISP", support="+41 44 000 00 00", port=int(sys.argv[2])
)
mailer = mailing.Mailer(settings, hook, Path(sys.argv[1]), lambda event: None)
bar = Bar(step="suspend", since=time.time_ns() // 1000 + 1_000_000, decision="d1")
mailer.tell(TellCustomers(bars={"alice@example.net": bar}))
mailer.start()
time.sleep(30)
"""
