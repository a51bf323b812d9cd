"""`relaywarden check` and `hooks --plan` about the pools' hooks: each is tried, and nothing is changed."""

import json
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from embedded.broker import free_port
from embedded.checking_hooks import open_hooks, pool_hooks
from embedded.health import ailments
from embedded.listening import faults
from schemas.settings import Settings
from streams.hooks import Publish
from streams.pulling import Server
from streams.serving import listen
from tests.command.shell import refusal, run
from tests.kumomta_contract import kumomta

PLACE = "pool.main.hooks"
TRANSPORTS = {"out1": "192.0.2.1", "out2": "192.0.2.2"}


def _settings(**hooks: object) -> Settings:
    return Settings.model_validate(
        {"dashboard": {"port": free_port()}, "pool": {"main": {"transports": TRANSPORTS, "hooks": hooks}}}
    )


def _postal(path: Path, ips: tuple[str, ...]) -> str:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE ip_addresses (id INTEGER, ipv4 TEXT, ipv6 TEXT, priority INTEGER)")
        database.executemany("INSERT INTO ip_addresses (ipv4, priority) VALUES (?, 7)", [(ip,) for ip in ips])
    database.close()
    return f"sqlite:///{path}"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RELAYWARDEN_POSTAL_URL", _postal(tmp_path / "postal.db", tuple(TRANSPORTS.values())))
    monkeypatch.setenv("RELAYWARDEN_WEBHOOK_SECRET", "s3cret")
    monkeypatch.setenv("RELAYWARDEN_KUMOMTA_PASSWORD", "s3cret")
    monkeypatch.setenv("RELAYWARDEN_TSIG_SECRET", "c2VjcmV0")
    monkeypatch.delenv("RELAYWARDEN_POOL_TOKEN", raising=False)
    return tmp_path


def test_hooks_that_would_work_are_asked_and_not_told(secrets: Path) -> None:
    with kumomta() as kumo, socket.create_server(("127.0.0.1", 0)) as panel:
        kumo.trusts, kumo.queues = False, ["out2->mx.example.net@smtp_client"]
        here = _settings(
            kumomta={"path": str(secrets / "pool.json"), "url": kumo.url, "user": "relaywarden"},
            powermta={"command": ["sh"]},
            zonemta={"path": str(secrets / "pools.toml"), "reload": ["sh"]},
            postal={},
            webhook={"url": f"http://127.0.0.1:{panel.getsockname()[1]}/pool"},
            command={"command": ["sh"]},
            pool_file={"path": str(secrets / "pool")},
            pull={"port": free_port()},
        )
        assert [*pool_hooks(here), *faults(here)] == []
        with panel.accept()[0] as tried:
            tried.settimeout(5)
            assert tried.recv(1) == b"", "it was closed again"
        assert (kumo.epochs, kumo.suspensions) == (0, {})
    assert sorted(path.name for path in secrets.iterdir()) == ["postal.db"], "nothing was written"
    with sqlite3.connect(secrets / "postal.db") as database:
        assert list(database.execute("SELECT DISTINCT priority FROM ip_addresses")) == [(7,)]
    database.close()


def test_everything_wrong_with_them_is_named_at_once(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away, taken = free_port(), secrets / "taken"
    taken.write_text("")
    (secrets / "less").mkdir()
    monkeypatch.setenv("RELAYWARDEN_POSTAL_URL", _postal(secrets / "less" / "postal.db", ("192.0.2.1",)))
    monkeypatch.delenv("RELAYWARDEN_WEBHOOK_SECRET")
    here = _settings(
        kumomta={"path": str(taken / "x"), "url": f"http://127.0.0.1:{away}"},
        powermta={"command": ["no-such-pmta"]},
        zonemta={"path": str(secrets), "reload": ["no-such-reload"]},
        postal={},
        webhook={"url": "https://panel.example.net/pool"},
        command={"command": ["no-such-program"]},
        pool_file={"path": str(taken / "x")},
        pull={"host": "0.0.0.0"},
        haproxy={"socket": str(secrets / "none.sock"), "backend": "relays"},
        nftables={"command": ["no-such-nft"]},
        dns={"server": "127.0.0.1", "port": away, "zone": "example.net", "name": "out.example.net", "key": "k"},
        postfix_lmdb={"path": str(secrets / "lmdb"), "postmap": ["no-such-postmap"]},
        exim={"path": str(secrets)},
        postfix_randmap={"path": str(secrets / "none" / "x"), "reload": ["sh"]},
    )
    found = sorted(pool_hooks(here))
    lacks = "RELAYWARDEN_POOL_TOKEN is not set, and there is no file"
    kumo = next(sentence for sentence in found if sentence.startswith(f"{PLACE}.kumomta: "))
    assert "refused" in kumo
    found.remove(kumo)
    assert found == sorted(
        [
            f"{PLACE}.kumomta.path: {taken} is no folder, so {taken}/x cannot be written",
            f"{PLACE}.powermta.command: no program 'no-such-pmta'",
            f"{PLACE}.zonemta.path: {secrets} is a folder",
            f"{PLACE}.zonemta.reload: no program 'no-such-reload'",
            f"{PLACE}.postal.url: no row for 192.0.2.2; there are 192.0.2.1",
            f"{PLACE}.webhook.secret_env: the variable RELAYWARDEN_WEBHOOK_SECRET is not set, and there is no file",
            f"{PLACE}.command.command: no program 'no-such-program'",
            f"{PLACE}.pool_file.path: {taken} is no folder, so {taken}/x cannot be written",
            f"{PLACE}.pull.token_env: the variable {lacks} (anybody could ask at 0.0.0.0)",
            f"{PLACE}.haproxy: {secrets}/none.sock: No such file or directory",
            f"{PLACE}.nftables.command: no program 'no-such-nft'",
            f"{PLACE}.dns: 127.0.0.1 port {away}: [Errno 111] Connection refused",
            f"{PLACE}.postfix_lmdb.postmap: no program 'no-such-postmap'",
            f"{PLACE}.exim.path: {secrets} is a folder",
            f"{PLACE}.postfix_randmap.path: {secrets}/none is not there, so {secrets}/none/x cannot be written",
        ]
    )


def test_a_webhook_is_connected_to_and_its_certificate_looked_at(secrets: Path) -> None:
    assert secrets.is_dir()
    with socket.create_server(("127.0.0.1", 0)) as panel:
        port = panel.getsockname()[1]
        url = f"https://127.0.0.1:{port}/t0ken"
        here = _settings(webhook={"url": url, "timeout_seconds": 0.2})
        (found,) = pool_hooks(here)
    assert found.startswith(f"{PLACE}.webhook: https://127.0.0.1:{port}: ")
    assert "t0ken" not in found


def test_the_port_of_get_pool_is_ours_free_or_named() -> None:
    port = free_port()
    here = _settings(pull={"port": port})
    server = Server({"main": Publish(body="{}")}, listen("127.0.0.1", port), "")
    try:
        assert list(faults(here)) == []
        assert ailments(here, "hooks") == []
    finally:
        server.stop()
    assert ailments(here, "hooks") == [f"hooks: GET /v1/pool of main does not answer on 127.0.0.1:{port}"]
    with socket.create_server(("127.0.0.1", port)):
        assert list(faults(here)) == [f"{PLACE}.pull.port: 127.0.0.1:{port}: Address already in use"]
    same = _settings(pull={"port": port}, postfix_socketmap={"port": port})
    assert list(faults(same)) == [f"{PLACE}.pull.port: {port} is a socketmap's port too"]


def test_what_goes_in_clear_beyond_this_host_is_noted() -> None:
    beyond = _settings(
        webhook={"url": "http://panel.example.net/t0ken"},
        kumomta={"url": "http://mx1.example.net:8000", "user": "relaywarden"},
        pull={"host": "192.0.2.1"},
    )
    assert list(open_hooks(beyond)) == [
        f"{PLACE}.webhook.url: the set goes there in clear; say https://",
        f"{PLACE}.kumomta.url: the password goes there in clear; say https://",
        f"{PLACE}.pull.host: 192.0.2.1: the token comes there in clear; put a TLS proxy before it",
    ]
    here = _settings(
        webhook={"url": "http://127.0.0.1/"}, kumomta={"user": "relaywarden"}, pull={"host": "::1", "port": 10027}
    )
    assert list(open_hooks(here)) == []


def _table(folder: Path) -> dict[str, Any]:
    return {
        "data": str(folder),
        "dnsbl": {"lists": ["spamcop"]},
        "dashboard": {"port": free_port()},
        "pool": {
            "main": {
                "transports": TRANSPORTS,
                "hooks": {
                    "pool_file": {"path": str(folder / "pool.txt"), "format": "lines"},
                    "powermta": {"command": ["sh", "-c", f"touch {folder}/ran"]},
                    "command": {"command": ["sh", "-c", f"touch {folder}/ran"]},
                },
            }
        },
    }


def test_the_command_ends_with_status_2_where_a_hook_would_not_work(tmp_path: Path) -> None:
    path, table = tmp_path / "relaywarden.toml", _table(tmp_path)
    table["pool"]["main"]["hooks"]["command"]["command"] = ["no-such-program"]
    path.write_text(tomli_w.dumps(table))
    done = run("check", "--config", path)
    assert refusal(done) == f"{path}: 1 error"
    assert "no program 'no-such-program'" in done.stdout
    assert f"{PLACE}.command.command" in done.stdout


def test_the_plan_is_what_would_be_done_and_is_not_done(tmp_path: Path) -> None:
    path = tmp_path / "relaywarden.toml"
    path.write_text(tomli_w.dumps(_table(tmp_path)))
    kept = {"ips": list(TRANSPORTS.values()), "active": {"192.0.2.2": 1.0}, "decision": "d3", "at": 1}
    (tmp_path / "hooks.json").write_text(json.dumps({"main": kept}))
    before = sorted(tmp_path.iterdir())
    done = run("hooks", "--plan", "--json", "--config", path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [(row["pool"], row["hook"], row["state"], json.loads(row["effect"])["type"]) for row in rows] == [
        ("main", "powermta", "", "run"),
        ("main", "powermta", "", "again"),
        ("main", "command", "", "runwith"),
        ("main", "pool_file", f"differs: {tmp_path}/pool.txt is gone", "writefile"),
    ]
    content = json.loads(rows[-1]["effect"])["content"]
    assert content == "# pool main, decision d3\nout1\t192.0.2.1\t0\t-\nout2\t192.0.2.2\t1\t-\n"
    assert sorted(tmp_path.iterdir()) == before, "no program ran, and no file was written"
