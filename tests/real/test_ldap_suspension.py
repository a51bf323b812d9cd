"""A real slapd whose entries the `ldap` hook changes: one mailbox's, and never another's."""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ldap3 import Connection, Server

from embedded.broker import free_port
from schemas.mailbox_hooks import LdapHook
from streams import bars
from streams.bars import Bar, ForMailbox
from streams.bars.ldap import escaped
from streams.deeds import Secret
from streams.effects import EffectError, HopelessError
from streams.effects_ldap import modify
from tests.parts import absent, require

pytestmark = [
    pytest.mark.real,
    # ldap3 2.9.1 asks for a function that Python 3.12 has no more, and leaves a refused socket to the collector.
    pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <s:pytest.PytestUnraisableExceptionWarning"),
]
SUSPENDED = Bar(step="suspend", since=1, decision="d1", reason="41 networks in 10 min")
RELEASED = Bar(step="", since=2, decision="d2")
ROOT, PASSWORD = "cn=relaywarden,dc=example,dc=net", "s3cret"
# Names as somebody might choose them to reach another's entry.
USERS = ("alice", "bob", "x,ou=people", "x+cn=bob", "*", "a\\2a", '"q"', " lead", "trail ", "#h", "jürgen", "a=b;c<d>")

_CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {home}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
maxsize 10485760
suffix "dc=example,dc=net"
rootdn "{root}"
rootpw {password}
directory {home}/data
"""

_TLS = """\
TLSCertificateFile {home}/cert.pem
TLSCertificateKeyFile {home}/key.pem
"""


@contextmanager
def _slapd(certificate: Path | None = None) -> Iterator[str]:
    """Run a slapd with an entry for each user, and return its URL; with a certificate (and key.pem) it speaks TLS."""
    program = require("slapd", "slapd")
    if not Path("/etc/ldap/schema/inetorgperson.schema").exists():
        absent("slapd has no schemas in /etc/ldap/schema")
    home = Path(tempfile.mkdtemp(prefix="slapd-lab-", dir="/tmp"))
    (home / "data").mkdir()
    tls = _TLS.format(home=certificate.parent) if certificate else ""
    (home / "slapd.conf").write_text(tls + _CONF.format(home=home, root=ROOT, password=PASSWORD))
    port = free_port()
    url = f"ldap://127.0.0.1:{port}"
    process = subprocess.Popen(
        [program, "-f", str(home / "slapd.conf"), "-h", url, "-d", "0"], stderr=subprocess.DEVNULL
    )
    try:
        _wait(port)
        _fill(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=15)
        shutil.rmtree(home)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"slapd does not listen on port {port}")


def _fill(url: str) -> None:
    with Connection(Server(url), ROOT, PASSWORD, check_names=False, raise_exceptions=True) as root:
        root.add("dc=example,dc=net", ["dcObject", "organization"], {"o": "example"})
        root.add("ou=people,dc=example,dc=net", "organizationalUnit")
        for user in USERS:
            names = {"sn": "x", "cn": "x", "employeeType": "open", "pager": "none"}
            root.add(f"uid={escaped(user)},ou=people,dc=example,dc=net", "inetOrgPerson", {"uid": user, **names})


def _types(url: str) -> dict[str, tuple[str, ...]]:
    """Return employeeType and pager of each user."""
    with Connection(Server(url), ROOT, PASSWORD, raise_exceptions=True) as root:
        root.search("ou=people,dc=example,dc=net", "(uid=*)", attributes=["uid", "employeeType", "pager"])
        found = [entry["attributes"] for entry in root.response]
    return {entry["uid"][0]: (*entry["employeeType"], *entry["pager"]) for entry in found}


def _perform(url: str, user: str, bar: Bar, *, starttls: bool = False) -> None:
    hook = LdapHook(
        url=url,
        starttls=starttls,
        bind_dn=ROOT,
        password_env="TEST_LDAP_PASSWORD",
        dn="uid={user},ou=people,dc=example,dc=net",
        suspend={"employeeType": ("locked",), "pager": ()},
        release={"employeeType": ("open",), "pager": ("none",)},
        timeout_seconds=5.0,
    )
    (effect,) = bars.load("ldap")({}, {f"{user}@example.net": bar}, hook)
    assert isinstance(effect, ForMailbox)
    (single,) = effect.effects
    assert isinstance(single, bars.LdapModify)
    modify(single)


def test_an_entry_is_barred_and_released_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LDAP_PASSWORD", PASSWORD)
    with _slapd() as url:
        before = _types(url)
        assert before == dict.fromkeys(USERS, ("open", "none"))
        for user in USERS:
            _perform(url, user, SUSPENDED)
            _perform(url, user, SUSPENDED)
            assert _types(url) == before | {user: ("locked",)}, user
            _perform(url, user, RELEASED)
            assert _types(url) == before


def test_what_cannot_be_done_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LDAP_PASSWORD", PASSWORD)
    with _slapd() as url:
        with pytest.raises(HopelessError, match=r"there is no entry uid=nobody,ou=people,dc=example,dc=net$"):
            _perform(url, "nobody", SUSPENDED)
        with pytest.raises(EffectError, match="unsupported extended operation") as refused:
            _perform(url, "alice", SUSPENDED, starttls=True)
        assert not isinstance(refused.value, HopelessError)
        monkeypatch.setenv("TEST_LDAP_PASSWORD", "wrong")
        with pytest.raises(EffectError, match="invalidCredentials") as refused:
            _perform(url, "alice", SUSPENDED)
        assert not isinstance(refused.value, HopelessError)
        monkeypatch.setenv("TEST_LDAP_PASSWORD", PASSWORD)
        assert _types(url)["alice"] == ("open", "none")
    with pytest.raises(EffectError, match="onnect"):
        _perform(f"ldap://127.0.0.1:{free_port()}", "alice", SUSPENDED)


_OK = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"  # message 1: bindResponse, success


@contextmanager
def _strange(answer: bytes) -> Iterator[str]:
    """Answer the first request of a client so, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def once() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(4096)
                client.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        yield f"ldap://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(bytes(100), id="a sequence without parts"),
        pytest.param(b"\x30\x05\x02\x01\x01\x70\x00", id="an operation that there is not"),
        pytest.param(_OK.replace(b"\x02\x01\x01", b"\x02\x01\x00", 1), id="no request's answer"),
        pytest.param(_OK.replace(b"\x02\x01\x01", b"\x04\x01\x01", 1), id="a text for the number"),
        pytest.param(b"\x30\x0d\x02\x01\x01\x61\x08\x0a\x02\x03\xe7\x04\x00\x04\x00", id="a result that there is not"),
    ],
)
def test_an_answer_that_is_no_ldap_is_told(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LDAP_PASSWORD", PASSWORD)
    with (
        _strange(answer) as url,
        pytest.raises(EffectError, match=rf"^{url}: the host's name, the server's") as refused,
    ):
        _perform(url, "alice", SUSPENDED)
    assert not isinstance(refused.value, HopelessError)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("host", ["a..example", f"{'a' * 64}.example"])
def test_a_host_that_no_name_can_be_is_told(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LDAP_PASSWORD", PASSWORD)
    with pytest.raises(EffectError, match=r"^ldap://a"):
        _perform(f"ldap://{host}", "alice", SUSPENDED)


def test_an_entry_that_the_server_will_not_change_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LDAP_PASSWORD", PASSWORD)
    with _slapd() as url:
        for attribute, told in (("noSuchAttribute", "undefinedAttributeType"), ("sn", "objectClassViolation")):
            effect = bars.LdapModify(
                url=url,
                bind_dn=ROOT,
                password=Secret(setting="password", env="TEST_LDAP_PASSWORD"),
                dn="uid=alice,ou=people,dc=example,dc=net",
                attributes={attribute: ()},
                timeout_seconds=5.0,
            )
            with pytest.raises(EffectError, match=told):
                modify(effect)
        assert _types(url)["alice"] == ("open", "none")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LDAP_PASSWORD", PASSWORD)
    openssl, certificate = require("openssl", "openssl"), tmp_path / "cert.pem"
    made = (openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1")
    named = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key.pem"), "-out", str(certificate))
    subprocess.run((*made, *named), check=True, capture_output=True)
    with _slapd(certificate) as url:
        with pytest.raises(EffectError, match="certificate verify failed"):
            _perform(url, "alice", SUSPENDED, starttls=True)
        assert _types(url)["alice"] == ("open", "none")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        _perform(url, "alice", SUSPENDED, starttls=True)
        assert _types(url)["alice"] == ("locked",)
