"""What a real Postfix and a real Dovecot log of how a client came: program, EHLO name, TLS version, in the clear."""

import imaplib
import smtplib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from collectors.reading import LogReader
from schemas.events import Event, MailboxAuthenticated, MessageSubmitted
from tests.certificates import make
from tests.parts import require, require_root
from tests.real.dovecot_lab import DovecotLab
from tests.real.sasl_lab import PASSWORD, SaslLab

pytestmark = pytest.mark.real
ALICE = "alice@example.net"
EVIL = "Mutt 2 from unknown[203.0.113.9]; from=<x@example.net> to=<y@example.com> proto=ESMTP helo=<victim>"


def read(text: str, name: str) -> list[Event]:
    """Return the events of a log; all its lines together."""
    reader = LogReader(
        "0123456789abcdef", name=name, format=name, host="", zone="UTC", outbound_ips={}, networks={},
        reference=datetime.now(UTC) + timedelta(minutes=1),
    )  # fmt: skip
    return [event for at, line in enumerate(text.encode().splitlines()) for event in reader.read(line, at)]


@pytest.fixture
def postfix(tmp_path: Path) -> Iterator[SaslLab]:
    require("postfix", "postfix")
    require("dovecot", "dovecot-core")
    require_root("Postfix's master")
    certificate, key = make(tmp_path)
    checks = r"regexp:{home}/header_checks"
    lab = SaslLab(
        (ALICE,),
        {
            "header_checks": checks,
            "smtpd_tls_security_level": "may",
            "smtpd_tls_loglevel": "1",
            "smtpd_tls_chain_files": f"{key}, {certificate}",
        },
    )
    (lab.lab.home / "header_checks").write_text("/^(User-Agent|X-Mailer|Message-ID):/    INFO\n")
    with (lab.config / "master.cf").open("a") as master:
        master.write("tlsmgr unix - - n 1000? 1 tlsmgr\n")
    with lab:
        yield lab


def _mail(lab: SaslLab, program: str, *, tls: bool = False, login: str = "") -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", lab.lab.port, local_hostname="scanner-2", timeout=60) as session:
        if tls:
            session.starttls(context=context)
        if login:
            session.login(login, PASSWORD)
        text = f"{program}\r\nMessage-ID: <{uuid4()}@PC-7>\r\nSubject: lab\r\n\r\nHello\r\n"
        session.sendmail("any@example.net", ["bob@example.com"], text)


def test_postfix_tells_program_ehlo_name_and_the_tls_version_of_a_login(postfix: SaslLab) -> None:
    _mail(postfix, "User-Agent: Thunderbird\r\n 1.5", tls=True, login=ALICE)
    _mail(postfix, "X-Mailer: Outlook Express 6")
    _mail(postfix, f"User-Agent: {EVIL}")
    _mail(postfix, "X-Nothing: x", login=ALICE)
    postfix.waiting(4)
    events = read(postfix.lab.log_text(), "postfix")
    # Postfix writes a line's end within a header as "?". Without ids of their own the mails were one, filtered twice.
    mails = [event for event in events if isinstance(event, MessageSubmitted)]
    assert [(mail.helo, mail.mailer) for mail in mails] == [
        ("scanner-2", "Thunderbird? 1.5"),
        ("scanner-2", "Outlook Express 6"),
        ("scanner-2", EVIL),
        ("scanner-2", ""),
    ]
    logins = [event for event in events if isinstance(event, MailboxAuthenticated)]
    assert [(login.mailbox, login.tls, login.tls_version, login.cleartext) for login in logins] == [
        (ALICE, True, "TLSv1.3", False),
        (ALICE, False, "", False),
    ]


def test_dovecot_tells_the_tls_version_and_calls_loopback_secured(tmp_path: Path) -> None:
    require("dovecot", "dovecot-core")
    require_root("Dovecot's master")
    certificate, key = make(tmp_path)
    elements = "user=<%u> method=%m rip=%r lip=%l mpid=%e %c %k session=<%{session}>"
    lab = DovecotLab(
        f"ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\nlogin_log_format_elements = {elements}\n"
    )
    lab.start()
    try:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = lab.session(ALICE)
        plain.logout()
        secured = imaplib.IMAP4("127.0.0.1", lab.port, timeout=60)
        secured.starttls(context)
        secured.login(ALICE, "correct-horse")
        secured.logout()
        text = lab.log_text()
    finally:
        lab.stop()
    logins = [event for event in read(text, "dovecot") if isinstance(event, MailboxAuthenticated)]
    assert [(login.tls, login.tls_version, login.cleartext) for login in logins] == [
        (False, "", False),
        (True, "TLSv1.3", False),
    ]
    assert ", secured, session=<" in text
