"""The own side on the command line: `pool identity` and `check --online`, asked of a real BIND."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from embedded import checking, checking_online
from embedded.broker import free_port
from schemas.settings import Settings, load
from tests.bind import Bind
from tests.command.shell import refusal, run
from tests.parts import require

ZONES = {
    "2.0.192.in-addr.arpa": "1 PTR out1.example.net.\n",
    "example.net": 'out1 A 192.0.2.1\nout1 TXT "v=spf1 a -all"\n',
    "dbl.spamhaus.org": "dbltest.com A 127.0.1.2\nexample.net A 127.0.1.2\n",
    "multi.uribl.com": "* A 127.0.0.1\n",
}


@pytest.fixture(scope="module")
def bind() -> Iterator[Bind]:
    with Bind(require("named", "bind9"), ZONES) as server:
        yield server


def _config(folder: Path, port: int, transports: dict[str, str], *lists: str, **more: object) -> Path:
    path = folder / "relaywarden.toml"
    table = {
        "dnsbl": {"port": port, "timeout_seconds": 2.0, "lists": lists},
        "pool": {"main": {"transports": transports}},
        "kafka": {"bootstrap": [f"127.0.0.1:{free_port()}"]},
        "clickhouse": {"port": free_port()},
        **more,
    }
    path.write_text(tomli_w.dumps(table))
    return path


def test_an_ip_in_order_ends_with_status_0(bind: Bind, tmp_path: Path) -> None:
    done = run("pool", "identity", "--config", _config(tmp_path, bind.port, {"out1": "192.0.2.1"}), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert {row["check"]: row["outcome"] for row in rows} == dict.fromkeys(
        ("ptr", "forward", "helo", "helo_is_ptr", "spf"), "pass"
    )
    assert {(row["pool"], row["transport"], row["ip"], row["helo"]) for row in rows} == {
        ("main", "out1", "192.0.2.1", "out1.example.net")
    }


def test_what_does_not_pass_ends_with_status_1(bind: Bind, tmp_path: Path) -> None:
    config = _config(tmp_path, bind.port, {"out1": "192.0.2.1", "out2": "192.0.2.2"})
    done = run("pool", "identity", "--config", config)
    assert done.returncode == 1
    assert "192.0.2.2 has no PTR: large receivers refuse its mail" in done.stdout


def test_check_online_names_what_does_not_pass_and_what_is_listed(
    bind: Bind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RELAYWARDEN_ABUSIX_KEY", raising=False)  # told by `check` alone, and no end of this
    lists = ("spamhaus_dbl", "uribl", "abusix_black")
    config = _config(tmp_path, bind.port, {"out1": "192.0.2.1", "out2": "192.0.2.2"}, *lists)
    found = checking_online.findings(load(config))
    own = [each for each in found if each.startswith(("pool.", "dnsbl.", "HELO"))]
    assert (
        own[0]
        == "pool.main.transports.out2: 192.0.2.2: ptr fail: 192.0.2.2 has no PTR: large receivers refuse its mail"
    )
    assert own[5:] == [
        "HELO of out1: out1.example.net is listed by spamhaus_dbl: example.net is listed: domain of low reputation",
        "dnsbl.lists: uribl has no vote: test.uribl.com: refused: too many questions, or a public resolver",
    ]


def test_a_helo_name_of_a_transport_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "relaywarden.toml"
    path.write_text("[pool.main]\nhelo = { out9 = 'a.example' }\ntransports = { out1 = '192.0.2.1' }\n")
    said = refusal(run("check", "--config", path))
    assert said == f"{path}: pool.main.helo: out9 is no transport of the pool"
    path.write_text("[pool.main]\nhelo = { out1 = 'no name' }\ntransports = { out1 = '192.0.2.1' }\n")
    assert f"{path}: pool.main.helo.out1: 'no name' is no domain" in refusal(run("check", "--config", path))


def test_a_list_of_domains_without_its_key_is_refused_with_the_place() -> None:
    table = {"dnsbl": {"lists": ["psbl", "spamhaus_dbl_dqs"], "list": {"spamhaus_dbl_dqs": {"timeout_seconds": 1.0}}}}
    found = checking.findings(Settings.model_validate(table))
    (said,) = [each for each in found if each.startswith("dnsbl")]
    place = "dnsbl.list.spamhaus_dbl_dqs.key_env"
    assert said == f"{place}: spamhaus_dbl_dqs needs a key, and the variable RELAYWARDEN_DQS_KEY is not set"
