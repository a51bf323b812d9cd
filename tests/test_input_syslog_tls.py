"""The syslog input by TLS, beside the other ways: who is let in, who waits for nobody, renewed certificates."""

import socket
import ssl
from pathlib import Path

import pytest

from collectors.inputs import _syslog_streams
from schemas.events import DeliveryAttempted
from schemas.tls import Certificates
from tests.syslog_lab import HOST, STAMP, TEXT, certificates, connected, delivery, events_of, running, secured
from tests.waits import until


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return certificates(tmp_path_factory.mktemp("tls"))


def shut(client: socket.socket) -> None:
    """Send a line and read until the end, at which TLS 1.3 tells a client that it is refused. OSError says why."""
    client.sendall(delivery(b"stranger") + b"\n")
    while client.recv(1000):
        pass
    raise ConnectionResetError


def test_deliveries_by_every_way_and_framing_become_events(tmp_path: Path, signed: dict[str, Path]) -> None:
    tls = {"certificate": signed["server.pem"], "key": signed["server.key"], "ca": signed["ca.pem"]}
    counted = b"<22>1 %b mx1 postfix/out2/smtp 915 - -  " % STAMP + TEXT % (b"E2AE29B5D11", b"counted") + b"\n"
    with running(tmp_path, ("udp", "tcp", "tls"), settings=tls) as lab:
        with (
            connected(lab) as tcp,
            secured(lab, signed, "client") as tls_tcp,
            socket.socket(type=socket.SOCK_DGRAM) as udp,
        ):
            tcp.sendall(delivery(b"lf") + b"\n%d %b" % (len(counted), counted))
            tls_tcp.sendall(delivery(b"tls") + b"\n")
            udp.sendto(delivery(b"udp"), (HOST, lab.ports["udp"]))
            until(lambda: len(lab.lines()) == 4, "four lines")
        found = [event for event in events_of(lab.lines()) if isinstance(event, DeliveryAttempted)]
        assert {event.recipient.partition("@")[0] for event in found} == {"lf", "counted", "tls", "udp"}
        shared = {(event.at, event.host, event.transport, event.outbound_ip, event.delay_ms) for event in found}
        assert shared == {(1_795_269_724_723_742, "mx1", "out2", "192.0.2.12", 220)}
    assert lab.letters == []


def test_tls_takes_no_client_that_the_authority_did_not_sign_and_waits_for_no_handshake(
    tmp_path: Path, signed: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_syslog_streams, "HANDSHAKE_SECONDS", 1.0)
    tls = {"certificate": signed["server.pem"], "key": signed["server.key"], "ca": signed["ca.pem"]}
    with running(tmp_path, ("tls",), settings=tls) as lab, connected(lab, "tls") as silent:
        for client in ("", "other"):
            with secured(lab, signed, client) as refused, pytest.raises((ssl.SSLError, ConnectionError)):
                shut(refused)
        with connected(lab, "tls") as clear, pytest.raises(ConnectionError):
            shut(clear)
        with secured(lab, signed, "client") as client_socket:
            assert client_socket.version() == "TLSv1.3"
            client_socket.sendall(delivery(b"signed") + b"\n")
            until(lambda: len(lab.lines()) == 1, "the line")
        assert silent.recv(1) == b""
        until(lambda: len(lab.letters) == 4, "four refusals")
    reasons = sorted(letter.reason.removeprefix("127.0.0.1/tls: ").lower() for letter in lab.letters)
    assert [words in reason for words, reason in zip(("http", "peer", "self", "in 1 s"), reasons, strict=True)], reasons


def test_a_renewed_certificate_counts_from_the_next_connection_on(tmp_path: Path, signed: dict[str, Path]) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def put(name: str) -> None:
        key.write_bytes(signed[f"{name}.key"].read_bytes())
        key.chmod(0o600)
        certificate.write_bytes(signed[f"{name}.pem"].read_bytes())

    put("other")
    with running(tmp_path, ("tls",), settings={"certificate": certificate, "key": key}) as lab:
        with pytest.raises(ssl.SSLCertVerificationError):
            secured(lab, signed)
        certificate.write_bytes(b"half a certificate")
        with pytest.raises(ssl.SSLCertVerificationError):
            secured(lab, signed)
        put("server")
        with secured(lab, signed) as client:
            client.sendall(delivery(b"renewed") + b"\n")
            until(lambda: len(lab.lines()) == 1, "the line")


UNUSABLE = {
    "certificate": ("absent.pem", "server.key", "absent.pem: No such file"),
    "key": ("server.pem", "open.key", r"is open to others \(mode 0644\); chmod 600 it"),
    "certificate ": ("server.pem", "other.key", "KEY_VALUES_MISMATCH"),
    "key ": ("server.pem", "locked.key", "asks for a password"),
}


@pytest.mark.parametrize("setting", UNUSABLE)
def test_an_unusable_certificate_is_told_with_its_file(setting: str, signed: dict[str, Path]) -> None:
    certificate, key, words = UNUSABLE[setting]
    folder = signed["ca.pem"].parent
    (folder / "open.key").write_bytes(signed["server.key"].read_bytes())
    (folder / "open.key").chmod(0o644)
    with pytest.raises(ValueError, match=rf"input\.relays\.{setting.strip()}: .*{words}"):
        Certificates("input.relays", folder / certificate, folder / key, None, pytest.fail)
