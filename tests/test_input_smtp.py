"""Mails by LMTP and SMTP: taken when they are on disk, for the recipients that are named, whatever a stranger sends."""

import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Self

import pytest
from pydantic import ValidationError

from collectors.inputs import smtp
from collectors.mailserver import LARGEST
from embedded.broker import free_port
from schemas.bounce_events import BounceReceived
from schemas.inputs.smtp import SmtpInput
from tests.mail_inputs import BOUNCE, Box, running
from tests.parts import require
from tests.waits import until

TAKEN = ("bounce+*@example.net", "fbl@example.net")
VERP = r"^bounce\+(?P<mailbox>[^@]+)@example\.net$"


class Client:
    """A client that sends what it is told, byte by byte if need be."""

    def __init__(self, place: tuple[str, int] | str) -> None:
        self._socket = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
        self._socket.settimeout(15)
        try:
            self._socket.connect(place)
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")
        self.greeting = self.reply()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def reply(self) -> str:
        """Return a reply's last line, "" at the end of the connection."""
        while True:
            line = self._file.readline().decode()
            if line[3:4] != "-":
                return line.rstrip("\r\n")

    def say(self, *commands: str) -> list[str]:
        """Send commands one after the other; return the replies."""
        replies = []
        for command in commands:
            self.send(command.encode() + b"\r\n")
            replies.append(self.reply())
        return replies

    def mail(self, data: str, *recipients: str, begin: str = "LHLO client") -> list[str]:
        """Hand a mail in; return the replies behind the dot."""
        self.say(begin, "MAIL FROM:<>", *(f"RCPT TO:<{each}>" for each in recipients), "DATA")
        self.send(data.replace("\n", "\r\n").encode() + b".\r\n")
        return [self.reply() for _ in (recipients if begin.startswith("LHLO") else recipients[:1])]

    def secured(self, context: ssl.SSLContext) -> None:
        self._file.close()
        self._socket = context.wrap_socket(self._socket, server_hostname="127.0.0.1")
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def _served(box: Box, **more: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401 the input's settings
    """Run the input on a free port."""
    place = ("127.0.0.1", free_port())
    given = SmtpInput(**{"kind": "smtp", "listen": f"127.0.0.1:{place[1]}", "recipients": TAKEN} | more)
    with running(smtp.run, given, box.outlet) as alive:
        until(lambda: not alive() or _listens(place), "the server")
        yield place


def _listens(place: tuple[str, int] | str) -> bool:
    try:
        with Client(place):
            return True
    except OSError:
        return False


def test_a_bounce_becomes_an_event_of_the_sender_whom_the_envelope_names(tmp_path: Path) -> None:
    box = Box(tmp_path, "smtp", format="bounce", verp=VERP)
    forged = (
        "X-Original-To: bounce+victim=example.net@example.net\nDelivered-To: bounce+victim=example.net@example.net\n"
    )
    with _served(box) as place, Client(place) as client:
        assert client.mail(forged + BOUNCE, "bounce+alice=example.org@example.net") == ["250 2.0.0 taken"]
        (mail,) = box.mails()
    assert re.match(
        rb"Return-Path: <>\nDelivered-To: bounce\+alice=example.org@example.net\nX-Original-To: .*\nEnvelope-To: .*\n"
        rb"Received: by [^\n]* \(relaywarden\) with LMTP; [^\n]* \+0000\nX-Original-To: bounce\+victim",
        mail,
    )
    (event,) = box.events()
    assert isinstance(event, BounceReceived)
    assert (event.sender, event.attribution, event.recipient, event.reason) == (
        "alice@example.org",
        "verp",
        "bob@example.com",
        "user_unknown",
    )


def test_by_lmtp_each_recipient_has_a_reply_and_a_mail_sent_again_is_taken_once(tmp_path: Path) -> None:
    box = Box(tmp_path, "smtp")
    with _served(box) as place, Client(place) as client:
        assert client.mail(BOUNCE, "fbl@example.net", "bounce+a@example.net") == ["250 2.0.0 taken"] * 2
        assert client.mail(BOUNCE, "fbl@example.net", "bounce+a@example.net") == ["250 2.0.0 taken"] * 2
        assert len(box.mails()) == 2
        (tmp_path / "mails" / "tmp").rmdir()
        (tmp_path / "mails" / "tmp").touch()  # a disk that refuses
        refused = "452 4.3.1 it cannot be written here now"
        assert client.mail(BOUNCE, "fbl@example.net", "bounce+b@example.net") == ["250 2.0.0 taken", refused]
        (tmp_path / "mails" / "tmp").unlink()
        (tmp_path / "mails" / "tmp").mkdir()
        assert client.mail(BOUNCE, "bounce+b@example.net") == ["250 2.0.0 taken"]
        assert len(box.mails()) == 3


def test_by_smtp_one_reply_counts_for_all_recipients(tmp_path: Path) -> None:
    box = Box(tmp_path, "smtp")
    with _served(box, protocol="smtp") as place, Client(place) as client:
        (tmp_path / "mails" / "tmp").rmdir()
        (tmp_path / "mails" / "tmp").touch()
        two = ("fbl@example.net", "bounce+b@example.net")
        assert client.mail(BOUNCE, *two, begin="EHLO client") == ["452 4.3.1 it cannot be written here now"]
        (tmp_path / "mails" / "tmp").unlink()
        (tmp_path / "mails" / "tmp").mkdir()
        assert client.mail(BOUNCE, *two, begin="HELO client") == ["250 2.0.0 taken"]
        assert client.say("QUIT") == ["221 Bye"]
    assert len(box.mails()) == 2


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["EHLO x"], "500 5.5.1"),
        (["HELO x"], "500 5.5.1"),
        (["LHLO x", "AUTH PLAIN AGEAYg=="], "500 5.5.1"),
        (["LHLO x", "HELP"], "500 5.5.1"),
        (["LHLO x", "BDAT 5 LAST"], "500"),
        (["MAIL FROM:<>"], "503"),
        (["LHLO x", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"], "550 5.1.1"),
        (["LHLO x", "MAIL FROM:<>", "RCPT TO:<fbl@example.net.example.com>"], "550 5.1.1"),
        (["LHLO x", "MAIL FROM:<>", "RCPT TO:<bob%example.com@example.net>"], "550 5.1.1"),
        (["LHLO x", "MAIL FROM:<>", "RCPT TO:<@example.net:bob@example.com>"], "550 5.1.1"),
        (["LHLO x", "MAIL FROM:<>", "RCPT TO:<postmaster>"], "553"),
        (["LHLO x", "MAIL FROM:<>", 'RCPT TO:<"bob@example.com"@example.net>'], "553 5.1.3"),
        (["LHLO x", "MAIL FROM:<>", "RCPT TO:<fbl@example.net\rX-Login: eve>"], "501 "),
        (["LHLO x", 'MAIL FROM:<"a\rX-Login: eve"@example.com>'], "553 5.1.7"),
        (["LHLO x", "MAIL FROM:<a@example.com\x00>"], "553"),
        (["LHLO x", "MAIL FROM:<a@example.com> SIZE=999999999"], "552 5.3.4"),
        (["LHLO x", "MAIL FROM:<>", "DATA"], "503 5.5.1"),
        (["LHLO x", "MAIL FROM:<" + "x" * 3000 + "@example.com>"], "500"),
        (["LHLO x", "MAIL FROM:<bücher@example.com> SMTPUTF8"], "250"),
        (["LHLO x", "MAIL FROM:<a@example.com> BODY=8BITMIME SIZE=1000"], "250"),
        (["x"] * 5, "502"),
        (["LHLO x", "MAIL FROM:<>", *["RCPT TO:<fbl@example.net>"] * 101], "452 4.5.3"),
    ],
)
def test_what_is_refused(tmp_path: Path, commands: list[str], expected: str) -> None:
    box = Box(tmp_path, "smtp")
    with _served(box) as place, Client(place) as client:
        assert client.say(*commands)[-1].startswith(expected)
    assert box.mails() == []
    told = {f"127.0.0.1:{place[1]}: a recipient that is none of `recipients`"} if expected == "550 5.1.1" else set()
    assert {reason.partition(" (")[0] for reason in box.lost()} == told


@pytest.mark.parametrize("end", ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\r\n\x00.\r\n"])
def test_no_second_mail_is_smuggled_in(tmp_path: Path, end: str) -> None:
    box = Box(tmp_path, "smtp")
    smuggled = "MAIL FROM:<eve@example.com>\r\nRCPT TO:<fbl@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nhi"
    with _served(box, protocol="smtp") as place, Client(place) as client:
        client.say("EHLO x", "MAIL FROM:<>", "RCPT TO:<fbl@example.net>", "DATA")
        client.send(f"Subject: one\r\n\r\nhi{end}{smuggled}\r\n.\r\n".encode())
        assert client.reply() == "250 2.0.0 taken"
        assert client.say("NOOP") == ["250 OK"], "nothing else was answered"
    (mail,) = box.mails()
    assert b"Subject: one" in mail
    assert b"Subject: smuggled" in mail


@pytest.mark.parametrize("line", [b"\r\n", b"x" * 1_000_000], ids=["empty lines", "no line end"])
def test_too_much_is_refused_to_each_recipient_and_the_session_goes_on(tmp_path: Path, line: bytes) -> None:
    box = Box(tmp_path, "smtp")
    with _served(box) as place, Client(place) as client:
        client.say("LHLO x", "MAIL FROM:<>", "RCPT TO:<fbl@example.net>", "RCPT TO:<bounce+a@example.net>", "DATA")
        client.send(line * (LARGEST // len(line) + 2) + b"\r\n.\r\n")
        assert [client.reply(), client.reply()] == [f"552 5.3.4 the mail is larger than {LARGEST} bytes"] * 2
        assert client.mail(BOUNCE, "fbl@example.net") == ["250 2.0.0 taken"]
        client.say("LHLO x", "MAIL FROM:<>", "RCPT TO:<fbl@example.net>", "DATA")
        client.send(b"y" * (LARGEST - 2) + b"\r\n.\r\n")
        assert client.reply() == "250 2.0.0 taken", "the largest is taken"
    assert box.lost() == {f"127.0.0.1:{place[1]}: a mail of more than {LARGEST} bytes": ""}
    assert sorted(map(type, box.events()), key=str) == [BounceReceived], "the largest is read, and is no bounce"


def test_who_is_not_let_in_and_one_too_many_are_told_so(tmp_path: Path) -> None:
    box = Box(tmp_path, "smtp")
    with _served(box, connections=4) as place:
        first = [Client(place) for _ in range(3)]
        with Client(place) as client:
            assert client.greeting == "421 4.7.0 too many connections"
            assert client.reply() == ""
        for each in first:
            with each:
                assert each.greeting.startswith("220 ")
                assert each.say("QUIT") == ["221 Bye"]
        until(lambda: _greeted(place), "room again")
        way = f"127.0.0.1:{place[1]}"
    told = f"{way}: a connection of 127.0.0.1 is refused: 421 4.7.0 too many connections"
    assert [reason.partition(" (")[0] for reason in box.lost()] == [told]
    with _served(box, allow=["192.0.2.0/24"]) as place, Client(place) as client:
        assert client.greeting == "554 5.7.1 you are not let in here"
    told = f"127.0.0.1:{place[1]}: a connection of 127.0.0.1 is refused: 554 5.7.1 you are not let in here"
    assert [reason.partition(" (")[0] for reason in box.lost()] == [told]


def _greeted(place: tuple[str, int]) -> bool:
    with Client(place) as client:
        return client.greeting.startswith("220 ")


def test_a_socket_has_its_mode_and_one_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    box = Box(tmp_path, "smtp")
    given = SmtpInput(kind="smtp", listen=str(path), recipients=TAKEN, socket_mode="0600")
    with running(smtp.run, given, box.outlet):
        until(lambda: _listens(str(path)), "the server")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with Client(str(path)) as client:
            assert client.mail(BOUNCE, "fbl@example.net") == ["250 2.0.0 taken"]
        with pytest.raises(ValueError, match=r"input.box.listen: .*lmtp: Address already in use"):
            smtp.run(given, box.outlet, _never())
    assert not path.exists()
    assert len(box.mails()) == 1


def _never() -> Any:  # noqa: ANN401 never asked: what it is given to ends before
    return None


def test_a_reply_of_several_lines_waits_for_no_acknowledgement(tmp_path: Path) -> None:
    took = []
    with _served(Box(tmp_path, "smtp")) as place, Client(place) as client:
        for _ in range(15):
            began = time.perf_counter()
            assert client.say("LHLO x") == ["250 SMTPUTF8"]
            took.append(time.perf_counter() - began)
    assert median(took) < 0.03, "Nagle's algorithm makes it 0.04 or more each time"


def test_with_a_certificate_starttls_is_offered(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"
    made = [
        require("openssl", "openssl"),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=x",
    ]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    box = Box(tmp_path, "smtp")
    with _served(box, certificate=certificate, key=key) as place, Client(place) as client:
        assert client.say("LHLO x", "STARTTLS") == ["250 STARTTLS", "220 Ready to start TLS"]
        client.secured(ssl.create_default_context(cafile=str(certificate)))
        assert client.mail(BOUNCE, "fbl@example.net") == ["250 2.0.0 taken"]
    assert len(box.mails()) == 1
    key.write_text("none")
    with (
        pytest.raises(ValueError, match=r"input.box.certificate: .*c.pem with the key .*c.key: "),
        _served(box, certificate=certificate, key=key),
    ):
        pass


VICTIM = """
import sys, threading
from pathlib import Path
from collectors.inputs import smtp
from schemas.inputs.smtp import SmtpInput
from tests.mail_inputs import Box
given = SmtpInput(kind="smtp", listen=f"127.0.0.1:{sys.argv[2]}", recipients=["fbl@example.net"])
smtp.run(given, Box(Path(sys.argv[1]), "smtp").outlet, threading.Event())
"""


def test_killed_at_any_moment_what_was_acknowledged_is_there_once(tmp_path: Path) -> None:
    place, box, number = ("127.0.0.1", free_port()), Box(tmp_path, "smtp"), 0
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", VICTIM, str(tmp_path), str(place[1])]) as victim:
            until(lambda: _listens(place), "the server")
            with Client(place) as client:
                for _ in range(20):
                    assert client.mail(f"Subject: {number}\n\n", "fbl@example.net") == ["250 2.0.0 taken"]
                    number += 1
                client.say("LHLO x", "MAIL FROM:<>", "RCPT TO:<fbl@example.net>", "DATA")
                client.send(f"Subject: {number}\r\n\r\n.\r\n".encode())
                os.kill(victim.pid, signal.SIGKILL)
        # No reply came: it is sent again to the next one, as an MTA does.
    subjects = sorted(int(found[1]) for mail in box.mails() if (found := re.search(rb"Subject: (\d+)", mail)))
    assert subjects[:40] == list(range(40))
    assert len(subjects) == len(set(subjects))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"recipients": []}, "at least 1 item"),
        ({"recipients": ["*"]}, r"'\*' is neither an address, nor one with \* in it, nor @DOMAIN"),
        ({"recipients": ["a@*"]}, r"'\*' is no domain"),
        ({"recipients": ["a b@example.net"]}, "'a b@example.net' is neither"),
        ({"listen": "localhost:24"}, "'localhost:24' is neither ADDRESS:PORT nor the path of a socket"),
        ({"listen": "127.0.0.1:0"}, "'127.0.0.1:0' has no port from 1 to 65535"),
        ({"allow": ["192.0.2.1/24"]}, "is no network"),
        ({"certificate": "x.pem"}, "certificate and key go together"),
        ({"socket_mode": "rw"}, "should match pattern"),
    ],
)
def test_settings_that_cannot_work_are_told(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SmtpInput.model_validate({"kind": "smtp", "recipients": TAKEN} | given)


def test_a_place_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ValueError, match=rf"input.box.listen: {listen}: Address already in use"):
            smtp.run(SmtpInput(kind="smtp", listen=listen, recipients=TAKEN), Box(tmp_path, "smtp").outlet, _never())
