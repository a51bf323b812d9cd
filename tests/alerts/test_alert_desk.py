"""The alerts of a desk at a real broker: two desks, kill -9, a channel that hangs or is dead, ClickHouse away."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.eventlog import broker_with_topics
from schemas.alert_events import AlertAcknowledged, AlertDelivered, AlertRaised, AlertResolved
from schemas.alert_settings import PULSE
from schemas.events import Event
from schemas.names import derived_id
from schemas.observations import AlertsLooked
from schemas.pool_events import IpRestored, IpWithdrawn
from schemas.pulse import Pulse
from schemas.settings import Settings, load
from schemas.topics import ALERT_EVENTS, POOL_OBSERVATIONS
from streams.alert_desk import AlertDesk
from streams.operating import now, publish
from streams.topiclog import TopicLog
from tests.alerts.webhook import Webhook
from tests.waits import until

ROOT = Path(__file__).resolve().parents[2]
IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2", "out3": "192.0.2.3"}
ONLY = ("clickhouse_away", "source_silent", "pool_at_minimum")


def _table(broker: Broker, folder: Path, channels: dict[str, Any], **alert: object) -> dict[str, Any]:
    rules = {name: {"enabled": False} for name in ONLY}
    settled = {"calm_minutes": 0.01, "group_seconds": 0, "rule": rules, "channel": channels} | alert
    return {
        "data": str(folder),
        "kafka": {"bootstrap": [broker.bootstrap], "partitions": 2},
        "clickhouse": {"port": free_port()},
        "pool": {"main": {"transports": IPS, "min_active": 1}},
        "alert": settled,
    }


def _settings(broker: Broker, folder: Path, channels: dict[str, Any], **alert: object) -> Settings:
    settings = Settings.model_validate(_table(broker, folder, channels, **alert))
    ensure_topics(settings)
    return settings


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return what makes the channels of webhooks, with their URLs in the environment."""

    def made(**hooks: Webhook) -> dict[str, Any]:
        for name, hook in hooks.items():
            monkeypatch.setenv(f"URL_{name.upper()}", hook.url)
        return {name: {"url_env": f"URL_{name.upper()}"} for name in hooks}

    return made


@contextmanager
def _working(settings: Settings) -> Iterator[None]:
    assert settings.alert is not None
    stop = threading.Event()
    desk = AlertDesk(settings, settings.alert, now)
    thread = threading.Thread(target=desk.work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def _told(settings: Settings) -> list[Event]:
    found: list[Event] = []
    with TopicLog[None](settings.kafka, ALERT_EVENTS, found.append) as log:
        log.next()
    return found


def _statuses(settings: Settings, channel: str) -> list[str]:
    return [each.status for each in _told(settings) if isinstance(each, AlertDelivered) and each.channel == channel]


def _withdraw(settings: Settings, ip: str = IPS["out1"]) -> None:
    publish(settings, IpWithdrawn(id=f"w{now()}", at=now(), pool="main", ip=ip, until=0))


def _restore(settings: Settings, ip: str = IPS["out1"]) -> None:
    publish(settings, IpRestored(id=f"r{now()}", at=now(), pool="main", ip=ip))


def test_it_is_raised_told_resolved_and_told_and_a_new_desk_says_nothing_again(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]]
) -> None:
    with Webhook() as hook:
        settings = _settings(fresh_broker, tmp_path, urls(noc=hook), dashboard_url="https://rw.example/")
        with _working(settings):
            _withdraw(settings)
            until(lambda: _statuses(settings, "noc") == ["begun", "sent"], "the alert", 60)
        with _working(settings):
            _restore(settings)
            until(lambda: len(hook.taken) == 2, "its end", 60)
            until(lambda: _statuses(settings, "noc") == ["begun", "sent"] * 2, "the outcome", 60)
        with _working(settings):
            until(lambda: (Pulse(settings.data, PULSE).age() or 99) < 2, "a sign of life", 60)
            _withdraw(settings, IPS["out2"])
            until(lambda: len(hook.taken) == 3, "another alert", 60)
    raised, resolved, other = hook.taken
    assert raised["title"] == "WARNING 192.0.2.1 was taken out of the pool main"
    assert "https://rw.example/pool?ip=192.0.2.1\n" in raised["message"]
    assert resolved["title"] == "WARNING resolved: 192.0.2.1 was taken out of the pool main"
    assert (
        "192.0.2.1 is" in resolved["message"] or "192.0.2.1 carries mail of the pool main again" in resolved["message"]
    )
    assert other["title"] == "WARNING 192.0.2.2 was taken out of the pool main"
    kinds = Counter(type(each) for each in _told(settings))
    assert (kinds[AlertRaised], kinds[AlertResolved]) == (2, 1)


def test_of_two_desks_each_message_goes_once(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]]
) -> None:
    with Webhook() as hook:
        one = _settings(fresh_broker, tmp_path / "one", urls(noc=hook))
        two = one.model_copy(update={"data": tmp_path / "two"})
        with _working(one), _working(two):
            for ip in IPS.values():
                _withdraw(one, ip)
            until(lambda: _three(hook), "the alerts", 60)
            _restore(one)
            until(lambda: sum("resolved" in each["title"] for each in hook.taken) == 1, "its end", 60)
            until(lambda: _statuses(one, "noc").count("sent") == len(hook.taken), "the outcomes", 60)
    messages = [each["message"].rpartition("Message ")[2] for each in hook.taken]
    assert len(set(messages)) == len(messages)
    raised = [each.alert for each in _told(one) if isinstance(each, AlertRaised)]
    assert len(set(raised)) == 3
    looked = _looked(one)
    assert now() - max(each.at for each in looked) < 300_000_000
    assert {each.at % 60_000_000 for each in looked} == {0}
    assert {each.id: each for each in looked}.keys() == {derived_id("alerts looked", each.at) for each in looked}
    assert len(looked) <= 2 * len({each.id for each in looked}), "once a minute, by two at most in the first one"


def _looked(settings: Settings) -> list[AlertsLooked]:
    found: list[Event] = []
    with TopicLog[None](settings.kafka, POOL_OBSERVATIONS, found.append) as log:
        log.next()
    return [each for each in found if isinstance(each, AlertsLooked)]


def _three(hook: Webhook) -> bool:
    return all(any(f"{ip} was taken" in each["message"] for each in hook.taken) for ip in IPS.values())


def test_a_channel_that_hangs_or_is_dead_holds_up_no_other_and_the_other_tells(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.alerts.posting._FIRST_PAUSE", 1000)
    with Webhook() as sound, Webhook() as slow, Webhook(status=503) as dead:
        slow.hangs = True
        settings = _settings(fresh_broker, tmp_path, urls(slow=slow, dead=dead, sound=sound))
        with _working(settings):
            _withdraw(settings)
            until(lambda: slow.tried == 1 and len(sound.taken) == 1, "the alert", 60)
            until(lambda: any("channel dead took no alert" in each["title"] for each in sound.taken), "its death", 90)
            dead.status = 200
            until(lambda: len(dead.taken) >= 1, "what it was told meanwhile", 60)
        assert slow.taken == []
    told = [each for each in _told(settings) if isinstance(each, AlertDelivered) and each.channel == "dead"]
    assert "503" in next(each.answer for each in told if each.status == "failed")
    assert [each for each in _told(settings) if "s3cret" in str(each)] == []
    assert not any("channel dead" in each["title"] for each in dead.taken), "it is not told of itself while it is dead"


def test_clickhouse_that_is_away_is_an_alert(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]]
) -> None:
    with Webhook() as hook:
        rules = {"clickhouse_away": {"delay_minutes": 0}}
        settings = _settings(fresh_broker, tmp_path, urls(noc=hook), rule=rules)
        with _working(settings):
            until(lambda: len(hook.taken) == 1, "the alert", 60)
    assert hook.taken[0]["title"].startswith("CRITICAL ClickHouse does not answer: ")


def test_a_broker_that_goes_and_comes_back_loses_nothing(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]]
) -> None:
    with Webhook() as hook, ExitStack() as stack:
        settings = _settings(fresh_broker, tmp_path, urls(noc=hook))
        with _working(settings):
            _withdraw(settings)
            until(lambda: len(hook.taken) == 1, "the alert", 60)
            fresh_broker.kill()
            stack.enter_context(broker_with_topics(settings, tmp_path / "second.log"))
            _withdraw(settings, IPS["out2"])
            until(lambda: len(hook.taken) == 2, "the alert of the new log", 60)
    assert "192.0.2.2 was taken out" in hook.taken[1]["title"]


def test_what_was_acknowledged_is_not_repeated(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]]
) -> None:
    with Webhook() as hook:
        channels = urls(noc=hook)
        channels["noc"]["repeat_hours"] = 0.0003
        settings = _settings(fresh_broker, tmp_path, channels)
        with _working(settings):
            _withdraw(settings)
            until(lambda: any("still: " in each["title"] for each in hook.taken), "a repeat", 60)
            (alert,) = [each.alert for each in _told(settings) if isinstance(each, AlertRaised)]
            publish(settings, AlertAcknowledged(id="a", at=now(), alert=alert, operator="eve", reason="mine"))
            _withdraw(settings, IPS["out2"])
            until(lambda: sum("192.0.2.2" in each["title"] for each in hook.taken) >= 3, "repeats of another", 60)
    titles = [each["title"] for each in hook.taken]
    last = max(place for place, title in enumerate(titles) if "192.0.2.1 " in title)
    assert sum("192.0.2.2" in title for title in titles[last:]) >= 2


def test_a_desk_that_is_killed_between_its_word_and_the_message_hands_it_over_at_its_next_start(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]]
) -> None:
    with Webhook() as hook:
        hook.hangs = True
        table = _table(fresh_broker, tmp_path / "data", urls(noc=hook))
        config = tmp_path / "relaywarden.toml"
        config.write_text(tomli_w.dumps(table))
        settings = load(config)
        ensure_topics(settings)
        command = [sys.executable, "-m", "relaywarden", "desk", "--config", str(config)]
        with (tmp_path / "desk.log").open("wb") as log:
            desk = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
            try:
                _withdraw(settings)
                until(lambda: hook.tried == 1, "a try", 60)
            finally:
                desk.kill()
                desk.wait()
            assert _statuses(settings, "noc") == ["begun"]
            hook.hangs = False
            desk = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ})
            try:
                until(lambda: "sent" in _statuses(settings, "noc"), "the message", 60)
            finally:
                desk.send_signal(signal.SIGTERM)
                assert desk.wait(30) == 0
    delivered = [each for each in _told(settings) if isinstance(each, AlertDelivered)]
    assert [(each.status, each.attempt) for each in delivered] == [("begun", 1), ("begun", 2), ("sent", 2)]
    assert len({each.message for each in delivered}) == 1
    assert "s3cret" not in (tmp_path / "desk.log").read_text()


def test_a_dry_run_says_what_it_would_raise_and_writes_nothing(
    fresh_broker: Broker, tmp_path: Path, urls: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    with Webhook() as hook:
        settings = _settings(fresh_broker, tmp_path, urls(noc=hook))
        assert settings.alert is not None
        stop = threading.Event()
        desk = AlertDesk(settings, settings.alert, now, dry_run=True)
        thread = threading.Thread(target=desk.work, args=(stop,))
        with caplog.at_level("INFO", logger="relaywarden.desk"):
            thread.start()
            _withdraw(settings)
            until(lambda: "would be raised: 192.0.2.1 was taken out" in caplog.text, "the decision", 60)
        stop.set()
        thread.join(30)
        assert (_told(settings), hook.taken, (settings.data / "pulse").exists()) == ([], [], False)
