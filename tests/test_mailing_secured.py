"""STARTTLS and a login at a real SMTP server; with a wrong certificate or password nothing is sent."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from embedded.broker import free_port
from schemas.mailbox_hooks import CustomerMailHook
from streams.smtp import Reply, handed_over
from tests.mail_server import Server
from tests.parts import require

RIGHT = "right-s3cret"


def _login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"relaywarden", RIGHT.encode())
    return AuthResult(success=right, handled=False, auth_data="relaywarden" if right else None)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, and one for another host."""
    folder, openssl = tmp_path_factory.mktemp("tls"), require("openssl", "openssl")
    for name, host in (("right", "IP:127.0.0.1"), ("other", "DNS:other.example")):
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
        command += [
            "-addext",
            f"subjectAltName={host}",
            "-keyout",
            f"{folder}/{name}.key",
            "-out",
            f"{folder}/{name}.pem",
        ]
        subprocess.run(command, check=True, capture_output=True)
    return folder


@contextmanager
def _served(certificates: Path, name: str) -> Iterator[Server]:
    """Run a server that takes mail only after STARTTLS and a login."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    server = Server(free_port(), tls_context=context, require_starttls=True, auth_required=True, authenticator=_login)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _hook(server: Server, **more: object) -> CustomerMailHook:
    given = {
        "sender": "abuse@isp.example",
        "company": "Example ISP",
        "support": "+41 44 000 00 00",
        "timeout_seconds": 5,
    }
    login = {"port": server.port, "security": "starttls", "user": "relaywarden", "password_env": "TEST_SMTP_PASSWORD"}
    return CustomerMailHook.model_validate({**given, **login, **more})


def _hand_over(server: Server, **more: object) -> Reply:
    hook = _hook(server, **more)
    return handed_over(_mail(), "anna@example.net", hook.sender, hook, "mailboxes.hooks.customer_mail")


def _mail() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Your mailbox"
    mail.set_content("It cannot send for now.")
    return mail


def test_a_mail_goes_through_starttls_and_a_login(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SMTP_PASSWORD", RIGHT)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "right.pem"))
    with _served(certificates, "right") as server:
        reply = _hand_over(server)
    assert (reply.status, reply.words) == ("sent", "250 2.0.0 queued as 4F1qXz3")
    ((recipient, taken),) = server.taken
    assert (recipient, taken["Subject"]) == ("anna@example.net", "Your mailbox")


@pytest.mark.parametrize(
    ("trusted", "more", "told"),
    [
        pytest.param("other", {}, "certificate verify failed", id="nobody vouches for it"),
        pytest.param("right", {"password_env": "TEST_WRONG_PASSWORD"}, "535 ", id="a wrong password"),
        pytest.param("right", {"security": "none"}, "SMTP AUTH", id="no login in clear"),
        pytest.param("right", {"user": ""}, "530 ", id="no login where one is required"),
        pytest.param("right", {"password_env": "TEST_NO_PASSWORD"}, "TEST_NO_PASSWORD", id="no password"),
    ],
)
def test_what_is_wrong_sends_nothing_and_is_tried_again(
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: str,
    more: dict[str, object],
    told: str,
) -> None:
    monkeypatch.setenv("TEST_SMTP_PASSWORD", RIGHT)
    monkeypatch.setenv("TEST_WRONG_PASSWORD", "wrong-s3cret")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / f"{trusted}.pem"))
    with _served(certificates, "right") as server:
        reply = _hand_over(server, **more)
        assert server.tried == 0
    assert reply.status == "later", reply.words
    assert told in reply.words
    assert "s3cret" not in reply.words


def test_the_certificate_of_another_host_is_refused(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SMTP_PASSWORD", RIGHT)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "other.pem"))
    with _served(certificates, "other") as server:
        reply = _hand_over(server)
        assert server.tried == 0
    assert reply.status == "later"
    assert "IP address mismatch" in reply.words


def test_a_server_without_starttls_gets_neither_password_nor_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SMTP_PASSWORD", RIGHT)
    server = Server(free_port())
    server.start()
    try:
        reply = _hand_over(server)
    finally:
        server.stop()
    assert (reply.status, server.tried) == ("later", 0)
    assert "STARTTLS" in reply.words
