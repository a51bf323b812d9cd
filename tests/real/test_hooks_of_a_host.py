"""`relaywarden hooks` with several real servers of a host: a decision reaches all, one that restarts has it again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas import codec
from schemas.observations import HookApplied, HookDrifted, HookFailed
from schemas.pool_events import IpWithdrawn, ProviderWithdrawn
from schemas.settings import Settings, parse
from schemas.topics import POOL_OBSERVATIONS
from tests.barring_lab import AT, hooks_running, publish
from tests.parts import require, require_root
from tests.real.dns_lab import SECRET, DnsLab
from tests.real.haproxy_lab import HaproxyLab
from tests.waits import until

# kafka-python leaves the sockets of a broker that went away to the garbage collector.
pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
HOUR = 3_600_000_000


@pytest.fixture
def haproxy() -> Iterator[HaproxyLab]:
    require("haproxy", "haproxy")
    with HaproxyLab(("out1", "out2", "out3")) as running:
        yield running


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[DnsLab]:
    monkeypatch.setenv("RELAYWARDEN_TSIG_SECRET", SECRET)
    require("knotd", "knot")
    require_root("a private server's user")
    with DnsLab("knot") as running:
        yield running


def _configuration(folder: Path, broker: Broker, haproxy: HaproxyLab, dns: DnsLab) -> Settings:
    return parse(
        f"""
        data = "{folder}"
        [kafka]
        bootstrap = ["{broker.bootstrap}"]
        [pool.main]
        transports = {{ out1 = "{A}", out2 = "{B}", out3 = "{C}" }}
        [pool.main.hooks.exim]
        path = "{folder}/exim-pool"
        [pool.main.hooks.haproxy]
        socket = "{haproxy.socket}"
        backend = "relays"
        [pool.main.hooks.dns]
        port = {dns.port}
        zone = "example.net"
        name = "relays.example.net"
        key = "relaywarden"
        """,
        "test",
    )


def _told(broker: Broker) -> list[HookApplied | HookFailed | HookDrifted]:
    where = TopicPartition(POOL_OBSERVATIONS.name, 0)
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=None, auto_offset_reset="earliest")
    consumer.assign([where])
    end, found = consumer.end_offsets([where])[where], list[HookApplied | HookFailed | HookDrifted]()
    while len(found) < end:
        for record in consumer.poll(200).get(where, []):
            event = codec.decode(record.value)
            assert isinstance(event, HookApplied | HookFailed | HookDrifted)
            found.append(event)
    consumer.close()
    return found


def _applied(broker: Broker, decision: str) -> set[str]:
    return {one.hook for one in _told(broker) if isinstance(one, HookApplied) and one.decision == decision}


def test_a_decision_reaches_every_server_and_one_that_restarts_has_it_again(
    tmp_path: Path, fresh_broker: Broker, haproxy: HaproxyLab, dns: DnsLab
) -> None:
    configuration = _configuration(tmp_path, fresh_broker, haproxy, dns)
    ensure_topics(configuration)
    every = {"exim", "haproxy", "dns"}
    with hooks_running(configuration):
        until(lambda: _applied(fresh_broker, "") == every, "the first set at every server")
        publish(configuration, IpWithdrawn(id="d1", at=AT + 1, pool="main", ip=A, until=AT + HOUR))
        until(lambda: _applied(fresh_broker, "d1") == every, "the withdrawal at every server")
        assert set(haproxy.seen(20)) == {"out2", "out3"}
        barring = ProviderWithdrawn(id="d2", at=AT + 2, pool="main", ip=B, provider="google", until=AT + HOUR)
        publish(configuration, barring)
        until(lambda: _applied(fresh_broker, "d2") == every, "what concerns one provider, too")
        rows = (tmp_path / "exim-pool").read_text().splitlines()
        assert {row.split(": ")[1] for row in rows if "@google: " in row} == {C}
        assert {row.split(": ")[1] for row in rows if "@: " in row} == {B, C}

        haproxy.stop()
        haproxy.start()
        (tmp_path / "exim-pool").write_text("0@: 192.0.2.1\n")
        assert "out1" in haproxy.seen(20), "it forgot the withdrawal"
        until(lambda: set(haproxy.seen(20)) == {"out2", "out3"}, "the set after the restart", seconds=70)
        until(lambda: (tmp_path / "exim-pool").read_text().splitlines() == rows, "the file made good", seconds=70)
        until(
            lambda: {one.hook for one in _told(fresh_broker) if isinstance(one, HookDrifted)} == every - {"dns"}, "both"
        )
    drifted = {one.hook: one.reason for one in _told(fresh_broker) if isinstance(one, HookDrifted)}
    assert drifted == {
        "haproxy": "relays/out1 has the weight 100 instead of being drained",
        "exim": f"{tmp_path}/exim-pool was changed by somebody else",
    }
    assert [one for one in _told(fresh_broker) if isinstance(one, HookFailed)] == []
