"""All processes: an IP is listed, withdrawn, and the alert comes to a real SMTP server with its link; then it ends."""

import tomllib
from pathlib import Path

import pytest
import tomli_w

from embedded.broker import free_port
from embedded.health import ailments
from tests.mail_server import Server
from tests.parts import require
from tests.rbldns import TEST_POINTS, Rbldnsd
from tests.whole.lab import TRANSPORTS, Lab, until
from tests.whole.upping import Up

pytestmark = [pytest.mark.slow]
ZONE = "bl.example.test"
BAD = TRANSPORTS["out1"]


def _body(server: Server, place: int) -> str:
    body = server.taken[place][1].get_body(("plain", "html"))
    assert body is not None
    return str(body.get_content())


@pytest.mark.real
@pytest.mark.timeout(480)
def test_an_ip_is_listed_and_withdrawn_and_the_alert_arrives_by_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(free_port())
    server.start()
    to = f"mailto://127.0.0.1:{server.port}?from=relaywarden@isp.example&to=noc@isp.example"
    monkeypatch.setenv("NOC_URL", to)
    with Rbldnsd(require("rbldnsd", "rbldnsd"), {ZONE: dict(TEST_POINTS)}) as blocklist:
        own = {"test": {"zone": ZONE, "weight": 1.0, "codes": {"127.0.0.2": "listed"}}}
        asked = {"own": own, "port": blocklist.port, "interval_seconds": 1.0, "timeout_seconds": 1.0}
        main = {"transports": TRANSPORTS, "min_active": 1, "quarantine_minutes": 0.05, "stale_minutes": 0.5}
        alert = {
            "dashboard_url": "https://relaywarden.isp.example",
            "group_seconds": 1,
            "calm_minutes": 0.05,
            "rule": {"source_silent": {"enabled": False}},
            "channel": {"noc": {"url_env": "NOC_URL"}},
        }
        with Lab(tmp_path, {"dnsbl": asked, "pool": {"main": main}, "alert": alert}) as lab:
            for name in ("sink", "stream", "collect", "desk"):
                lab.run(name)
            answers = "SELECT count() FROM pool_observations WHERE type = 'listing_observed'"
            until(lambda: lab.value(answers) > 0, 60, "answers")
            until(lambda: ailments(lab.settings, "desk") == [], 60, "the desk works")
            assert server.taken == []
            blocklist.write(ZONE, {**TEST_POINTS, BAD: "test listing"})
            until(lambda: len(server.taken) == 1, 60, "the alert")
            blocklist.write(ZONE, dict(TEST_POINTS))
            until(lambda: len(server.taken) == 2, 90, "its end")
            sent = "SELECT count() FROM alert_events FINAL WHERE type = 'alert_delivered' AND status = 'sent'"
            until(lambda: lab.value(sent) == 2, 60, "both in the warehouse")
            assert lab.value("SELECT count() FROM alert_events FINAL WHERE type = 'alert_raised'") == 1
            assert lab.value("SELECT evidence[1].1 FROM alert_events FINAL WHERE type = 'alert_raised'") == "dnsbl/test"
            for name in ("desk", "collect", "stream", "sink"):
                assert lab.end(name) == 0, lab.log(name)
            assert to not in lab.log("desk")
    server.stop()
    recipient, mail = server.taken[0]
    assert (recipient, mail["Subject"]) == ("noc@isp.example", f"WARNING {BAD} was taken out of the pool main")
    first = _body(server, 0)
    assert f"https://relaywarden.isp.example/pool?ip={BAD}" in first
    assert "test lists the IP since" in first
    assert server.taken[1][1]["Subject"] == f"WARNING resolved: {BAD} was taken out of the pool main"
    assert f"{BAD} carries mail of the pool main again" in _body(server, 1)


@pytest.mark.timeout(480)
def test_up_alerts_without_a_channel_and_a_new_broker_raises_nothing_again(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        table = tomllib.loads(up.config.read_text())
        table["alert"] = {"rule": {"source_silent": {"severity": "notice"}}}
        up.config.write_text(tomli_w.dumps(table))
        up.mail_log.touch()
        up.begin()
        raised = "SELECT count() FROM alert_events FINAL WHERE type = 'alert_raised' AND rule = 'source_silent'"
        until(lambda: up.rows(raised) == [(1,)], 90, "no log was ever heard")
        until(lambda: ailments(up.effective, "desk") == [], 60, "the desk works")
        looked = "SELECT max(at) FROM pool_observations WHERE type = 'alerts_looked'"
        until(lambda: up.value(looked) > 0, 60, "it is stored that the desk looked")
        before = up.value(looked)
        broker = up.child("--cluster-id")
        assert broker is not None
        broker.kill()
        until(lambda: "the new broker is in its place" in up.messages(), 120, "a new broker")
        log = up.data / "log" / "desk.log"
        until(lambda: log.read_text().count("alerts: all is read, 1 are open") >= 1, 60, "the desk has read it again")
        until(lambda: ailments(up.effective, "desk") == [], 60, "the desk works")
        until(lambda: up.value(looked) > before, 120, "the desk looks on at the new broker")
        assert up.rows(raised) == [(1,)]
        assert up.end() == 0
