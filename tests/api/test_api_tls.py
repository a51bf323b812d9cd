"""The API over TLS, as `relaywarden api` serves it: curl with its certificate, a renewal, and the stream."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from embedded.broker import free_port
from embedded.health import ailments
from schemas.settings import Settings, load
from tests.api.counter import SECRETS, Counter, restored
from tests.certificates import make
from tests.late_answers import TEN_MIB
from tests.parts import require
from tests.whole.lab import ROOT, until


@pytest.fixture(scope="module")
def secured(counter: Counter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Serve the same laboratory over TLS, from a process of its own."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = make(folder)
    table = tomllib.loads(counter.config.read_text())
    table["data"] = str(folder / "state")
    table["api"] |= {"port": free_port(), "certificate": str(certificate), "key": str(key)}
    config = folder / "relaywarden.toml"
    config.write_text(tomli_w.dumps(table))
    settings = load(config)
    environment = {**os.environ, settings.clickhouse.password_env: counter.clickhouse.password}
    with (folder / "log").open("ab") as log:
        command = [sys.executable, "-m", "relaywarden", "api", "--config", str(config)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: process.poll() is not None or ailments(settings, "api") == [], 60, "the API over TLS")
        assert process.poll() is None, (folder / "log").read_text()
        yield settings
    finally:
        process.terminate()
        assert process.wait(20) == 0
    assert "Traceback" not in (folder / "log").read_text()


def _curl(settings: Settings, path: str, *more: str, name: str = "everything") -> str:
    assert settings.api is not None
    url = f"https://127.0.0.1:{settings.api.port}{path}"
    head = ("-sS", "--fail-with-body", "--cacert", str(settings.api.certificate))
    command = [require("curl", "curl"), *head, "-H", f"Authorization: Bearer {SECRETS[name]}", *more, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 28}, (done.stdout, done.stderr)
    return done.stdout


def test_everything_goes_over_tls(counter: Counter, secured: Settings) -> None:
    assert [row["ip"] for row in json.loads(_curl(secured, "/v1/pools"))][:1] == ["192.0.2.11"]
    order = {"action": "pin", "ip": "192.0.2.14", "reason": "over TLS", "operator": "ada"}
    done = json.loads(_curl(secured, "/v1/pools/orders", "--json", json.dumps(order), name="panel"))
    assert done["event"]["operator"] == "token:panel/ada"
    counter.publish([restored(1, "tls")])
    told = _curl(secured, "/v1/events?from=beginning", "-N", "--max-time", "4")
    assert 'event: ip_restored\ndata: {"type":"ip_restored","id":"tls-0001"' in told


def test_what_is_no_tls_gets_nothing(secured: Settings) -> None:
    assert secured.api is not None
    with socket.create_connection(("127.0.0.1", secured.api.port), timeout=20) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            answer = plain.recv(1000)
        except ConnectionResetError:
            answer = b""
    assert b"works" not in answer


def test_who_is_still_sending_gets_the_whole_refusal(secured: Settings) -> None:
    assert secured.api is not None
    context = ssl.create_default_context(cafile=secured.api.certificate)
    head = f"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: {TEN_MIB}\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(5):
        with (
            socket.create_connection(("127.0.0.1", secured.api.port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
        ):
            client.sendall(head.encode())
            answer = client.recv(1)
            client.sendall(b"x" * TEN_MIB)
            while b"}" not in answer:
                answer += client.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 400


def test_a_renewed_certificate_is_shown_without_a_restart(secured: Settings, tmp_path: Path) -> None:
    assert secured.api is not None
    assert secured.api.certificate is not None
    assert secured.api.key is not None
    certificate, key = make(tmp_path, "renewed")
    shutil.copy(key, secured.api.key)
    shutil.copy(certificate, secured.api.certificate)
    assert json.loads(_curl(secured, "/healthz")) == {"works": True}, "curl trusts the new one alone"
