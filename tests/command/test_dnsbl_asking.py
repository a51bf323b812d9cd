"""Asking lists from the command line: keys that are told nowhere, and configurations that would ask too much."""

import json
from pathlib import Path

import pytest

from tests.command.shell import refusal, run
from tests.parts import require
from tests.rbldns import TEST_POINTS, Rbldnsd

KEY = "q7s3cr3tk3yvw"
LISTED, CLEAN = "198.51.100.1", "198.51.100.2"


@pytest.mark.real
def test_a_key_is_asked_with_and_printed_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    zone = f"{KEY}.zen.dq.spamhaus.net"
    text = f"127.0.0.2:see https://check.example/{KEY.upper()}/?q={zone}"
    monkeypatch.setenv("RELAYWARDEN_DQS_KEY", KEY)
    asking = ("dnsbl", LISTED, CLEAN, "--list", "spamhaus_zen_dqs", "--resolver")
    with Rbldnsd(require("rbldnsd", "rbldnsd"), {zone: {**TEST_POINTS, LISTED: text}}) as server:
        where = f"127.0.0.1:{server.port}"
        told = run(*asking, where, "--json")
        shown = run(*asking, where)
    (tmp_path / "hasty.toml").write_text("[dnsbl]\ntimeout_seconds = 0.35\n")
    away = run(*asking, where, "--json", "--config", tmp_path / "hasty.toml")
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert [(row["answer"], row["zone"]) for row in rows] == [
        ("listed", "{key}.zen.dq.spamhaus.net"),
        ("not_listed", "{key}.zen.dq.spamhaus.net"),
    ]
    meaning = "SBL: spam source or spam service"
    assert rows[0]["reason"] == f"{meaning}: see https://check.example/[key]/?q=[key].zen.dq.spamhaus.net"
    gone = [json.loads(line) for line in away.stdout.splitlines()]
    assert [(row["answer"], row["healthy"], row["fault_kind"]) for row in gone] == [("unknown", False, "silent")] * 2
    for done in (told, shown, away):
        assert done.returncode == 0
        assert KEY not in (done.stdout + done.stderr).lower()


def test_a_key_that_is_none_is_refused_without_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_DQS_KEY", f"{KEY}.{KEY}")
    done = run("dnsbl", LISTED, "--list", "spamhaus_zen_dqs")
    assert refusal(done) == (
        "dnsbl.list.spamhaus_zen_dqs.key_env: what the variable RELAYWARDEN_DQS_KEY holds is no label of a DNS name, "
        "so no key"
    )
    assert KEY not in done.stdout + done.stderr
    monkeypatch.delenv("RELAYWARDEN_DQS_KEY")
    assert refusal(run("dnsbl", LISTED, "--list", "spamhaus_zen_dqs")) == (
        "dnsbl.list.spamhaus_zen_dqs.key_env: spamhaus_zen_dqs needs a key, and the variable RELAYWARDEN_DQS_KEY is "
        "not set"
    )


def test_a_configuration_that_would_ask_too_much_is_refused_with_the_numbers(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    pool = "\n".join(f'out{number} = "198.51.100.{number}"' for number in range(1, 101))
    config.write_text(
        f'data = "{tmp_path}/data"\n'
        '[dnsbl]\nlists = ["spamhaus_zen"]\ninterval_seconds = 20\n[dnsbl.list.spamcop]\nport = 5353\n'
        f"[pool.main]\nmin_active = 2\n[pool.main.transports]\n{pool}\n"
    )
    numbers = "100 IPs and 2 test points every 20 s: 440,640 questions a day"
    problems = [
        ("dnsbl.list.spamhaus_zen.interval_seconds", f"{numbers}; Spamhaus allows 300,000: 30 s or more would do"),
        ("dnsbl.list.spamcop", "'spamcop' is neither in dnsbl.lists nor in dnsbl.own"),
    ]
    done = run("check", "--config", config, "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    told = [(row["place"], row["problem"]) for row in found if row["place"].startswith("dnsbl.list")]
    assert (done.returncode, sorted(told)) == (2, sorted(problems))
    said = refusal(run("collect", "--config", config))
    assert all(f"{place}: {problem}" in said for place, problem in problems)
