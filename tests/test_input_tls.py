"""Certificates of the inputs that serve: renewed ones count from the next connection on, dates are read as they are."""

import shutil
import socket
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.inputs import http, smtp
from embedded.broker import free_port
from schemas.inputs.smtp import SmtpInput
from schemas.tls import Certificates
from schemas.validity import certificates_in, validity
from tests.certificates import expired, make
from tests.http_inputs import listens, serving, settings
from tests.mail_inputs import Box, running
from tests.parts import require
from tests.waits import until


class _Renewed:
    """The files of a certificate in which one after the other is put."""

    def __init__(self, folder: Path) -> None:
        self.first, self.second = make(folder, "first"), make(folder, "second")
        self.certificate, self.key = folder / "in-use.pem", folder / "in-use.key"
        self.put(*self.first)

    def put(self, certificate: Path, key: Path) -> None:
        shutil.copyfile(key, self.key)
        self.key.chmod(0o600)
        shutil.copyfile(certificate, self.certificate)


def _shown(place: tuple[str, int], *, lmtp: bool) -> str:
    """Return the PEM that a server shows, of LMTP behind STARTTLS; no server's name is told (no SNI)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(place, timeout=10) as plain:
        if lmtp:
            with plain.makefile("rb", buffering=0) as replies:
                for command, last in ((b"", b"220 "), (b"LHLO x\r\n", b"250 "), (b"STARTTLS\r\n", b"220 ")):
                    plain.sendall(command)
                    while not replies.readline().startswith(last):
                        pass
        with context.wrap_socket(plain) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True) or b"")


def _renews(renewed: _Renewed, place: tuple[str, int], *, lmtp: bool) -> None:
    first, second = (made[0].read_text() for made in (renewed.first, renewed.second))
    assert _shown(place, lmtp=lmtp) == first
    renewed.put(*renewed.second)
    assert _shown(place, lmtp=lmtp) == second
    renewed.certificate.write_text("half a certificate")
    assert _shown(place, lmtp=lmtp) == second, "what is no use leaves that which was there before"
    renewed.put(*renewed.first)
    renewed.key.chmod(0o644)
    assert _shown(place, lmtp=lmtp) == second, "a key that is open to others is none"
    renewed.put(*renewed.first)
    assert _shown(place, lmtp=lmtp) == first


def test_http_shows_a_renewed_certificate(tmp_path: Path) -> None:
    renewed = _Renewed(tmp_path)
    with serving(tmp_path, certificate=str(renewed.certificate), key=str(renewed.key)) as posted:
        _renews(renewed, ("127.0.0.1", posted.port), lmtp=False)


def test_smtp_shows_a_renewed_certificate(tmp_path: Path) -> None:
    renewed, port = _Renewed(tmp_path), free_port()
    given_to = SmtpInput(
        kind="smtp",
        listen=f"127.0.0.1:{port}",
        recipients=("fbl@example.net",),
        certificate=renewed.certificate,
        key=renewed.key,
    )
    with running(smtp.run, given_to, Box(tmp_path, "smtp").outlet):
        until(lambda: listens(port), "the server")
        _renews(renewed, ("127.0.0.1", port), lmtp=True)


def test_http_and_smtp_refuse_a_key_that_is_open_to_others(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    key.chmod(0o604)
    expected = rf"^input\.\w+\.key: {key} is open to others \(mode 0604\); chmod 600 it$"
    web = settings(tmp_path, "127.0.0.1:1", certificate=str(certificate), key=str(key))
    with pytest.raises(ValueError, match=expected), http.ready(web, "input.web", pytest.fail):
        pass
    mails = SmtpInput(kind="smtp", recipients=("a@example.net",), certificate=certificate, key=key)
    with pytest.raises(ValueError, match=expected), smtp.ready(mails, "input.mails", pytest.fail):
        pass


def test_a_certificate_out_of_date_is_told_and_used(tmp_path: Path) -> None:
    told: list[str] = []
    certificate, key = expired(tmp_path)
    Certificates("input.x", certificate, key, None, told.append)
    end = validity(ssl.PEM_cert_to_DER_cert(certificate.read_text())).end
    assert told == [f"input.x.certificate: {certificate}: expired {end:%Y-%m-%d %H:%M} UTC: who looks at it refuses it"]
    fresh, its_key = make(tmp_path)
    chain = tmp_path / "chain.pem"
    chain.write_text(f"the server's own\n{fresh.read_text()}\nits authority\n{certificate.read_text()}")
    assert len([*certificates_in(chain.read_text())]) == 2
    Certificates("input.x", chain, its_key, None, told.append)
    assert told[1:] == [told[0].replace(str(certificate), str(chain))], "one of the chain is as bad"


def test_dates_are_those_that_openssl_reads(tmp_path: Path) -> None:
    certificate, key = tmp_path / "long.pem", tmp_path / "long.key"
    program = require("openssl", "openssl")
    command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "36500", "-subj", "/CN=x"]
    subprocess.run([program, *command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    said = subprocess.run(
        [program, "x509", "-in", certificate, "-noout", "-dates"], check=True, capture_output=True, text=True
    ).stdout
    begin, end = (
        datetime.fromtimestamp(ssl.cert_time_to_seconds(line.partition("=")[2]), UTC) for line in said.splitlines()
    )
    assert end.year > 2050, "as a GeneralizedTime"
    assert validity(ssl.PEM_cert_to_DER_cert(certificate.read_text())) == (begin, end)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_certificate_are_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"^no certificate of X\.509$"):
        validity(der)
