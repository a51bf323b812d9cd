"""`relaywarden alert`: what is listed, acknowledged and tried, and what is refused; what `check` says of channels."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas.alert_events import AlertDelivered, AlertRaised, AlertResolved
from schemas.settings import load
from streams.alerts import rules
from streams.operating import now, publish
from tests.alerts.webhook import Webhook
from tests.command.shell import refusal, run

NUMBERS = ("3f2a91c04d11", "3f2b00000000", "a000000000ff")


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with Webhook() as running:
        yield running


def _config(folder: Path, alert: dict[str, Any] | None, bootstrap: str = "127.0.0.1:1") -> Path:
    config = folder / "relaywarden.toml"
    table: dict[str, Any] = {"data": str(folder / "data"), "kafka": {"bootstrap": [bootstrap]}}
    config.write_text(tomli_w.dumps(table | ({"alert": alert} if alert is not None else {})))
    return config


@pytest.fixture
def config(fresh_broker: Broker, tmp_path: Path) -> Path:
    """Give a configuration whose log holds two open alerts and one that ended."""
    alert = {"dashboard_url": "https://rw.example", "channel": {"noc": {"url_env": "NOC_URL"}}}
    made = _config(tmp_path, alert, fresh_broker.bootstrap)
    settings = load(made)
    ensure_topics(settings)
    at = now()
    for place, number in enumerate(NUMBERS):
        publish(
            settings,
            AlertRaised(
                id=number, at=at + place, alert=number, rule="ip_withdrawn", subject=f"192.0.2.{place}",
                severity="warning", text=f"192.0.2.{place} was\ntaken out", since=at, page="pool",
                shown=f"192.0.2.{place}",
            ),
        )  # fmt: skip
    ended = AlertResolved(
        id="r", at=at + 9, alert=NUMBERS[2], rule="ip_withdrawn", subject="192.0.2.2", text="back", count=7
    )
    publish(settings, ended)
    told = AlertDelivered(
        id="d", at=at, message="m", channel="noc", telling="raised", alerts=NUMBERS[:1], status="failed",
        attempt=1, desk="x",
    )  # fmt: skip
    publish(settings, told)
    return made


def test_what_is_open_is_listed_and_acknowledged_once(config: Path) -> None:
    rows = [json.loads(line) for line in run("alert", "list", "--json", "-c", config).stdout.splitlines()]
    assert [(row["alert"], row["told"], row["link"]) for row in rows] == [
        ("3f2b000000", "", "https://rw.example/pool?ip=192.0.2.1"),
        ("3f2a91c04d", "noc: failed", "https://rw.example/pool?ip=192.0.2.0"),
    ]
    every = [json.loads(line) for line in run("alert", "list", "--all", "--json", "-c", config).stdout.splitlines()]
    assert [(row["alert"], row["times"]) for row in every if row["resolved"]] == [("a000000000", 7)]
    assert "192.0.2.1 was taken out" in run("alert", "list", "-c", config).stdout
    why = ("--reason", "I asked the list", "--operator", "ada", "-c", config)
    assert refusal(run("alert", "acknowledge", "3f2", *why)) == (
        "'3f2': 2 open alerts begin so; there are 3f2a91c04d, 3f2b000000"
    )
    assert "no open alert begins so" in refusal(run("alert", "acknowledge", "a000", *why))
    assert "no open alert begins so" in refusal(run("alert", "acknowledge", "", *why))
    assert "say why" in refusal(run("alert", "acknowledge", "3f2a", "--reason", " ", "-c", config))
    done = run("alert", "acknowledge", "3f2a91c04d", *why)
    assert (done.returncode, done.stdout) == (0, "acknowledged by ada: 192.0.2.0 was taken out\n")
    assert "ada acknowledged it already" in refusal(run("alert", "acknowledge", "3f2a", *why))
    rows = [json.loads(line) for line in run("alert", "list", "--json", "-c", config).stdout.splitlines()]
    assert [row["acknowledged"] for row in rows] == ["", "ada: I asked the list"]
    done = run("alert", "acknowledge", "3f2a", "--undo", *why)
    assert done.stdout == "not acknowledged any more, taken back by ada: 192.0.2.0 was taken out\n"
    assert "nobody acknowledged it" in refusal(run("alert", "acknowledge", "3f2a", "--undo", *why))
    rows = [json.loads(line) for line in run("alert", "list", "--json", "-c", config).stdout.splitlines()]
    assert [row["acknowledged"] for row in rows] == ["", ""]


def test_a_channel_is_tried_and_says_what_its_server_answers(
    tmp_path: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOC_URL", hook.url)
    config = _config(tmp_path, {"channel": {"noc": {"url_env": "NOC_URL"}}})
    done = run("alert", "test", "noc", "-c", config)
    assert (done.returncode, done.stdout) == (0, "noc: taken: taken\n")
    assert hook.taken[0]["title"] == "TEST of the channel noc"
    hook.status = 403
    done = run("alert", "test", "noc", "--json", "-c", config)
    told = json.loads(done.stdout)
    assert (done.returncode, told["taken"]) == (1, False)
    assert "403" in told["answer"]
    assert "s3cret" not in done.stdout + done.stderr
    assert "no channel 'boss'; there is noc" in refusal(run("alert", "test", "boss", "-c", config))
    monkeypatch.delenv("NOC_URL")
    assert refusal(run("alert", "test", "noc", "-c", config)) == (
        "alert.channel.noc.url_env: the environment has no NOC_URL"
    )


def test_the_rules_are_listed_as_configured(tmp_path: Path) -> None:
    changed = {"lag": {"enabled": False}, "mailbox_flagged": {"severity": "notice", "delay_minutes": 2}}
    done = run("alert", "rules", "--json", "-c", _config(tmp_path, {"rule": changed}))
    rows = {row["rule"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == set(rules.names())
    assert not rows["lag"]["enabled"]
    assert (rows["mailbox_flagged"]["severity"], rows["mailbox_flagged"]["delay_minutes"]) == ("notice", 2.0)
    assert "[alert] is not there" in refusal(run("alert", "rules", "-c", _config(tmp_path, None)))


def test_a_desk_does_not_begin_with_a_rule_that_is_not_there(tmp_path: Path) -> None:
    config = _config(tmp_path, {"rule": {"ip_gone": {}}, "channel": {"noc": {"url_env": "U", "rules": ["lagg"]}}})
    said = refusal(run("desk", "-c", config))
    assert "alert.rule.ip_gone: no rule 'ip_gone'; there are channel_failing, " in said
    assert "alert.channel.noc.rules: no rule 'lagg'; there are channel_failing, " in said


def test_check_names_rules_that_are_not_there_and_urls_that_cannot_be_had(tmp_path: Path) -> None:
    file = tmp_path / "boss.url"
    file.write_text("json://127.0.0.1/s3cret\n")
    file.chmod(0o644)
    channels = {"noc": {"url_env": "NO_SUCH_URL", "rules": ["lagg"]}, "boss": {"url_file": str(file)}}
    config = _config(tmp_path, {"rule": {"ip_gone": {}}, "channel": channels})
    done = run("check", "--json", "-c", config)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = {row["place"]: row["problem"] for row in rows if row["place"].startswith("alert")}
    assert told["alert.rule.ip_gone"].startswith("no rule 'ip_gone'; there are channel_failing, clickhouse_away, ")
    assert told["alert.channel.noc.rules"].startswith("no rule 'lagg'; there are ")
    assert told["alert.channel.noc.url_env"] == "the environment has no NO_SUCH_URL"
    assert told["alert.channel.boss.url_file"].endswith("is open to others (mode 0644); chmod 600 it")
    assert told["alert.dashboard_url"] == "none: alerts have no link to their page"
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("alert", "told"),
    [
        ({"channel": {"noc": {}}}, "alert.channel.noc: url_env or url_file: one of them says where the Apprise URL is"),
        ({"channel": {"noc": {"url_env": "json://x/s3cret"}}}, "alert.channel.noc.url_env: "),
        ({"channel": {"noc": {"url_file": "json://x/s3cret"}}}, "alert.channel.noc.url_file: is a URL"),
        ({"channel": {"noc": {"url": "json://x/s3cret"}}}, "alert.channel.noc.url: no such setting"),
        (
            {"channel": {"noc": {"url_env": "U", "quiet_hours": "22-7"}}},
            "'22-7' is no time of the day like 22:00-07:00",
        ),
        ({"channel": {"noc": {"url_env": "U", "quiet_hours": "07:00-07:00"}}}, "is no time of the day like"),
        ({"channel": {"noc": {"url_env": "U", "escalate_to": ["boss"]}}}, "no other channel 'boss'; there is no other"),
        ({"channel": {"noc": {"url_env": "U", "timezone": "Mars"}}}, "'Mars' is no time zone"),
        ({"dashboard_url": "ftp://x"}, "'ftp://x' is no address like https://relaywarden.isp.example"),
        ({"channel": {"noc": {"url_env": "U", "severities": ["loud"]}}}, "alert.channel.noc.severities.0"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_one_line(tmp_path: Path, alert: dict[str, Any], told: str) -> None:
    said = refusal(run("alert", "rules", "-c", _config(tmp_path, alert)))
    assert told in said
    assert "s3cret" not in said
