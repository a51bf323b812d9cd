"""A real Exim and a real Dovecot read which stages are off, by the lines of the manual."""

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.logins.dovecot import parse as login_of
from collectors.mta.records import LoginTried
from collectors.syslog import Clock
from schemas.sunset_events import Stage
from schemas.sunset_stages import DovecotSwitch, EximSwitch
from streams.deeds import WriteFile
from streams.effects import put
from streams.switches import Switched, dovecot, exim
from tests.certificates import make
from tests.parts import require, require_root
from tests.real.dovecot_lab import PASSWORD, DovecotLab
from tests.real.exim_lab import EximLab, unpacked
from tests.waits import until

pytestmark = pytest.mark.real
STAGES = (Stage(number=1, first="", beyond="info@n"), Stage(number=2, first="info@n"))
EXEMPT = ("boss@example.test", "fax.o'brien@example.test", "@charity.example")
REPLY = "5.7.1 It costs $tod_log: to send"
POP, STRANGER = "127.0.0.7", "127.0.0.8"


def _manual(block: str) -> str:
    text = (Path(__file__).resolve().parents[2] / "docs" / "sunset-stages.md").read_text()
    return text.partition(f"```{block}\n")[2].partition("```")[0]


def _state(*off: int, known: tuple[str, ...] = ()) -> Switched:
    return Switched(sunset="pop", reply=REPLY, stages=STAGES, off=frozenset(off), exempt=EXEMPT, known=known)


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    require_root("Exim's user and namespace")
    with unpacked() as folder:
        yield folder


def _asked(lab: EximLab, sender: str, client: str = POP, login: str = "", recipient: str = "friend@example.net") -> str:
    with smtplib.SMTP("127.0.0.1", lab.port, "client.test", timeout=60, source_address=(client, 0)) as session:
        session.ehlo()
        if login:
            session.login(login, "secret")
        session.mail(sender)
        code, text = session.rcpt(recipient)
        return f"{code} {text.decode()}"


def test_exim_refuses_who_is_off_and_relays_for_all_others(packages: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    lab = EximLab(packages, {})
    table, pops = lab.home / "sunset", lab.home / "pops"
    pops.write_text(f"{POP}\n")
    acl = _manual("exim-acl").replace("/etc/exim4/relaywarden-sunset", str(table))
    acl = acl.replace("/etc/exim4/pop-before-smtp", str(pops))
    config = lab.home / "etc/exim4/exim4.conf"
    lists = "domainlist local_domains = ours.example\ndomainlist relay_to_domains = backup.example\n"
    text = config.read_text().replace("acl_smtp_rcpt = accept", f"{lists}acl_smtp_rcpt = relay")
    ours = "  accept domains = +local_domains : +relay_to_domains\n"
    rest = f"  accept authenticated = *\n{ours}  deny message = relay not permitted\n"
    config.write_text(text.replace("begin routers\n", f"begin acl\nrelay:\n{acl}{rest}begin routers\n"))

    def write(state: Switched) -> None:
        for effect in exim.effects(state, EximSwitch(path=table)):
            assert isinstance(effect, WriteFile)
            put(effect)

    write(Switched(sunset="pop", reply=REPLY))
    with lab:
        assert _asked(lab, "anna@example.test") == "250 Accepted", "before anything is planned"
        write(_state(1))
        assert _asked(lab, "anna@example.test") == f"550 {REPLY}"
        assert _asked(lab, "Info@Mine.example") == f"550 {REPLY}"
        assert _asked(lab, "info@yours.example") == "250 Accepted", "another stage, by its domain"
        assert _asked(lab, "zoe@example.test") == "250 Accepted"
        assert _asked(lab, "boss@example.test") == "250 Accepted", "exempt"
        assert _asked(lab, "Fax.O'Brien@example.test") == "250 Accepted", "exempt"
        assert _asked(lab, "fax.o'neill@example.test") == f"550 {REPLY}"
        assert _asked(lab, "anna@charity.example") == "250 Accepted", "exempt, by its domain"
        assert _asked(lab, "") == "250 Accepted", "the last stage's"
        assert _asked(lab, "anna@example.test", login="anna") == "250 Accepted", "logged in"
        assert _asked(lab, "anna@example.test", STRANGER) == "550 relay not permitted"
        for client in (POP, STRANGER):
            told = _asked(lab, "anna@example.test", client, recipient="info@ours.example")
            assert told == "250 Accepted", "mail to the hoster himself"
            told = _asked(lab, "anna@example.test", client, recipient="info@backup.example")
            assert told == "250 Accepted", "a domain that he relays to"
        write(_state(1, 2))
        assert _asked(lab, "zoe@example.test") == f"550 {REPLY}"
        assert _asked(lab, "") == f"550 {REPLY}"
        write(_state(2))
        assert _asked(lab, "anna@example.test") == "250 Accepted", "rolled back"


class _Imap(imaplib.IMAP4):
    """A client from another address than the server's: over the same one Dovecot calls every login secured."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout, source_address=("127.0.3.1", 0))


def _lets_in(lab: DovecotLab, mailbox: str, *, tls: bool) -> bool:
    client = _Imap("127.0.0.1", lab.port, timeout=60)
    try:
        if tls:
            anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
            client.starttls(anybody)
        client.login(mailbox, PASSWORD)
    except imaplib.IMAP4.error:
        return False
    finally:
        client.shutdown()
    return True


def _told(lab: DovecotLab) -> LoginTried:
    """Return the login that was refused last, as it is read of the log once syslog has it."""

    def lines() -> list[str]:
        return [line for line in lab.log_text().splitlines() if "(user disabled)" in line]

    until(lambda: bool(lines()), "its line")
    stamp, said = lines()[-1][:15], lines()[-1][16:]
    found = login_of(f"{stamp} mail dovecot: {said}", Clock(datetime.now(UTC), "UTC"))
    assert found is not None
    return found


def test_dovecot_refuses_without_tls_who_is_off_and_lets_in_all_with_tls(tmp_path: Path) -> None:
    require("dovecot", "dovecot-core dovecot-imapd")
    require_root("Dovecot's master")
    certificate, key = make(tmp_path)
    deny = _manual("dovecot-deny").replace("/etc/dovecot/relaywarden-sunset", "{path}")
    names = "auth_username_chars =\n"  # those of addresses, beside the few that Dovecot takes by default
    with DovecotLab(f"{names}ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\n{deny}") as lab:
        known = ("anna@example.test", "boss@example.test", "d'arc@example.test", *EXEMPT[1:2], "odd:name@example.test")

        def write(state: Switched) -> None:
            for effect in dovecot.effects(state, DovecotSwitch(path=lab.deny)):
                assert isinstance(effect, WriteFile)
                put(effect)

        assert _lets_in(lab, "anna@example.test", tls=False)
        write(_state(1, known=(*known, "zoe@example.test")))
        assert lab.deny.read_text() == "anna@example.test:\nd\\'arc@example.test:\n"
        until(lambda: not _lets_in(lab, "Anna@example.test", tls=False), "the brown-out")
        refused = _told(lab)
        assert (refused.mailbox, refused.outcome, refused.reason) == ("anna@example.test", "failed", "user disabled")
        assert (refused.tls, refused.tls_version) == (False, ""), "so the desk counts it among the refused"
        assert _lets_in(lab, "anna@example.test", tls=True)
        assert _lets_in(lab, "zoe@example.test", tls=False), "another stage"
        assert _lets_in(lab, "boss@example.test", tls=False), "exempt"
        assert not _lets_in(lab, "D'Arc@example.test", tls=False)
        assert _lets_in(lab, "d'arc@example.test", tls=True)
        assert _lets_in(lab, "fax.o'brien@example.test", tls=False), "exempt"
        assert _lets_in(lab, "new@example.test", tls=False), "never found: a list cannot name it"
        write(_state(known=known))
        until(lambda: _lets_in(lab, "anna@example.test", tls=False), "its end")
